"""Help, version and shell completion."""

import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from backprop_cli import __version__
from backprop_cli.cli.commands import app
from tests.conftest import ROOT
from tests.process.command import SMALL, STATUSES, Process, Started, success

COMMANDS = [[], *([str(command.name)] for command in app.registered_commands)]
commands = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(["backprop", *command]))


def examples(help_text: str) -> list[str]:
    """Return the commands under the heading `Examples:`; an indented line continues the command above it."""
    block = help_text.partition("Examples:\n")[2].partition("\n\n")[0]
    return re.split(r"\n(?! )", textwrap.dedent(block))


@commands
def test_help_is_on_standard_output_and_h_is_the_same(process: Process, command: list[str]) -> None:
    text = success(process(*command, "--help"))
    assert text.startswith(f"Usage: {' '.join(['backprop', *command])} [OPTIONS]")
    assert success(process(*command, "-h")) == text


@pytest.mark.parametrize("waiting", [False, True], ids=["no input", "input that never comes"])
@commands
def test_without_arguments_a_short_help_is_printed_at_once(
    started: Started, process: Process, pipe: tuple[int, int], command: list[str], waiting: bool
) -> None:
    ran = started(*command, stdin=pipe[0] if waiting else subprocess.DEVNULL)
    assert ran.wait(timeout=2) == 2
    out, err = ran.communicate()
    assert out == b""
    assert b"Examples:\n" in err
    assert b"Options:" not in err
    assert success(process(*command, "--help")).startswith(err.decode().rstrip())


@commands
def test_help_starts_with_what_it_does_and_its_examples_work(
    process: Process, shell: Process, tmp_path: Path, command: list[str]
) -> None:
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    text = success(process(*command, "--help"))
    assert re.match(r"  [A-Z][a-z]+ ", text.splitlines()[2])
    lines = examples(text)
    assert len(lines) >= 2
    for line in lines:
        line = line.replace("/tmp/", "")  # noqa: S108 (the example writes to the current directory instead)
        assert success(shell(f"set -euo pipefail\n{line}"))


@pytest.mark.parametrize(
    ("argv", "env"),
    [
        *(([*command, "--help"], {}) for command in COMMANDS),
        *((command, {}) for command in COMMANDS),
        (["run", "--help"], {"COLUMNS": "200"}),
    ],
    ids=str,
)
def test_help_is_80_columns_of_ascii(process: Process, argv: list[str], env: dict[str, str]) -> None:
    ran = process(*argv, env=env)
    lines = (ran.stdout + ran.stderr).decode("ascii").split("\n")
    assert len(lines) > 5
    assert [line for line in lines if len(line) > 80 or line.endswith((" ", "\t"))] == []


def test_exit_statuses_are_listed_in_help_and_readme(process: Process) -> None:
    block = success(process("--help")).partition("Exit status:\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in block.splitlines()] == STATUSES
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d+) \|", readme, re.MULTILINE) == STATUSES


@pytest.mark.parametrize(
    "argv",
    [
        ["--version"],
        ["run", "missing.json", "--version"],
        ["--nonsense", "--version"],
        ["run", "--lr", "nan", "--version"],
        ["run", "--weights", "--version"],
    ],
    ids=" ".join,
)
def test_version_is_printed_in_spite_of_errors(process: Process, argv: list[str]) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    assert success(process(*argv)) == f"backprop {__version__}\n"


@pytest.mark.parametrize(("argv", "loads"), [(["--version"], False), (SMALL, True)], ids=["version", "run"])
def test_version_loads_no_numpy(process: Process, argv: list[str], loads: bool) -> None:
    assert (b" numpy\n" in process(*argv, env={"PYTHONPROFILEIMPORTTIME": "1"}).stderr) is loads


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_of_a_shell_is_printed(process: Process, shell: str) -> None:
    env = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    assert "_BACKPROP_COMPLETE=complete_" + shell in success(process("--show-completion", shell, env=env))


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("backprop ru", ["run"]),
        ("backprop run --weight-l", ["--weight-layout"]),
        ("backprop run --format ", ["table", "json", "csv"]),
        ("backprop run --dtype float3", ["float32"]),
        ("backprop explain --format ma", ["markdown"]),
        ("backprop run --activation li", ["linear"]),
    ],
)
def test_commands_options_and_choices_are_completed(process: Process, words: str, completed: list[str]) -> None:
    env = {"_BACKPROP_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    assert success(process(env=env)).split() == completed
