"""30 submissions for one problem in one command, against one of them, and against a command for each.

Two of three submissions have a slip in one entry, for which mistakes are searched.
"""

import json
import os
import random
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.measuring import BACKPROP, ROOT, ratio

PROBLEM = ROOT / "samples" / "two_layers.json"
N = 30


def submit(folder: Path) -> list[Path]:
    """Write the submissions to a folder."""
    golden = folder / "golden.json"
    subprocess.run([*BACKPROP, "run", str(PROBLEM), "--save", str(golden)], check=True, stdout=subprocess.DEVNULL)
    rng, paths = random.Random(0), [folder / "class" / f"{k:02}.json" for k in range(N)]
    paths[0].parent.mkdir()
    for k, path in enumerate(paths):
        numbers = json.loads(golden.read_text())
        if k % 3:
            rows = rng.choice(numbers["layers"])[rng.choice(["z", "dz", "dweights"])]
            rng.choice(rows)[0] += 1
        path.write_text(json.dumps(numbers))
    return paths


def check(*targets: Path) -> Callable[[], object]:
    """Return an action that checks submissions, each by a command of its own."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    commands = [[*BACKPROP, "check", str(PROBLEM), "--format", "csv", "--expect", str(target)] for target in targets]

    def run() -> None:
        for command in commands:
            subprocess.run(command, env=env, check=False, stdout=subprocess.DEVNULL)

    return run


def main() -> None:
    """Print the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        paths = submit(Path(folder))
        ratio(f"check of {N} submissions / check of one", check(paths[0].parent), check(paths[1]), 3)
        ratio(f"check of {N} submissions / {N} checks of one", check(paths[0].parent), check(*paths), 0.1, 3)
