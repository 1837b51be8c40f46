"""How much `backprop check` on many small files costs beyond one start-up and the arithmetic of each file.

Run it as `python tests/benchmarks/check_many.py [FILES] [RUNS]`. It prints the ratio

    time of `check` on FILES files / (time of `check` on one file + FILES * time of one file's arithmetic)

as median, minimum and maximum over paired runs: the process on many files, the process on one, and the arithmetic (the
solution, its bounds, the finite differences and the comparison with expected values, in a process that has done it
before), in turn.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from backprop_cli.checks.gradcheck import Steps
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.checks.verdict import check_alone, compare
from backprop_cli.core.solve import solve
from backprop_cli.load.expected import validate_expected
from backprop_cli.load.problem import load_problem

SAMPLE = Path(__file__).parents[2] / "samples" / "dense_relu.json"


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main(n_files: int = 1000, n_runs: int = 9) -> None:
    problem = load_problem(str(SAMPLE))

    def arithmetic() -> None:
        solution = solve(problem)
        alone = check_alone("", solution, steps=Steps())
        compare(alone, solution, validate_expected(problem.expected, problem), Tolerance())

    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{i}.json" for i in range(n_files)]
        for file in files:
            file.write_bytes(SAMPLE.read_bytes())

        def check(*paths: Path) -> None:
            command = [sys.executable, "-m", "backprop_cli", "check", *map(str, paths)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

        ratios = []
        for _ in range(n_runs):
            many, one = seconds(lambda: check(*files)), seconds(lambda: check(files[0]))
            each = min(seconds(arithmetic) for _ in range(20))
            ratios.append(many / (one + n_files * each))
    print(f"check on {n_files} files / (check on one + {n_files} x its arithmetic):")
    print(f"median {median(ratios):.2f}, min {min(ratios):.2f}, max {max(ratios):.2f} of {n_runs} runs")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
