"""Exact arithmetic: decimals as they were written, as fractions, and fractions as decimals again.

A tree of `Decimal` becomes arrays of `Fraction`, on which the solver works as it does on floats. Sums and products of
finite decimals are finite decimals, so that every result can be written out in full.
"""

from decimal import Decimal
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np

from backprop_cli.activations import Array
from backprop_cli.arrays import NumberKind
from backprop_cli.errors import InputError

# Beyond float64's own exponents, and small enough that a power of ten of it does not fill the memory.
_LARGEST_EXPONENT = 400


def exactly(array: Array) -> Array:
    """Return floats as fractions of exactly their binary values, in the same shape; fractions as they are."""
    if array.dtype.kind == "O":
        return array
    return _fractions(array.ravel().tolist()).reshape(array.shape)


def in_full(number: Rational | int) -> str:
    """Return a fraction whose denominator divides a power of ten, written out as a decimal.

    >>> in_full(Fraction(11, 25)), in_full(Fraction(-3)), in_full(Fraction(1, 2**20))
    ('0.44', '-3', '9.5367431640625e-07')
    """
    numerator, denominator = Fraction(number).as_integer_ratio()
    twos = (denominator & -denominator).bit_length() - 1
    fives = 0
    while 5**fives < denominator >> twos:
        fives += 1
    places = max(twos, fives)
    decimal = Decimal(f"{numerator * (10**places // denominator)}e-{places}")
    if not number or -5 < decimal.adjusted() < 16:
        return f"{decimal:f}"
    mantissa, _, exponent = f"{decimal:e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent):+03d}"


def _fractions(numbers: list[Any]) -> Array:
    array = np.empty(len(numbers), dtype=object)
    array[:] = [Fraction(number) for number in numbers]
    return array


def _require_moderate(value: Decimal, place: str) -> None:
    if abs(value.adjusted()) > _LARGEST_EXPONENT:
        raise InputError(f"{str(value)[:40]} is out of the range of exact arithmetic", place=place)


DECIMAL = NumberKind(
    types=(Decimal,),
    harmless=lambda row: False,  # noqa: ARG005 (exact arithmetic costs more than a look at every number)
    judge=_require_moderate,
    make=_fractions,
    scalar=Fraction,
)
