"""`backprop new` as a process: the same bytes whatever surrounds it, and problems that go on in a pipe."""

import json
from pathlib import Path

import pytest

from backprop_cli import __version__
from tests.conftest import ROOT
from tests.process.command import Process, refusal, success

GOLDEN = ROOT / "tests" / "golden" / "new"


@pytest.mark.parametrize("hash_seed", ["0", "1", "4294967295"])
@pytest.mark.parametrize("name", ["relu.json", "tanh_normal.json"])
def test_the_bytes_do_not_depend_on_what_surrounds_the_process(process: Process, name: str, hash_seed: str) -> None:
    golden = (GOLDEN / name).read_text()
    line: str = json.loads(golden)["source"].partition(": backprop ")[2]
    env = {"PYTHONHASHSEED": hash_seed, "LC_ALL": "C", "OPENBLAS_NUM_THREADS": "2", "TZ": "Asia/Kathmandu"}
    made = success(process(*line.split(), env=env))
    assert made.replace(f"backprop {__version__}: ", "backprop 0.1.0: ") == golden


@pytest.mark.parametrize("target", ["run", "check", "explain"])
def test_a_problem_goes_on_in_a_pipe(shell: Process, target: str) -> None:
    assert success(shell(f"set -euo pipefail\nbackprop new --shape 3,2,1 --seed 4 | backprop {target} -"))


def test_a_random_problem_passes_its_check(shell: Process) -> None:
    line = "backprop new --shape 4,3,2 --activation tanh --numbers normal"
    assert success(shell(f"set -euo pipefail\n{line} | backprop check -")).startswith("ok ")


def test_a_refusal_leaves_no_file(process: Process, tmp_path: Path) -> None:
    ran = process("new", "--shape", "3,3", "--count", "2", "--lr", "0.00001", "--save", "f", cwd=tmp_path)
    assert "no friendly numbers were found" in refusal(ran, 2)
    assert list(tmp_path.iterdir()) == []
