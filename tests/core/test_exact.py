"""Decimals in full and rounded, against Python's own decimal arithmetic and by hand."""

import random
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from backprop_cli.core.exact import exactly, in_full, rounded, to_decimal, to_float

POWER = Fraction(10) ** 15


@pytest.mark.parametrize("seed", range(20))
def test_a_decimal_in_full_reads_back(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(50):
        number = Fraction(rng.randrange(-(10**20), 10**20), 2 ** rng.randrange(60) * 5 ** rng.randrange(60))
        assert Fraction(in_full(number)) == number


@pytest.mark.parametrize(
    ("number", "precision", "text"),
    [
        (Fraction(0), 6, "0"),
        (Fraction(2, 3), 3, "0.667"),
        (Fraction(-2, 3), 0, "-0.7"),
        (Fraction(5, 2), 1, "2.5"),
        (Fraction(5, 2), 0, "2"),  # a tie, to even
        (Fraction(-7, 2), 0, "-4"),
        (Fraction(1, 8), 2, "0.12"),
        (Fraction(3, 8), 2, "0.38"),
        (Fraction(125, 10**7), 1, "1.2e-05"),
        (Fraction(100, 3), 2, "33.33"),
        (Fraction(100, 3), 0, "33"),
        (Fraction(1, 3), 6, "0.333333"),
        (Fraction(2, 3) / 10, 2, "0.067"),
        (Fraction(2, 3) / 10**3, 2, "0.00067"),
        (Fraction(2, 3) / 10**4, 2, "6.67e-05"),
        (Fraction(2, 3) / 10**5, 2, "6.67e-06"),
        (Fraction(1) / 10**4, 3, "0.0001"),
        (Fraction(2) / 10**5, 3, "2e-05"),
        (POWER / 3, 2, "333333333333333.33"),
        (POWER * 10 / 3, 2, "3333333333333333.33"),
        (POWER * 100 / 3, 2, "3.33e+16"),
        (POWER * 9, 0, "9000000000000000"),
        (POWER * 90, 1, "9e+16"),
        (Fraction(10) ** 600 / 7, 3, "1.429e+599"),
        (Fraction(1, 7) / Fraction(10) ** 600, 3, "1.429e-601"),
    ],
    ids=str,
)
def test_rounded(number: Fraction, precision: int, text: str) -> None:
    assert rounded(number, precision) == text


@pytest.mark.parametrize(
    ("literal", "accepted"),
    [
        ("1e1000", True),
        ("1e1001", False),
        ("-1e-1000", True),
        ("-1e-1001", False),
        ("9.99e1000", True),
        ("1" * 1001, True),
        ("1" * 1002, False),
        ("0." + "1" * 9998, True),
        ("0." + "1" * 9999, False),
        ("1e999999999999999999999", False),
        ("one", False),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_the_range_of_exact_arithmetic(literal: str, accepted: bool) -> None:
    assert to_decimal(literal) == (Decimal(literal) if accepted else None)


def test_floats_are_taken_at_their_binary_value() -> None:
    taken = exactly(np.array([[0.1, -2.0]]))
    assert taken.tolist() == [[Fraction(3602879701896397, 36028797018963968), Fraction(-2)]]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_fraction_beyond_float64_is_infinite(sign: int) -> None:
    assert to_float(sign * Fraction(10) ** 308) == sign * 1e308
    assert to_float(sign * Fraction(10) ** 309) == sign * float("inf")
