"""Verdicts on calculations by hand: what follows from a wrong number, and what does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run

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
    "a gradient of nothing": (
        '"weights": [[0.3], [0.4]], "upstream": [[2]], "expected": {"new_biases": [[1.5]]}',
        {"new_biases": "wrong"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_verdicts_on_calculations_by_hand(backprop: Run, name: str) -> None:
    text, verdicts = CASES[name]
    biases = "" if name == "a gradient of nothing" else '"biases": [0], '
    Path("p.json").write_text(f'{{"inputs": [[1, 2]], {biases}"activation": "sigmoid", {text}}}')
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
