"""The interval of values accepted for an expected one: a tolerance around it, or all values that round to it."""

from collections.abc import Sequence
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


@dataclass(eq=False, repr=False)
class Accepted:
    """Expected values of one quantity, and how far a value may be off: `slack` + `rtol` times the value."""

    given: Expected
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

    @property
    def is_open(self) -> Array:
        """Which entries have no expected value, in the same shape as `expected`."""
        return self.given.is_open.reshape(self.expected.shape)

    @property
    def not_finite(self) -> Array:
        """Which expected values are NaN or infinite, in the same shape as `expected`."""
        return self.given.not_finite.reshape(self.expected.shape)

    def wrong(self, value: Array) -> Array:
        """Return which entries of `value`, which has the same shape as the expected values, are too far off.

        Those with an expected value that is not finite are, and open ones are not.
        """
        wrong: Array = ~(np.abs(self.expected - value) <= self.allowed(value)) | self.not_finite
        return wrong & ~self.is_open

    def at(self, index: tuple[int, ...]) -> float | Fraction:
        """Return one expected value."""
        return float(self.expected[index])

    def in_floats(self) -> "Accepted":
        """Return the same as floats (in the same shape), to compare with mistakes."""
        return self

    def written(self, index: tuple[int, ...], value: Any) -> tuple[str | None, int | None]:
        """Return how a rounded value was written, and how many of its digits are right; (None, None) for others."""
        del index, value
        return None, None


def close(expected: Expected, tolerance: Tolerance, rounding: Array) -> Accepted:
    """Return values that may be off by a tolerance, and by the rounding errors of both sides.

    The expected values may have any shape; `rounding` has the shape of the computed quantity, such as (n_neurons,).
    """
    is_coarse = expected.dtype.itemsize < 8
    eps = float(np.finfo(expected.dtype).eps)
    rtol = max(tolerance.rtol, 8 * eps) if is_coarse else tolerance.rtol
    theirs = eps / float(np.finfo(np.float64).eps)
    slack = tolerance.atol if tolerance.atol is not None else (1 + theirs) * rounding
    same_shape = np.shape(slack) in ((), expected.values.shape)
    return Accepted(
        expected, expected.values, np.broadcast_to(slack if same_shape else np.max(slack), expected.values.shape), rtol
    )


class Rounded(Accepted):
    """Values for which all values are accepted that round to them, at the digits they are written with.

    An entry without the last zeros that others beside it have room for is held to those zeros (`_last_places`).
    """

    def __init__(self, expected: Expected) -> None:
        """Take expected decimals of any shape."""
        shape = expected.values.shape
        finite = [decimal if decimal.is_finite() else Decimal(0) for decimal in expected.values.flat]
        places = _last_places(finite)
        half_units = {place: Fraction(10) ** place / 2 for place in places}
        slack = as_objects([half_units[place] for place in places]).reshape(shape)
        super().__init__(expected, as_fractions(finite).reshape(shape), slack)
        self._places = places

    def in_floats(self) -> Accepted:
        """Return the same as floats (in the same shape), with a little more slack for their rounding errors."""
        return Accepted(self.given, self.expected.astype(float), self.slack.astype(float), rtol=1e-12)

    def written(self, index: tuple[int, ...], value: Any) -> tuple[str, int]:
        """Return an expected value with the zeros that it is held to, and how many of its digits are right."""
        decimal = self._decimal(index)
        if not decimal.is_finite():
            return str(float(decimal)), 0
        sign, digits, exponent = decimal.as_tuple()
        place = self._places[int(np.ravel_multi_index(index, self.expected.shape))]
        decimal = Decimal((sign, digits + (0,) * (int(exponent) - place), place))
        n, off = len(decimal.as_tuple().digits), abs(self.expected[index] - value)
        right = next((k for k in range(n) if off >= Fraction(10) ** (decimal.adjusted() - k) / 2), n)
        return str(decimal), right

    def at(self, index: tuple[int, ...]) -> float | Fraction:
        """Return one expected value."""
        decimal = self._decimal(index)
        return Fraction(decimal) if decimal.is_finite() else float(decimal)

    def _decimal(self, index: tuple[int, ...]) -> Decimal:
        decimal: Decimal = self.given.values.reshape(self.expected.shape)[index]
        return decimal


def _last_places(decimals: Sequence[Decimal]) -> list[int]:
    """Return the power of ten at which each decimal is rounded: that of its last digit, or of a zero left out after it.

    JavaScript, R and jq write 2.00 as 2. If the decimals have up to d digits after the point and up to s significant
    digits, one with fewer of both (a zero has no significant digit) is taken to lack zeros: up to d decimals or s
    digits, whichever is coarser. In a number with decimals, one zero may be missing by chance, and does not count.
    """
    exponents = [int(decimal.as_tuple().exponent) for decimal in decimals]
    d, s = -min(exponents), max(len(decimal.as_tuple().digits) for decimal in decimals)
    places = []
    for decimal, exponent in zip(decimals, exponents, strict=True):
        lacks_zeros = d > 0 and (exponent >= 0 or exponent - 1 > -d)
        # With s significant digits, this is the place of the last digit.
        coarser = max(-d, decimal.adjusted() - s + 1) if decimal else -d
        places.append(coarser if lacks_zeros else exponent)
    return places


def as_floats(array: Array) -> Array:
    """Return an array of fractions as floats, in the same shape; a fraction out of range is infinity."""
    return array if array.dtype.kind == "f" else np.vectorize(to_float, otypes=[float])(array)
