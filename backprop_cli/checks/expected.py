"""Compare expected values, which another program or a person computed, with the computed ones.

Every entry of every expected quantity is compared. By default the two may differ by `rtol` times the computed value,
and by the rounding errors of both sides, those of float32 if the expected values are float32. Numbers from a book, or
from a calculation by hand, are compared at the digits they were written with: 0.18 accepts 0.175 to 0.185.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from backprop_cli.checks.mistakes import matching_mistakes
from backprop_cli.checks.rounding import likely
from backprop_cli.checks.tolerance import Accepted, Rounded, Tolerance, as_floats, close
from backprop_cli.core.arrays import Array, unraveled
from backprop_cli.core.expected import Expected
from backprop_cli.core.places import entry_place
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution

_MOST_LISTED = 10


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One entry that differs from the expected value."""

    place: str
    expected: float | Fraction
    value: float | Fraction  # the computed one
    allowed: float | Fraction  # the greatest difference that is accepted
    absolute: float  # the difference
    relative: float  # the difference divided by the computed value, infinite if that is zero
    written: str | None = None  # the expected value as it was written, if it is rounded
    digits: int | None = None  # how many of its significant digits are right


@dataclass(frozen=True, kw_only=True)
class QuantityCheck:
    """The comparison of one expected quantity: of its `entries`, `different` differ, and `open` are open."""

    place: str
    entries: int
    different: int = 0
    listed: tuple[Difference, ...] = ()  # the largest, in order
    greatest_relative: Difference | None = None
    problem: str | None = None  # why it cannot be compared
    explanations: tuple[str, ...] = ()  # mistakes that lead to exactly these expected values
    open: int = 0  # entries without an expected value

    @property
    def compared(self) -> int:
        """How many entries have an expected value."""
        return self.entries - self.open

    @property
    def passed(self) -> bool:
        """Whether every entry is as expected."""
        return not self.different and self.problem is None


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
    rounding = likely(solution)
    return tuple(_check(solution, node, values, tolerance, rounding, exact) for node, values in expected.items())


def _check(
    solution: Solution,
    node: Node,
    expected: Expected,
    tolerance: Tolerance,
    rounding: Mapping[str, Array],
    exact: Solution | None,
) -> QuantityCheck:
    place, layer = solution.problem.place(*node), solution.layers[node.layer]
    size, n_open = expected.values.size, int(expected.is_open.sum())
    if n_open == size:
        whole = layer.computed.get(node.quantity, expected.values) if expected.values.ndim == 0 else expected.values
        return QuantityCheck(place=place, entries=whole.size, open=whole.size)
    if node.quantity not in layer.computed:
        problem = f"cannot be computed, for it needs {layer.not_computed[node.quantity]}"
        return QuantityCheck(place=place, entries=size, different=size - n_open, problem=problem, open=n_open)
    if exact is not None:
        return _compare(Rounded(expected), node, solution, exact)
    return _compare(close(expected, tolerance, rounding[place]), node, solution, solution)


def _compare(accepted: Accepted, node: Node, solution: Solution, compared: Solution) -> QuantityCheck:
    place = solution.problem.place(*node)
    value = compared.layers[node.layer].computed[node.quantity]
    n_open = int(accepted.is_open.sum())
    if not accepted.fit(value.shape):
        shape = accepted.expected.shape
        transposed = "; the transpose would fit" if shape == value.shape[::-1] else ""
        return QuantityCheck(
            place=place,
            entries=accepted.expected.size,
            different=accepted.expected.size - n_open,
            problem=f"the expected values have shape {shape}, the computed ones {value.shape}{transposed}",
            explanations=matching_mistakes(accepted.in_floats(), node, solution),
            open=n_open,
        )
    wrong = accepted.wrong(value)
    if not wrong.any():
        return QuantityCheck(place=place, entries=value.size, open=n_open)
    apart = as_floats(np.where(wrong, np.abs(accepted.expected - value), 0))
    apart = np.where(accepted.not_finite, np.inf, apart)
    relative = np.where(wrong, apart / np.abs(as_floats(value)), 0)
    worst = np.argsort(-apart, axis=None, kind="stable")[: min(_MOST_LISTED, int(wrong.sum()))]
    listed, greatest = (
        tuple(_difference(accepted, value, place, unraveled(flat, value.shape), apart, relative) for flat in chosen)
        for chosen in (worst.tolist(), [int(np.argmax(relative))])
    )
    return QuantityCheck(
        place=place,
        entries=value.size,
        different=int(wrong.sum()),
        listed=listed,
        greatest_relative=greatest[0],
        explanations=matching_mistakes(accepted.in_floats(), node, solution),
        open=n_open,
    )


def _difference(
    accepted: Accepted, value: Array, place: str, index: tuple[int, ...], apart: Array, relative: Array
) -> Difference:
    written, digits = accepted.written(index, value[index])
    return Difference(
        place=entry_place(place, index),
        expected=accepted.at(index),
        value=_plain(value[index]),
        allowed=_plain(accepted.allowed(value)[index]),
        absolute=float(apart[index]),
        relative=float(relative[index]),
        written=written,
        digits=digits,
    )


def _plain(number: Any) -> float | Fraction:
    return Fraction(number) if isinstance(number, int | Fraction) else float(number)
