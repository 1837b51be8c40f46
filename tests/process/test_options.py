"""Options, their values, and `-` for standard input."""

import json
import os
import time
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
        (["--only", "nonsense"], "no quantity is called 'nonsense' (expected z, outputs, "),
        (["--only", "z,dweigths"], "hint: did you mean 'dweights'?"),
        (["--format", "jsn"], "hint: did you mean 'json'?"),
        (["--color", "sometimes"], "--color: expected auto, always or never, got 'sometimes'"),
        (["--activation", "rleu"], "softmax or log_softmax, got 'rleu'\nhint: did you mean 'relu'?"),
        (["--activation", "selu"], "softmax or log_softmax, got 'selu'"),
        (["--activation", "leakyrelu(0.2)"], "got 'leakyrelu'\nhint: did you mean 'leaky_relu'?"),
        (["--activation", "elu(x)"], "--activation: expected elu(NUMBER) with a finite number, got 'elu(x)'"),
        (["--activation", "tanh(2)"], "--activation: tanh takes no parameter, got 'tanh(2)'"),
        (["--dtype", "float16"], "--dtype: expected float64 or float32, got 'float16'"),
        (["--activation", "-"], "--activation: expected relu, leaky_relu, linear,"),
        (["--activation", ""], "--activation: expected a value, got an empty text"),
        (["--activation", "-q"], "--activation: expected a value, got the option -q"),
        (["--next", "n.txt"], "--next: expected a file that ends in .json, .npz or .safetensors, got 'n.txt'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_invalid_values_are_refused(backprop: Run, argv: list[str], line: str) -> None:
    message = refusal(backprop("run", LAYER, *argv), 2)
    assert line in message
    assert ("hint" in line) == ("hint" in message)


@pytest.mark.parametrize(
    "entry",
    ["dbiases[0 0]", "dweights[0 0,0]", "d weights[0,0]", "new_ biases[0]", "layers[0 0].z[0,0]", "dbiases[0\t0]"],
)
def test_blanks_between_digits_or_letters_are_no_part_of_an_entry(process: Process, neuron: Path, entry: str) -> None:
    assert "is no entry (expected one like dweights[2,1], counted from 0)" in refusal(
        process("explain", neuron, entry), 2
    )


@pytest.mark.parametrize("entry", [" dweights[1,0]", "dweights[1, 0] ", "dweights [ 1 , 0 ]"])
def test_blanks_around_commas_and_brackets_are_allowed(process: Process, neuron: Path, entry: str) -> None:
    assert success(process("explain", neuron, entry)).startswith("dweights[1,0] = 2\n")


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (["run", LAYER, "--json"], "did you mean --format json?"),
        (["run", LAYER, "--csv"], "did you mean --format csv?"),
        (["check", LAYER, "--json"], "did you mean --format json?"),
        (["run", LAYER, "--out", "o.json"], "did you mean --save?"),
        (["run", LAYER, "--output=o.json"], "did you mean --save?"),
        (["run", LAYER, "-o", "o.json"], "did you mean --save?"),
        (["explain", LAYER, "--output", "o.md"], "> FILE after the command writes the output to a file"),
        (["run", LAYER, "--verbose"], "backprop explain shows how each number is computed"),
        (["check", LAYER, "-v"], "--format json prints everything that was found"),
        (["explain", LAYER, "--verbose"], "did you mean --depth all?"),
        (["run", "--X", "x.csv"], "did you mean --inputs?"),
        (["run", "--W", "w.csv"], "did you mean --weights?"),
        (["run", "-b", "b.csv"], "did you mean --biases?"),
        (["run", LAYER, "--dvalues", "u.csv"], "did you mean --upstream?"),
        (["run", LAYER, "--learning_rate", "1"], "did you mean --learning-rate?"),
        (["run", LAYER, "--alpha", "1"], "did you mean --learning-rate?"),
        (["run", LAYER, "--no-color"], "did you mean --color never?"),
        (["check", LAYER, "--tolerance", "1"], "did you mean --rtol?"),
        (["run", LAYER, "--jobs", "4"], "--help lists commands, and after one of them its options"),
        (["backward", LAYER], "did you mean 'run'?"),
        (["gradcheck", LAYER], "did you mean 'check'?"),
        (["plan", LAYER], "--help lists commands, and after one of them its options"),
        (["p.json"], "a command comes first: backprop run p.json"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_words_of_other_tools_get_the_option_that_does_it(process: Process, argv: list[object], hint: str) -> None:
    assert refusal(process(*argv), 2).endswith(f"\nhint: {hint}")


@pytest.mark.parametrize(
    ("argv", "echoed"),
    [
        (["--biases", "0.125,-0.25"], "0.125,-0.25"),
        (["--biases", "-0.25"], "-0.25"),
        (["--z=[[1, 2], [3, 4]]"], "1,2"),
        (["--upstream", "1 2;3 4"], "1,2"),
    ],
    ids=" ".join,
)
def test_numbers_in_place_of_a_file_are_refused_with_the_way_that_works(
    backprop: Run, neuron: Path, argv: list[str], echoed: str
) -> None:
    option = argv[0].partition("=")[0]
    message = refusal(backprop("run", neuron, *argv), 2)
    assert message.startswith(f"backprop: {option}: expected a file, got the numbers '")
    assert message.endswith(f"echo {echoed} | backprop ... {option} -")


def test_a_file_whose_name_is_a_number_is_read(process: Process, neuron: Path) -> None:
    neuron.with_name("7").write_text("7")
    assert success(process("run", neuron, "--biases", "7", "--only", "z", "--format", "csv")) == "18.0\n"


def test_numbers_through_a_pipe_are_read_as_the_hint_says(shell: Process, neuron: Path) -> None:
    ran = shell(f"echo -1 | backprop run {neuron} --biases - --only z --format csv")
    assert success(ran) == "10.0\n"


def test_a_missing_file_whose_name_begins_with_a_letter_is_no_number(backprop: Run, neuron: Path) -> None:
    assert (
        refusal(backprop("run", neuron, "--biases", "e1"), 3) == "backprop: e1: cannot read: no such file or directory"
    )


@pytest.mark.parametrize(
    "argv",
    [
        ["explain", "p.json", "z" + " " * 100_000 + "b"],
        ["run", "--z", "1" * 100_000 + "x"],
        ["run", "--" + "w" * 100_000],
    ],
    ids=["entry", "file", "option"],
)
def test_a_long_argument_is_answered_at_once(backprop: Run, argv: list[str]) -> None:
    start = time.process_time()  # other processes do not change it; each run takes a twentieth of a second
    assert backprop(*argv).status in (2, 3)
    assert time.process_time() - start < 5
