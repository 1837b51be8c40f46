"""Options, their values, and `-` for standard input."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.process.command import LAYER, NEURON, Process, Started, Terminal, refusal, success


@pytest.mark.parametrize(
    ("argv", "text", "name", "value"),
    [
        pytest.param(["-"], json.dumps(NEURON), "z", [[16]], id="PROBLEM"),
        pytest.param(["p.json", "--inputs", "-"], "2,3\n", "z", [[23]], id="inputs"),
        pytest.param(["p.json", "--weights=-"], "1\n1\n", "z", [[8]], id="weights"),
        pytest.param(["p.json", "--biases", "-"], "7", "z", [[18]], id="biases"),
        pytest.param(["p.json", "--upstream", "-"], "-10\r\n", "dbiases", [-10], id="upstream"),
        pytest.param(["--z", "-", "p.json"], "-9\n", "z", [[-9]], id="z"),
    ],
)
def test_a_dash_means_standard_input(
    process: Process, neuron: Path, argv: list[str], text: str, name: str, value: list[Any]
) -> None:
    ran = process("run", *argv, "--format", "json", "--only", name, input=text.encode(), cwd=neuron.parent)
    assert json.loads(success(ran))[name] == value


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["-", "--inputs", "-"], "PROBLEM and --inputs"),
        (["--weights=-", "--upstream=-"], "--weights and --upstream"),
        (["--biases", "-", "p.json", "--z", "-"], "--biases and --z"),
    ],
    ids=["problem and inputs", "weights and upstream", "biases and z"],
)
def test_a_dash_twice_is_refused(process: Process, neuron: Path, argv: list[str], named: str) -> None:
    assert named in refusal(process("run", *argv, input=b"1\n", cwd=neuron.parent), 2)


@pytest.mark.parametrize(
    ("argv", "typed", "reads"),
    [
        (["-"], json.dumps(NEURON), b"PROBLEM"),
        (["p.json", "--weights", "-"], "3\n4", b"--weights"),
        (["p.json", "--weights", "-", "-q"], "3\n4", None),
    ],
    ids=["problem", "weights", "quiet"],
)
def test_reading_from_a_terminal_prints_a_notice_unless_quiet(
    started: Started, terminal: Terminal, neuron: Path, argv: list[str], typed: str, reads: bytes | None
) -> None:
    import select

    seen, given = terminal
    ran = started("run", *argv, "--format", "csv", "--only", "z", stdin=given, cwd=neuron.parent)
    assert ran.stderr is not None
    notice = b""
    if reads is not None:  # printed before anything is typed
        assert select.select([ran.stderr], [], [], 30)[0]
        notice = os.read(ran.stderr.fileno(), 4096)
        assert notice == b"backprop: reading " + reads + b" from the terminal; end it with Ctrl-D\n"
    os.write(seen, typed.encode() + b"\n\x04")
    out, err = ran.communicate(timeout=30)
    assert (ran.returncode, out, err) == (0, b"16.0\n", b"")


@pytest.mark.parametrize(
    "argv",
    [["--lr", "-0.5"], ["--lr=-5e-1"], ["--learning-rate", "-.5"]],
    ids=" ".join,
)
def test_negative_numbers_are_values(process: Process, neuron: Path, argv: list[str]) -> None:
    ran = process("run", *argv, neuron, "--format", "csv", "--only", "new_biases")
    assert success(ran) == "5.5\n"  # 5 + 0.5 * 1


@pytest.mark.parametrize("argv", [["--", "-x.json"], ["--", "p.json"], ["./-x.json"]], ids=" ".join)
def test_two_dashes_end_the_options(process: Process, neuron: Path, argv: list[str]) -> None:
    neuron.with_name("-x.json").write_text(json.dumps(NEURON))
    ran = process("run", "--format", "csv", "--only", "z", *argv, cwd=neuron.parent)
    assert success(ran) == "16.0\n"


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["--weights", "--lr", "1"], "--weights: expected a value, got the option --lr"),
        (["--weights", "-q"], "--weights: expected a value, got the option -q"),
        (["--save", "--next", "n.json"], "--save: expected a value, got the option --next"),
        (["--only", "--"], "--only: expected a value, got the option --"),
        (["--weights"], "'--weights' requires an argument"),
        (["--weights", ""], "--weights: expected a value, got an empty text"),
        (["--weights="], "--weights: expected a value, got an empty text"),
        (["--lr", ""], "--learning-rate: expected a value, got an empty text"),
        (["--only", ""], "--only: expected a value, got an empty text"),
        (["--format", ""], "--format: expected a value, got an empty text"),
        (["--save", ""], "--save: expected a value, got an empty text"),
        (["--next", ""], "--next: expected a value, got an empty text"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_missing_or_empty_value_is_refused(backprop: Run, argv: list[str], named: str) -> None:
    assert named in refusal(backprop("run", LAYER, *argv), 2)


def test_an_empty_path_of_a_problem_is_refused(backprop: Run) -> None:
    assert refusal(backprop("run", ""), 2) == "backprop: PROBLEM: expected a value, got an empty text"


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["--lr", "nan"], "--learning-rate: expected a finite number, got 'nan'"),
        (["--lr", "-inf"], "--learning-rate: expected a finite number, got '-inf'"),
        (["--lr", "1e999"], "--learning-rate: expected a finite number, got '1e999'"),
        (["--lr", "1_000"], "--learning-rate: expected a finite number, got '1_000'"),
        (["--rows", "-1"], "--rows: expected a whole number, 0 or more, got '-1'"),
        (["--precision", "18"], "--precision: expected a whole number from 0 to 17, got '18'"),
        (["--only", "nonsense"], "no quantity is called 'nonsense' (expected z, outputs, dz, dinputs, dweights,"),
        (["--only", "z,dweigths"], "hint: did you mean 'dweights'?"),
        (["--format", "jsn"], "hint: did you mean 'json'?"),
        (["--color", "sometimes"], "--color: expected auto, always or never, got 'sometimes'"),
        (["--activation", "rleu"], "--activation: expected relu or linear, got 'rleu'\nhint: did you mean 'relu'?"),
        (["--activation", "-"], "--activation: expected relu or linear, got '-'"),
        (["--activation", ""], "--activation: expected a value, got an empty text"),
        (["--activation", "-q"], "--activation: expected a value, got the option -q"),
        (["--next", "n.txt"], "--next: expected a file that ends in .json or .npz, got 'n.txt'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_invalid_values_are_refused(backprop: Run, argv: list[str], line: str) -> None:
    assert line in refusal(backprop("run", LAYER, *argv), 2)
