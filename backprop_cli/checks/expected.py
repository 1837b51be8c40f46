"""Compare expected values, which another program or a person computed, with the computed ones.

Every entry of every expected quantity is compared. By default it may be off by what rounding explains: one rounding to
the type that the expected values are stored in, and the likely rounding errors of what they were computed from; values
in float64 may be off by 1e-7 of the computed value. Arrays in narrower types are also judged as a whole
(`checks.whole_array`). Numbers from a book, or from a calculation by hand, are compared at the digits they were written
with: 0.18 accepts 0.175 to 0.185.

A program that works in a narrow type may have read the numbers of the problem in that type, too. Where the expected
values do not agree with the problem as it is, they are compared with the problem in that type.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from backprop_cli.checks.mistakes import matching_mistakes
from backprop_cli.checks.rounding import Arithmetic, Likely, likely
from backprop_cli.checks.tolerance import Accepted, Rounded, Tolerance, as_floats, close
from backprop_cli.checks.whole_array import Tightness, WholeArray, judge_whole, tightness
from backprop_cli.core.arrays import Array, all_finite, unraveled
from backprop_cli.core.exact import exactly
from backprop_cli.core.expected import Expected
from backprop_cli.core.places import entry_place
from backprop_cli.core.precision import Precision
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError

_MOST_LISTED = 10
_HIDING = 0.1  # of the largest value of an array: a larger allowance hides what an entry should be


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
    undecided: int = 0  # entries that are right only if rounding changes the derivative of a unit
    hidden: int = 0  # entries whose rounding error is too large to tell
    whole: WholeArray | None = None  # the array as a whole; None for float64, and with a given tolerance
    tightness: Tightness | None = None  # how close the compared entries are
    numbers_in: str | None = None  # the type that the numbers of the problem were rounded to, if that agrees better

    @property
    def compared(self) -> int:
        """How many entries are right or wrong."""
        return self.entries - self.open - self.undecided - self.hidden

    @property
    def passed(self) -> bool:
        """Whether every entry is as expected, and the whole array."""
        return not self.different and self.problem is None and (self.whole is None or self.whole.passed)


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
        comparison = _Comparison(solution, exact or solution, expected, lambda node: accept(expected[node]), {})
        return tuple(map(comparison.check, expected))
    found: dict[Node, QuantityCheck] = {}
    for arithmetic in dict.fromkeys(tolerance.arithmetic(values) for values in expected.values()):
        found |= _nearest(solution, expected, tolerance, arithmetic)
    return tuple(found[node] for node in expected)


def _nearest(
    solution: Solution, expected: Mapping[Node, Expected], tolerance: Tolerance, arithmetic: Arithmetic
) -> Mapping[Node, QuantityCheck]:
    """Compare the values of one type with the problem as it is, or in that type, where more of them agree."""
    as_given = _compared(solution, expected, tolerance, arithmetic)
    if all(check.passed for check in as_given.values()):
        return as_given
    narrow = _as_stored(solution.problem, arithmetic.stored)
    if narrow is None:
        return as_given
    in_type = _compared(narrow, expected, tolerance, arithmetic)
    n_wrong = [sum(check.different or not check.passed for check in checks.values()) for checks in (as_given, in_type)]
    if n_wrong[0] <= n_wrong[1]:
        return as_given
    return {node: replace(check, numbers_in=arithmetic.stored.name) for node, check in in_type.items()}


def _compared(
    solution: Solution, expected: Mapping[Node, Expected], tolerance: Tolerance, arithmetic: Arithmetic
) -> Mapping[Node, QuantityCheck]:
    """Compare the values that were computed in one way with what rounding explains of it."""
    rounding = likely(solution, arithmetic)
    comparison = _Comparison(
        solution, solution, expected, lambda node: close(expected[node], arithmetic, rounding[node]), rounding
    )
    return {
        node: comparison.check(node) for node, values in expected.items() if tolerance.arithmetic(values) == arithmetic
    }


@dataclass(frozen=True, eq=False, repr=False)
class _Comparison:
    """The comparison of expected quantities with a solution."""

    solution: Solution  # in float64
    compared: Solution  # the one to compare with, which may be exact
    expected: Mapping[Node, Expected]  # all expected values: wrong ones may explain others
    accept: Callable[[Node], Accepted]  # which values are accepted for those of a quantity that was computed
    rounding: Mapping[Node, Likely]  # likely errors, by which whole arrays are judged

    def check(self, node: Node) -> QuantityCheck:
        """Compare one quantity."""
        place, layer = self.solution.problem.place(*node), self.solution.layers[node.layer]
        values, n_open = self.expected[node].values, int(self.expected[node].is_open.sum())
        if n_open == values.size:
            whole = layer.computed.get(node.quantity, values) if values.ndim == 0 else values
            return QuantityCheck(place=place, entries=whole.size, open=whole.size)
        check = QuantityCheck(place=place, entries=values.size, different=values.size - n_open, open=n_open)
        if node.quantity not in layer.computed:
            return replace(check, problem=f"cannot be computed, for it needs {layer.not_computed[node.quantity]}")
        value = self.compared.layers[node.layer].computed[node.quantity]
        value = exactly(value) if value.dtype.kind == "O" else value
        accepted = self.accept(node)
        if accepted.fit(value.shape):
            return self._entries(node, accepted, value)
        transposed = "; the transpose would fit" if values.shape == value.shape[::-1] else ""
        problem = f"the expected values have shape {values.shape}, the computed ones {value.shape}{transposed}"
        return replace(check, problem=problem, explanations=self._mistakes(node, accepted))

    def _mistakes(self, node: Node, accepted: Accepted) -> tuple[str, ...]:
        return matching_mistakes(accepted.in_floats(), node, self.solution, self.expected)

    def _entries(self, node: Node, accepted: Accepted, value: Array) -> QuantityCheck:
        """Compare the entries of one quantity, and its whole array."""
        place, rounding = self.solution.problem.place(*node), self.rounding.get(node)
        undecided = accepted.undecided(value)
        wrong = accepted.wrong(value) & ~undecided
        hidden = np.zeros_like(wrong) if rounding is None else _hidden(accepted, value) & ~wrong & ~undecided
        decided = ~undecided & ~hidden & ~accepted.is_open
        check = QuantityCheck(
            place=place,
            entries=value.size,
            different=int(wrong.sum()),
            open=int(accepted.is_open.sum()),
            undecided=int(undecided.sum()),
            hidden=int(hidden.sum()),
            whole=None if rounding is None else judge_whole(accepted, value, rounding, decided),
            tightness=tightness(accepted, value, decided),
        )
        if check.passed:
            return check
        listed, greatest = _differences(accepted, value, wrong, place)
        explanations = self._mistakes(node, accepted)
        return replace(check, listed=listed, greatest_relative=greatest, explanations=explanations)


def _differences(
    accepted: Accepted, value: Array, wrong: Array, place: str
) -> tuple[tuple[Difference, ...], Difference | None]:
    """Return the largest differences in order, and the one that is largest relative to its value."""
    apart = as_floats(np.where(wrong, np.abs(accepted.expected - value), 0))
    apart = np.where(accepted.not_finite, np.inf, apart)
    relative = np.where(wrong, apart / np.abs(as_floats(value)), 0)
    worst = np.argsort(-apart, axis=None, kind="stable")[: min(_MOST_LISTED, int(wrong.sum()))]
    listed, greatest = (
        tuple(_difference(accepted, value, place, unraveled(flat, value.shape), apart, relative) for flat in chosen)
        for chosen in (worst.tolist(), [int(np.argmax(relative))])
    )
    return listed, greatest[0] if listed else None


def _hidden(accepted: Accepted, value: Array) -> Array:
    """Return which values may be off by more than a part of the largest one, and are not the expected ones exactly."""
    largest = np.max(np.abs(value))
    hidden: Array = (accepted.allowed(value) > _HIDING * largest) & (accepted.expected != value) & ~accepted.is_open
    return hidden


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
