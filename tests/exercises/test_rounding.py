"""How exact answers are rounded, and how many decimals are asked for."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.arrays import Array
from backprop_cli.exercises.rounding import digits_for, is_rounded_to_zero, rounded


def objects(*values: Any) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = [value if isinstance(value, Decimal) else Fraction(value) for value in values]
    return array


@pytest.mark.parametrize(
    ("number", "digits", "expected"),
    [
        (Fraction("0.0625"), 3, "0.062"),  # a tie goes to the even digit
        (Fraction("0.1875"), 3, "0.188"),
        (Fraction("-0.0625"), 3, "-0.062"),
        (Fraction("0.0625"), 4, "0.0625"),
        (Fraction("0.0625"), 6, "0.062500"),
        (Fraction(5, 2), 0, "2"),
        (Fraction(7, 2), 0, "4"),
        (Fraction(2, 3), 5, "0.66667"),
        (Fraction(-1, 3), 0, "0"),  # no negative zero
        (Fraction(-1, 10**9), 3, "0.000"),
        (Fraction(10**20) + Fraction(1, 3), 2, "100000000000000000000.33"),
        (Decimal("0.06250000000000000000000000000000000000000000000001"), 3, "0.063"),  # just above a tie
        (Decimal("0"), 2, "0.00"),
    ],
)
def test_a_number_is_rounded_half_to_even(number: Fraction | Decimal, digits: int, expected: str) -> None:
    assert f"{rounded(number, digits):f}" == expected


@pytest.mark.parametrize(
    ("quantities", "digits"),
    [
        ([["1", "-2"], ["0"]], 0),
        ([["1.5", "-2"], ["0.25"]], 2),
        ([["0.000001"]], 6),
        ([["123.1", "0.0625"]], 4),
        ([["0"]], 0),
        # Not all are decimals of at most 6: the smallest of each quantity has three digits, from 3 to 8 decimals.
        ([["0.0000001"]], 8),
        ([[Fraction(1, 3)]], 3),  # 0.333
        ([[Fraction(100, 3), "1"]], 3),  # 1.00 needs two, and there are at least three
        ([[Fraction(1, 30)]], 4),  # 0.0333
        ([[Fraction(1, 3)], [Fraction(1, 300), "7"]], 5),  # 0.00333
        ([[Fraction(1, 3), Fraction(1, 10**30)]], 8),
        ([[Fraction(1, 3), "0"]], 3),
        ([[Fraction(-1, 1100)]], 6),  # 0.000909
        ([[Fraction(999_999, 10**7)]], 4),  # 0.0999999 begins at the second decimal
    ],
)
def test_how_many_decimals_are_asked_for(quantities: list[list[Any]], digits: int) -> None:
    assert digits_for([objects(*quantity) for quantity in quantities]) == digits


@pytest.mark.parametrize(
    ("values", "digits", "expected"),
    [
        (["0.004", "-0.001"], 2, True),
        (["0.005"], 2, True),  # half to even
        (["0.006", "0"], 2, False),
        (["0", "0"], 2, False),
        (["0.004", "0.2"], 2, False),
    ],
)
def test_answers_that_vanish(values: list[str], digits: int, expected: bool) -> None:
    assert is_rounded_to_zero(objects(*values), digits) is expected
