"""Marks of many submissions, as the process writes them: bytes, statuses and streams."""

import csv
import json
from pathlib import Path

import pytest

from tests.process.command import Process, success

# z = 1*3 + 2*4 + 5 = 16
RIGHT = {"z": [[16]], "dweights": [[1], [2]]}
WRONG = {"z": [[15]], "dweights": [[1], [2]]}
HEADER = "file,quantity,entries,right,follows,wrong,open,first_wrong,mistake,marks"


@pytest.fixture
def group(neuron: Path) -> Path:
    """A folder of submissions for the problem p.json in the folder above, which is the current one."""
    folder = neuron.parent / "group"
    folder.mkdir()
    for name, numbers in {"Jürgen 文": RIGHT, "ann": WRONG, "ben, jr": RIGHT}.items():
        (folder / f"{name}.json").write_text(json.dumps(numbers))
    return folder


@pytest.mark.parametrize("encoding", [None, "ascii:strict", "latin-1", "utf-16"])
def test_the_table_is_in_utf_8_in_any_locale(process: Process, group: Path, encoding: str | None) -> None:
    (group / "ann.json").unlink()
    env = {"PYTHONIOENCODING": encoding} if encoding else {"LC_ALL": "C", "PYTHONUTF8": "1"}
    text = success(process("check", "p.json", "--expect", group.name, "--format", "csv", env=env, cwd=group.parent))
    assert text.splitlines() == [
        HEADER,
        "group/Jürgen 文.json,z,1,1,0,0,0,,,1",
        "group/Jürgen 文.json,dweights,2,2,0,0,0,,,2",
        "group/Jürgen 文.json,total,3,3,0,0,0,,,3",
        '"group/ben, jr.json",z,1,1,0,0,0,,,1',
        '"group/ben, jr.json",dweights,2,2,0,0,0,,,2',
        '"group/ben, jr.json",total,3,3,0,0,0,,,3',
    ]
    assert "\r" not in text


@pytest.mark.parametrize(
    ("files", "status", "marks"),
    [
        ({}, 1, ["3", "2", "3"]),
        ({"ann.json": json.dumps(RIGHT)}, 0, ["3", "3", "3"]),
        ({"ann.json": "{"}, 3, ["3", "", "3"]),
        ({"ann.json": '{"z": [[null]]}'}, 1, ["3", "0", "3"]),
        ({"z.csv": "16"}, 2, []),
    ],
    ids=["wrong", "right", "unreadable", "open", "mixture"],
)
@pytest.mark.parametrize("options", [["--format", "csv"], ["--format", "json"], []], ids=["csv", "json", "table"])
def test_statuses(
    process: Process, group: Path, files: dict[str, str], status: int, marks: list[str], options: list[str]
) -> None:
    for name, text in files.items():
        (group / name).write_text(text)
    ran = process("check", "p.json", "--expect", group.name, *options, cwd=group.parent)
    assert (ran.returncode, bool(ran.stdout)) == (status, status != 2)
    assert ran.stderr.count(b"backprop: ") == (status in (2, 3))
    if "csv" in options:
        rows = csv.DictReader(ran.stdout.decode().splitlines())
        assert [row["marks"] for row in rows if row["quantity"] == "total"] == marks


def test_a_gradient_that_differences_contradict_is_told_beside_the_table(
    patched: Process, group: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(group.parent)
    planted = (
        "from backprop_cli.checks.gradcheck import GradientCheck\nGradientCheck.passed = property(lambda self: False)\n"
    )
    argv = ("check", "p.json", "--expect", "group/ben, jr.json", "--expect", "group/ben, jr.json", "--format", "csv")
    ran = patched(planted, *argv)
    note = b"backprop: p.json: finite differences do not agree with every gradient; --format table tells more\n"
    assert (ran.returncode, ran.stderr) == (1, note)
    assert patched(planted, *argv, "--quiet").stderr == b""


def test_the_table_stays_whole_where_a_pipe_is_closed(shell: Process, group: Path) -> None:
    ran = shell("backprop check p.json --expect group --format csv | head -n 1", cwd=group.parent)
    assert (ran.stdout.decode(), ran.stderr) == (HEADER + "\n", b"")
