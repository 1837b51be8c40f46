"""Damaged files: the answer is a result, or one line that names the file; never a crash."""

import contextlib
import io
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from backprop_cli.cli.app import main
from tests.conftest import sized
from tests.hostile.damage import SEEDS, damaged
from tests.hostile.messages import are_errors

BESIDE = '{"inputs": [[1, 2, 3]], "weights": [[1], [2], [3]], "biases": [4], "upstream": "ones"}'

kinds = pytest.mark.parametrize("kind", SEEDS)


def command(kind: str, number: int, path: str, beside: str) -> list[str]:
    """Return a command line that reads a file of a kind; consecutive numbers give different ones."""
    commands = [
        ["run", "--z", path, "--upstream", "ones"],
        ["run", "--upstream", path, "--activation", "linear", "--format", "json"],
        ["run", beside, "--inputs", path],
        ["run", beside, "--weights", path, "--exact"],
        ["run", "--biases", path, "--z", path],
        ["check", beside, "--expect", os.path.dirname(path)],
    ]
    if kind in ("problem", "npz", "safetensors"):
        commands = [
            ["run", path, "--format", "json"],
            ["check", path],
            ["explain", path],
            ["run", path, "--exact"],
            ["check", beside, "--expect", path],
            ["check", path, "--rounded", "--exact", "--format", "json"],
            ["explain", path, "--exact", "--format", "markdown"],
        ]
    if kind == "safetensors":
        commands += [["run", beside, "--inputs", path], ["run", beside, "--weights", path, "--exact"]]
    return commands[number % len(commands)]


def fault_of(status: int, err: str, path: str) -> str | None:
    """Return what is wrong with the outcome of a run that read a damaged file, or None."""
    if status in (0, 1):
        return None if err == "" else "a result, and something on standard error"
    if status != 3:
        return "the exit status"
    if not are_errors(err) or err.count("backprop: ") > 1:
        return "not one line of printable text and a hint"
    # An overflow comes from several files together; a file in a folder is named by the folder and its place.
    names = (path, f"{os.path.dirname(path)}: expected.dweights", ": overflows float64")
    return None if any(name in err for name in names) else "the file is not named"


@pytest.fixture
def beside(tmp_path: Path) -> str:
    """The path of a valid problem, to which damaged matrices are added."""
    path = tmp_path / "beside.json"
    path.write_text(BESIDE)
    return str(path)


def damaged_path(folder: Path, kind: str) -> Path:
    """Return the path of a damaged file, alone in a folder that `--expect` can name."""
    (folder / "alone").mkdir()
    return folder / "alone" / f"dweights.{'json' if kind == 'problem' else kind}"


@kinds
@sized("count", 200, 100_000)
def test_a_damaged_file_gives_a_result_or_one_line(kind: str, count: int, tmp_path: Path, beside: str) -> None:
    path = damaged_path(tmp_path, kind)
    statuses = set()
    for number in range(count):
        path.write_bytes(damaged(kind, number))
        argv = command(kind, number, str(path), beside)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
            status = main(argv)
        fault = fault_of(status, err.getvalue(), str(path))
        assert not fault, (fault, number, argv, status, err.getvalue())
        statuses.add(status)
    assert {0, 3} <= statuses  # otherwise there is too much or too little damage


@kinds
@sized("count", 4, 200)
def test_the_real_command_answers_damaged_files_alike(
    kind: str,
    count: int,
    tmp_path: Path,
    beside: str,
    process: Callable[..., subprocess.CompletedProcess[bytes]],
) -> None:
    path = damaged_path(tmp_path, kind)
    for number in range(count):
        path.write_bytes(damaged(kind, -1 - number))
        argv = command(kind, number, str(path), beside)
        ran = process(*argv, env={"PYTHONIOENCODING": "utf-8"})
        fault = fault_of(ran.returncode, ran.stderr.decode(), str(path))
        assert not fault, (fault, number, argv, ran)
        assert b"\x1b" not in ran.stdout + ran.stderr
