"""Expected values: are the numbers that somebody else computed, or printed, right?

Every entry of every quantity that is expected is compared with the computed one. By default the two may differ by
`rtol` times the computed value, and by what rounding may do on both sides, in float32 where the expected values are of
that type. Numbers copied from a book or worked by hand are held to the digits they were written with instead: 0.18
stands for everything from 0.175 to 0.185.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import inf, prod
from typing import Any

import numpy as np

from backprop_cli.activations import Array
from backprop_cli.arrays import describe, to_array
from backprop_cli.bounds import likely
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
    """How far an expected value may be off: `atol` + `rtol` times the computed one.

    None for `atol` is what rounding may do.
    """

    rtol: float = 1e-7
    atol: float | None = None


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
            size = int(to_array(raw, f"expected.{place}", _WRITTEN if exact is not None else None).size)
            needs = layer.not_computed[node.quantity]
            problem = f"cannot be computed, for it needs {needs}"
            yield QuantityCheck(place=place, entries=size, different=size, problem=problem)
        elif exact is not None:
            yield _compare(_Rounded(raw, place), node, solution, exact)
        else:
            yield _compare(_Close(raw, place, tolerance, rounding[place]), node, solution, solution)


class Target:
    """Expected values of one quantity, and how far a value may be from them: `slack` + `rtol` times the value."""

    expected: Array
    slack: Array
    rtol: float = 0.0

    def fit(self, shape: tuple[int, ...]) -> bool:
        """Take the shape of a computed quantity if that is sure to be meant; biases may be a row or a column."""
        flat = self.expected.ndim < 2 or (len(shape) == 1 and 1 in self.expected.shape)
        if flat and max(shape) == prod(shape) == self.expected.size:
            self.expected, self.slack = self.expected.reshape(shape), self.slack.reshape(shape)
        return self.expected.shape == shape

    def allowed(self, value: Array) -> Array:
        """Return how far each entry of `value` may be off."""
        allowed: Array = self.slack + self.rtol * np.abs(value) if self.rtol else self.slack
        return allowed

    def wrong(self, value: Array) -> Array:
        """Return which entries of `value`, in the expected shape, are not what was expected."""
        wrong: Array = ~(np.abs(self.expected - value) <= self.allowed(value))
        return wrong

    def in_floats(self) -> "Target":
        """Return the same with floats, for a look at what mistakes would lead to."""
        return self

    def written(self, index: tuple[int, ...], value: Any) -> tuple[str | None, int | None]:
        """Return how an expected value was written and to how many digits it is right, where it is held to them."""
        del index, value
        return None, None


class _Close(Target):
    def __init__(self, raw: Any, place: str, tolerance: Tolerance, rounding: Array) -> None:
        self.expected = to_array(raw, f"expected.{place}")
        coarse = isinstance(raw, np.ndarray) and raw.dtype.kind == "f" and raw.dtype.itemsize < 8
        theirs = float(np.finfo(raw.dtype).eps) / float(np.finfo(np.float64).eps) if coarse else 1.0
        self.rtol = max(tolerance.rtol, 8 * float(np.finfo(raw.dtype).eps)) if coarse else tolerance.rtol
        slack = tolerance.atol if tolerance.atol is not None else (1 + theirs) * rounding
        same_shape = np.shape(slack) in ((), self.expected.shape)
        self.slack = np.broadcast_to(slack if same_shape else np.max(slack), self.expected.shape)


class _Rounded(Target):
    def __init__(self, raw: Any, place: str) -> None:
        if isinstance(raw, np.ndarray):
            raise InputError("rounded values have to be written as text, not in binary", place=f"expected.{place}")
        self._written = to_array(raw, f"expected.{place}", _WRITTEN)
        self.expected = _each(Fraction, self._written)
        if np.isinf(_as_floats(self.expected)).any():
            raise InputError("a value is out of the range of float64", place=f"expected.{place}")
        self.slack = _each(lambda decimal: Fraction(10) ** _exponent(decimal) / 2, self._written)

    def fit(self, shape: tuple[int, ...]) -> bool:
        self._written = self._written.reshape(shape) if super().fit(shape) else self._written
        return self.expected.shape == shape

    def in_floats(self) -> Target:
        floats = Target()
        floats.expected, floats.slack = self.expected.astype(float), self.slack.astype(float)
        floats.rtol = 1e-12  # for what the floats have lost
        return floats

    def written(self, index: tuple[int, ...], value: Any) -> tuple[str, int]:
        decimal: Decimal = self._written[index]
        right = 0
        while right < len(decimal.as_tuple().digits) and decimal:
            if abs(self.expected[index] - value) >= Fraction(10) ** (decimal.adjusted() - right) / 2:
                break
            right += 1
        return str(decimal), right


def _each(function: Callable[[Any], Fraction], array: Array) -> Array:
    return _objects([function(value) for value in array.flat]).reshape(array.shape)


def _exponent(decimal: Decimal) -> int:
    return int(decimal.as_tuple().exponent)


def _objects(values: list[Any]) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


_WRITTEN = replace(DECIMAL, make=_objects)  # digits and all, which a fraction forgets


def _compare(target: Target, node: Node, solution: Solution, compared: Solution) -> QuantityCheck:
    place = solution.problem.place(*node)
    value = compared.layers[node.layer].computed[node.quantity]
    if not target.fit(value.shape):
        shape = target.expected.shape
        turned = "; the transpose would fit" if shape == value.shape[::-1] else ""
        return QuantityCheck(
            place=place,
            entries=target.expected.size,
            different=target.expected.size,
            problem=f"the expected values have shape {shape}, the computed ones {value.shape}{turned}",
            explanations=explanations(target.in_floats(), node, solution),
        )
    wrong = target.wrong(value)
    if not wrong.any():
        return QuantityCheck(place=place, entries=value.size)
    apart = _as_floats(np.where(wrong, np.abs(target.expected - value), 0))
    with np.errstate(all="ignore"):
        relative = np.where(wrong, apart / np.abs(_as_floats(value)), 0)
    worst = np.argsort(-apart, axis=None, kind="stable")[: min(_MOST_LISTED, int(wrong.sum()))]
    listed, greatest = (
        tuple(_difference(target, value, place, _index(flat, value.shape), apart, relative) for flat in chosen)
        for chosen in (worst.tolist(), [int(np.argmax(relative))])
    )
    return QuantityCheck(
        place=place,
        entries=value.size,
        different=int(wrong.sum()),
        listed=listed,
        greatest_relative=greatest[0],
        explanations=explanations(target.in_floats(), node, solution),
    )


def _difference(
    target: Target, value: Array, place: str, index: tuple[int, ...], apart: Array, relative: Array
) -> Difference:
    written, digits = target.written(index, value[index])
    return Difference(
        place=f"{place}[{','.join(map(str, index))}]",
        expected=_plain(target.expected[index]),
        value=_plain(value[index]),
        allowed=_plain(target.allowed(value)[index]),
        absolute=float(apart[index]),
        relative=float(relative[index]),
        written=written,
        digits=digits,
    )


def _index(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(flat, shape)))


def _as_floats(array: Array) -> Array:
    """Return fractions as floats, those out of range as infinity."""

    def as_float(number: Any) -> float:
        try:
            return float(number)
        except OverflowError:
            return inf

    return array if array.dtype.kind == "f" else np.vectorize(as_float, otypes=[float])(array)


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
