"""Answers in somebody's own copy of the problem, or in a layer more or less than the problem is written with."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.places import flatten
from tests.conftest import Run

GIVEN: dict[str, Any] = {
    "inputs": [[1, 2], [3, 4]],
    "weights": [[1, 0], [0, 0.1]],
    "biases": [0.3, 0],
    "activation": "leaky_relu",
    "targets": [[1, 1], [2, 2]],
    "loss": "half_squared_error",
    "learning_rate": 0.1,
}
WITHOUT_LOSS = {key: value for key, value in GIVEN.items() if key not in ("targets", "loss")}
CLASSES = {**GIVEN, "targets": [0, 1], "loss": "cross_entropy_with_logits"}
LAYER = {key: GIVEN[key] for key in ("weights", "biases", "activation")}
NETWORK = {key: value for key, value in GIVEN.items() if key not in LAYER} | {"layers": [LAYER]}
Z = [[1.3, 0.2], [3.3, 0.4]]
RIGHT, WRONG = {"z": Z}, {"z": [[1.3, 0.2], [3.3, 5]]}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, tree: dict[str, Any]) -> None:
    if name.endswith(".npz"):
        np.savez(name, **dict(_flat(tree)))
    else:
        Path(name).write_text(json.dumps(tree))


def _flat(tree: dict[str, Any]) -> Any:
    for key, value in flatten({key: value for key, value in tree.items() if key != "expected"}):
        yield key, np.array(value)
    for key, value in flatten(tree["expected"]):
        yield f"expected.{key}", np.array(value)


@pytest.mark.parametrize("options", [[], ["--rounded"], ["--exact"]])
@pytest.mark.parametrize(("values", "status"), [(RIGHT, 0), (WRONG, 1)])
@pytest.mark.parametrize(
    ("problem", "given"),
    [
        (GIVEN, {}),
        (GIVEN, GIVEN),
        (GIVEN, {**GIVEN, "title": "Ann", "source": "by hand", "reduction": "sum", "steps": 1, "samples": "rows"}),
        (GIVEN, {"learning_rate": 0.1, "mean_gradients": False, "weight_layout": "in-out"}),
        (GIVEN, {"activation": "leaky_relu", "biases": [[0.3, 0]]}),
        (GIVEN, NETWORK),
        (NETWORK, NETWORK),
        (NETWORK, GIVEN),
        (CLASSES, {"targets": [0, 1]}),
        ({**GIVEN, "weight_layout": "out-in", "steps": 1}, {"weights": [[1, 0], [0, 0.1]]}),
    ],
)
def test_answers_in_a_copy_of_the_problem_are_its_expected_values(
    backprop: Run, problem: dict[str, Any], given: dict[str, Any], values: Any, status: int, options: list[str]
) -> None:
    write("p.json", problem)
    for expected in (values, {"layers": [values]}):
        write("mine.json", given | {"expected": expected})
        ran = backprop("check", "p.json", "--expect", "mine.json", *options)
        assert (ran.status, ran.err) == (status, "")


def test_a_copy_may_be_an_archive_with_numbers_of_float32(backprop: Run) -> None:
    write("p.json", GIVEN)
    narrow = {key: np.array(GIVEN[key], np.float32) for key in ("inputs", "weights", "biases", "learning_rate")}
    write("mine.npz", narrow | {"activation": "leaky_relu", "expected": {"z": np.array(Z)}})
    ran = backprop("check", "p.json", "--expect", "mine.npz")
    assert (ran.status, ran.err) == (0, "")


def test_the_weights_that_a_problem_of_several_steps_begins_with_are_given(backprop: Run) -> None:
    problem = {**GIVEN, "steps": 3}
    write("p.json", problem)
    losses = json.loads(backprop("run", "p.json", "--only", "losses", "--format", "json").out)["losses"]
    write("mine.json", problem | {"expected": {"losses": losses}})
    assert backprop("check", "p.json", "--expect", "mine.json").status == 0


UNKNOWN = "(expected weights, biases, activation or z)"


@pytest.mark.parametrize(
    ("problem", "given", "said"),
    [
        (GIVEN, {"inputs": [[1, 2], [3, 5]]}, "inputs[1][1]: expected the problem's 4, got 5"),
        (GIVEN, {"inputs": [[1, 2]]}, "inputs: expected the problem's shape (2, 2), got (1, 2)"),
        (GIVEN, {"weights": [[1, 0], [0, 0.1000002]]}, "weights[1][1]: expected the problem's 0.1, got 0.1000002"),
        (GIVEN, {"inputs": [[1, 2], [3, "x"]]}, "inputs[1][1]: expected a number, got 'x'"),
        (GIVEN, {"inputs": "x"}, "inputs: expected the problem's array, got 'x'"),
        (GIVEN, {"biases": [0.3, 1e-9]}, "biases[1]: expected the problem's 0, got 1e-09"),
        (GIVEN, {"learning_rate": 0.2}, "learning_rate: expected the problem's 0.1, got 0.2"),
        (GIVEN, {"learning_rate": True}, "learning_rate: expected the problem's 0.1, got true"),
        (GIVEN, {"activation": "relu"}, "activation: expected the problem's 'leaky_relu', got 'relu'"),
        (GIVEN, {"activation": "rleu"}, "activation: expected the problem's 'leaky_relu', got 'rleu'"),
        (GIVEN, {"loss": "squared_error"}, "loss: expected the problem's 'half_squared_error', got 'squared_error'"),
        ({**GIVEN, "loss": "squared_error"}, {"loss": "mse"}, "reduction: expected the problem's 'sum', got 'mean'"),
        (GIVEN, {"reduction": "mean"}, "reduction: expected the problem's 'sum', got 'mean'"),
        (GIVEN, {"mean_gradients": True}, "mean_gradients: expected the problem's false, got true"),
        (GIVEN, {"steps": 2}, "steps: expected the problem's 1, got 2"),
        (GIVEN, {"samples": "columns"}, "samples: expected the problem's 'rows', got 'columns'"),
        (GIVEN, {"weight_layout": "out-in"}, "weight_layout: expected the problem's 'in-out', got 'out-in'"),
        (
            WITHOUT_LOSS | {"upstream": "ones"},
            {"upstream": [[1]]},
            "upstream: expected the problem's 'ones', got a list",
        ),
        (GIVEN, {"upstream": "ones"}, "upstream: the problem does not give it"),
        (GIVEN, {"z": [[1]]}, "z: the problem does not give it"),
        (CLASSES, {"targets": [1, 1]}, "targets[0]: expected the problem's 0, got 1"),
        (GIVEN, {"weight": [[1]]}, "weight: unknown key\nhint: give weight as weights"),
        (NETWORK, {"layers": [{"biases": [1, 0]}]}, "layers[0].biases[0]: expected the problem's 0.3, got 1"),
        (NETWORK, {"layers": [{"inputs": [[1]]}]}, f"layers[0].inputs: unknown key {UNKNOWN}"),
        (NETWORK, {"layers": [LAYER, LAYER]}, "layers: expected as many as the problem has, 1, got 2"),
        (GIVEN, {"layers": [LAYER, LAYER]}, "layers: expected as many as the problem has, 1, got 2"),
        (NETWORK, {"layers": 5}, "layers: expected as many as the problem has, 1, got 5"),
        (NETWORK, {"layers": [5]}, "layers[0]: expected a layer (an object), got 5"),
        (GIVEN, {"expected": 5}, "expected: expected an object, got 5"),
    ],
)
def test_a_copy_that_gives_something_else_is_no_answer(
    backprop: Run, problem: dict[str, Any], given: dict[str, Any], said: str
) -> None:
    write("p.json", problem)
    write("mine.json", {"expected": RIGHT} | given)
    for options in ([], ["--rounded"]):
        ran = backprop("check", "p.json", "--expect", "mine.json", *options)
        assert ran.status == 3
        assert ran.err.startswith(f"backprop: mine.json: {said}")


@pytest.mark.parametrize(("problem", "given"), [(GIVEN, GIVEN), (NETWORK, NETWORK)])
def test_a_problem_without_expected_values_is_no_answer(
    backprop: Run, problem: dict[str, Any], given: dict[str, Any]
) -> None:
    write("p.json", problem)
    write("mine.json", given)
    ran = backprop("check", "p.json", "--expect", "mine.json")
    assert ran.status == 3
    assert "no such quantity is computed" in ran.err
    assert ran.err.endswith('\nhint: what is computed from the problem goes under "expected"\n')


@pytest.mark.parametrize("name", ["z.csv", "layers.0.z.csv"])
@pytest.mark.parametrize("problem", [GIVEN, NETWORK])
def test_a_folder_may_name_the_only_layer_or_not(backprop: Run, problem: dict[str, Any], name: str) -> None:
    write("p.json", problem)
    Path("mine").mkdir()
    Path("mine", name).write_text("1.3,0.2\n3.3,0.4\n")
    assert backprop("check", "p.json", "--expect", "mine").status == 0
    Path("mine", name).write_text("0,1\n1.3,0.2\n3.3,0.4\n")  # with the numbers of the columns
    ran = backprop("check", "p.json", "--expect", "mine")
    assert (ran.status, f"mine/{name}" in ran.err, "hint: " in ran.err) == (3, True, True)


A_MATRIX = "a matrix is read from a file that is named after its quantity, such as dweights.csv"
TAKES = f"hint: <stdin> takes a result as JSON (an object); {A_MATRIX}\n"
NUMPY = b"\x93NUMPY\1\0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"1,2\n3,4\n", f"<stdin>:1:2: not JSON: numbers without brackets around them\n{TAKES}"),
        (b"1\n2\n", f"<stdin>:2:1: not JSON: several values, one on each line\n{TAKES}"),
        (b"a,b\n1,2\n", f"<stdin>:1:1: not JSON: expected a value, got 'a'\n{TAKES}"),
        (b"[[1, 2], [3, 4]]", f"<stdin>: expected a result (an object), got a list\nhint: {A_MATRIX}\n"),
        (NUMPY, f"<stdin>: expected JSON, got NPY\nhint: {A_MATRIX}\n"),
        (b'{"z": 1,}', "<stdin>:1:8: not JSON: a comma before }\nhint: remove the comma\n"),
        (b"", "<stdin>: the file is empty (expected JSON)\n"),
    ],
)
def test_standard_input_takes_a_result_as_json(process: Any, text: bytes, said: str) -> None:
    write("p.json", GIVEN)
    ran = process("check", "p.json", "--expect", "-", input=text)
    assert (ran.returncode, ran.stderr.decode()) == (3, f"backprop: {said}")


def test_a_problem_from_standard_input_is_no_table(process: Any) -> None:
    ran = process("run", "-", input=b"1,2\n3,4\n")
    assert ran.stderr.decode() == (
        "backprop: <stdin>:1:2: not JSON: numbers without brackets around them\nhint: <stdin> takes a problem as JSON "
        "(an object); a bare matrix is for --inputs, --weights, --biases, --upstream or --z\n"
    )
