"""Round exact answers, and choose how many decimals to ask for."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.exercises.exercise import Exact

__all__ = ["digits_for", "is_rounded_to_zero", "rounded", "rounded_texts"]

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
    decimals = [_decimals(number) for numbers in quantities for number in numbers]
    if None not in decimals:
        return max(filter(None, decimals), default=0)
    smallest = [min(sizes) for numbers in quantities if (sizes := [abs(number) for number in numbers if number])]
    needed = (_SIGNIFICANT - 1 - _exponent(size) for size in smallest)
    return min(max(_LEAST, *needed), _MOST)


def is_rounded_to_zero(answers: Array, digits: int) -> bool:
    """Tell whether answers, of a shape such as (m, n), that are not all 0 are all 0 with so many decimals."""
    return any(answers.flat) and not any(rounded(number, digits) for number in answers.flat)


def _decimals(number: Fraction) -> int | None:
    """Return how many decimals a number has; None for more than 6."""
    return next((n for n in range(_MOST_EXACT + 1) if (number * 10**n).denominator == 1), None)


def _exponent(size: Fraction) -> int:
    """Return the power of ten of the first digit of a positive number."""
    return (
        Context(prec=28, rounding=ROUND_HALF_EVEN).divide(Decimal(size.numerator), Decimal(size.denominator)).adjusted()
    )
