"""Names of frameworks and courses: problems, results, expected values, entries and messages in them.

The names come from the code of the frameworks and courses (`tests.foreign`), the numbers from calculations by hand.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.any_problem import any_problem
from tests.conftest import Run
from tests.foreign import FOREIGN, problem_in, result_in

SEEDS = range(100)
every_name = pytest.mark.parametrize("name", FOREIGN)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(path: str, tree: dict[str, Any]) -> None:
    if path.endswith(".json"):
        Path(path).write_text(json.dumps(tree))
    else:
        arrays: Any = {key: np.array(value) for key, value in tree.items()}
        np.savez(path, **arrays)


def quantities(result: dict[str, Any]) -> dict[str, Any]:
    settings = "schema names learning_rate weight_layout samples mean_gradients loss_function reduction not_computed"
    return {key: value for key, value in result.items() if key not in settings.split()}


@every_name
@pytest.mark.parametrize("container", ["json", "npz"])
def test_a_problem_in_foreign_names_is_the_same_bit_for_bit(backprop: Run, name: str, container: str) -> None:
    for seed in SEEDS:
        problem = any_problem(seed)
        write("ours.json", problem)
        ran = backprop("run", "ours.json", "--format", "json")
        assert ran.status == 0
        ours = json.loads(ran.out)
        file = f"theirs.{container}"
        write(file, problem_in(name, problem))
        ran = backprop("run", file, "--names", name, "--format", "json", "--save", "saved.npz", "-q")
        assert (ran.status, ran.err) == (0, ""), seed
        theirs = json.loads(ran.out)
        assert theirs["names"] == name
        assert quantities(theirs) == result_in(name, quantities(ours)), seed
        # the result that was written, and one in our names, are what the problem expects
        Path("theirs_result.json").write_text(ran.out)
        write("ours_result.json", ours)
        for expected in ("theirs_result.json", "saved.npz", "ours_result.json") if seed % 10 == 0 else ():
            ran = backprop("check", file, "--names", name, "--expect", expected, "-q")
            assert "(to the last bit)" in ran.out, (seed, expected, ran)
