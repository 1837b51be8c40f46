"""Round exact answers, count decimals, and choose how many to ask for."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from backprop_cli.core.arrays import Array

__all__ = ["Exact", "decimals", "digits_for", "is_rounded_to_zero", "rounded", "rounded_texts"]

Exact: TypeAlias = Fraction | Decimal  # a decimal has 50 right digits

_MOST_EXACT = 6  # decimals: answers with more of them are asked for rounded
_SIGNIFICANT, _LEAST, _MOST = 3, 3, 8  # digits of the smallest answers, and the decimals that they may take


def rounded(number: Exact, digits: int) -> Decimal:
    """Return a number with so many decimals; a tie goes to the even digit, and there is no negative zero.

    >>> rounded(Fraction(1, 16), 3), rounded(Fraction(-1, 3), 2), rounded(Decimal("-0.001"), 2)
    (Decimal('0.062'), Decimal('-0.33'), Decimal('0.00'))
    """
    units = round(Fraction(number) * 10**digits)  # half to even
    sign = int(units < 0)
    return Decimal((sign, tuple(map(int, str(abs(units)))), -digits))


def decimals(number: Fraction, most: int = 20) -> int:
    """Return how many decimals a number has; more than `most` count as one more.

    >>> decimals(Fraction(3)), decimals(Fraction(1, 8)), decimals(Fraction(1, 3))
    (0, 3, 21)
    """
    return next((n for n in range(most + 1) if 10**n % number.denominator == 0), most + 1)


def rounded_texts(answers: Array, digits: int) -> Array:
    """Return answers (any shape) as texts with so many decimals, in the same shape."""
    texts = [f"{rounded(number, digits):f}" for number in answers.flat]
    return np.array(texts, dtype=np.str_).reshape(answers.shape)


def digits_for(answers: Iterable[Array]) -> int:
    """Return how many decimals to ask for.

    Where every answer is a decimal with at most 6 decimals, it is as many as the longest has. Otherwise the smallest
    answer of each quantity, of those that are not 0, has 3 significant digits, as far as 3 to 8 decimals allow.

    Args:
        answers: The exact answers of each quantity, of a shape such as (m, n).
    """
    quantities = [[*map(Fraction, array.flat)] for array in answers]
    longest = max((decimals(number, _MOST_EXACT) for numbers in quantities for number in numbers), default=0)
    if longest <= _MOST_EXACT:
        return longest
    smallest = [min(sizes) for numbers in quantities if (sizes := [abs(number) for number in numbers if number])]
    needed = (_SIGNIFICANT - 1 - _exponent(size) for size in smallest)
    return min(max(_LEAST, *needed), _MOST)


def is_rounded_to_zero(answers: Array, digits: int) -> bool:
    """Tell whether answers, of a shape such as (m, n), that are not all 0 are all 0 with so many decimals."""
    return any(answers.flat) and not any(rounded(number, digits) for number in answers.flat)


def _exponent(size: Fraction) -> int:
    """Return the power of ten of the first digit of a positive number."""
    return (
        Context(prec=28, rounding=ROUND_HALF_EVEN).divide(Decimal(size.numerator), Decimal(size.denominator)).adjusted()
    )
