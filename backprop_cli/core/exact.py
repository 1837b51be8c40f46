"""Exact arithmetic: decimals as they were written, as fractions, and fractions as decimals again.

A tree of `Decimal` becomes arrays of `Fraction`, on which the solver works as it does on floats. Sums and products of
finite decimals are finite decimals, so that every result can be written out in full.
"""

import math
from decimal import Context, Decimal, InvalidOperation
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array

# Beyond float64's own exponents, and small enough that a power of ten of it does not fill the memory.
_LARGEST_EXPONENT = 400
_MOST_DIGITS = 10_000


def exactly(array: Array) -> Array:
    """Return floats as fractions of exactly their binary values, in the same shape; fractions as they are."""
    if array.dtype.kind == "O":
        return array
    return _fractions(array.ravel().tolist()).reshape(array.shape)


def to_decimal(literal: str) -> Decimal | None:
    """Return a decimal as it is written, or None where its exponent or its length is beyond exact arithmetic."""
    try:
        decimal = Decimal(literal)
    except InvalidOperation:
        return None
    return decimal if len(literal) <= _MOST_DIGITS and abs(decimal.adjusted()) <= _LARGEST_EXPONENT else None


def to_float(number: Fraction | float) -> float:
    """Return the nearest float, which is infinity where a fraction is out of its range.

    >>> to_float(Fraction(1, 2)), to_float(-Fraction(10) ** 400)
    (0.5, -inf)
    """
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def in_full(number: Rational) -> str:
    """Return a fraction whose denominator divides a power of ten, written out as a decimal.

    >>> in_full(Fraction(11, 25)), in_full(Fraction(-3)), in_full(Fraction(1, 2**20))
    ('0.44', '-3', '9.5367431640625e-07')
    """
    numerator, denominator = Fraction(number).as_integer_ratio()
    twos = (denominator & -denominator).bit_length() - 1
    power_of_five = denominator >> twos
    fives = round((power_of_five.bit_length() - 1) / math.log2(5))
    fives += 5**fives < power_of_five
    places = max(twos, fives)
    sign, digits, _ = Decimal(numerator * (10**places // denominator)).as_tuple()
    return _written(Decimal((sign, digits, -places)))


def rounded(number: Rational, precision: int) -> str:
    """Return a fraction with up to `precision` decimals, or significant digits where it is smaller than 1.

    >>> rounded(Fraction(2, 3), 3), rounded(Fraction(10) ** 600 / 7, 3)
    ('0.667', '1.429e+599')
    """
    numerator, denominator = Fraction(number).as_integer_ratio()
    size = Context(prec=28).divide(Decimal(abs(numerator)), Decimal(denominator)).adjusted()
    decimals = precision + size + 1 if 0 <= size < 16 else precision + (size >= 16 or size < -4)
    return _written(Context(prec=max(decimals, 1)).divide(Decimal(numerator), Decimal(denominator)).normalize())


def _written(decimal: Decimal) -> str:
    if not decimal or -5 < decimal.adjusted() < 16:
        return f"{decimal:f}"
    mantissa, _, exponent = f"{decimal:e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent):+03d}"


def _fractions(numbers: list[Any]) -> Array:
    array = np.empty(len(numbers), dtype=object)
    array[:] = [Fraction(number) for number in numbers]
    return array
