"""Expected values: are the numbers that somebody else computed, or printed, right?

Every entry of every quantity that is expected is compared with the computed one. By default a value may be off by
`rtol` times itself, plus what rounding may do on both sides. Numbers copied from a book or worked by hand are held to
the digits they were written with instead: 0.18 stands for everything from 0.175 to 0.185.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from backprop_cli.activations import Array
from backprop_cli.arrays import describe, to_array
from backprop_cli.bounds import bounds
from backprop_cli.errors import InputError
from backprop_cli.exact import DECIMAL
from backprop_cli.mistakes import explanations
from backprop_cli.names import QUANTITIES, Node
from backprop_cli.problem import Problem
from backprop_cli.solve import Solution
from backprop_cli.text import did_you_mean

_MOST_LISTED = 10


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far an expected value may be off: `atol` + `rtol` times it; None for `atol` is what rounding may do."""

    rtol: float = 1e-7
    atol: float | None = None


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One entry that is not what was expected.

    `allowed` is how far it might have been off. `digits` is, for rounded values, to how many significant digits the
    expected one is right.
    """

    place: str
    expected: float | Fraction
    value: float | Fraction
    allowed: float | Fraction
    digits: int | None = None

    @property
    def absolute(self) -> float:
        """How far the two are apart."""
        return abs(float(self.expected - self.value))

    @property
    def relative(self) -> float:
        """How far they are apart, as a part of the computed value; infinite where that is zero."""
        return self.absolute / abs(float(self.value)) if self.value else float("inf")


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
    solution: Solution, expected: Mapping[str, Any], tolerance: Tolerance, *, rounded: bool = False
) -> tuple[QuantityCheck, ...]:
    """Compare whatever is expected with a solution.

    Args:
        solution: Everything that follows from the problem; in exact fractions where values are rounded.
        expected: Quantities by name, or under `layers` as in a result; numbers are decimals where they are rounded.
        tolerance: How far values may be off that are not rounded.
        rounded: Whether expected values stand for all that round to them.

    Raises:
        InputError: What is expected is malformed; its place starts with `expected`.
    """
    rounding = {} if rounded else bounds(solution)
    checks = []
    for node, raw in _by_node(solution.problem, expected):
        place = solution.problem.place(*node)
        layer = solution.layers[node.layer]
        if node.quantity not in layer.computed:
            needs = layer.not_computed[node.quantity]
            checks.append(QuantityCheck(place=place, entries=0, problem=f"cannot be computed, for it needs {needs}"))
        elif rounded:
            checks.append(_compare(_Rounded(raw, place), node, solution))
        else:
            checks.append(_compare(_Close(raw, place, tolerance, rounding[place]), node, solution))
    return tuple(checks)


class Target:
    """Expected values of one quantity, and how far a value may be from them: `slack` + `rtol` times the value."""

    expected: Array
    slack: Array
    rtol: float = 0.0

    def fit(self, shape: tuple[int, ...]) -> bool:
        """Take the shape of a computed quantity if that is sure to be meant; biases may be a row or a column."""
        flat = self.expected.ndim < 2 or (len(shape) == 1 and 1 in self.expected.shape)
        if flat and max(shape) == np.prod(shape) == self.expected.size:
            self.expected, self.slack = self.expected.reshape(shape), self.slack.reshape(shape)
        return self.expected.shape == shape

    def allowed(self, value: Array) -> Array:
        """Return how far each entry of `value` may be off."""
        allowed: Array = self.slack + self.rtol * np.abs(value)
        return allowed

    def wrong(self, value: Array) -> Array:
        """Return which entries of `value`, in the expected shape, are not what was expected."""
        wrong: Array = np.abs(self.expected - value) > self.allowed(value)
        return wrong

    def agrees(self, value: Array) -> bool:
        """Tell whether `value` is what was expected, in shape and in every entry."""
        return value.shape == self.expected.shape and not self.wrong(value).any()

    def digits(self, index: tuple[int, ...], value: Any) -> int | None:
        """Return to how many significant digits an expected value is right, if it is held to its digits."""
        del index, value
        return None


class _Close(Target):
    def __init__(self, raw: Any, place: str, tolerance: Tolerance, rounding: Array) -> None:
        self.expected = to_array(raw, f"expected.{place}")
        self.rtol = tolerance.rtol
        slack = tolerance.atol if tolerance.atol is not None else 2 * rounding  # theirs and ours
        same_shape = np.shape(slack) in ((), self.expected.shape)
        self.slack = np.broadcast_to(slack if same_shape else np.max(slack), self.expected.shape)


class _Rounded(Target):
    def __init__(self, raw: Any, place: str) -> None:
        if isinstance(raw, np.ndarray):
            raise InputError("rounded values have to be written as text, not in binary", place=f"expected.{place}")
        self._written = to_array(raw, f"expected.{place}", _WRITTEN)
        self.expected = _each(Fraction, self._written)
        self.slack = _each(lambda decimal: Fraction(10) ** _exponent(decimal) / 2, self._written)

    def fit(self, shape: tuple[int, ...]) -> bool:
        self._written = self._written.reshape(shape) if super().fit(shape) else self._written
        return self.expected.shape == shape

    def digits(self, index: tuple[int, ...], value: Any) -> int:
        written, expected = self._written[index], self.expected[index]
        right = 0
        while right < len(written.as_tuple().digits) and written:
            last = Fraction(10) ** (written.adjusted() - right)
            if abs(expected - value) > last / 2:
                break
            right += 1
        return right


def _each(function: Callable[[Any], Fraction], array: Array) -> Array:
    return _objects([function(value) for value in array.flat]).reshape(array.shape)


def _exponent(decimal: Decimal) -> int:
    return int(decimal.as_tuple().exponent)


def _objects(values: list[Any]) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


_WRITTEN = replace(DECIMAL, make=_objects)  # digits and all, which a fraction forgets


def _compare(target: Target, node: Node, solution: Solution) -> QuantityCheck:
    place = solution.problem.place(*node)
    value = solution.layers[node.layer].computed[node.quantity]
    if not target.fit(value.shape):
        shape = target.expected.shape
        turned = "; the transpose would fit" if shape == value.shape[::-1] else ""
        return QuantityCheck(
            place=place,
            entries=value.size,
            different=value.size,
            problem=f"the expected values have shape {shape}, the computed ones {value.shape}{turned}",
            explanations=explanations(target, node, solution),
        )
    wrong = target.wrong(value)
    if not wrong.any():
        return QuantityCheck(place=place, entries=value.size)
    apart = np.where(wrong, np.abs(target.expected - value), 0).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(wrong, apart / np.abs(value.astype(float)), 0)
    worst = np.argsort(-apart, axis=None, kind="stable")[: min(_MOST_LISTED, int(wrong.sum()))]
    most_relative = int(np.argmax(relative))
    listed, greatest = (
        [_difference(target, value, place, np.unravel_index(flat, value.shape)) for flat in chosen]
        for chosen in (worst, [most_relative])
    )
    return QuantityCheck(
        place=place,
        entries=value.size,
        different=int(wrong.sum()),
        listed=tuple(listed),
        greatest_relative=greatest[0],
        explanations=explanations(target, node, solution),
    )


def _difference(target: Target, value: Array, place: str, index: Any) -> Difference:
    return Difference(
        place=f"{place}[{','.join(map(str, index))}]",
        expected=_plain(target.expected[index]),
        value=_plain(value[index]),
        allowed=_plain(target.allowed(value)[index]),
        digits=target.digits(index, value[index]),
    )


def _plain(number: Any) -> float | Fraction:
    return Fraction(number) if isinstance(number, int | Fraction) else float(number)


def _by_node(problem: Problem, expected: Mapping[str, Any]) -> Iterator[tuple[Node, Any]]:
    if not problem.layered:
        yield from _of_layer(expected, 0, "expected")
        return
    layers = expected.get("layers")
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
