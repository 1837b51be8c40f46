"""Float64 is compared with exact arithmetic, on sums calculated by hand such as 0.1 + 0.2 - 0.3."""

import json
from dataclasses import replace
from fractions import Fraction
from math import ulp
from typing import Any

import pytest

from backprop_cli.checks.exactness import ExactCheck, WrongSide, check_exactly
from backprop_cli.core.quantities import Node
from backprop_cli.core.solve import solve
from backprop_cli.load.json import parse
from backprop_cli.load.schema import build

UNIT = Fraction(1, 2**53)


def checked(draft: dict[str, Any]) -> ExactCheck:
    text = json.dumps(draft).encode()
    return check_exactly(solve(build(parse(text))), solve(build(parse(text, exact=True), exact=True)))


def test_integers_have_no_error() -> None:
    check = checked({"inputs": [[1, 2]], "weights": [[3], [4]], "biases": [5], "upstream": [[0.5]], "learning_rate": 1})
    assert check == ExactCheck(entries=11, ulps=0.0, ulps_at="", share=0.0, share_at="", wrong_side=(), binary=())
    assert check.passed


@pytest.mark.parametrize("layered", [False, True], ids=["layer", "network"])
def test_the_largest_error_is_reported_with_its_place(layered: bool) -> None:
    """In float64, 0.1 + 0.2 is one unit in the last place above 0.3."""
    layer = {"weights": [[1, 0], [1, 1]], "biases": [0, 0], "activation": "linear"}
    check = checked({"inputs": [[0.1, 0.2]], **({"layers": [layer]} if layered else layer)})
    error = abs(Fraction(0.1 + 0.2) - Fraction(3, 10))
    # A product, a sum and a bias need 3 roundings; inputs and weights are rounded once each, and the bias is 0.
    gamma = 5 * UNIT / (1 - 5 * UNIT)
    assert check.entries == 4
    assert check.ulps == float(error / Fraction(ulp(0.3)))
    assert check.share == pytest.approx(float(error / (gamma * Fraction(3, 10))), rel=1e-9)
    assert check.ulps_at == check.share_at == ("layers[0].z[0,0]" if layered else "z[0,0]")
    assert check.passed


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("layered", [False, True], ids=["layer", "network"])
def test_a_unit_on_the_wrong_side_of_the_kink_is_named(row: int, layered: bool) -> None:
    """0.1 + 0.2 - 0.3 is 0 exactly, where ReLU is inactive, and positive in float64."""
    inputs = [[1, 2, 3], [1, 2, 3]]
    inputs[row] = [0.1, 0.2, 0.3]  # type: ignore[list-item]
    before = {"weights": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "biases": [0, 0, 0], "activation": "linear"}
    layer = {"weights": [[1, 1], [0, 1], [0, -1]], "biases": [0, 0]}
    check = checked({"inputs": inputs, "upstream": "ones", **({"layers": [before, layer]} if layered else layer)})
    place = f"layers[1].z[{row},1]" if layered else f"z[{row},1]"
    assert check.wrong_side == (WrongSide(place=place, value=0.1 + 0.2 - 0.3, exact=Fraction(0)),)
    assert (check.share, check.share_at) == (None, "")
    assert not check.passed


def test_sides_are_not_compared_without_z() -> None:
    draft = {"inputs": [[0.1, 0.2, 0.3]], "weights": [[1], [1], [-1]], "biases": [0], "upstream": "ones"}
    text = json.dumps(draft).encode()
    wanted = [Node(0, "outputs")]
    problems = build(parse(text)), build(parse(text, exact=True), exact=True)
    assert check_exactly(*(solve(problem, wanted) for problem in problems)).wrong_side == ()


def test_an_error_above_the_bound_fails() -> None:
    check = checked({"inputs": [[1, 2]], "weights": [[3], [4]], "biases": [5]})
    assert not replace(check, share=1.0000001).passed
    assert replace(check, share=1.0).passed


def test_what_is_not_rational_is_compared_with_50_digits() -> None:
    """1 / (1 + exp(-1)) and its derivative have these 30 digits; z is exact."""
    check = checked({"inputs": [[0.5, 2]], "weights": [[1], [0.25]], "activation": "sigmoid", "upstream": [[1]]})
    solution = solve(build({"z": [[1.0]], "activation": "sigmoid", "upstream": [[1.0]]}))
    right = {"outputs": "0.731058578630004879251159241822", "dz": "0.196611933241481852536972112145"}
    errors = [
        (Fraction(value) - Fraction(right[name])) / Fraction(ulp(value))
        for name in ("outputs", "dz")
        for value in [solution.layers[0].computed[name].item()]
    ]
    assert check.digits == 50
    assert float(max(map(abs, errors))) == pytest.approx(check.ulps, rel=1e-9)
    assert check.ulps_at == "outputs[0,0]"
    assert check.entries == 10


def test_the_side_of_a_kink_is_that_of_50_digits() -> None:
    """0.1 s + 0.2 s - 0.3 s is 0, and a rounding error in float64."""
    sigmoid = {"weights": [[1, 1, 1]], "activation": "sigmoid"}
    relu = {"weights": [[0.1], [0.2], [-0.3]], "activation": "relu"}
    check = checked({"inputs": [[0.7]], "layers": [sigmoid, relu], "upstream": "ones"})
    assert [(wrong.place, wrong.exact) for wrong in check.wrong_side] == [("layers[1].z[0,0]", Fraction(0))]
    assert (check.digits, check.passed) == (50, False)
