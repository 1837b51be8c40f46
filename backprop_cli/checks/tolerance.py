"""What expected values stand for: a neighbourhood of each, by a tolerance or by the digits it was written with."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.exact import to_float
from backprop_cli.errors import InputError
from backprop_cli.load.numbers import DECIMAL, to_array


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far an expected value may be off: `atol` + `rtol` times the computed one.

    None for `atol` is what rounding may do.
    """

    rtol: float = 1e-7
    atol: float | None = None


class Accepted:
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

    def in_floats(self) -> "Accepted":
        """Return the same with floats, for a look at what mistakes would lead to."""
        return self

    def written(self, index: tuple[int, ...], value: Any) -> tuple[str | None, int | None]:
        """Return how an expected value was written and to how many digits it is right, where it is held to them."""
        del index, value
        return None, None


class Close(Accepted):
    """Values that may be off by a tolerance, and by what rounding may do on both sides."""

    def __init__(self, raw: Any, place: str, tolerance: Tolerance, rounding: Array) -> None:
        self.expected = to_array(raw, f"expected.{place}")
        coarse = isinstance(raw, np.ndarray) and raw.dtype.kind == "f" and raw.dtype.itemsize < 8
        theirs = float(np.finfo(raw.dtype).eps) / float(np.finfo(np.float64).eps) if coarse else 1.0
        self.rtol = max(tolerance.rtol, 8 * float(np.finfo(raw.dtype).eps)) if coarse else tolerance.rtol
        slack = tolerance.atol if tolerance.atol is not None else (1 + theirs) * rounding
        same_shape = np.shape(slack) in ((), self.expected.shape)
        self.slack = np.broadcast_to(slack if same_shape else np.max(slack), self.expected.shape)


class Rounded(Accepted):
    """Values that stand for all that round to them, at the digits they are written with."""

    def __init__(self, raw: Any, place: str) -> None:
        if isinstance(raw, np.ndarray):
            raise InputError("rounded values have to be written as text, not in binary", place=f"expected.{place}")
        self._written = to_array(raw, f"expected.{place}", WRITTEN)
        self.expected = _each(Fraction, self._written)
        if np.isinf(as_floats(self.expected)).any():
            raise InputError("a value is out of the range of float64", place=f"expected.{place}")
        self.slack = _each(lambda decimal: Fraction(10) ** _exponent(decimal) / 2, self._written)

    def fit(self, shape: tuple[int, ...]) -> bool:
        """Take the shape of a computed quantity, as any accepted does."""
        self._written = self._written.reshape(shape) if super().fit(shape) else self._written
        return self.expected.shape == shape

    def in_floats(self) -> Accepted:
        """Return the same values as floats, with a little more slack for what those have lost."""
        floats = Accepted()
        floats.expected, floats.slack = self.expected.astype(float), self.slack.astype(float)
        floats.rtol = 1e-12  # for what the floats have lost
        return floats

    def written(self, index: tuple[int, ...], value: Any) -> tuple[str, int]:
        """Return a value as it was written, and to how many of its digits it is right."""
        decimal: Decimal = self._written[index]
        digits, off = len(decimal.as_tuple().digits), abs(self.expected[index] - value)
        right = next((n for n in range(digits) if off >= Fraction(10) ** (decimal.adjusted() - n) / 2), digits)
        return str(decimal), right


def _each(function: Callable[[Any], Fraction], array: Array) -> Array:
    return _objects([function(value) for value in array.flat]).reshape(array.shape)


def _exponent(decimal: Decimal) -> int:
    return int(decimal.as_tuple().exponent)


def _objects(values: list[Any]) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


WRITTEN = replace(DECIMAL, make=_objects)  # digits and all, which a fraction forgets


def as_floats(array: Array) -> Array:
    """Return fractions as floats, those out of range as infinity."""
    return array if array.dtype.kind == "f" else np.vectorize(to_float, otypes=[float])(array)
