"""The inverse of an activation leads from its outputs back to z, or to a z with the same derivatives."""

import numpy as np
import pytest

from backprop_cli.core.activations import ACTIVATIONS, activation

Z = np.array([[-2.5, -0.25, 0.5], [1.5, 3.0, -1.0]])
HAVE_NONE = ("silu", "gelu", "leaky_relu(-0.5)", "elu(-1)")


@pytest.mark.parametrize(
    "name", [*(name for name in ACTIVATIONS if name not in HAVE_NONE), "leaky_relu(0.2)", "elu(2)"]
)
def test_the_inverse_leads_back(name: str) -> None:
    row = activation(name)
    assert row.inverse is not None
    z = row.inverse(row.value(Z))
    upstream = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
    assert row.value(z) == pytest.approx(row.value(Z), rel=1e-12)
    right, found = (row.backward(upstream, at, row.value(at)) for at in (Z, z))
    assert found == pytest.approx(right, rel=1e-9)


@pytest.mark.parametrize("name", HAVE_NONE)
def test_a_function_that_is_not_monotonic_has_no_inverse(name: str) -> None:
    assert activation(name).inverse is None


@pytest.mark.parametrize(
    ("name", "y"), [("relu", -1.0), ("sigmoid", 1.5), ("tanh", -2.0), ("softplus", -1.0), ("elu", -2)]
)
def test_an_output_of_no_z_has_none(name: str, y: float) -> None:
    inverse = activation(name).inverse
    assert inverse is not None
    assert np.isnan(inverse(np.array([[float(y)]]))).all()
