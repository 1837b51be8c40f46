"""Rounding to a type is compared with NumPy's own conversion, and for bfloat16 with hand-worked bits."""

import numpy as np
import pytest

from backprop_cli.core.precision import FLOAT64, PRECISIONS


def numbers() -> np.ndarray:
    """Return numbers of every size: random bits, ties between neighbours of float16, subnormal and huge numbers."""
    rng = np.random.default_rng(0)
    of_any_size = rng.standard_normal(20_000) * 2.0 ** rng.integers(-160, 140, 20_000)
    ties = (np.arange(2048, 4096) + 0.5) * 2.0 ** rng.integers(-40, 20, 2048)
    special = [0.0, -0.0, 65504, 65519.99, 65520, -65520, 2.0**-25, 2.0**-24 * 1.5, 2.0**-149, 2.0**-150, 3.4028236e38]
    return np.concatenate([of_any_size, ties, special])


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_rounding_is_that_of_numpy(name: str) -> None:
    values = numbers()
    with np.errstate(over="ignore"):
        converted = values.astype(name)
    rounded = PRECISIONS[name].round(values)
    assert np.array_equal(rounded, converted.astype(np.float64))
    assert np.array_equal(np.signbit(rounded), np.signbit(values))


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_units_and_limits_are_those_of_numpy(name: str) -> None:
    precision, info = PRECISIONS[name], np.finfo(name)
    values = numbers()
    values = np.abs(values[np.abs(values) < info.max / 2]).astype(name)
    assert np.array_equal(precision.ulp(values.astype(np.float64)), np.spacing(values).astype(np.float64))
    assert precision.smallest == float(info.smallest_subnormal)
    assert 2 * precision.unit_roundoff == float(info.eps)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (1 + 2**-8, 1.0),  # a tie, to even
        (1 + 3 * 2**-8, 1 + 2**-6),  # a tie, to even
        (1 + 2**-8 + 2**-20, 1 + 2**-7),
        (0.1, 0.10009765625),
        (3.389e38, (2 - 2**-7) * 2.0**127),  # the largest number
        ((2 - 2**-8) * 2.0**127, np.inf),
        ((2**-8 - 2) * 2.0**127, -np.inf),
        (2.0**-133, 2.0**-133),  # the smallest
        (2.0**-134, 0.0),  # a tie, to even
    ],
)
def test_bfloat16_has_eight_bits(value: float, rounded: float) -> None:
    assert PRECISIONS["bfloat16"].round(np.array(value)) == rounded


def test_nan_and_infinity_stay() -> None:
    values = np.array([np.nan, np.inf, -np.inf])
    assert np.array_equal(PRECISIONS["float16"].round(values), values, equal_nan=True)


@pytest.mark.parametrize(
    ("wider", "narrower"),
    [("float64", "float32"), ("float64", "bfloat16"), ("float32", "float16"), ("float32", "bfloat16")],
)
def test_a_wider_type_has_more_digits_and_no_less_range(wider: str, narrower: str) -> None:
    assert PRECISIONS[wider].is_wider_than(PRECISIONS[narrower])
    assert not PRECISIONS[narrower].is_wider_than(PRECISIONS[wider])


def test_float16_and_bfloat16_are_not_wider_than_each_other() -> None:
    assert not PRECISIONS["float16"].is_wider_than(PRECISIONS["bfloat16"])
    assert not PRECISIONS["bfloat16"].is_wider_than(PRECISIONS["float16"])
    assert not FLOAT64.is_wider_than(FLOAT64)
