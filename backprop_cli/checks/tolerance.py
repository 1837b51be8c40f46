"""The interval of values accepted for an expected one: a tolerance around it, or all values that round to it."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.exact import as_fractions, as_objects, to_float
from backprop_cli.core.expected import Expected


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far an expected value may be off: `atol` + `rtol` times the computed value."""

    rtol: float = 1e-7
    atol: float | None = None  # None: the likely rounding error of each entry


class Accepted:
    """Expected values of one quantity, and how far a value may be off: `slack` + `rtol` times the value."""

    expected: Array  # in the shape of the quantity as soon as `fit` has returned True
    slack: Array  # in the same shape
    rtol: float = 0.0

    def fit(self, shape: tuple[int, ...]) -> bool:
        """Give the values the shape of the computed quantity, if they fit; biases may be a row or a column."""
        flat = self.expected.ndim < 2 or (len(shape) == 1 and 1 in self.expected.shape)
        if flat and max(shape) == prod(shape) == self.expected.size:
            self.expected, self.slack = self.expected.reshape(shape), self.slack.reshape(shape)
        return self.expected.shape == shape

    def allowed(self, value: Array) -> Array:
        """Return how far each entry of `value` (any shape) may be off, in the same shape."""
        allowed: Array = self.slack + self.rtol * np.abs(value) if self.rtol else self.slack
        return allowed

    def wrong(self, value: Array) -> Array:
        """Return which entries of `value`, which has the same shape as the expected values, are too far off."""
        wrong: Array = ~(np.abs(self.expected - value) <= self.allowed(value))
        return wrong

    def in_floats(self) -> "Accepted":
        """Return the same as floats (in the same shape), to compare with mistakes."""
        return self

    def written(self, index: tuple[int, ...], value: Any) -> tuple[str | None, int | None]:
        """Return how a rounded value was written, and how many of its digits are right; (None, None) for others."""
        del index, value
        return None, None


class Close(Accepted):
    """Values that may be off by a tolerance, and by the rounding errors of both sides."""

    def __init__(self, expected: Expected, tolerance: Tolerance, rounding: Array) -> None:
        """Take expected values of any shape, and likely rounding errors in the shape of the computed quantity."""
        self.expected = expected.values
        coarse = expected.dtype.itemsize < 8
        eps = float(np.finfo(expected.dtype).eps)
        self.rtol = max(tolerance.rtol, 8 * eps) if coarse else tolerance.rtol
        theirs = eps / float(np.finfo(np.float64).eps)
        slack = tolerance.atol if tolerance.atol is not None else (1 + theirs) * rounding
        same_shape = np.shape(slack) in ((), self.expected.shape)
        self.slack = np.broadcast_to(slack if same_shape else np.max(slack), self.expected.shape)


class Rounded(Accepted):
    """Values that stand for all values that round to them, at the digits they are written with."""

    def __init__(self, expected: Expected) -> None:
        """Take expected decimals of any shape."""
        self._written = expected.values
        shape = self._written.shape
        self.expected = as_fractions(self._written.flat).reshape(shape)
        half_units = [Fraction(10) ** int(decimal.as_tuple().exponent) / 2 for decimal in self._written.flat]
        self.slack = as_objects(half_units).reshape(shape)

    def in_floats(self) -> Accepted:
        """Return the same as floats (in the same shape), with a little more slack for their rounding errors."""
        floats = Accepted()
        floats.expected, floats.slack = self.expected.astype(float), self.slack.astype(float)
        floats.rtol = 1e-12
        return floats

    def written(self, index: tuple[int, ...], value: Any) -> tuple[str, int]:
        """Return how an expected value was written, and how many of its digits are right."""
        decimal: Decimal = self._written.reshape(self.expected.shape)[index]
        digits, off = len(decimal.as_tuple().digits), abs(self.expected[index] - value)
        right = next((n for n in range(digits) if off >= Fraction(10) ** (decimal.adjusted() - n) / 2), digits)
        return str(decimal), right


def as_floats(array: Array) -> Array:
    """Return an array of fractions as floats, in the same shape; a fraction out of range is infinity."""
    return array if array.dtype.kind == "f" else np.vectorize(to_float, otypes=[float])(array)
