"""The boundary of the command line: every exception becomes a line on standard error and an exit status."""

import contextlib
import gc
import io
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import backprop_cli.cli.problems
from backprop_cli.cli import app as cli
from backprop_cli.cli.options import RunOptions
from backprop_cli.errors import BackpropError, ClosedPipeError, InputError, OutputError, UsageError
from tests.conftest import ROOT, Run

LAYER = ROOT / "samples" / "dense_relu.json"
HELP = "hint: --help lists commands, and after one of them its options\n"
BUG = "hint: BACKPROP_DEBUG=1 shows where; please report it with the command and its files\n"


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (KeyboardInterrupt(), 130, ""),
        (ClosedPipeError("gone"), 141, ""),
        (UsageError("wrong", hint="right"), 2, "backprop: wrong\nhint: right\n"),
        (InputError("bad", file="f", line=1, column=2), 3, "backprop: f:1:2: bad\n"),
        (OutputError("full", file="f"), 4, "backprop: f: full\n"),
        (MemoryError(), 3, "backprop: not enough memory for this problem\n"),
        (ZeroDivisionError("a\nb"), 70, f"backprop: a bug in backprop: ZeroDivisionError: a\\nb\n{BUG}"),
        (RecursionError("deep"), 70, f"backprop: a bug in backprop: RecursionError: deep\n{BUG}"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_an_exception_becomes_a_line_and_a_status(
    backprop: Run, monkeypatch: pytest.MonkeyPatch, raised: BaseException, status: int, said: str
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise raised

    monkeypatch.setattr(backprop_cli.cli.problems, "load_problem", broken)
    ran = backprop("run", LAYER)
    assert (ran.status, ran.out, ran.err) == (status, "", said)
    monkeypatch.setenv("BACKPROP_DEBUG", "1")
    debugged = backprop("run", LAYER)
    traced = isinstance(raised, Exception)
    assert debugged.err.startswith("Traceback (most recent call last):\n" if traced else said)
    assert debugged.err.endswith(said)
    assert debugged.status == status


def test_every_error_has_a_status() -> None:
    assert {error.status for error in BackpropError.__subclasses__()} == {2, 3, 4, 141}


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["run", "p.json", "--wieghts", "w.csv"], "no such option: --wieghts\nhint: did you mean --weights?\n"),
        (
            ["run", "p.json", "--zzzzzz"],
            "no such option: --zzzzzz\nhint: --help lists commands, and after one of them its",
        ),
        (["check", "--seed", "1"], "there is nothing to check (expected a PROBLEM, or matrices)\n"),
        (["explain", "--depth", "1"], "there is nothing to explain (expected a PROBLEM, or matrices)\n"),
        (["rnu"], "no such command 'rnu'\nhint: did you mean 'run'?\n"),
        (["explain", "a", "dz[0,0]", "c"], f"got unexpected extra argument(s) (c)\n{HELP}"),
        (["run", "p.json", "--depth", "1"], "no such option: --depth"),
        (["explain", "p.json", "--depth", "most"], "--depth: expected a whole number or all, got 'most'\n"),
        (["explain", "p.json", "--depth", "-1"], "--depth: expected a whole number or all, got '-1'\n"),
        (["check", "p.json", "--rtol", "-1"], "--rtol: expected 0 or more, got '-1'\n"),
        (["check", "p.json", "--atol", "nan"], "--atol: expected a finite number, got 'nan'\n"),
        (["check", "p.json", "--eps", "0"], "--eps: expected more than 0, got '0'\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line_and_status_2(backprop: Run, argv: list[str], said: str) -> None:
    ran = backprop(*argv)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"backprop: {said}")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(backprop: Run, shell: str) -> None:
    for argv in ["--show-completion", shell], [f"--show-completion={shell}"]:
        ran = backprop(*argv)
        assert (ran.status, ran.err) == (0, "")
        assert f"complete_{shell}" in ran.out


def test_a_shell_that_cannot_be_detected_must_be_named(backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def undetected() -> None:
        raise import_module("shellingham").ShellDetectionFailure

    monkeypatch.setattr("shellingham.detect_shell", undetected)
    for option in "--show-completion", "--install-completion":
        ran = backprop(option)
        assert (ran.status, ran.out) == (2, "")
        assert ran.err == f"backprop: the current shell is not known\nhint: name one: {option} bash\n"


def test_completion_that_cannot_be_installed_is_an_error_of_output(
    backprop: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.write_text("a file")
    monkeypatch.setenv("HOME", str(home))
    ran = backprop("--install-completion", "fish")
    assert (ran.status, ran.out) == (4, "")
    assert ran.err.startswith(f"backprop: {home}")
    assert ran.err.endswith(": cannot install completion: not a directory\n")


def test_an_unknown_shell_has_no_completion(backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_BACKPROP_COMPLETE", "complete_nonsense")
    assert backprop("run").err == "backprop: the shell's completion is not supported\n"


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["-", "--inputs", "-"], "PROBLEM and --inputs both"),
        (["-", "--inputs", "-", "--z", "-"], "PROBLEM, --inputs and --z all"),
    ],
)
def test_standard_input_is_read_once(backprop: Run, argv: list[str], named: str) -> None:
    assert backprop("run", *argv).err == f"backprop: standard input (-) can be read once, and {named} name it\n"


def test_a_terminal_as_standard_input_gets_a_notice(backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    for options, notice in ([], "backprop: reading PROBLEM from the terminal; end it with Ctrl-D\n"), (["-q"], ""):
        monkeypatch.setattr(sys, "stdin", Terminal(io.BytesIO(LAYER.read_bytes())))
        ran = backprop("run", "-", *options)
        assert (ran.status, ran.err) == (0, notice)


def test_a_closed_standard_input_is_bad_input(backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    ran = backprop("run", "-")
    assert (ran.status, ran.err) == (3, "backprop: <stdin>: cannot read: standard input is closed\n")


def test_a_program_may_replace_standard_output_by_any_text_stream() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert cli.main(["--version"]) == 0
    assert out.getvalue().startswith("backprop ")


def test_an_interrupt_within_typer_is_an_interrupt(backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(RunOptions, "__init__", interrupted)  # Typer runs it
    assert backprop("run", LAYER) == (130, "", "")


def test_the_learning_rate_option_is_exact_with_exact(backprop: Run, tmp_path: Path) -> None:
    problem = tmp_path / "p.json"
    problem.write_text('{"biases": [1], "activation": "linear", "upstream": [[1]]}')
    step = ["run", problem, "--only", "new_biases", "--format", "csv", "--lr"]
    assert backprop(*step, "0.1", "--exact").out == "0.9\n"
    assert backprop(*step, "0.3000000000000000000001", "--exact").out == "0.6999999999999999999999\n"
    assert backprop(*step, "0.3000000000000000000001").out == "0.7\n"
    assert backprop(*step, "1e-9999", "--exact").err == (
        f"backprop: {problem}: learning_rate: 1E-9999 is out of the range of exact arithmetic\n"
    )


def test_garbage_collection_of_a_calling_program_is_kept(backprop: Run) -> None:
    """Only `__main__` disables it, and then it is enabled again."""
    frozen = gc.get_freeze_count()
    assert backprop("run", LAYER).status == 0
    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen
    gc.disable()
    try:
        assert backprop("run", LAYER).status == 0
        assert gc.isenabled()
        assert gc.get_freeze_count() > frozen
    finally:
        gc.enable()
        gc.unfreeze()
