"""Choosing by bits is choosing: against NumPy's own, for every kind of number and every layout in memory."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.activations import ACTIVATIONS, where

ODD = [0.0, -0.0, 1.5, -2.5, 5e-324, -5e-324, 1e38, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layout", ["rows", "columns", "stripes"])
@pytest.mark.parametrize("has_room", [False, True])
def test_what_is_open_is_kept_bit_for_bit(dtype: Any, layout: str, has_room: bool) -> None:
    rng = np.random.default_rng(0)
    with np.errstate(over="ignore"):
        values = rng.choice(ODD, (40, 30)).astype(dtype)
    is_open = rng.random((40, 30)) < 0.5
    if layout == "columns":
        values, is_open = np.asfortranarray(values), np.asfortranarray(is_open)
    elif layout == "stripes":
        values, is_open = values[::2, 1::3], is_open[::2, 1::3]
    out = np.full(values.shape, 7, dtype) if has_room else None
    chosen = where(is_open, values, out)
    assert chosen.tobytes() == np.where(is_open, values, dtype(0)).tobytes()
    assert chosen.dtype == dtype
    assert out is None or chosen is out


def test_fractions_are_chosen_as_they_are() -> None:
    values = np.array([[Fraction(1, 3), Fraction(-2)]], dtype=object)
    assert where(values > 0, values).tolist() == [[Fraction(1, 3), 0]]


def test_relu_is_closed_at_zero() -> None:
    z = np.array([[-1.0, -0.0, 0.0, 5e-324, 2.0]])
    relu = ACTIVATIONS["relu"]
    assert relu.value(z).tolist() == [[0, 0, 0, 5e-324, 2]]
    assert not np.signbit(relu.value(z)).any()
    assert relu.slope(z).tolist() == [[False, False, False, True, True]]
