"""`check` in CI: annotations, JUnit XML and Markdown, and the report that is appended to a file."""

import io
import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.errors import OutputError
from tests.conftest import ROOT, Run, sized
from tests.render.checks import gfm, junit
from tests.render.checks.runner import commands

FORMATS = ("github", "junit", "markdown")
# z = 1*3 + 2*4 + 5 = 16; dweights = inputs.T, as the gradient with respect to z is 1.
NEURON: dict[str, Any] = {
    "inputs": [[1, 2]],
    "weights": [[3], [4]],
    "biases": [5],
    "activation": "linear",
    "upstream": [[1]],
}
RIGHT, WRONG = {"z": [[16]], "dweights": [[1], [2]]}, {"z": [[16]], "dweights": [[1], [3]]}
FILES: dict[str, Any] = {
    "right.json": NEURON | {"expected": RIGHT},
    "wrong.json": NEURON | {"expected": WRONG},
    "open.json": NEURON | {"expected": {"z": None}},
    "empty.json": NEURON | {"inputs": [[0, 0]], "biases": [-1], "activation": "relu"},
    "broken.json": "{",
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    for name, content in FILES.items():
        write(name, content)


def write(path: str, content: Any) -> None:
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")


@pytest.mark.parametrize("output", [*FORMATS, "table"])
@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (["right.json"], 0),
        (["right.json", "right.json"], 0),
        (["wrong.json"], 1),
        (["right.json", "wrong.json"], 1),
        (["open.json"], 1),
        (["empty.json"], 1),
        (["broken.json"], 3),
        (["missing.json", "right.json", "wrong.json"], 3),
        (["right.json", "--expect", "missing.json"], 3),
        (["right.json", "--marks", "strict"], 2),
        (["right.json", "--accept"], 2),
        ([], 2),
    ],
)
def test_the_status_is_the_same_in_every_format(backprop: Run, argv: list[str], status: int, output: str) -> None:
    if output == "table" and "--accept" in argv:
        return
    ran = backprop("check", *argv, "--format", output, "--summary", "summary.md")
    assert (ran.status, bool(ran.out)) == (status, status != 2)
    assert Path("summary.md").exists() == (status != 2)
    assert ran.err.count("backprop: ") == (status in (2, 3))


def test_every_sample_passes_in_every_format(backprop: Run) -> None:
    samples = sorted((ROOT / "samples").glob("*.json"))
    log = backprop("check", *samples, "--format", "github").out
    assert (commands(log), len(log.splitlines())) == ([], len(samples) + 1)
    root = junit.read(backprop("check", *samples, "--exact", "--format", "junit").out)
    assert (len(root), root.get("failures"), root.get("errors")) == (len(samples), "0", "0")
    page = gfm.read(backprop("check", *samples, "--format", "markdown").out)
    assert [row[0] for row in page.tables[0].rows] == ["✅ ok"] * len(samples)
    assert len(page.headings) == 1


def test_an_annotation_stands_at_the_first_wrong_number(backprop: Run) -> None:
    (found,) = commands(backprop("check", "wrong.json", "right.json", "--format", "github").out)
    line = int(found.properties.pop("line"))
    assert Path("wrong.json").read_text().splitlines()[line - 1].strip() == "3"
    assert found.properties == {"file": "wrong.json", "title": "dweights is wrong"}
    assert "dweights[1,0] is wrong: yours 3, correct 2 (1 of 2 entries)" in found.message


def test_each_problem_that_does_not_pass_has_an_annotation(backprop: Run) -> None:
    ran = backprop("check", *FILES, "missing.json", "--format", "github", "--quiet")
    found = [(each.name, each.properties.get("file"), each.properties.get("line")) for each in commands(ran.out)]
    line = Path("open.json").read_text().splitlines().index('  "z": null') + 1
    assert found[1:] == [
        ("warning", "open.json", f"{line}"),
        ("warning", "empty.json", None),
        ("error", "broken.json", "1"),
        ("error", None, None),
    ]
    assert commands(ran.out)[3].properties["col"] == "2"
    assert ran.out.splitlines()[0].startswith("ok    right.json  expected values 3 of 3")
    assert ran.out.endswith("\n6 problems: 1 passed, 1 failed, 1 open, 1 tested nothing, 2 could not be checked\n")


@pytest.mark.parametrize(
    ("expect", "content", "file", "line"),
    [
        ("golden.json", '{"z": [[16]],\n\n"dweights": [[1],\n[3]]}', "golden.json", "4"),
        ("copy.json", json.dumps(NEURON)[:-1] + ',\n"expected": {\n"dweights":\n[[1], [3]]}}', "copy.json", "4"),
        ("dweights.json", "[[1],\n[3]]", "dweights.json", "2"),
        ("dweights.csv", "1\n3\n", "dweights.csv", None),
        ("golden/dweights.csv", "1\n3\n", "golden/dweights.csv", None),
        ("golden/layers[0].dweights.json", "[\n[1],\n[3]]", "golden/layers[0].dweights.json", "3"),
        ("golden/dweights.json", "[\n[1],\n[3]]", "golden/dweights.json", "3"),
    ],
)
def test_an_annotation_stands_where_the_expected_values_are(
    backprop: Run, expect: str, content: str, file: str, line: str | None
) -> None:
    write(expect, content)
    target = expect.partition("/")[0]
    if os.path.isdir(target):
        write(f"{target}/dbiases.csv", "1\n")
        write(f"{target}/notes.txt", "")
    (found,) = commands(backprop("check", "right.json", "--expect", target, "--format", "github").out)
    assert (found.properties["file"], found.properties.get("line")) == (file, line)


def test_an_archive_has_no_lines(backprop: Run) -> None:
    np.savez("golden.npz", dweights=[[1.0], [3.0]])
    (found,) = commands(backprop("check", "right.json", "--expect", "golden.npz", "--format", "github").out)
    assert found.properties == {"file": "golden.npz", "title": "dweights is wrong"}


def test_a_problem_that_is_no_file_has_no_place(backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.TextIOWrapper(io.BytesIO(Path("wrong.json").read_bytes()))
    monkeypatch.setattr("sys.stdin", text)
    (found,) = commands(backprop("check", "-", "--format", "github").out)
    assert found.properties == {"title": "dweights is wrong"}
    write("w.csv", "0\n")
    write("u.csv", "1\n")
    argv = ["--inputs", "w.csv", "--weights", "w.csv", "--biases", "w.csv", "--upstream", "u.csv"]
    (found,) = commands(backprop("check", *argv, "--format", "github").out)
    assert (found.name, found.properties) == ("warning", {"title": "nothing was tested"})


def test_a_line_is_left_out_where_the_file_has_changed(backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in (b"{", b"\xff", b"", b'{"expected": {"dweights": [[1]'):
        monkeypatch.setattr("backprop_cli.cli.locations.read", lambda _, text=text: text)
        (found,) = commands(backprop("check", "wrong.json", "--format", "github").out)
        assert found.properties == {"file": "wrong.json", "title": "dweights is wrong"}


@pytest.mark.parametrize(
    ("root", "path", "file"),
    [
        (".", "wrong.json", "folder/wrong.json"),
        (".", "{root}/folder/wrong.json", "folder/wrong.json"),
        ("folder", "wrong.json", "wrong.json"),
        (".", "../wrong.json", "wrong.json"),
        ("folder", "../wrong.json", "../wrong.json"),
        ("elsewhere", "wrong.json", "wrong.json"),
        (None, "wrong.json", "wrong.json"),
    ],
)
def test_a_file_is_named_as_in_the_repository(
    backprop: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str | None, path: str, file: str
) -> None:
    write("folder/wrong.json", FILES["wrong.json"])
    monkeypatch.chdir("folder")
    if root is not None:
        monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / root))
    (found,) = commands(backprop("check", path.format(root=tmp_path), "--format", "github").out)
    assert found.properties["file"] == file


@pytest.mark.parametrize("output", FORMATS)
def test_submissions_have_a_verdict_each(backprop: Run, output: str) -> None:
    for name, numbers in {"ann": RIGHT, "ben": WRONG, "cat": "{"}.items():
        write(f"class/{name}.json", numbers)
    ran = backprop("check", "right.json", "--expect", "class", "--format", output)
    assert ran.status == 3
    if output == "github":
        found = [(each.properties["file"], each.properties["title"]) for each in commands(ran.out)]
        cannot = "the submission cannot be checked"
        assert found == [("class/ben.json", "dweights is wrong"), ("class/cat.json", cannot)]
        assert "3 submissions: 1 passed, 1 failed, 1 could not be checked" in ran.out
    elif output == "junit":
        root = junit.read(ran.out)
        assert [suite.get("name") for suite in root] == ["class/ann.json", "class/ben.json", "class/cat.json"]
        properties = {each.get("value") for each in root.iter("property") if each.get("name") == "problem"}
        assert properties == {"right.json"}
    else:
        page = gfm.read(ran.out)
        assert page.tables[0].heads == ["", "submission", "found"]
        assert page.headings[1:] == ["class/ben.json"]


@pytest.mark.parametrize("output", FORMATS)
def test_what_has_nothing_else_wrong_is_told(backprop: Run, output: str) -> None:
    """Finite differences and exact arithmetic: 0.1 + 0.2 - 0.3 is 0 on paper and 5.6e-17 in float64."""
    trap = ROOT / "tests" / "data" / "trap_float_kink.json"
    ran = backprop("check", trap, "--exact", "--format", output)
    assert ran.status == 1
    if output == "github":
        (found,) = commands(ran.out)
        assert found.properties["title"] == "exact arithmetic does not agree with the float64 result"
        assert "on the wrong side of a kink" in found.message
    elif output == "junit":
        outcomes = junit.outcomes(junit.read(ran.out))
        assert outcomes == dict.fromkeys(outcomes, "passed") | {
            "finite differences": "skipped",  # every entry is at a kink
            "exact arithmetic": "failure",
        }
    else:
        assert any("on the wrong side of a kink" in text for text in gfm.read(ran.out).paragraphs)


NASTY = ["##[error]x.json", "::error::x.json", "%0A::error::.json", "a,b:c|d`e<b>.json", "a\n::error::b\x1b[2J.json"]


@pytest.mark.parametrize("name", NASTY, ids=ascii)
@pytest.mark.parametrize(
    "content",
    [
        NEURON | {"expected": RIGHT},
        NEURON | {"expected": WRONG, "title": "\n::error::a ##[error]b"},
        NEURON | {"\n::error::a ##[add-mask]b": 1},
        NEURON | {"activation": "##[stop-commands]c"},
        NEURON | {"expected": {"##[group]d": [1]}},
        "##[error]e",
    ],
    ids=["right", "wrong", "key", "value", "quantity", "text"],
)
def test_nothing_in_a_file_or_its_name_is_a_command_or_markup(backprop: Run, name: str, content: Any) -> None:
    write(name, content)
    path = f"./{name}"
    ran = backprop("check", path, "--format", "github")
    found = commands(ran.out)
    assert [each.name for each in found] == ["error"] * (ran.status != 0)
    assert all({*each.properties} <= {"file", "line", "col", "title"} for each in found)
    assert all("add-mask" not in each.properties["title"] for each in found)
    assert commands(ran.err) == []
    junit.read(backprop("check", path, "--format", "junit").out)
    page = gfm.read(backprop("check", path, "--format", "markdown").out)
    assert len(page.tables[0].rows) == 1


@pytest.mark.parametrize("argv", [["check", "##[error]x.json"], ["check", "right.json", "--##[error]x"], ["##[error]"]])
def test_no_error_message_is_a_command(backprop: Run, argv: list[str]) -> None:
    ran = backprop(*argv)
    assert ran.status in (2, 3)
    assert r"##\x5b" in ran.err
    assert commands(ran.err) == []


def test_quiet_leaves_the_report_as_it_is(backprop: Run) -> None:
    write("class/ann.json", WRONG)
    write("class/notes.txt", "")
    argv = ["check", "right.json", "--expect", "class", "--format", "github"]
    loud, quiet = backprop(*argv), backprop(*argv, "--quiet")
    assert loud.out == quiet.out
    assert (loud.err.count("passed over"), quiet.err) == (1, "")


@sized("n", 30, 1000)
def test_one_long_report(backprop: Run, n: int) -> None:
    """Every format has all the problems, and each that is wrong with its table."""
    names = [f"p{k}.json" for k in range(n)]
    for name in names:
        write(name, FILES["wrong.json" if int(name[1:-5]) % 2 else "right.json"])
    log = backprop("check", *names, "--format", "github", "--summary", "summary.md").out
    assert [each.properties["file"] for each in commands(log)] == names[1::2]
    assert len(log.splitlines()) == n + 1
    page = gfm.read(Path("summary.md").read_text(encoding="utf-8"))
    assert [row[1] for row in page.tables[0].rows] == names
    assert page.headings[1:] == names[1::2]
    assert [suite.get("name") for suite in junit.read(backprop("check", *names, "--format", "junit").out)] == names


@pytest.mark.parametrize("output", ["table", "json", "csv", *FORMATS])
def test_the_summary_is_the_markdown_of_any_format(backprop: Run, output: str) -> None:
    alone = backprop("check", "right.json", "wrong.json", "--format", output).out
    ran = backprop("check", "right.json", "wrong.json", "--format", output, "--summary", "s.md")
    assert (ran.status, ran.out) == (1, alone)
    markdown = backprop("check", "right.json", "wrong.json", "--format", "markdown").out
    assert Path("s.md").read_text(encoding="utf-8") == markdown


@pytest.mark.parametrize(
    ("old", "between"), [("", ""), ("# Tests\n", "\n"), ("# Tests", "\n\n"), ("a\r\n", "\n")], ids=ascii
)
def test_the_summary_is_appended(backprop: Run, old: str, between: str) -> None:
    Path("s.md").write_bytes(old.encode())
    report = backprop("check", "wrong.json", "--format", "markdown", "--summary", "s.md").out
    assert Path("s.md").read_bytes() == (old + between + report).encode()
    backprop("check", "wrong.json", "--summary", "s.md")
    assert Path("s.md").read_bytes() == (old + between + report + "\n" + report).encode()
    assert [name for name in os.listdir() if name.startswith(".")] == []


def test_the_summary_is_as_short_as_github_asks(backprop: Run) -> None:
    """GitHub shows no file of more than 1 MiB."""
    for already in (2**20 - 600, 2**20 - 3000):
        Path("s.md").write_text("x" * already)
        for name in (names := [f"a/very/long/name/of/problem{k}.json" for k in range(12)]):
            os.makedirs(os.path.dirname(name), exist_ok=True)
            write(name, FILES["wrong.json"])
        backprop("check", *names, "--summary", "s.md")
        text = Path("s.md").read_text(encoding="utf-8")
        assert len(text.encode()) <= 2**20
        page = gfm.read(text[already + 2 :])
        assert re.fullmatch(r"The details of \d+ more problems are left out\.", page.paragraphs[-1])


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("missing/s.md", "missing/s.md: cannot write: no such file or directory"),
        ("folder", "folder: cannot write: it is not a regular file"),
        ("locked.md", "locked.md: cannot write: it is read-only"),
        ("a\0b", "a\\x00b: cannot write: embedded null byte"),
    ],
)
def test_a_summary_that_cannot_be_written_is_an_error(backprop: Run, target: str, reason: str) -> None:
    os.mkdir("folder")
    Path("locked.md").write_text("old")
    Path("locked.md").chmod(0o444)
    ran = backprop("check", "right.json", "--summary", target)
    assert (ran.status, ran.out, ran.err) == (OutputError.status, "", f"backprop: {reason}\n")
    assert Path("locked.md").read_text() == "old"


@pytest.mark.parametrize("target", ["", "-", "--format"])
def test_a_summary_needs_a_file(backprop: Run, target: str) -> None:
    ran = backprop("check", "right.json", "--summary", target)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("backprop: --summary: expected a ")
