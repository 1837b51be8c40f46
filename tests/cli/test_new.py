"""`backprop new`: what it writes where, what it refuses, and that it makes the same bytes again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli import __version__
from backprop_cli.exercises import friendly
from tests.conftest import ROOT, Run
from tests.process.command import contents, refusal

GOLDEN = sorted((ROOT / "tests" / "golden" / "new").glob("*.json"))


def command(path: Path) -> list[str]:
    """Return the options of the command that a problem names as its source."""
    source: str = json.loads(path.read_text())["source"]
    version, _, line = source.partition(": backprop new ")
    assert version.startswith("backprop ")
    return line.replace("'", "").split()


def without_version(text: str) -> str:
    return text.replace(f"backprop {__version__}: ", "backprop 0.1.0: ")


def test_there_are_examples_of_both_kinds_of_numbers() -> None:
    assert len(GOLDEN) >= 8
    assert 2 < sum("normal" in command(path) for path in GOLDEN) < len(GOLDEN)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_source_of_a_problem_makes_the_same_bytes(backprop: Run, path: Path) -> None:
    ran = backprop("new", *command(path))
    assert (ran.status, ran.err) == (0, "")
    assert without_version(ran.out) == path.read_text()


@pytest.mark.parametrize(
    ("given", "source"),
    [
        ("--shape 3,2,1", "--shape 3,2,1 --seed 0"),
        ("--shape 3,2,1 --activation relu,relu --lr 0.10 --digits 3", "--shape 3,2,1 --seed 0"),
        ("--seed 5 --shape 2,2 --n-samples 2 --reduction sum --loss huber", "--shape 2,2 --loss 'huber(1)' --seed 5"),
        ("--shape 2,2 --loss MSELoss", "--shape 2,2 --loss squared_error --reduction mean --seed 0"),
        ("--shape 2,2,2 --loss nll --activation relu,log_softmax", "--shape 2,2,2 --loss nll --seed 0"),
        ("--shape 2,2,2 --loss nll --activation tanh", "--shape 2,2,2 --activation tanh --loss nll --seed 0"),
        ("--shape 2,2,2 --activation tanh,relu", "--shape 2,2,2 --activation tanh,relu --seed 0"),
        ("--shape 2,2 --activation leaky_relu(0.2)", "--shape 2,2 --activation 'leaky_relu(0.2)' --seed 0"),
        ("--shape 2,2 --samples-in columns --weight-layout out-in", "--shape 2,2 --samples-in columns --seed 0"),
        (
            "--shape 2,2 --samples-in columns --weight-layout in-out",
            "--shape 2,2 --samples-in columns --weight-layout in-out --seed 0",
        ),
        (
            "--shape 2,2 --no-biases --mean-gradients --weight-layout out-in --digits 2 --lr 1 --n-samples 3",
            "--shape 2,2 --n-samples 3 --no-biases --digits 2 --learning-rate 1 --weight-layout out-in"
            " --mean-gradients --seed 0",
        ),
        ("--shape 2,2 --numbers normal --init glorot", "--shape 2,2 --numbers normal --init glorot --seed 0"),
    ],
)
def test_the_source_names_the_options_that_differ_from_the_defaults(backprop: Run, given: str, source: str) -> None:
    ran = backprop("new", *given.split())
    assert (ran.status, ran.err) == (0, "")
    problem = json.loads(ran.out)
    assert problem["source"] == f"backprop {__version__}: backprop new {source}"
    assert backprop("new", *source.replace("'", "").split()).out == ran.out


def test_the_options_are_what_the_problem_has(backprop: Run) -> None:
    line = "--shape 3,4,2 --n-samples 5 --activation relu,linear --loss half_squared_error --samples-in columns"
    problem = json.loads(backprop("new", *line.split(), "--no-biases", "--mean-gradients", "--lr", "0.5").out)
    assert np.shape(problem["inputs"]) == (3, 5)
    assert [np.shape(layer["weights"]) for layer in problem["layers"]] == [(4, 3), (2, 4)]
    assert [layer["activation"] for layer in problem["layers"]] == ["relu", "linear"]
    assert not any("biases" in layer for layer in problem["layers"])
    assert (problem["weight_layout"], problem["samples"], problem["mean_gradients"]) == ("out-in", "columns", True)
    assert (problem["loss"], problem["reduction"], problem["learning_rate"]) == ("half_squared_error", "sum", 0.5)
    assert np.shape(problem["targets"]) == (2, 5)


def test_a_single_layer_stands_at_the_top(backprop: Run) -> None:
    problem = json.loads(backprop("new", "--shape", "3,2").out)
    assert "layers" not in problem
    assert np.shape(problem["weights"]) == (3, 2)


def test_problems_of_other_seeds_differ_in_every_matrix(backprop: Run) -> None:
    one, other = (json.loads(backprop("new", "--shape", "3,2,1", "--seed", seed).out) for seed in (0, 1))
    assert one["inputs"] != other["inputs"]
    assert [layer["weights"] for layer in one["layers"]] != [layer["weights"] for layer in other["layers"]]


@pytest.mark.parametrize("ending", ["json", "npz"])
def test_a_folder_gets_the_problems_of_the_seeds_that_follow(backprop: Run, tmp_path: Path, ending: str) -> None:
    folder, line = tmp_path / "a" / "b", ("new", "--shape", "2,2", "--loss", "cross_entropy")
    options = ("--seed", 7, "--count", 3, "--save", folder, *(("--save-format", "npz") if ending == "npz" else ()))
    assert backprop(*line, *options) == (0, "", "")
    assert sorted(contents(folder)) == [f"00{k}.{ending}" for k in (1, 2, 3)]
    for k in (1, 2, 3):
        alone = tmp_path / f"alone.{ending}"
        assert backprop(*line, "--seed", 6 + k, "--save", alone) == (0, "", "")
        assert alone.read_bytes() == (folder / f"00{k}.{ending}").read_bytes()
    assert backprop("check", *sorted(folder.iterdir())).status == 0


def test_a_file_holds_what_standard_output_would(backprop: Run, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    assert backprop("new", "--shape", "3,2,1", "--save", path, "--quiet") == (0, "", "")
    assert path.read_text() == backprop("new", "--shape", "3,2,1").out


def test_an_archive_holds_the_same_numbers(backprop: Run, tmp_path: Path) -> None:
    backprop("new", "--shape", "3,2,1", "--save", tmp_path / "p.npz")
    problem = json.loads(backprop("new", "--shape", "3,2,1").out)
    with np.load(tmp_path / "p.npz") as archive:
        assert archive["inputs"].tolist() == problem["inputs"]
        assert archive["layers.1.weights"].tolist() == problem["layers"][1]["weights"]
        assert archive["title"].item() == problem["title"]
        assert archive["learning_rate"].item() == 0.1
        assert archive["inputs"].dtype == np.float64


@pytest.mark.parametrize("options", [(), ("--activation", "tanh"), ("--numbers", "normal")])
def test_a_safetensors_file_holds_the_same_problem(backprop: Run, tmp_path: Path, options: tuple[str, ...]) -> None:
    json_file, file = tmp_path / "p.json", tmp_path / "p.safetensors"
    for path in (json_file, file):
        ran = backprop("new", "--shape", "3,2,1", *options, "--save", path)
        assert (ran.status, ran.err) == (0, "")
    assert backprop("run", file, "--format", "json").out == backprop("run", json_file, "--format", "json").out
    assert backprop("check", file).status == 0


def test_numbers_that_overflow_when_rounded_need_no_warning(backprop: Run) -> None:
    ran = backprop("new", "--shape", "3,2", "--activation", "elu(1e300)")
    assert (ran.status, ran.err) == (0, "")


def test_nothing_is_written_if_one_problem_fails(
    backprop: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: Callable[..., Any] = friendly.friendly

    def third_fails(spec: Any) -> Any:
        if spec.seed == 2:
            monkeypatch.setattr("backprop_cli.exercises.friendly.NUMBER_SETS", ())
        return drawn(spec)

    monkeypatch.setattr("backprop_cli.exercises.new.friendly", third_fails)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "001.json").write_text("old")
    before = contents(tmp_path)
    assert backprop("new", "--shape", "2,2", "--count", 4, "--save", tmp_path / "old").status != 0
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "--shape is missing (expected --shape 3,2,1: inputs, and neurons of each layer)"),
        ("--shape 3", "--shape: expected the number of inputs and of the neurons of each layer, as in 3,2,1, got '3'"),
        (
            "--shape 3,0",
            "--shape: expected the number of inputs and of the neurons of each layer, as in 3,2,1, got '3,0'",
        ),
        ("--shape 3x2", "as in 3,2,1, got '3x2'"),
        ("--shape 3,2, ", "as in 3,2,1, got '3,2,'"),
        ("--shape 2,2 --n-samples 0", "--n-samples: expected a whole number, 1 or more, got '0'"),
        ("--shape 2,2 --digits 10", "--digits: expected a whole number from 0 to 9, got '10'"),
        ("--shape 2,2 --count 0", "--count: expected a whole number from 1 to 9999, got '0'"),
        ("--shape 2,2 --count 2", "--count 2 needs a folder to write to\nhint: --save FOLDER writes 001.json"),
        ("--shape 2,2 --count 2 --save p.json", "--count 2 needs a folder to write to\nhint: --save FOLDER"),
        ("--shape 2,2 --save p.csv", "--save: expected a .json, .npz or .safetensors file, or a folder, got 'p.csv'"),
        ("--shape 2,2 --save -", "--save: expected a .json, .npz or .safetensors file, or a folder, got '-'"),
        ("--shape 2,2 --save p.json --save-format npz", "--save-format is for the files in a folder"),
        ("--shape 2,2 --save-format json", "--save-format is for the files in a folder (expected --save FOLDER, too)"),
        ("--shape 2,2 --numbers normal --digits 2", "--digits is for friendly numbers; normal ones have 4 decimals"),
        ("--shape 2,2 --init he", "--init needs --numbers normal: it scales normal weights"),
        ("--shape 2,2 --reduction mean", "--reduction needs a loss (expected --loss NAME, too)"),
        ("--shape 2,2 --activation rely", "--activation: expected relu, leaky_relu"),
        ("--shape 2,2 --activation elu(x)", "--activation: expected elu(NUMBER) with a finite number, got 'elu(x)'"),
        ("--shape 2,2 --activation relu,relu", "--activation: expected one, or 1 for the 1 layers, got 2"),
        ("--shape 2,2 --loss bce", "--loss: unknown loss 'bce'; did you mean 'binary_cross_entropy'?"),
        ("--shape 2,1 --loss nll", "--loss: nll needs two neurons or more in the last layer, one for each class"),
        ("--shape 2,2 --seed 999999999 --count 2 --save f", "--count: the last seed would be 1000000000 (at most"),
        ("--shape 2,2 --seed -1", "--seed: expected a whole number, 0 or more, got '-1'"),
        ("--shape 2,2 --lr nan", "--learning-rate: expected a finite number, got 'nan'"),
        (
            "--shape 2,2 --activation relu --loss cross_entropy",
            "--loss: cross_entropy is not defined for all outputs of relu\n"
            "hint: it is for those of softmax in the last layer",
        ),
        ("--shape 40,40", "--shape: a matrix would have 1600 friendly numbers (at most 400)\nhint: --numbers normal"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_a_line(backprop: Run, line: str, message: str) -> None:
    argv = line.split() if line else ["--seed", "0"]
    assert message in refusal(backprop("new", *argv), 2)


@pytest.mark.parametrize(
    ("line", "condition", "hint"),
    [
        (
            "--shape 3,2,1 --activation leaky_relu --digits 1",
            "no unit is active, or none is inactive",
            "--digits with a larger number lets more units be inactive",
        ),
        (
            "--shape 3,3 --loss absolute_error --reduction mean",
            "a result has more decimals than --digits",
            "--digits with a",
        ),
        ("--shape 2,2 --lr 0.00001", "a result has more decimals than --digits", "--digits with a larger"),
        ("--shape 2,2,2,2,1 --activation sigmoid --digits 1", "a gradient has no entry of", "--digits with a larger"),
    ],
)
def test_an_impossible_specification_names_the_condition_that_fails_most(
    backprop: Run, line: str, condition: str, hint: str
) -> None:
    message = refusal(backprop("new", *line.split()), 2)
    assert message.startswith("backprop: no friendly numbers were found in ")
    assert condition in message
    assert f"\nhint: {hint}" in message


def test_a_full_disk_is_named(backprop: Run, tmp_path: Path) -> None:
    (tmp_path / "p.json").mkdir()
    assert "cannot write" in refusal(backprop("new", "--shape", "2,2", "--save", tmp_path / "p.json"), 4)
