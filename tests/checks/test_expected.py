"""Expected values: every wrong entry is found and named, and nothing that is right is called wrong."""

import json
import random
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.expected import check_expected
from backprop_cli.checks.quantity_check import QuantityCheck
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.core.exact import to_float
from backprop_cli.core.expected import Expected
from backprop_cli.core.quantities import OF_A_LAYER, Node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError
from backprop_cli.load.expected import validate_expected
from backprop_cli.load.problem import load_problem
from backprop_cli.load.schema import build
from tests.conftest import ROOT, sized
from tests.reference import ExactLayer, ExactNetwork, Matrix, as_draft, backpropagate

NOTEBOOK = sorted(path for path in (ROOT / "samples").glob("*.json") if "notebook" in path.read_text())
NEURON: dict[str, Any] = {"inputs": [1, -2, 3], "weights": [-3, -1, 2], "biases": 1, "upstream": 1}


def test_there_are_printed_numbers() -> None:
    assert len(NOTEBOOK) >= 8


def solved(path: Path | None = None, *, exact: bool = False, **draft: Any) -> Solution:
    problem = load_problem(str(path), exact=exact) if path else build(draft, exact=exact)
    return solve(problem)


def rounded(expected: dict[str, Any], **draft: Any) -> tuple[QuantityCheck, ...]:
    """Check values with the digits that they are written with."""

    def floats(value: Any) -> Any:
        if isinstance(value, list):
            return [floats(item) for item in value]
        return float(value) if isinstance(value, Decimal) else value

    in_floats = {key: floats(value) for key, value in draft.items()}
    return compared(solved(**in_floats), expected, exact=solved(exact=True, **draft))


def compared(
    solution: Solution, expected: Mapping[str, Any], tolerance: Tolerance | None = None, exact: Solution | None = None
) -> tuple[QuantityCheck, ...]:
    values = validate_expected(expected, solution.problem, rounded=exact is not None)
    return check_expected(solution, values, tolerance or Tolerance(), exact=exact)


def test_one_wrong_entry_is_found_at_any_position() -> None:
    """Off by 1e-6 of itself, in a gradient of 50 x 40 entries, whatever its size beside the others."""
    rng = np.random.default_rng(7)
    solution = solved(inputs=rng.normal(size=(30, 50)), upstream=rng.normal(size=(30, 40)), activation="linear")
    right = solution.layers[0].computed["dweights"]
    for index in list(np.ndindex(right.shape))[::7]:
        wrong = right.copy()
        wrong[index] *= 1 + 1e-6
        (check,) = compared(solution, {"dweights": wrong})
        assert check.different == 1
        assert check.listed[0].place == f"dweights[{index[0]},{index[1]}]"
        assert check.explanations == ()


def test_the_worst_ten_are_listed_worst_first_and_all_are_counted() -> None:
    rng = np.random.default_rng(8)
    solution = solved(inputs=rng.normal(size=(5, 6)), upstream=rng.normal(size=(5, 4)), activation="linear")
    off = rng.permutation(24).reshape(6, 4) / 100
    (check,) = compared(solution, {"dweights": solution.layers[0].computed["dweights"] + off})
    assert check.different == 23
    assert [round(difference.absolute * 100) for difference in check.listed] == list(range(23, 13, -1))


@pytest.mark.parametrize(
    ("expected", "problem"),
    [
        ({"dweights": [[1], [-2], [3]]}, None),
        ({"dweights": [1, -2, 3]}, None),
        (
            {"dweights": [[1, -2, 3]]},
            "the expected values have shape (1, 3), the computed ones (3, 1); the transpose would fit",
        ),
        ({"dweights": [[1, -2], [3, 4]]}, "the expected values have shape (2, 2), the computed ones (3, 1)"),
        ({"dinputs": [-3, -1, 2]}, None),
        ({"dbiases": 1}, None),
        ({"dbiases": [1]}, None),
        ({"dbiases": [[1]]}, None),
        ({"dbiases": [1, 1]}, "the expected values have shape (2,), the computed ones (1,)"),
        ({"z": 6, "outputs": [6], "dz": [[1]]}, None),
    ],
)
def test_shapes(expected: dict[str, Any], problem: str | None) -> None:
    checks = compared(solved(**NEURON), expected)
    assert {check.problem for check in checks} == {problem}
    assert all(check.passed for check in checks) == (problem is None)
    if problem is not None:
        (check,) = checks
        assert check.entries == check.different == np.size(*expected.values())


def test_what_cannot_be_computed_does_not_pass() -> None:
    solution = solved(upstream=[[1]], activation="linear")
    (check,) = compared(solution, {"dweights": [[1, 2]]})
    assert not check.passed
    assert check.entries == check.different == 2
    assert check.problem == "cannot be computed, for it needs inputs"


@pytest.mark.parametrize(
    ("tolerance", "passed"),
    [
        (Tolerance(), False),
        (Tolerance(rtol=1e-3), True),
        (Tolerance(rtol=0, atol=0.01), True),
        (Tolerance(rtol=0, atol=0.001), False),
        (Tolerance(atol=0), False),
    ],
)
def test_tolerances(tolerance: Tolerance, passed: bool) -> None:
    (check,) = compared(solved(**NEURON), {"z": 6.005}, tolerance)
    assert check.passed is passed


def test_rounding_is_no_difference_even_where_terms_cancel() -> None:
    """0.1 + 0.2 - 0.3 is 0 on paper and 5.55e-17 in float64, which no relative tolerance covers."""
    draft: dict[str, Any] = {"inputs": [1, 1, 1], "weights": [0.1, 0.2, -0.3], "biases": 0, "activation": "linear"}
    (check,) = compared(solved(**draft), {"z": 0})
    assert check.passed


@pytest.mark.parametrize("path", NOTEBOOK, ids=lambda path: path.stem)
def test_numbers_as_they_were_printed_pass_rounded(path: Path) -> None:
    exact = solved(path, exact=True)
    checks = compared(solved(path), exact.problem.expected, exact=exact)
    assert checks
    assert all(check.passed for check in checks)


@pytest.mark.parametrize("path", NOTEBOOK, ids=lambda path: path.stem)
def test_a_printed_number_that_is_changed_in_its_last_digit_fails_with_its_index(path: Path) -> None:
    solution, exact = solved(path), solved(path, exact=True)
    for quantity, raw in exact.problem.expected.items():
        rows = raw if isinstance(raw[0], list) else [raw]
        for i, row in enumerate(rows):
            for j, literal in enumerate(row):
                row[j] = literal + Decimal((0, (1,), literal.as_tuple().exponent))
                (check,) = compared(solution, {quantity: raw}, exact=exact)
                index = f"[{i},{j}]" if rows is raw else f"[{j}]"
                assert [difference.place for difference in check.listed] == [quantity + index]
                row[j] = literal


@pytest.mark.parametrize(
    ("value", "literal", "digits"),
    [
        ("0.175", "0.18", None),
        ("0.185", "0.18", None),
        ("0.17499", "0.18", 1),
        ("0.18501", "0.18", 1),
        ("0.18", "0.180", None),
        ("0.1804", "0.180", None),
        ("0.1806", "0.180", 2),
        ("1234", "1.2e3", None),
        ("1251", "1.2e3", 1),
        ("-6.34", "-6.3", None),
        ("-6.34", "6.3", 0),
        ("0.3", "0", None),
        ("0.6", "0", 0),
        ("12345", "12354", 3),
        ("0.5", "1.0", 0),
        ("0.4", "1.0", 0),
        ("0.1234565", "0.123456", None),
        ("0.12345650000000000001", "0.123456", 5),
        ("1e-200", "1e-200", None),
        ("1e-200", "2e-200", 0),
    ],
)
def test_rounded(value: str, literal: str, digits: int | None) -> None:
    (check,) = rounded({"dz": Decimal(literal)}, upstream=[[Decimal(value)]], activation="linear")
    assert [difference.digits for difference in check.listed] == ([] if digits is None else [digits])


@pytest.mark.parametrize(
    ("row", "position", "least", "most", "held"),
    [
        (["2", "0.37"], 0, "1.95", "2.05", "2.0"),
        (["2", "0.375"], 0, "1.995", "2.005", "2.00"),
        (["2", "0.37", "12.25"], 0, "1.995", "2.005", "2.00"),
        (["0", "0.37"], 0, "-0.005", "0.005", "0.00"),
        (["0", "0.3"], 0, "-0.05", "0.05", "0.0"),
        (["-3", "1.25"], 0, "-3.005", "-2.995", "-3.00"),
        (["2.5", "0.3712"], 0, "2.4995", "2.5005", "2.500"),
        (["0.37", "2"], 0, "0.365", "0.375", "0.37"),
        (["12", "0.37"], 0, "11.5", "12.5", "12"),
        (["0.19956143", "0.149780716"], 0, "0.199561425", "0.199561435", "0.19956143"),
        (["0.138498562", "0.0226025404"], 0, "0.1384985615", "0.1384985625", "0.138498562"),
        (["2", "5"], 0, "1.5", "2.5", "2"),
        (["0", "5"], 0, "-0.5", "0.5", "0"),
        (["1.2e3", "4e2"], 1, "350", "450", "4E+2"),
        (["1200", "4e2"], 1, "350", "450", "4E+2"),
    ],
)
def test_an_entry_without_its_last_zeros_is_held_to_them(
    row: list[str], position: int, least: str, most: str, held: str
) -> None:
    """JavaScript, R and jq write 2.00 as 2."""
    expected = {"dz": [[Decimal(number) for number in row]]}
    beyond = (Decimal(most) - Decimal(least)) / 1000
    for value, passes in (
        (Decimal(least), True),
        (Decimal(most), True),
        (Decimal(least) - beyond, False),
        (Decimal(most) + beyond, False),
    ):
        upstream = [Decimal(number) for number in row]
        upstream[position] = value
        (check,) = rounded(expected, upstream=[upstream], activation="linear")
        assert check.passed is passes, value
        assert [difference.written for difference in check.listed] == [held] * (not passes)


def test_entries_that_are_open_or_not_finite_set_no_digits() -> None:
    upstream = [[Decimal("2.4"), Decimal("0.37"), Decimal("0.5")]]
    for other in (None, Decimal("nan")):
        (check,) = rounded({"dz": [[Decimal(2), other, Decimal(1)]]}, upstream=upstream, activation="linear")
        assert check.different == (other is not None)


def test_a_rounded_difference_keeps_the_exact_value() -> None:
    draft: dict[str, Any] = {"upstream": [[Decimal("0.1"), Decimal("0.2")]], "activation": "linear"}
    (check,) = rounded({"dz": [[Decimal("0.1"), Decimal("0.30")]]}, **draft)
    (difference,) = check.listed
    assert (difference.value, difference.expected, difference.written) == (Fraction(1, 5), Fraction(3, 10), "0.30")


def test_one_entry_alone_does_not_make_a_learning_rate() -> None:
    draft: dict[str, Any] = {"inputs": [[1]], "weights": [[1]], "biases": [1], "upstream": [[1]]}
    (check,) = compared(solved(**draft), {"new_biases": [0.98765432]})
    assert check.explanations == ()
    (check,) = compared(solved(**draft), {"new_biases": [0.99]})
    assert check.explanations == ()
    (check,) = compared(solved(**draft), {"new_biases": [1.01]})
    assert check.explanations == ()  # no rate is negative
    slip = {"inputs": [[1, 0], [2, 0]], "weights": [[0.5], [1.25]], "biases": [1], "upstream": [[1], [2]]}
    in_decimals = json.loads(json.dumps(slip), parse_float=Decimal, parse_int=Decimal)
    expected = {"new_weights": [[Decimal("0.02")], [Decimal("1.25")]], "new_biases": [Decimal("0.8")]}
    checks = rounded(expected, **in_decimals, learning_rate=Decimal("0.1"), activation="linear")
    assert [check.explanations for check in checks] == [(), ()]


def test_nothing_is_said_where_no_mistake_explains_the_values() -> None:
    rng = np.random.default_rng(9)
    solution = solved(**json.loads((ROOT / "samples" / "dense_relu.json").read_text()))
    for quantity, right in solution.layers[0].computed.items():
        (check,) = compared(solution, {quantity: right + rng.normal(size=right.shape)})
        assert not check.passed
        assert check.explanations == ()


def network_of_any_scale(rng: random.Random) -> ExactNetwork:
    """Return a network whose arrays have scales from 1e-290 to 1e120, with zeros, and columns that cancel out."""
    n_samples, widths = rng.randint(1, 4), [rng.randint(1, 4) for _ in range(rng.randint(2, 5))]
    lowest, highest = rng.choice([(-290, 120), (-290, 120), (-170, -140), (-60, 40)])

    def matrix(n_rows: int, n_columns: int) -> Matrix:
        scale = 10.0 ** rng.uniform(lowest, highest)
        rows = [
            [Fraction(rng.choice([0, 1, 1, 1, 1e-8]) * rng.gauss(0, 1) * scale) for _ in range(n_columns)]
            for _ in range(n_rows)
        ]
        if n_columns > 1 and rng.random() < 0.3:
            for row in rows:
                row[1] = -Fraction(float(row[0]) * (1 + rng.choice([0, 1e-16, 1e-9])))
        return rows

    layers = [
        ExactLayer(matrix(*pair), matrix(1, pair[1])[0], rng.choice(("relu", "linear"))) for pair in pairwise(widths)
    ]
    return ExactNetwork(matrix(n_samples, widths[0]), layers, matrix(n_samples, widths[-1]), Fraction(1, 8))


@sized("n_networks", 50, 5_000)
def test_right_values_pass_at_any_scale(n_networks: int) -> None:
    """They are exact results, rounded once. Errors of 1e-4 are found or hidden, but for sums that cancel out."""
    n_checked, n_found = 0, 0
    for seed in range(n_networks):
        rng = random.Random(seed)
        network = network_of_any_scale(rng)
        try:
            solution = solve(build(as_draft(network)))
        except InputError:  # it overflows
            continue
        right = {}
        for i, exact in enumerate(backpropagate(network)):
            for name, rows in exact.items():
                if name in OF_A_LAYER:
                    shape = solution.layers[i].computed[name].shape
                    values = np.reshape([[to_float(value) for value in row] for row in rows], shape)
                    right[Node(i, name)] = Expected(values=values, is_open=np.zeros(shape, bool))
        found = check_expected(solution, right, Tolerance())
        assert all(each.passed for each in found), (seed, [each for each in found if not each.passed])
        node = rng.choice(list(right))
        wrong = right[node].values.copy()
        entry = rng.randrange(wrong.size)
        wrong.flat[entry] *= 1 + 1e-4
        if abs(wrong.flat[entry]) > 1e-300:
            (quantity,) = check_expected(solution, {node: replace(right[node], values=wrong)}, Tolerance())
            n_checked += 1
            n_found += not quantity.passed or quantity.hidden > 0
    assert n_found > 0.95 * n_checked > 0
