"""Verdicts on calculations by hand: what follows from a wrong number, and what does not."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.quantity_check import QuantityCheck
from backprop_cli.checks.whole_array import WholeArray
from backprop_cli.render.checks.details import of_expected
from backprop_cli.render.terminal.verdict import plain
from tests.conftest import Run


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "a slip among whole numbers": (
        '"weights": [[1], [1]], "upstream": [[1]], "expected": {"z": [[2]], "outputs": [[0.92]], "dz": [[0.14]]}',
        {"z": "wrong", "outputs": "wrong", "dz": "wrong"},  # sigmoid(2) is 0.88: 2 is exact, as 3 would be
    ),
    "an output that is rounded to 1": (
        '"weights": [[2], [3]], "targets": [[1]], "loss": "binary_cross_entropy", '
        '"expected": {"outputs": [[1.00]], "dz": [[1.00]], "dweights": [[1.00], [2.00]]}',
        {"outputs": "right", "dz": "wrong", "dweights": "follows"},
    ),
    "a gradient by the rounded output": (  # 200 * 1 * (1 - 1)
        '"weights": [[2.1], [3.5]], "upstream": [[200]], "expected": {"outputs": [[1.000]], "dz": [[0.000]]}',
        {"outputs": "right", "dz": "follows"},
    ),
    "an impossible output": (  # dz = 2 * 7.5 * (1 - 7.5)
        '"weights": [[0.3], [0.4]], "upstream": [[2]], "expected": {"outputs": [[7.5]], "dz": [[-97.5]]}',
        {"outputs": "wrong", "dz": "follows"},
    ),
    "another shape": (
        '"weights": [[0.3], [0.4]], "upstream": [[2]], "expected": {"z": [[7.5]], "dbiases": [1, 2]}',
        {"z": "wrong", "dbiases": "wrong"},
    ),
    "outputs that several z have": (
        '"weights": [[0.3], [0.4]], "upstream": [[2]], "activation": "silu", "expected": {"outputs": [[7.5]]}',
        {"outputs": "wrong"},
    ),
    "a gradient of nothing": (
        '"weights": [[0.3], [0.4]], "upstream": [[2]], "expected": {"new_biases": [[1.5]]}',
        {"new_biases": "wrong"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_verdicts_on_calculations_by_hand(backprop: Run, name: str) -> None:
    text, verdicts = CASES[name]
    biases = "" if name == "a gradient of nothing" else '"biases": [0], '
    activation = "" if "activation" in text else '"activation": "sigmoid", '
    Path("p.json").write_text(f'{{"inputs": [[1, 2]], {biases}{activation}{text}}}')
    (found,) = json.loads(backprop("check", "p.json", "--rounded", "--format", "json").out)["files"]
    assert {place: check["verdict"] for place, check in found["expected"].items()} == verdicts


UNROUNDED = {
    "inputs": [[4, 7], [9, -6]],
    "weights": [[0.5], [0.3]],
    "biases": [-0.8],
    "activation": "sigmoid",
    "targets": [[1], [0]],
    "loss": "half_squared_error",
}


def test_whoever_goes_on_with_more_digits_than_are_written_is_right_for_a_slip(backprop: Run) -> None:
    """z is -0.7 for 3.3: dz is -0.148146 and 0.098455, and dweights -1.62775, which is not 9 * 0.098 - 4 * 0.148."""
    expected: dict[str, Any] = {"z": [[-0.7], [1.9]], "outputs": [[0.332], [0.87]], "dz": [[-0.148], [0.098]]}
    expected |= {"dweights": [[0.294], [-1.628]], "dbiases": [-0.05]}
    Path("p.json").write_text(json.dumps(UNROUNDED | {"expected": expected}))
    (found,) = json.loads(backprop("check", "p.json", "--rounded", "--format", "json").out)["files"]
    assert [place for place, check in found["expected"].items() if check["verdict"] == "wrong"] == ["z"]
    assert found["expected"]["dweights"]["follows_from"] == ["z"]


def in_float32() -> dict[str, Any]:
    """Return a linear layer of many samples, whose numbers float32 holds."""
    rng = np.random.default_rng(0)
    shapes = {"inputs": (2048, 8), "weights": (8, 4), "biases": (4,), "upstream": (2048, 4)}
    given = {name: rng.random(shape).astype(np.float32).astype(np.float64) for name, shape in shapes.items()}
    return given | {"activation": "linear"}


def test_an_array_may_be_wrong_as_a_whole(backprop: Run) -> None:
    """2e-7 is within the rounding errors of each z, and not of 8,192 together."""
    layer = in_float32()
    z = (1 + 2e-7) * (layer["inputs"] @ layer["weights"] + layer["biases"])
    np.savez("p.npz", **layer)
    np.savez("e.npz", z=z.astype(np.float32))
    ran = backprop("check", "p.npz", "--expect", "e.npz", "--samples", "1")
    assert ran.status == 1
    assert "  z is wrong as a whole; rounding explains each entry alone\n  All together are 1.0000002" in ran.out


def test_an_array_may_follow_as_a_whole(backprop: Run) -> None:
    layer = in_float32()
    dz = (1.01 * layer["upstream"]).astype(np.float32)
    np.savez("p.npz", **layer)
    np.savez("e.npz", dz=dz, dweights=(layer["inputs"].T @ dz).astype(np.float32))
    ran = backprop("check", "p.npz", "--expect", "e.npz", "--samples", "1")
    assert ran.status == 1
    assert ran.out.endswith("  Right for your dz: dweights\n")


def test_what_others_follow_from_is_found_through_quantities_without_expected_values(backprop: Run) -> None:
    """The outputs of the first layer are on both ways to the gradient of the second."""
    layer = {"weights": [[2]], "biases": [1], "activation": "sigmoid"}
    problem = {"inputs": [[1]], "layers": [layer, layer], "upstream": [[1]]}
    first, second = 1 / (1 + np.exp(-3.5)), 1 / (1 + np.exp(-2 / (1 + np.exp(-3.5)) - 1))
    expected = {"layers": [{"z": [[3.5]]}, {"dweights": [[first * second * (1 - second)]]}]}
    Path("p.json").write_text(json.dumps(problem | {"expected": expected}))
    (found,) = json.loads(backprop("check", "p.json", "--format", "json").out)["files"]
    assert found["expected"]["layers[1].dweights"]["follows_from"] == ["layers[0].z"]


def test_a_relative_distance_is_told_where_no_common_factor_explains_it() -> None:
    whole = WholeArray(factor=1.0, factor_allowed=1e-3, distance=0.02, distance_allowed=1e-3)
    text = plain(of_expected([QuantityCheck(place="dz", entries=9, whole=whole)]))
    assert "All together are off by 0.02 of the right values" in text


@pytest.mark.parametrize(
    ("written", "correct"),
    [("100", "0.236"), ("1e2", "0.236"), ("0.9", "0.236"), ("0.50", "0.2363"), ("NaN", "0.236"), ("0.2", None)],
)
def test_the_right_value_has_more_digits_than_the_written_one(backprop: Run, written: str, correct: str | None) -> None:
    """The loss is (2 - 1.3125)^2 / 2 = 0.236328125."""
    problem = '{"inputs": [[2]], "weights": [[1]], "biases": [0], "activation": "linear", "targets": [[1.3125]]'
    Path("p.json").write_text(f'{problem}, "loss": "half_squared_error", "expected": {{"loss": {written}}}}}')
    ran = backprop("check", "p.json", "--rounded")
    shown = re.search(r"correct ([\d.]+)", ran.out)
    assert (shown and shown[1]) == correct


def test_a_sum_for_a_mean_is_named_in_float32_too(backprop: Run) -> None:
    """4,096 times as large, the gradient is off by 4,096 times as much."""
    layer = in_float32() | {"mean_gradients": True}
    np.savez("p.npz", **layer)
    dweights = layer["inputs"].astype(np.float32).T @ layer["upstream"].astype(np.float32)
    np.savez("e.npz", dweights=dweights)
    ran = backprop("check", "p.npz", "--expect", "e.npz", "--samples", "1")
    assert "multiplied by n_samples = 2048" in ran.out
