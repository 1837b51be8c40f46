"""Numbers are printed with the digits of NumPy and Python."""

import random
from fractions import Fraction

import numpy as np
import pytest

from backprop_cli.render.numbers import aligned, literal, number


@pytest.mark.parametrize(
    ("value", "precision", "shown"),
    [
        (0.0, 8, "0"),
        (-0.0, 8, "0"),
        (6.0, 8, "6"),
        (0.1 + 0.2, 8, "0.3"),
        (0.43999999999999995, 8, "0.44"),
        (-1.8100000000000005, 8, "-1.81"),
        (20.485000000000003, 8, "20.485"),
        (1 / 3, 8, "0.33333333"),
        (100 / 3, 8, "33.33333333"),
        (1 / 300, 8, "0.0033333333"),
        (-0.0005683359796340001, 8, "-0.00056833598"),
        (5.683359796340001e-06, 8, "5.6833598e-06"),
        (0.0001, 8, "0.0001"),
        (1.00000000001e-07, 8, "1e-07"),
        (1.0000000000000001e-305, 8, "1e-305"),
        (0.000099, 8, "9.9e-05"),
        (9.9e15, 8, "9900000000000000"),
        (123456789.5, 8, "123456789.5"),
        (1e15, 8, "1000000000000000"),
        (1e16, 8, "1e+16"),
        (-1.7976931348623157e308, 8, "-1.79769313e+308"),
        (5e-324, 8, "5e-324"),
        (2.5, 0, "2"),
        (0.25, 0, "0.2"),
        (0.1 + 0.2, 17, "0.30000000000000004"),
        (1e23, 17, "1e+23"),
    ],
)
def test_a_number_has_at_most_the_requested_decimals(value: float, precision: int, shown: str) -> None:
    assert number(value, precision) == shown


def test_the_digits_are_those_of_numpy() -> None:
    rng = random.Random(1)
    for _ in range(1000):
        value = rng.uniform(1, 1000)
        assert float(number(value, 8)) == float(np.array2string(np.array([value]), precision=8)[1:-1])


def test_seventeen_digits_read_back_bit_for_bit() -> None:
    rng = random.Random(2)
    for _ in range(1000):
        value = rng.uniform(-1, 1) * 10.0 ** rng.randint(-300, 300)
        assert float(number(value, 17)) == value


@pytest.mark.parametrize(
    ("texts", "lines"),
    [
        (["0.5", "20.1", "6"], [" 0.5", "20.1", " 6  "]),
        (["1", "-2"], [" 1", "-2"]),
        (["5e-17", "4.81"], ["5e-17   ", "    4.81"]),
    ],
)
def test_decimal_points_are_aligned(texts: list[str], lines: list[str]) -> None:
    assert aligned(texts) == lines


@pytest.mark.parametrize(
    ("value", "text"), [(0.1, "0.1"), (-0.0, "-0.0"), (1e22, "1e+22"), (Fraction(1, 8), "0.125"), (Fraction(-3), "-3")]
)
def test_a_literal_keeps_every_digit(value: float | Fraction, text: str) -> None:
    assert literal(value) == text
