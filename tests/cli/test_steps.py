"""Several steps on the command line: published trainings, hand calculations, and the same as steps one by one."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.core import training
from backprop_cli.core.problem import Problem
from tests.conftest import ROOT, Run

DATA = ROOT / "tests" / "data" / "steps"
# Each page is named in its file; the last digits of the page set the tolerance.
PUBLISHED = [
    ("deepml_25_neuron_two_epochs", 2, 5.01e-5),
    ("dlai_logistic_regression_100_steps", 100, 5.1e-9),
    ("iamtrask_11_lines_10000_steps", 10_000, 5.1e-9),
    ("nielsen_ch3_saturated_neuron_a", 301, 0.00501),
    ("nnfs_ch9_single_neuron_two_steps", 2, 1e-12),
]


@pytest.fixture(params=["one block", "blocks"])
def _ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make steps in the way of small problems, and of large ones."""

    def fits(problem: Problem) -> bool:
        del problem
        return False

    if request.param == "blocks":
        monkeypatch.setattr(training, "fits_one_block", fits)


def written(tmp_path: Path, problem: dict[str, Any]) -> Path:
    path = tmp_path / "p.json"
    path.write_text(json.dumps(problem), encoding="utf-8")
    return path


def result(backprop: Run, *argv: object) -> Any:
    ran = backprop("run", *argv, "--format", "json")
    assert (ran.status, ran.err) == (0, "")
    return json.loads(ran.out)


@pytest.mark.parametrize(("name", "steps", "atol"), PUBLISHED)
def test_published_trainings_end_as_their_pages_say(backprop: Run, name: str, steps: int, atol: float) -> None:
    path = DATA / f"{name}.json"
    found = result(backprop, path, "--steps", steps)
    for quantity, expected in json.loads(path.read_text(encoding="utf-8"))["expected"].items():
        assert np.abs(np.array(found[quantity]) - np.array(expected)).max() <= atol
    assert backprop("check", path, "--steps", steps, "--atol", atol, "--rtol", 0).status == 0
    assert backprop("check", path, "--steps", steps + 5000, "--atol", 1e-13, "--rtol", 0).status == 1


# By hand: z = w, loss = w^2 / 2, dw = w, and each step halves w.
HALVING: dict[str, Any] = {
    "inputs": [[1]],
    "weights": [[1]],
    "activation": "linear",
    "targets": [[0]],
    "loss": "half_squared_error",
    "learning_rate": 0.5,
}


@pytest.mark.usefixtures("_ways")
@pytest.mark.parametrize("flags", [(), ("--exact",), ("--dtype", "float32")])
def test_all_is_of_the_last_step_and_losses_of_every_step(
    backprop: Run, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    found = result(backprop, written(tmp_path, HALVING), "--steps", 4, *flags)
    assert found["losses"] == [1 / 2, 1 / 8, 1 / 32, 1 / 128]
    assert (found["loss"], found["z"], found["dweights"]) == (1 / 128, [[1 / 8]], [[1 / 8]])
    assert found["new_weights"] == [[1 / 16]]


def test_losses_are_of_several_steps_or_asked_for(backprop: Run, tmp_path: Path) -> None:
    path = written(tmp_path, HALVING)
    assert "losses" not in result(backprop, path)
    assert result(backprop, path, "--only", "losses")["losses"] == [0.5]
    assert backprop("run", path, "--steps", 2, "--only", "losses", "--format", "csv").out.split() == ["0.5,0.125"]
    assert "losses" not in result(backprop, path, "--steps", 3, "--only", "new_weights")
    assert backprop("check", written(tmp_path, {**HALVING, "expected": {"losses": [0.5]}})).status == 0
    assert backprop("check", written(tmp_path, {**HALVING, "expected": {"losses": [0.25]}})).status == 1


@pytest.mark.parametrize("more", [[], ["--rounded"]])
def test_a_result_of_several_steps_is_expected_to_have_as_many(backprop: Run, tmp_path: Path, more: list[str]) -> None:
    path, expected = written(tmp_path, {**HALVING, "steps": 3}), tmp_path / "result.json"
    expected.write_text(backprop("run", path, "--format", "json").out)
    assert backprop("check", path, "--expect", expected, *more).status == 0
    ran = backprop("check", path, "--expect", expected, "--steps", 2, *more)
    assert (ran.status, "steps: expected the problem's 2, got 3" in ran.err) == (3, True)


def test_next_continues_and_keeps_the_number_of_steps(backprop: Run, tmp_path: Path) -> None:
    path, after = written(tmp_path, {**HALVING, "steps": 3}), tmp_path / "after.json"
    assert result(backprop, path, "--next", after)["losses"][-1] == 1 / 32
    following = json.loads(after.read_text(encoding="utf-8"))
    assert (following["weights"], following["steps"]) == ([[1 / 8]], 3)
    assert result(backprop, after)["losses"] == [1 / 128, 1 / 512, 1 / 2048]


def network(seed: int, **more: Any) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    shapes = ((3, 4), (4, 2))
    if more.get("weight_layout") == "out-in":
        shapes = ((4, 3), (2, 4))
    layers = [
        {"weights": rng.normal(size=shape).tolist(), "activation": name, "biases": rng.normal(size=n).tolist()}
        for shape, name, n in zip(shapes, ("relu", more.pop("last", "sigmoid")), (4, 2), strict=True)
    ]
    if more.pop("no_biases", False):
        del layers[0]["biases"]
    targets = [[1, 0], [0, 1], [1, 0], [0, 1], [0, 1]]
    inputs = rng.normal(size=(5, 3)).tolist()
    problem = {"inputs": inputs, "layers": layers, "targets": targets, "learning_rate": 0.1}
    return {**problem, "loss": "squared_error", **more}


@pytest.mark.usefixtures("_ways")
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"weight_layout": "out-in", "no_biases": True},
        {"last": "softmax", "loss": "cross_entropy", "reduction": "mean"},
        {"last": "linear", "mean_gradients": True},
        {"last": "tanh", "loss": "huber", "weight_layout": "out-in"},
    ],
)
def test_steps_have_the_bits_of_single_steps(backprop: Run, tmp_path: Path, more: dict[str, Any]) -> None:
    draft = network(len(more), **more)
    path, after = written(tmp_path, draft), tmp_path / "next.json"
    together = result(backprop, path, "--steps", 6)
    losses = []
    for _ in range(6):
        single = result(backprop, path, "--next", after)
        losses.append(single["loss"])
        path = after
    assert together["losses"] == losses
    assert together["layers"] == single["layers"]


def test_exact_steps_are_those_of_fractions(backprop: Run, tmp_path: Path) -> None:
    """With the inputs 1 and 2, targets 0 and 1: dw = x . (x w - t), summed."""
    draft = {**HALVING, "inputs": [[1], [2]], "targets": [[0], [1]], "learning_rate": 0.1, "weights": [[0.3]]}
    w = Fraction(3, 10)
    for _ in range(7):
        w -= Fraction(1, 10) * (w + 2 * (2 * w - 1))
    ran = backprop("run", written(tmp_path, draft), "--exact", "--steps", 7, "--only", "new_weights", "--format", "csv")
    assert Fraction(ran.out.strip()) == w


@pytest.mark.usefixtures("_ways")
@pytest.mark.parametrize(
    ("draft", "words"),
    [
        # w = 1, then 1 - 1e200, whose square overflows; without a loss, its product with 1e200 does.
        ({**HALVING, "learning_rate": 1e200}, "step 2: loss: overflows float64"),
        (
            {**HALVING, "loss": None, "targets": None, "upstream": "outputs", "learning_rate": 1e200},
            "step 2: new_weights[0,0]: overflows float64",
        ),
        ({**HALVING, "weights": None, "z": [[1]]}, "z: belongs to the weights of one step"),
        ({**HALVING, "weights": None}, "weights: 9 steps need it in every layer"),
        ({**HALVING, "inputs": None}, "inputs: 9 steps need them"),
        ({**HALVING, "loss": None, "targets": None}, "9 steps need new_weights, which needs upstream"),
    ],
)
def test_steps_that_cannot_be_made_are_errors(backprop: Run, tmp_path: Path, draft: dict[str, Any], words: str) -> None:
    path = written(tmp_path, {key: value for key, value in draft.items() if value is not None})
    assert backprop("explain", path, "--steps", 9).status == 3
    assert backprop("run", path, "--steps", 9, "--only", "new_weights").status == 3
    ran = backprop("check", path, "--steps", 9)
    assert ran.status == 3
    assert words in ran.err


def test_exact_numbers_that_grow_too_long_name_the_step(backprop: Run, tmp_path: Path) -> None:
    layer = {"weights": [[0.123456789]], "activation": "linear"}
    draft = {key: value for key, value in HALVING.items() if key not in ("weights", "activation")}
    ran = backprop("run", written(tmp_path, {**draft, "layers": [layer, layer]}), "--exact", "--steps", 30)
    assert ran.status == 3
    assert ": step " in ran.err
    assert "digits, and take about" in ran.err


def test_explain_works_on_the_last_step_and_losses_on_their_own(backprop: Run, tmp_path: Path) -> None:
    path = written(tmp_path, HALVING)
    assert "dweights[0,0] = 0.125" in backprop("explain", path, "dweights[0,0]", "--steps", 4).out
    assert "loss = 0.125" in backprop("explain", path, "losses[1]", "--steps", 4).out
    assert backprop("explain", path, "losses[4]", "--steps", 4).status == 2
    whole = backprop("explain", path, "--steps", 4).out
    assert "(step 4 of 4: weights and biases are those before this step)" in whole
    assert "losses (4 entries): backprop explain PROBLEM 'losses[0]'" in whole
    assert "losses (" not in backprop("explain", path).out
    assert backprop("explain", path, "losses", "--steps", 4).status == 2


def test_check_exact_takes_the_parameters_of_the_last_step(backprop: Run, tmp_path: Path) -> None:
    ran = backprop("check", written(tmp_path, {**HALVING, "learning_rate": 0.3}), "--steps", 5, "--exact")
    assert ran.status == 0
    assert "binary" in ran.out
    rounded = {**HALVING, "expected": {"new_weights": [[0.0625]]}}
    assert backprop("check", written(tmp_path, rounded), "--steps", 4, "--rounded").status == 0
