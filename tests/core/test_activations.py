"""The rows of the table: values and derivatives at special points, and what a row promises about itself."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.activations import ACTIVATIONS, DEFAULT_ACTIVATION, Activation

# Entries at, and one place beside, every kink; subnormal and large numbers; both zeros.
Z = [[-1.5, -0.0, 0.0, 5e-324, -5e-324, 2.0, 1e300, -1e300]]
ROWS = [pytest.param(activation, id=name) for name, activation in ACTIVATIONS.items()]


def test_the_default_is_a_row() -> None:
    assert DEFAULT_ACTIVATION in ACTIVATIONS
    assert all(activation.name == name for name, activation in ACTIVATIONS.items())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_relu_is_inactive_at_zero(dtype: Any) -> None:
    with np.errstate(over="ignore", under="ignore"):
        z = np.array([[-1.0, -0.0, 0.0, 1e-45, 2.0]], dtype)
    relu = ACTIVATIONS["relu"]
    assert relu.inactive is not None
    assert relu.value(z).tolist() == [[0, 0, 0, z[0, 3], 2]]
    assert not np.signbit(relu.value(z)).any()
    assert relu.derivative(z).tolist() == [[0, 0, 0, 1, 1]]
    assert relu.inactive(z).tolist() == [[True, True, True, False, False]]


@pytest.mark.parametrize("upstream", [-3.0, -0.0, 0.0, 3.0])
def test_relu_gives_no_negative_zero_where_it_is_inactive(upstream: float) -> None:
    z = np.array([[-1.0, 0.0, 1.0]])
    dz = ACTIVATIONS["relu"].backward(np.full_like(z, upstream), z, None)
    assert dz.tolist() == [[0, 0, upstream]]
    assert not np.signbit(dz[:, :2]).any()


@pytest.mark.parametrize("activation", ROWS)
def test_backward_is_the_product_of_upstream_and_the_derivative(activation: Activation) -> None:
    z = np.array(Z)
    upstream = np.arange(-3.0, 5.0).reshape(z.shape)
    expected = upstream * activation.derivative(z)
    assert activation.backward(upstream, z, activation.value(z)).tolist() == expected.tolist()


@pytest.mark.parametrize("activation", ROWS)
def test_a_buffer_takes_the_same_values(activation: Activation) -> None:
    """In place, too, where the row says so: outputs are written over z, and dz over both."""
    z, upstream = np.array(Z), np.linspace(-1, 1, len(Z[0])).reshape(1, -1)
    value, backward = activation.value(z), activation.backward(upstream, z, activation.value(z))
    out = np.full_like(z, 7)
    assert activation.value(z, out).tolist() == value.tolist()
    assert activation.backward(upstream, z, value, out).tolist() == backward.tolist()
    if activation.in_place:
        buffer = z.copy()
        assert activation.value(buffer, buffer) is buffer
        assert activation.backward(upstream, buffer, buffer, buffer) is buffer
        assert buffer.tolist() == backward.tolist()


@pytest.mark.parametrize("activation", ROWS)
def test_the_derivative_jumps_at_the_kinks_and_nowhere_else(activation: Activation) -> None:
    """Beside each kink the derivative differs from that at it, which is the one to the left; elsewhere it is smooth."""
    for point in (-2.0, -0.5, 0.0, 0.5, 2.0):
        left, here, right = (float(activation.derivative(np.array(z))) for z in (point - 1e-9, point, point + 1e-9))
        assert here == pytest.approx(left, abs=1e-6)
        assert (right == pytest.approx(left, abs=1e-6)) is (point not in activation.kinks)


@pytest.mark.parametrize("activation", ROWS)
def test_what_the_row_says_of_itself_holds(activation: Activation) -> None:
    z = np.array(Z)
    value, derivative = activation.value(z), activation.derivative(z)
    if not activation.grows:
        assert (np.abs(value) <= np.abs(z)).all()
        assert (np.abs(derivative) <= 1).all()
    if activation.inactive is not None:
        inactive = activation.inactive(z)
        assert not value[inactive].any()
        assert not derivative[inactive].any()
    if not activation.reads:
        assert len(np.unique(derivative)) == 1


@pytest.mark.parametrize("activation", [row for row in ACTIVATIONS.values() if row.exact], ids=lambda row: row.name)
def test_fractions_stay_fractions(activation: Activation) -> None:
    z = np.array([[Fraction(1, 3), Fraction(-2)]], dtype=object)
    upstream = np.array([[Fraction(1, 7), Fraction(5)]], dtype=object)
    for array in (activation.value(z), activation.backward(upstream, z, activation.value(z))):
        assert all(isinstance(entry, Fraction | int) for entry in array.flat)
