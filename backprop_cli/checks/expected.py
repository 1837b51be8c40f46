"""Expected values: are the numbers that somebody else computed, or printed, right?

Every entry of every quantity that is expected is compared with the computed one. By default the two may differ by
`rtol` times the computed value, and by what rounding may do on both sides, in float32 where the expected values are of
that type. Numbers copied from a book or worked by hand are held to the digits they were written with instead: 0.18
stands for everything from 0.175 to 0.185.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from backprop_cli.checks.mistakes import explanations
from backprop_cli.checks.rounding import likely
from backprop_cli.checks.tolerance import WRITTEN, Accepted, Close, Rounded, Tolerance, as_floats
from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import QUANTITIES, Node
from backprop_cli.core.solution import Solution
from backprop_cli.errors import InputError
from backprop_cli.load.numbers import describe, to_array
from backprop_cli.messages import did_you_mean

_MOST_LISTED = 10


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One entry that is not what was expected.

    `absolute` is how far the two are apart, `relative` the same as a part of the computed value, infinite where that
    is zero, and `allowed` how far they might have been. For a rounded value, `written` is how it was written, and
    `digits` to how many significant digits it is right.
    """

    place: str
    expected: float | Fraction
    value: float | Fraction
    allowed: float | Fraction
    absolute: float
    relative: float
    written: str | None = None
    digits: int | None = None


@dataclass(frozen=True, kw_only=True)
class QuantityCheck:
    """How one expected quantity compares: `different` of its `entries`, the worst listed first.

    `problem` says why it cannot be compared at all, where it cannot; `explanations` are mistakes that lead to just
    these expected values.
    """

    place: str
    entries: int
    different: int = 0
    listed: tuple[Difference, ...] = ()
    greatest_relative: Difference | None = None
    problem: str | None = None
    explanations: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every entry is as expected."""
        return not self.different and self.problem is None


def check_expected(
    solution: Solution, expected: Mapping[str, Any], tolerance: Tolerance, *, exact: Solution | None = None
) -> tuple[QuantityCheck, ...]:
    """Compare whatever is expected with a solution.

    Args:
        solution: Everything that follows from the problem, in float64.
        expected: Quantities by name, or under `layers` as in a result; numbers are decimals where they are rounded.
        tolerance: How far values may be off that are not rounded.
        exact: The same in exact fractions, if expected values stand for all that round to them.

    Raises:
        InputError: What is expected is malformed; its place starts with `expected`.
    """
    with np.errstate(all="ignore"):  # what overflows here is not what was expected, either
        return tuple(_checks(solution, expected, tolerance, exact))


def _checks(
    solution: Solution, expected: Mapping[str, Any], tolerance: Tolerance, exact: Solution | None
) -> Iterator[QuantityCheck]:
    rounding = likely(solution)
    for node, raw in _by_node(solution.problem, expected):
        place = solution.problem.place(*node)
        layer = solution.layers[node.layer]
        if node.quantity not in layer.computed:
            size = int(to_array(raw, f"expected.{place}", WRITTEN if exact is not None else None).size)
            needs = layer.not_computed[node.quantity]
            problem = f"cannot be computed, for it needs {needs}"
            yield QuantityCheck(place=place, entries=size, different=size, problem=problem)
        elif exact is not None:
            yield _compare(Rounded(raw, place), node, solution, exact)
        else:
            yield _compare(Close(raw, place, tolerance, rounding[place]), node, solution, solution)


def _compare(accepted: Accepted, node: Node, solution: Solution, compared: Solution) -> QuantityCheck:
    place = solution.problem.place(*node)
    value = compared.layers[node.layer].computed[node.quantity]
    if not accepted.fit(value.shape):
        shape = accepted.expected.shape
        turned = "; the transpose would fit" if shape == value.shape[::-1] else ""
        return QuantityCheck(
            place=place,
            entries=accepted.expected.size,
            different=accepted.expected.size,
            problem=f"the expected values have shape {shape}, the computed ones {value.shape}{turned}",
            explanations=explanations(accepted.in_floats(), node, solution),
        )
    wrong = accepted.wrong(value)
    if not wrong.any():
        return QuantityCheck(place=place, entries=value.size)
    apart = as_floats(np.where(wrong, np.abs(accepted.expected - value), 0))
    relative = np.where(wrong, apart / np.abs(as_floats(value)), 0)
    worst = np.argsort(-apart, axis=None, kind="stable")[: min(_MOST_LISTED, int(wrong.sum()))]
    listed, greatest = (
        tuple(_difference(accepted, value, place, _index(flat, value.shape), apart, relative) for flat in chosen)
        for chosen in (worst.tolist(), [int(np.argmax(relative))])
    )
    return QuantityCheck(
        place=place,
        entries=value.size,
        different=int(wrong.sum()),
        listed=listed,
        greatest_relative=greatest[0],
        explanations=explanations(accepted.in_floats(), node, solution),
    )


def _difference(
    accepted: Accepted, value: Array, place: str, index: tuple[int, ...], apart: Array, relative: Array
) -> Difference:
    written, digits = accepted.written(index, value[index])
    return Difference(
        place=f"{place}[{','.join(map(str, index))}]",
        expected=_plain(accepted.expected[index]),
        value=_plain(value[index]),
        allowed=_plain(accepted.allowed(value)[index]),
        absolute=float(apart[index]),
        relative=float(relative[index]),
        written=written,
        digits=digits,
    )


def _index(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(flat, shape)))


def _plain(number: Any) -> float | Fraction:
    return Fraction(number) if isinstance(number, int | Fraction) else float(number)


def _by_node(problem: Problem, expected: Mapping[str, Any]) -> Iterator[tuple[Node, Any]]:
    if not problem.layered:
        yield from _of_layer(expected, 0, "expected")
        return
    layers = expected.get("layers", [])
    for key in expected:
        if key != "layers":
            raise InputError("expected layers here, as the problem has them", place=f"expected.{key}")
    if not isinstance(layers, list) or len(layers) > len(problem.layers):
        raise InputError(f"expected a list of at most {len(problem.layers)} layers", place="expected.layers")
    for i, layer in enumerate(layers):
        if not isinstance(layer, dict):
            raise InputError(f"expected an object, got {describe(layer)}", place=f"expected.layers[{i}]")
        yield from _of_layer(layer, i, f"expected.layers[{i}]")


def _of_layer(expected: Mapping[str, Any], layer: int, place: str) -> Iterator[tuple[Node, Any]]:
    for key in expected:
        if key not in QUANTITIES:
            raise InputError("no such quantity is computed", place=f"{place}.{key}", hint=did_you_mean(key, QUANTITIES))
    for quantity in QUANTITIES:
        if quantity in expected:
            yield Node(layer, quantity), expected[quantity]
