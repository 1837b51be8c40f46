"""Exact arithmetic: convert decimals and floats to fractions, and fractions to decimals.

The solver works on arrays of `Fraction` as it does on floats. Sums and products of finite decimals are finite decimals,
so every result can be written out in full. A `Decimal` among results is rounded, to more digits than are written.
"""

import math
from collections.abc import Iterable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array

__all__ = ["as_fractions", "as_objects", "exactly", "in_full", "literal", "rounded"]
__all__ += ["to_decimal", "to_float", "to_fraction"]

# The product of three numbers of float64 has smaller exponents, as a step has; a power of ten must fit into memory.
_LARGEST_EXPONENT = 1000
_MOST_DIGITS = 10_000
_SIGNIFICANT = 17  # digits, which tell two numbers of float64 apart
_TINY = Fraction(1, 10 ** (2 * _LARGEST_EXPONENT))


def exactly(array: Array) -> Array:
    """Return an array of numbers, floats or decimals, as fractions with the same values, in the same shape."""
    return as_fractions(array.ravel().tolist()).reshape(array.shape)


def as_fractions(numbers: Iterable[Any]) -> Array:
    """Return n numbers as an array (n,) of fractions with the same values."""
    return as_objects([to_fraction(number) for number in numbers])


def as_objects(values: list[Any]) -> Array:
    """Return n Python values as an array (n,) of objects."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def to_decimal(literal: str) -> Decimal | None:
    """Return a decimal with all its digits, or None if it is malformed or beyond the limits above."""
    try:
        decimal = Decimal(literal)
    except InvalidOperation:
        return None
    return decimal if len(literal) <= _MOST_DIGITS and abs(decimal.adjusted()) <= _LARGEST_EXPONENT else None


def to_float(number: Fraction | float) -> float:
    """Return the nearest float: infinity for a fraction out of range.

    >>> to_float(Fraction(1, 2)), to_float(-Fraction(10) ** 400)
    (0.5, -inf)
    """
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def to_fraction(number: Any) -> Fraction:
    """Return a number as a fraction; a decimal that is smaller than any number of a problem, as 1e-2000 or -1e-2000.

    The fraction of a decimal such as 1e-1000000000 does not fit into memory. Comparisons have the same result.
    """
    if isinstance(number, Decimal) and number and abs(number).adjusted() < -2 * _LARGEST_EXPONENT:
        return _TINY if number > 0 else -_TINY
    return Fraction(number)


def literal(number: "Rational | Decimal") -> str:
    """Return a fraction as a decimal with all its digits, and a rounded decimal with 17 significant digits.

    >>> literal(Fraction(1, 8)), literal(Decimal("0.12345678901234567500"))
    ('0.125', '0.12345678901234568')
    """
    return _written(_to_digits(number, _SIGNIFICANT)) if isinstance(number, Decimal) else in_full(number)


def in_full(number: Rational) -> str:
    """Return a fraction as a decimal with all its digits, or 17 significant ones if it has digits without end.

    A mean over 3 samples may have; sums and products of decimals have not.

    >>> in_full(Fraction(11, 25)), in_full(Fraction(-3)), in_full(Fraction(1, 2**20)), in_full(Fraction(2, 3))
    ('0.44', '-3', '9.5367431640625e-07', '0.66666666666666667')
    """
    numerator, denominator = Fraction(number).as_integer_ratio()
    twos = (denominator & -denominator).bit_length() - 1
    power_of_five = denominator >> twos
    fives = round((power_of_five.bit_length() - 1) / math.log2(5))
    fives += 5**fives < power_of_five  # the logarithm may be rounded down
    if 5**fives != power_of_five:
        return _written(Context(prec=17).divide(Decimal(numerator), Decimal(denominator)))
    places = max(twos, fives)
    sign, digits, _ = Decimal(numerator * (10**places // denominator)).as_tuple()
    return _written(Decimal((sign, digits, -places)))


def rounded(number: "Rational | Decimal", precision: int) -> str:
    """Return a fraction or decimal with up to `precision` decimals, or significant digits if it is smaller than 1.

    >>> rounded(Fraction(2, 3), 3), rounded(Fraction(10) ** 600 / 7, 3)
    ('0.667', '1.429e+599')
    """
    size = _to_digits(number, 28).adjusted()
    is_scientific = size >= 16 or size < -4  # with one digit before the point
    digits = precision + is_scientific if is_scientific or size < 0 else precision + size + 1
    return _written(_to_digits(number, max(digits, 1)))


def _to_digits(number: "Rational | Decimal", digits: int) -> Decimal:
    """Return a number with so many significant digits, without zeros at the end; ties go to the even digit."""
    context = Context(prec=digits, Emin=MIN_EMIN, Emax=MAX_EMAX)
    if isinstance(number, Decimal):
        return context.plus(number).normalize(context)
    numerator, denominator = Fraction(number).as_integer_ratio()
    return context.divide(Decimal(numerator), Decimal(denominator)).normalize(context)


def _written(decimal: Decimal) -> str:
    if not decimal or -5 < decimal.adjusted() < 16:
        return f"{decimal:f}"
    mantissa, _, exponent = f"{decimal:e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent):+03d}"
