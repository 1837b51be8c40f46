"""The exact error messages of `run` for losses, targets, steps and conventions that cannot be used."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run

CLASSES: dict[str, Any] = {
    "inputs": [[1, 2], [3, 4], [5, 6]],
    "weights": [[1, 2, 3, 4], [5, 6, 7, 8]],
    "activation": "softmax",
    "targets": [0, 3, 1],
    "loss": "cross_entropy",
}
BINARY: dict[str, Any] = {
    "inputs": [[1, 2], [3, 4]],
    "weights": [[1], [-1]],
    "activation": "sigmoid",
    "targets": [[1], [0]],
    "loss": "binary_cross_entropy",
}
GIVEN_Z: dict[str, Any] = {"activation": "linear", "targets": [[1, 0], [0, 1]], "loss": "cross_entropy"}
COLUMNS: dict[str, Any] = {
    "samples": "columns",
    "z": [[1, 1, 1], [1, 1, -2]],
    "activation": "linear",
    "targets": [[1, 0, 0], [0, 1, 1]],
    "loss": "cross_entropy",
}
LOSSES = (
    "squared_error, half_squared_error, absolute_error, huber(1), binary_cross_entropy,"
    " binary_cross_entropy_with_logits, cross_entropy, cross_entropy_with_logits, nll"
)
FILES = {"classes.csv": "0\n2\n7\n", "two.csv": "0,1\n2,3\n", "half.csv": "0.5\n1\n2\n", "b.csv": "1,2,3,4\n"}
FILES |= {"none.json": "[]", "i.csv": "1,2\n3,4\n"}
POSITIVE = "expected a positive number in brackets, as in 'huber(0.5)', got"
WITH_LOGITS = (
    "cross_entropy needs outputs greater than 0; cross_entropy_with_logits takes the values before the softmax"
)
STEPS = "steps: expected a whole number of steps, 1 or more, got"


def without(key: str, draft: dict[str, Any] = CLASSES) -> dict[str, Any]:
    return {name: value for name, value in draft.items() if name != key}


# The problem, and the message after the name of the file; status 3
IN_FILES: list[tuple[dict[str, Any], str]] = [
    (CLASSES | {"loss": "crossentropy"}, "loss: unknown loss 'crossentropy'; did you mean 'cross_entropy'?"),
    (CLASSES | {"loss": "cross-entropy"}, "loss: unknown loss 'cross-entropy'; did you mean 'cross_entropy'?"),
    (CLASSES | {"loss": "ce"}, "loss: unknown loss 'ce'; did you mean 'cross_entropy'?"),
    (CLASSES | {"loss": "mseloss"}, "loss: unknown loss 'mseloss'; did you mean 'MSELoss'?"),
    (CLASSES | {"loss": "hinge"}, f"loss: unknown loss 'hinge' (expected one of {LOSSES})"),
    (CLASSES | {"loss": "huber(0)"}, f"loss: {POSITIVE} 'huber(0)'"),
    (CLASSES | {"loss": "huber(x)"}, f"loss: {POSITIVE} 'huber(x)'"),
    (CLASSES | {"loss": "huber(1"}, f"loss: {POSITIVE} 'huber(1'"),
    (CLASSES | {"loss": "nll(2)"}, "loss: nll takes no number in brackets"),
    (CLASSES | {"loss": 3}, "loss: expected the name of a loss, got 3"),
    (
        CLASSES | {"loss": ["nll"]},
        "loss: expected the name of a loss, got a list\n"
        'hint: give "nll" alone, without brackets (auto_unbox = TRUE in R\'s toJSON)',
    ),
    (without("loss") | {"reduction": "mean"}, "reduction: belongs to a loss, and there is none"),
    (
        CLASSES | {"reduction": "avg"},
        "reduction: expected 'sum', 'mean' or 'batch_mean', got 'avg'\nhint: did you mean 'mean'?",
    ),
    (CLASSES | {"reduction": 1}, "reduction: expected 'sum', 'mean' or 'batch_mean', got 1"),
    (
        CLASSES | {"upstream": "ones"},
        "upstream: is given beside a loss, whose gradient it would be (expected one of them)",
    ),
    (
        CLASSES | {"upstream": [[1, 2, 3, 4]]},
        "upstream: is given beside a loss, whose gradient it would be (expected one of them)",
    ),
    (
        CLASSES | {"targets": [1, 4, 2]},
        "targets[1]: class 4 does not exist: 4 neurons are the classes 0 to 3\nhint: class numbers count from 0 here",
    ),
    (CLASSES | {"targets": [0, 9, 1]}, "targets[1]: class 9 does not exist: 4 neurons are the classes 0 to 3"),
    (CLASSES | {"targets": [[0], [-1], [1]]}, "targets[1]: class -1 does not exist: 4 neurons are the classes 0 to 3"),
    (CLASSES | {"targets": [0, 1.5, 1]}, "targets[1]: expected a class number (a whole number), got 1.5"),
    (
        CLASSES | {"targets": [0, 1]},
        "targets: 2 class numbers do not fit 3 samples (expected 3, or a matrix of shape (3, 4))",
    ),
    (
        CLASSES | {"targets": 0},
        "targets: 1 class number does not fit 3 samples (expected 3, or a matrix of shape (3, 4))",
    ),
    (
        CLASSES | {"targets": [[0, 1, 0], [1, 0, 0], [0, 1, 0]]},
        "targets: shape (3, 3) does not fit the 4 neurons of weights (expected (3, 4))",
    ),
    (CLASSES | {"targets": "0,1"}, "targets: expected numbers, got '0,1'"),
    (CLASSES | {"targets": [0, None, 1]}, "targets[1]: expected a number, got null"),
    (
        CLASSES | {"loss": "squared_error"},
        "targets: shape (1, 3) (a flat list is one sample) does not fit the 3 samples of inputs (expected (3, 4))",
    ),
    (
        BINARY | {"loss": "cross_entropy", "targets": [2, 0]},
        "targets[0]: 2 looks like a class number, and there is one neuron (expected values of 0 to 1)\n"
        "hint: two classes are two neurons, or binary_cross_entropy",
    ),
    (
        BINARY | {"targets": [[1, 2], [3, 4]]},
        "targets: shape (2, 2) does not fit the 1 neuron of weights (expected (2, 1))",
    ),
    (
        BINARY | {"targets": [[1.5], [0]]},
        "targets[0][0]: binary cross-entropy needs targets from 0 to 1, got 1.5",
    ),
    (
        BINARY | {"targets": [0, -1], "loss": "binary_cross_entropy_with_logits"},
        "targets[1][0]: binary cross-entropy needs targets from 0 to 1, got -1.0",
    ),
    (
        BINARY | {"activation": "linear"},
        "outputs[0,0]: binary_cross_entropy needs outputs from 0 to 1, got -1.0;"
        " binary_cross_entropy_with_logits takes any values, those before a sigmoid",
    ),
    (
        BINARY | {"activation": "relu"},
        "outputs[0,0]: log(0) with the target 1.0: binary_cross_entropy would be infinite;"
        " binary_cross_entropy_with_logits takes the values before the sigmoid",
    ),
    (GIVEN_Z | {"z": [[0.5, 0.25], [1, 0]]}, f"outputs[1,1]: log(0) with the target 1.0: {WITH_LOGITS}"),
    (GIVEN_Z | {"z": [[-2, 1], [1, 1]]}, f"outputs[0,0]: log(-2.0) with the target 1.0: {WITH_LOGITS}"),
    (COLUMNS, f"outputs[1,2]: log(-2.0) with the target 1.0: {WITH_LOGITS}"),
    (
        COLUMNS | {"loss": "binary_cross_entropy", "z": [[0.5, 0.5, 0.5]] * 2, "targets": [[1, 0, 0], [0, 1, 2]]},
        "targets[1][2]: binary cross-entropy needs targets from 0 to 1, got 2.0",
    ),
    (
        GIVEN_Z | {"z": [[1e-320, 1], [1, 1]]},
        "upstream[0,0]: overflows float64 (its largest number is about 1.8e+308)",
    ),
    (
        GIVEN_Z | {"loss": "squared_error", "z": [[1e200, 1], [1, 1]]},
        "loss: overflows float64 (its largest number is about 1.8e+308)",
    ),
    (CLASSES | {"steps": 0}, f"{STEPS} 0"),
    (CLASSES | {"steps": 1.5}, f"{STEPS} 1.5"),
    (CLASSES | {"steps": -1}, f"{STEPS} -1"),
    (CLASSES | {"steps": 1e300}, f"{STEPS} 1e+300"),
    (CLASSES | {"steps": True}, "steps: expected a number, got true"),
    (CLASSES | {"steps": "3"}, "steps: expected a number, got '3'\nhint: write it without quotes"),
    (CLASSES | {"mean_gradients": 1}, "mean_gradients: expected true or false, got 1"),
    (CLASSES | {"mean_gradients": "yes"}, "mean_gradients: expected true or false, got 'yes'"),
    (
        CLASSES | {"samples": "cols"},
        "samples: expected 'rows' or 'columns', got 'cols'\nhint: did you mean 'columns'?",
    ),
    (CLASSES | {"samples": 3}, "samples: expected 'rows' or 'columns', got 3"),
    (
        CLASSES | {"samples": "columns"},
        "weights: shape (2, 4) does not fit the 3 features of inputs (expected (n_neurons, 3))\n"
        'hint: samples may be in rows: --samples-in rows, or "samples": "rows", says so, with "weight_layout":'
        ' "in-out"',
    ),
    (CLASSES | {"activation": "elu()"}, "activation: expected elu(NUMBER) with a finite number, got 'elu()'"),
    (CLASSES | {"activation": "relu(1)"}, "activation: relu takes no parameter, got 'relu(1)'"),
    (CLASSES | {"criterion": "mse"}, "criterion: unknown key\nhint: give criterion as loss"),
    (CLASSES | {"epochs": 3}, "epochs: unknown key\nhint: give epochs as steps"),
    (
        {"layers": [{"loss": "nll", "weights": [[1]]}]},
        "layers[0].loss: belongs at the top, beside layers",
    ),
]

# The problem, options after its name, the status and the whole message
OF_OPTIONS: list[tuple[dict[str, Any], str, int, str]] = [
    (CLASSES, "--no-biases --biases b.csv", 2, "--biases and --no-biases exclude each other"),
    (
        CLASSES,
        "--loss mse --upstream ones",
        2,
        "--upstream and --loss exclude each other: upstream is the gradient of the loss",
    ),
    (
        CLASSES,
        "--targets classes.csv --upstream ones",
        2,
        "--upstream and --targets exclude each other: targets are for a loss",
    ),
    (CLASSES, "--loss crossentropy", 2, "--loss: unknown loss 'crossentropy'; did you mean 'cross_entropy'?"),
    (CLASSES, "--loss 'huber(-1)'", 2, f"--loss: {POSITIVE} 'huber(-1)'"),
    (CLASSES, "--loss ''", 2, "--loss: expected a value, got an empty text"),
    (
        CLASSES,
        "--reduction avg",
        2,
        "--reduction: expected sum, mean or batch_mean, got 'avg'\nhint: did you mean 'mean'?",
    ),
    (without("loss"), "--reduction mean", 3, "p.json: reduction: belongs to a loss, and there is none"),
    (
        CLASSES,
        "--samples-in cols",
        2,
        "--samples-in: expected rows or columns, got 'cols'\nhint: did you mean 'columns'?",
    ),
    (CLASSES, "--steps 0", 2, "--steps: expected a whole number, 1 or more, got '0'"),
    (CLASSES, "--steps 1.5", 2, "--steps: expected a whole number, 1 or more, got '1.5'"),
    (CLASSES, "--steps -1", 2, "--steps: expected a whole number, 1 or more, got '-1'"),
    (CLASSES, "--activation 'softmax(2)'", 2, "--activation: softmax takes no parameter, got 'softmax(2)'"),
    (
        CLASSES,
        "--targets 0,2,1",
        2,
        "--targets: expected a file, got the numbers '0,2,1'\n"
        "hint: write them to a file, or pipe them: echo 0,2,1 | backprop ... --targets -",
    ),
    (
        CLASSES,
        "--targets classes.csv",
        3,
        "classes.csv: targets[2]: class 7 does not exist: 4 neurons are the classes 0 to 3",
    ),
    (
        CLASSES,
        "--targets two.csv",
        3,
        "two.csv: targets: shape (2, 2) does not fit the 3 samples of inputs (expected (3, 4))",
    ),
    (CLASSES, "--targets half.csv", 3, "half.csv: targets[0]: expected a class number (a whole number), got 0.5"),
    (CLASSES, "--targets none.json", 3, "none.json: targets: no numbers in it"),
    (CLASSES, "--only layers[0].loss", 2, "loss belongs to no layer (expected loss)"),
    (
        {"inputs": [[1]], "weights": [[1]]},
        "--only loss",
        3,
        "p.json: too little was given: loss needs a loss function, targets",
    ),
    (without("loss"), "--only loss", 3, "p.json: too little was given: loss needs a loss function"),
    (without("loss"), "--only dz", 3, "p.json: too little was given: dz needs loss (or upstream)"),
    (without("targets"), "--only loss", 3, "p.json: too little was given: loss needs targets"),
    (without("inputs"), "--only loss", 3, "p.json: too little was given: loss needs z (or inputs)"),
    (
        BINARY | {"inputs": [[1000, 0], [0, 1000]], "targets": [0, 1]},
        "--only upstream",
        3,
        "p.json: upstream[0,0]: overflows float64",
    ),
    (
        CLASSES,
        "--format csv --only loss,upstream",
        2,
        "--format csv holds one matrix, and there are 2 (loss, upstream)\nhint: --only names one: --only 'upstream'",
    ),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text)


@pytest.mark.parametrize(("problem", "message"), IN_FILES, ids=[message[:60] for _, message in IN_FILES])
def test_a_problem_is_refused(backprop: Run, problem: dict[str, Any], message: str) -> None:
    Path("p.json").write_text(json.dumps(problem))
    assert backprop("run", "p.json") == (3, "", f"backprop: p.json: {message}\n")


@pytest.mark.parametrize(
    ("problem", "options", "status", "message"), OF_OPTIONS, ids=[options for _, options, _, _ in OF_OPTIONS]
)
def test_an_option_is_refused(backprop: Run, problem: dict[str, Any], options: str, status: int, message: str) -> None:
    Path("p.json").write_text(json.dumps(problem))
    assert backprop("run", "p.json", *shlex.split(options)) == (status, "", f"backprop: {message}\n")


def test_a_reduction_alone_is_refused_before_files_are_read(backprop: Run) -> None:
    ran = backprop("run", "--inputs", "i.csv", "--weights", "i.csv", "--reduction", "mean")
    assert ran == (2, "", "backprop: --reduction needs a loss (expected --loss NAME, too)\n")


@pytest.mark.parametrize("loss", ["cross_entropy", "nll", "cross_entropy_with_logits", "CrossEntropyLoss"])
def test_soft_targets_that_do_not_sum_to_1_are_noted(backprop: Run, loss: str) -> None:
    targets = [[1, 0, 0, 0], [0.5, 0.4, 0, 0], [0, 0, 0, 1]]
    Path("p.json").write_text(json.dumps(CLASSES | {"targets": targets, "loss": loss}))
    note = "backprop: p.json: the targets of sample 1 sum to 0.9, not 1\n"
    ran = backprop("run", "p.json", "--only", "loss")
    assert (ran.status, ran.err) == (0, note)
    assert backprop("run", "p.json", "--only", "loss", "--quiet").err == ""
    assert backprop("explain", "p.json", "z[0,0]").err == note


def test_targets_without_a_loss_are_noted(backprop: Run) -> None:
    Path("p.json").write_text(json.dumps(without("loss")))
    ran = backprop("run", "p.json", "--only", "z")
    assert (ran.status, ran.err) == (0, "backprop: p.json: targets are not used, because there is no loss\n")


def test_the_upstream_of_a_saturated_pair_is_not_computed_and_the_rest_is(backprop: Run) -> None:
    """sigmoid(1000) is 1 in float64: -log(1 - y) is 1000 and dz is 1, but 1 / (1 - y) is infinite."""
    Path("p.json").write_text(json.dumps(BINARY | {"inputs": [[1000, 0], [0, 1000]], "targets": [0, 1]}))
    ran = backprop("run", "p.json", "--format", "json")
    result = json.loads(ran.out)
    assert (ran.status, ran.err) == (0, "")
    assert (result["loss"], result["dz"]) == (2000, [[1], [-1]])
    assert result["not_computed"] == {
        "upstream": "more than float64: upstream[0,0] overflows, or an output is rounded to 0 or 1"
    }
    assert backprop("run", "p.json", "--only", "upstream,dbiases").out.endswith(
        "not computed\n  upstream needs more than float64: upstream[0,0] overflows, or an output is rounded to 0 or 1\n"
    )


def test_an_output_that_a_loss_refuses_is_named_by_its_row_in_the_whole_file(
    backprop: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backprop_cli.core.blocks.BLOCK_ROWS", 32)
    z = [[1, 1]] * 70 + [[1, -1]] + [[1, 1]] * 9
    Path("p.json").write_text(json.dumps(GIVEN_Z | {"z": z, "targets": [1] * 80}))
    ran = backprop("run", "p.json")
    assert ran.err == f"backprop: p.json: outputs[70,1]: log(-1.0) with the target 1.0: {WITH_LOGITS}\n"
