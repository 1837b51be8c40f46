"""The interval of values accepted for an expected one: a tolerance around it, or all values that round to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from backprop_cli.checks.rounding import KNOWN, MARGIN, Arithmetic, Likely
from backprop_cli.core.arrays import Array
from backprop_cli.core.exact import as_fractions, as_objects, to_float
from backprop_cli.core.expected import Expected
from backprop_cli.core.precision import FLOAT64, PRECISIONS, Precision

RTOL_FLOAT64 = 1e-7  # for numbers that were printed with 8 digits


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far expected values may be off.

    If `rtol` or `atol` is given, it is `atol` + `rtol` times the computed value, and 0 stands for the other. If not, it
    is what the rounding of the type explains that the values are stored in, or at least 1e-7 of a float64.
    """

    rtol: float | None = None
    atol: float | None = None
    accumulated: Precision | None = None  # None: float32 for values stored in at most float32, else float64

    @property
    def is_given(self) -> bool:
        """Whether the user has set how far values may be off."""
        return self.rtol is not None or self.atol is not None

    def around(self, expected: Expected) -> "Accepted":
        """Return expected values that may be off by `rtol` and `atol`."""
        slack: Array = np.full(expected.values.shape, self.atol or 0.0)
        return Accepted(expected, expected.values, slack, self.rtol or 0.0)

    def arithmetic(self, expected: Expected) -> Arithmetic:
        """Return how expected values were computed."""
        accumulated = PRECISIONS["float64" if expected.stored == FLOAT64 else "float32"]
        return Arithmetic(expected.stored, self.accumulated or accumulated)


@dataclass(eq=False, repr=False)
class Accepted:
    """Expected values of one quantity, and how far a value may be off: `slack` + `rtol` times the value.

    A value that is off by up to `flips` more is undecided; with `one_flip`, one that is off by just so much more.
    """

    given: Expected
    expected: Array  # in the shape of the quantity as soon as `fit` has returned True
    slack: Array  # in the same shape
    rtol: float = 0.0
    flips: Array | None = None  # in the same shape
    one_flip: bool = False

    def fit(self, shape: tuple[int, ...]) -> bool:
        """Give the values the shape of the computed quantity, if they fit; biases may be a row or a column."""
        flat = self.expected.ndim < 2 or (len(shape) == 1 and 1 in self.expected.shape)
        if flat and max(shape, default=1) == prod(shape) == self.expected.size:
            self.expected, self.slack = self.expected.reshape(shape), self.slack.reshape(shape)
            self.flips = None if self.flips is None else self.flips.reshape(shape)
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

    def undecided(self, value: Array) -> Array:
        """Return which wrong entries of `value` (in the same shape) may be right if rounding changes a derivative."""
        wrong = self.wrong(value)
        if self.flips is None:
            return np.zeros_like(wrong)
        off, allowed = np.abs(self.expected - value), self.allowed(value)
        least = (1 - KNOWN) * self.flips - allowed if self.one_flip else np.zeros(())
        undecided: Array = wrong & (off >= least) & (off <= allowed + (1 + KNOWN) * self.flips)
        return undecided

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


def close(expected: Expected, arithmetic: Arithmetic, rounding: Likely) -> Accepted:
    """Return values that may be off by the rounding errors of both sides.

    A value that is stored in a narrow type may be off by one rounding to that type, whatever its size.

    Args:
        expected: The expected values, of any shape.
        arithmetic: How they were computed.
        rounding: The likely errors of that, in the shape of the computed quantity.
    """
    stored, accumulated = arithmetic
    rtol = RTOL_FLOAT64 if stored == FLOAT64 else stored.unit_roundoff
    ours = FLOAT64.unit_roundoff / accumulated.unit_roundoff  # the error of the computed value, relative to theirs
    slack = MARGIN * (1 + ours) * rounding.total + stored.smallest / 2
    return Accepted(
        expected,
        expected.values,
        _spread(slack, expected),
        rtol,
        _spread(rounding.flips, expected) if rounding.flips.any() else None,
        rounding.n_flips == 1,
    )


def _spread(slack: Array, expected: Expected) -> Array:
    """Return a slack in the shape of the expected values: its largest entry if the shapes differ."""
    shape = expected.values.shape
    return slack if slack.shape == shape else np.broadcast_to(np.max(slack), shape)


class Rounded(Accepted):
    """Values for which all values are accepted that round to them, at the digits they are written with.

    An entry without the last zeros that others beside it have room for is held to those zeros (`_last_places`). Where
    it is known how many decimals count, these are the digits, whatever was written.
    """

    def __init__(self, expected: Expected) -> None:
        """Take expected decimals of any shape."""
        shape = expected.values.shape
        finite = [decimal if decimal.is_finite() else Decimal(0) for decimal in expected.values.flat]
        places = _last_places(finite) if expected.digits is None else [-expected.digits] * len(finite)
        half_units = {place: Fraction(10) ** place / 2 for place in places}
        slack = as_objects([half_units[place] for place in places]).reshape(shape)
        super().__init__(expected, as_fractions(finite).reshape(shape), slack)
        self._places = places

    def in_floats(self) -> Accepted:
        """Return the same as floats (in the same shape), with a little more slack for their rounding errors."""
        as_given = self.given.values.reshape(self.expected.shape).astype(np.float64)
        expected = np.where(self.not_finite, as_given, as_floats(self.expected))
        return Accepted(self.given, expected, as_floats(self.slack), rtol=1e-12)

    def written(self, index: tuple[int, ...], value: Any) -> tuple[str, int]:
        """Return an expected value, with the zeros that it is held to, and how many of its digits are right."""
        decimal = self._decimal(index)
        if not decimal.is_finite():
            return str(float(decimal)), 0
        sign, digits, exponent = decimal.as_tuple()
        place = min(self._places[int(np.ravel_multi_index(index, self.expected.shape))], int(exponent))
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
