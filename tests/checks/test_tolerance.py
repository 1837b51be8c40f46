"""How far values may be off, calculated by hand from the model of rounding errors that `checks.rounding` states."""

from math import hypot, inf, nextafter, sqrt
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.expected import check_expected
from backprop_cli.checks.quantity_check import QuantityCheck
from backprop_cli.checks.rounding import Arithmetic, Likely, bounds, likely
from backprop_cli.checks.tolerance import Tolerance, close
from backprop_cli.checks.whole_array import WholeArray, judge_whole
from backprop_cli.core.arrays import Array
from backprop_cli.core.expected import Expected
from backprop_cli.core.precision import PRECISIONS
from backprop_cli.core.quantities import Node, every_node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build

# The unit roundoff, and the smallest number, of IEEE 754 (and of bfloat16).
UNITS = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}
SMALLEST = {"float64": 2.0**-1074, "float32": 2.0**-149, "float16": 2.0**-24, "bfloat16": 2.0**-133}
DEVIATION = 1 / sqrt(3)  # of an error that is uniform between -1 and 1


def neuron(inputs: list[float], weights: list[float], biases: list[float] | None = None) -> Solution:
    draft: dict[str, Any] = {"inputs": [inputs], "weights": [[w] for w in weights], "activation": "linear"}
    problem = build(draft | ({} if biases is None else {"biases": biases}))
    return solve(problem, every_node(1)[:1])


def expected(values: Any, stored: str) -> Expected:
    array = np.asarray(values, float)
    return Expected(values=array, is_open=np.zeros(array.shape, bool), stored=PRECISIONS[stored])


def compared(solution: Solution, quantity: str, values: Any, stored: str, **options: Any) -> QuantityCheck:
    (check,) = check_expected(solution, {Node(0, quantity): expected(values, stored)}, Tolerance(**options))
    return check


@pytest.mark.parametrize(
    ("solution", "kind", "alone", "shared"),
    [
        # A product of two numbers is rounded once; in float64 each of them was rounded, too, from a decimal.
        (neuron([3], [2]), "float64", 6 * DEVIATION, 6 * DEVIATION * sqrt(2)),
        (neuron([3], [2]), "float32", 6 * DEVIATION, 0),
        # A product and a bias: their sum is rounded, too.
        (neuron([3], [2], [1]), "float32", hypot(6, 7) * DEVIATION, 0),
        (neuron([3], [2], [-5]), "float32", hypot(6, 1) * DEVIATION, 0),
        # Two terms: their sum has a mean square of (2 - 1) * (r**2 / 2 + v**2 / 3), r**2 = 9 + 16.
        (neuron([3, 4], [1, 1]), "float32", sqrt(9 + 16 + 25 / 2 + 49 / 3) * DEVIATION, 7 / 4 / 6),
        (neuron([3, -4], [1, 1]), "float32", sqrt(9 + 16 + 25 / 2 + 1 / 3) * DEVIATION, 1 / 4 / 6),
        # Five equal terms: 4 partial sums are rounded, and may lose 4/4 of a unit of the sum.
        (neuron([2] * 5, [1] * 5), "float32", sqrt(20 + 4 * (20 / 2 + 100 / 3)) * DEVIATION, 10 / 6),
        # In float16, that would be more than a ten-thousandth of the sum.
        (neuron([2] * 5, [1] * 5), "float16", sqrt(20 + 4 * (20 / 2 + 100 / 3)) * DEVIATION, 1e-4 * 2**11 * 10 / 6),
    ],
)
def test_likely_errors_of_sums(solution: Solution, kind: str, alone: float, shared: float) -> None:
    """In units of the unit roundoff; products are too large to underflow."""
    found = likely(solution, Arithmetic(PRECISIONS[kind], PRECISIONS[kind]))[Node(0, "z")]
    assert found.alone[0, 0] == pytest.approx(alone * UNITS[kind], rel=1e-9, abs=0)
    assert found.shared[0, 0] == pytest.approx(shared * UNITS[kind], rel=1e-9, abs=0)


@pytest.mark.parametrize(
    ("solution", "m", "size", "passed_on"),
    [
        (neuron([3], [2]), 1, 6, 2 * 6),
        (neuron([3], [2], [1]), 2, 7, 2 * 6 + 1),
        (neuron([3, -4], [1, 1]), 2, 7, 2 * 7),
        (neuron([3, -4, 1], [1, 1, 1], [5]), 4, 13, 2 * 8 + 5),
    ],
)
def test_bounds_of_sums(solution: Solution, m: int, size: float, passed_on: float) -> None:
    """To first order: m roundings of the sum of absolute values, and one of each given number."""
    bound = bounds(solution)["z"][0, 0]
    assert bound == pytest.approx((m * size + passed_on) * UNITS["float64"], rel=1e-9, abs=0)


@pytest.mark.parametrize("kind", UNITS)
def test_what_was_only_stored_may_be_off_by_one_rounding(kind: str) -> None:
    """An upstream gradient that passes a linear layer is stored, and nothing is computed."""
    rtol = 1e-7 if kind == "float64" else UNITS[kind]
    solution = solve(build({"upstream": [[0, 1, -1.5]], "activation": "linear"}), every_node(1))
    check = compared(solution, "dz", [[9, 9, 9]], kind)
    given = UNITS["float64"] * DEVIATION * 6 * 2 if kind == "float64" else 0  # the decimal was rounded
    allowed = {each.place: each.allowed for each in check.listed}
    for j, size in enumerate((0, 1, 1.5)):
        assert allowed[f"dz[0,{j}]"] == pytest.approx((rtol + given) * size + SMALLEST[kind] / 2, rel=1e-9, abs=0)


@pytest.mark.parametrize(
    ("stored", "accumulated", "theirs", "rtol"),
    [
        ("float32", None, 2.0**-24, 2.0**-24),
        ("float32", "float64", 2.0**-53, 2.0**-24),
        ("float16", None, 2.0**-24, 2.0**-11),
        ("bfloat16", "float32", 2.0**-24, 2.0**-8),
        ("float64", None, 2.0**-53, 1e-7),
        ("float64", "float32", 2.0**-24, 1e-7),
    ],
)
def test_a_sum_may_be_off_by_six_standard_deviations_of_both_sides(
    stored: str, accumulated: str | None, theirs: float, rtol: float
) -> None:
    """3 + 4: each product and the sum are rounded (and in float64 the four numbers were rounded from decimals)."""
    own = sqrt((9 + 16 + 25 / 2 + 49 / 3) / 3 + (7 / 4 / 6) ** 2)
    of_numbers = sqrt(2 / 3) * 5 * UNITS["float64"] if stored == "float64" else 0.0
    precision = None if accumulated is None else PRECISIONS[accumulated]
    check = compared(neuron([3, 4], [1, 1]), "z", [[9]], stored, accumulated=precision)
    deviation = hypot(own * theirs, of_numbers)
    slack = 6 * (1 + UNITS["float64"] / theirs) * deviation + 7 * rtol + SMALLEST[stored] / 2
    assert check.listed[0].allowed == pytest.approx(slack, rel=1e-10, abs=0)


@pytest.mark.parametrize("past", [False, True])
def test_a_value_may_be_off_by_just_what_is_allowed(past: bool) -> None:
    wrong = nextafter(7.25, inf) if past else 7.25
    check = compared(neuron([3, 4], [1, 1]), "z", [[wrong]], "float64", rtol=0, atol=0.25)
    assert check.passed is not past


@pytest.mark.parametrize(("n_units", "together"), [(1, 1), (4, 2), (9, 3), (16, 3)])
def test_units_that_rounding_may_flip_count_up_to_nine_times(n_units: int, together: float) -> None:
    """0.1 + 0.2 - 0.3 is 0 on paper, in each of the samples; what each changes is 5."""
    draft = {"inputs": [[0.1, 0.2, 0.3]] * n_units, "weights": [[1], [1], [-1]], "biases": [0]}
    solution = solve(build(draft | {"upstream": [[5]] * n_units}), every_node(1))
    found = likely(solution)
    assert found[Node(0, "dz")].flips.tolist() == pytest.approx(np.full((n_units, 1), 5 * together))
    assert found[Node(0, "dbiases")].flips.tolist() == pytest.approx([5 * together * sqrt(n_units)])


def test_what_was_stored_on_the_way_is_rounded_to_its_type() -> None:
    """2**-24, the smallest float16, has an error of half of itself; outputs of a linear layer are not stored again."""
    layers = [{"weights": [[1], [1]], "activation": "linear"}, {"weights": [[1]], "activation": "linear"}]
    solution = solve(build({"inputs": [[3 * 2.0**-24, 2.0**-40]], "layers": layers}), every_node(2))
    found = likely(solution, Arithmetic(PRECISIONS["float16"], PRECISIONS["float32"]))
    z = 3 * 2.0**-24 + 2.0**-40
    assert found[Node(1, "z")].shared[0, 0] == pytest.approx(z * 2.0**-11 * DEVIATION + 2.0**-25, rel=1e-6, abs=0)


@pytest.mark.parametrize(
    ("factor", "distance", "passes"),
    [(1.25, 0.5, True), (0.75, 0.5, True), (1.2501, 0.5, False), (0.7499, 0.5, False), (1.25, 0.5001, False)],
)
def test_both_the_factor_and_the_distance_of_a_whole_array_have_limits(
    factor: float, distance: float, passes: bool
) -> None:
    whole = WholeArray(factor=factor, factor_allowed=0.25, distance=distance, distance_allowed=0.5)
    assert whole.passed is passes


@pytest.mark.parametrize(("n", "hidden"), [(4, 1), (5, 0)])
def test_an_allowance_of_more_than_a_tenth_of_the_largest_value_hides(n: int, hidden: int) -> None:
    """The smallest float16 is 2**-24, and its half is a tenth of five of it."""
    solution = solve(build({"upstream": [[(n + 0.25) * 2.0**-24]], "activation": "linear"}), every_node(1))
    check = compared(solution, "dz", [[n * 2.0**-24]], "float16")
    assert (check.passed, check.hidden) == (True, hidden)


def test_values_that_are_wrong_with_the_numbers_of_either_type_are_compared_with_those_of_the_problem() -> None:
    check = compared(neuron([0.1], [1]), "z", [[9]], "float16")
    assert (check.passed, check.numbers_in) == (False, None)


def likely_errors(alone: float, shared: float, flips: float, shape: tuple[int, ...]) -> Likely:
    alone_, shared_, flips_ = (np.full(shape, error) for error in (alone, shared, flips))
    return Likely(alone_, shared_, flips_)


ALIKE = np.ones(100)
NEARLY = 1 + np.arange(100) * 2.0**-52  # alike, but for the rounding errors of float64
DIFFERENT = 1 + np.arange(100) / 128
CLOSE = 1 + np.arange(100) * 2.0**-14  # different, although float16 and bfloat16 round many of them alike
SETS = {
    "alike": ALIKE,
    "nearly": NEARLY,
    "close": CLOSE,
    "different": DIFFERENT,
    "two": ALIKE[:2],
    "two different": DIFFERENT[:2],
}


@pytest.mark.parametrize("kind", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("values", SETS.values(), ids=SETS)
@pytest.mark.parametrize(
    ("alone", "shared", "flips"), [(0, 0, 0), (1e-4, 0, 0), (0, 1e-4, 0), (0, 0, 1e-4), (1e-4, 1e-4, 1e-4)]
)
def test_a_whole_array(values: Array, kind: str, alone: float, shared: float, flips: float) -> None:
    """Independent errors cancel out like random numbers, six standard deviations of them; the others add up."""
    u, n = UNITS[kind] + SMALLEST[kind] / 2 / values, len(values)
    square = float(values @ values)
    given = expected(1.5 * values, kind)
    errors = likely_errors(alone, shared, flips, values.shape)
    accepted = close(given, Tolerance().arithmetic(given), errors)
    found = judge_whole(accepted, values, errors, np.ones(n, bool))
    assert found is not None
    assert (found.factor, found.distance) == pytest.approx((1.5, 0.5))
    if values[1] - values[0] < 1e-9:  # all rounded alike: nothing cancels out
        own, of_sums, spread = float(u @ values**2), 6 * alone * values.sum(), 7.0
    else:
        own = min(6 * sqrt(float((u**2) @ values**4) / 3), float(u @ values**2))
        of_sums, spread = 6 * alone * sqrt(square), 1 + 6 * sqrt(float((values**4).sum())) / square
    factor = own + of_sums + 6 * shared * values.sum() + flips * sqrt(n * square)
    distance = sqrt(float(u**2 @ values**2)) * min(spread * DEVIATION, 1)
    distance += alone * sqrt(n) * min(spread, 6) + 6 * shared * sqrt(n) + flips * sqrt(n)
    assert found.factor_allowed == pytest.approx(factor / square, rel=1e-9, abs=0)
    assert found.distance_allowed == pytest.approx(distance / sqrt(square), rel=1e-9, abs=0)
