"""The formats for CI as the process writes them: in UTF-8 in any locale, whole to a closed pipe, errors apart."""

import json
import os
from pathlib import Path

import pytest

from tests.process.command import NEURON, Process
from tests.render.checks import gfm, junit
from tests.render.checks.runner import commands

WRONG = {"z": [[16]], "dweights": [[1], [3]]}


@pytest.fixture
def wrong(neuron: Path) -> Path:
    """A problem with a wrong number, Jürgen 文.json, alone in the current directory."""
    path = neuron.rename("Jürgen 文.json")
    path.write_text(json.dumps(NEURON | {"expected": WRONG}))
    return path.parent / path


@pytest.mark.parametrize("encoding", [None, "ascii:strict", "latin-1", "utf-16"])
@pytest.mark.parametrize("output", ["github", "junit", "markdown"])
def test_a_report_is_in_utf_8_in_any_locale(process: Process, wrong: Path, output: str, encoding: str | None) -> None:
    env = {"PYTHONIOENCODING": encoding} if encoding else {"LC_ALL": "C", "PYTHONUTF8": "1"}
    ran = process("check", wrong.name, "--format", output, "--summary", "s.md", env=env)
    text = ran.stdout.decode()
    assert (ran.returncode, ran.stderr, "\r" in text) == (1, b"", False)
    if output == "github":
        (found,) = commands(text)
        assert found.properties == {"file": wrong.name, "line": "1", "title": "dweights is wrong"}
    elif output == "junit":
        assert junit.read(text)[0].get("name") == wrong.name
    else:
        assert gfm.read(text).headings[1] == wrong.name
    assert gfm.read(Path("s.md").read_text(encoding="utf-8")).headings[1] == wrong.name


@pytest.mark.skipif(os.name != "posix", reason="names of other bytes are those of POSIX")
def test_a_name_that_is_not_text_is_escaped(process: Process, wrong: Path) -> None:
    name = os.fsdecode(b"a\xff.json")
    try:
        wrong.rename(name)
    except OSError:
        pytest.skip("the file system does not take such names")
    (found,) = commands(process("check", name, "--format", "github").stdout.decode())
    assert found.properties["file"] == r"a\udcff.json"
    assert junit.read(process("check", name, "--format", "junit").stdout.decode())[0].get("name") == r"a\udcff.json"
    assert gfm.read(process("check", name, "--format", "markdown").stdout.decode()).headings[1] == r"a\udcff.json"


def test_errors_stand_on_standard_error_beside_the_annotation(process: Process, wrong: Path) -> None:
    wrong.write_text("{")
    ran = process("check", wrong.name, "--format", "github")
    (found,) = commands(ran.stdout.decode())
    assert (ran.returncode, found.properties["line"], found.properties["col"]) == (3, "1", "2")
    assert ran.stderr.decode() == f"backprop: {found.message}\n"


@pytest.mark.parametrize("output", ["github", "junit", "markdown", "table"])
def test_the_summary_is_whole_where_a_pipe_is_closed(shell: Process, wrong: Path, output: str) -> None:
    script = f'backprop check "Jürgen 文.json" --format {output} --summary s.md | true; echo "${{PIPESTATUS[0]}}"'
    ran = shell(script, cwd=wrong.parent)
    assert ran.stdout in (b"1\n", b"141\n")
    assert ran.stderr == b""
    assert len(gfm.read(Path("s.md").read_text(encoding="utf-8")).tables) == 1


def test_the_summary_of_github_is_appended_step_by_step(shell: Process, wrong: Path) -> None:
    env = {"GITHUB_STEP_SUMMARY": str(wrong.parent / "summary")}
    command = 'backprop check *.json --format github --summary "$GITHUB_STEP_SUMMARY"'
    ran = shell(f"echo '# Tests' > summary; {command}; echo $?; {command}; echo '| a |' >> summary", env, wrong.parent)
    assert ran.stdout.decode().splitlines()[2] == "1"
    text = Path("summary").read_text(encoding="utf-8")
    first, second, third = text.split("## backprop check: 1 problem: 1 failed\n")
    assert (first, second) == ("# Tests\n\n", third.removesuffix("| a |\n") + "\n")


def test_without_the_variable_of_github_the_error_says_so(shell: Process, wrong: Path) -> None:
    ran = shell('unset GITHUB_STEP_SUMMARY; backprop check *.json --summary "$GITHUB_STEP_SUMMARY"', cwd=wrong.parent)
    assert (ran.returncode, ran.stderr) == (2, b"backprop: --summary: expected a value, got an empty text\n")
