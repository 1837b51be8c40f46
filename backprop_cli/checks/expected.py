"""Compare expected values, which another program or a person computed, with the computed ones.

Every entry of every expected quantity is compared. By default it may be off by what rounding explains: one rounding to
the type that the expected values are stored in, and the likely rounding errors of what they were computed from; values
in float64 may be off by 1e-7 of the computed value. Arrays in narrower types are also judged as a whole
(`checks.whole_array`). Numbers from a book, or from a calculation by hand, are compared at the digits they were written
with: 0.18 accepts 0.175 to 0.185.

A program that works in a narrow type may have read the numbers of the problem in that type, too. Where the expected
values do not agree with the problem as it is, they are compared with the problem in that type.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from backprop_cli.checks.comparison import Comparison
from backprop_cli.checks.quantity_check import QuantityCheck
from backprop_cli.checks.rounding import Arithmetic, likely
from backprop_cli.checks.tolerance import Accepted, Rounded, Tolerance, close
from backprop_cli.core.arrays import all_finite
from backprop_cli.core.expected import Expected
from backprop_cli.core.precision import Precision
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError


@np.errstate(all="ignore")  # a value that overflows here is a difference, too
def check_expected(
    solution: Solution, expected: Mapping[Node, Expected], tolerance: Tolerance, *, exact: Solution | None = None
) -> tuple[QuantityCheck, ...]:
    """Compare expected values with a solution.

    Args:
        solution: Everything that follows from the problem, in float64.
        expected: The expected values by layer and quantity, as decimals if they are rounded.
        tolerance: How far values may be off that are not rounded.
        exact: The solution in exact fractions, if the expected values accept all values that round to them.
    """
    if exact is not None or tolerance.is_given:
        accept = tolerance.around if exact is None else Rounded
        comparison = Comparison(solution, exact or solution, expected, lambda node: accept(expected[node]), {})
        return tuple(comparison.explained(comparison.checks(expected)).values())
    found: dict[Node, QuantityCheck] = {}
    for arithmetic in dict.fromkeys(tolerance.arithmetic(values) for values in expected.values()):
        found |= _nearest(solution, expected, tolerance, arithmetic)
    return tuple(found[node] for node in expected)


def _nearest(
    solution: Solution, expected: Mapping[Node, Expected], tolerance: Tolerance, arithmetic: Arithmetic
) -> Mapping[Node, QuantityCheck]:
    """Compare the values of one type with the problem as it is, or in that type, where more of them agree."""
    nodes = [node for node in expected if tolerance.arithmetic(expected[node]) == arithmetic]
    comparison = _comparison(solution, expected, arithmetic)
    checks = comparison.checks(nodes)
    if all(check.passed for check in checks.values()):
        return checks
    narrow = _as_stored(solution.problem, arithmetic.stored)
    if narrow is not None:
        in_type = _comparison(narrow, expected, arithmetic)
        others = in_type.checks(nodes)
        if _n_wrong(others) < _n_wrong(checks):
            found = in_type.explained(others)
            return {node: replace(check, numbers_in=arithmetic.stored.name) for node, check in found.items()}
    return comparison.explained(checks)


def _n_wrong(checks: Mapping[Node, QuantityCheck]) -> int:
    return sum(check.different or not check.passed for check in checks.values())


def _comparison(solution: Solution, expected: Mapping[Node, Expected], arithmetic: Arithmetic) -> Comparison:
    """Return the comparison with values that were computed in one way, and what rounding explains of it."""
    rounding = likely(solution, arithmetic)

    def accept(node: Node) -> Accepted:
        return close(expected[node], arithmetic, rounding[node])

    return Comparison(solution, solution, expected, accept, rounding)


def _as_stored(problem: Problem, precision: Precision) -> Solution | None:
    """Solve the problem with its numbers rounded to a type; None if that changes nothing, or it has no solution."""
    changed = False

    def rounded(array: Any) -> Any:
        nonlocal changed
        if not isinstance(array, np.ndarray):
            return array
        result = precision.round(array)
        changed |= not np.array_equal(result, array)
        return result

    layers = tuple(
        replace(layer, weights=rounded(layer.weights), biases=rounded(layer.biases), z=rounded(layer.z))
        for layer in problem.layers
    )
    given = {name: rounded(getattr(problem, name)) for name in ("inputs", "upstream", "targets")}
    narrow = replace(problem, layers=layers, **given)
    arrays = [*given.values(), *(array for layer in layers for array in (layer.weights, layer.biases, layer.z))]
    is_finite = all(all_finite(array) for array in arrays if isinstance(array, np.ndarray))
    try:
        return solve(narrow) if changed and is_finite else None
    except InputError:  # such as log(0), of a number that is too small for the type
        return None
