"""The rows of the table: values and derivatives at special points, and what a row promises about itself."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.activations import ACTIVATIONS, DEFAULT_ACTIVATION, Activation, activation

# Entries at, and one place beside, every kink; subnormal and large numbers; both zeros.
Z = [[-1.5, -0.0, 0.0, 5e-324, -5e-324, 2.0, 1e300, -1e300]]
NAMES = (*ACTIVATIONS, "leaky_relu(0.2)", "leaky_relu(-1)", "leaky_relu(3)", "elu(1.5)", "elu(-1)", "elu(0)")
EVERY = [pytest.param(activation(name), id=name) for name in NAMES]
ROWS = [pytest.param(activation(name), id=name) for name in NAMES if not activation(name).couples]
COUPLED = [name for name in NAMES if activation(name).couples]


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


@pytest.mark.parametrize("row", ROWS)
def test_backward_is_the_product_of_upstream_and_the_derivative(row: Activation) -> None:
    z = np.array(Z)
    upstream = np.arange(-3.0, 5.0).reshape(z.shape)
    expected = upstream * row.derivative(z)
    assert row.backward(upstream, z, row.value(z)) == pytest.approx(expected, rel=1e-15, abs=0)


@pytest.mark.parametrize("name", COUPLED)
def test_backward_is_the_product_of_upstream_and_the_jacobian_matrix(name: str) -> None:
    z, upstream = np.random.default_rng(0).normal(size=(2, 7, 5))
    row = activation(name)
    assert row.coupled_derivative is not None
    expected = np.einsum("nk,nkj->nj", upstream, row.coupled_derivative(z))
    assert row.backward(upstream, z, row.value(z)) == pytest.approx(expected, rel=1e-14, abs=1e-15)
    with pytest.raises(TypeError, match=f"^{name} has a derivative for each pair of neurons$"):
        row.derivative(z)


@pytest.mark.parametrize("row", EVERY)
def test_a_buffer_takes_the_same_values(row: Activation) -> None:
    """In place, too, where the row says so: outputs are written over z, and dz over both."""
    z, upstream = np.array(Z), np.linspace(-1, 1, len(Z[0])).reshape(1, -1)
    value, backward = row.value(z), row.backward(upstream, z, row.value(z))
    out = np.full_like(z, 7)
    assert row.value(z, out).tolist() == value.tolist()
    assert row.backward(upstream, z, value, out).tolist() == backward.tolist()
    if row.in_place:
        buffer = z.copy()
        assert row.value(buffer, buffer) is buffer
        assert row.backward(upstream, buffer, buffer, buffer) is buffer
        assert buffer.tolist() == backward.tolist()


@pytest.mark.parametrize("row", ROWS)
def test_the_derivative_jumps_at_the_kinks_and_nowhere_else(row: Activation) -> None:
    """Beside each kink the derivative differs from that at it, which is the one to the left; elsewhere it is smooth."""
    for point in (-2.0, -0.5, 0.0, 0.5, 2.0):
        left, here, right = (float(row.derivative(np.array(z))) for z in (point - 1e-9, point, point + 1e-9))
        assert here == pytest.approx(left, abs=1e-6)
        assert (right == pytest.approx(left, abs=1e-6)) is (point not in row.kinks)


@pytest.mark.parametrize("row", ROWS)
def test_what_the_row_says_of_itself_holds(row: Activation) -> None:
    z = np.array([[*Z[0], 1.7e308, -1.7e308]])
    value, derivative = row.value(z), row.derivative(z)
    if not row.grows:
        assert (np.abs(value) <= np.abs(z) + 1).all()
        assert (np.abs(derivative) <= 1).all()
    if row.in_place:
        assert row.derivative(value).tolist() == derivative.tolist()
    if row.inactive is not None:
        inactive = row.inactive(z)
        assert not value[inactive].any()
        assert not derivative[inactive].any()
    if not row.reads:
        assert len(np.unique(derivative)) == 1


@pytest.mark.parametrize("row", [row for row in map(activation, NAMES) if row.exact], ids=lambda row: row.name)
def test_fractions_stay_fractions(row: Activation) -> None:
    z = np.array([[Fraction(1, 3), Fraction(-2)]], dtype=object)
    upstream = np.array([[Fraction(1, 7), Fraction(5)]], dtype=object)
    for array in (row.value(z), row.backward(upstream, z, row.value(z))):
        assert all(isinstance(entry, Fraction | int) for entry in array.flat)


@pytest.mark.parametrize(
    ("name", "value", "dz"),
    [
        ("leaky_relu", [Fraction(1, 3), Fraction(-1, 50), 0], [Fraction(1, 7), Fraction(1, 20), Fraction(3, 100)]),
        ("leaky_relu(-.2e1)", [Fraction(1, 3), 4, 0], [Fraction(1, 7), -10, -6]),
        ("leaky_relu(3)", [Fraction(1, 3), -6, 0], [Fraction(1, 7), 15, 9]),
        ("relu", [Fraction(1, 3), 0, 0], [Fraction(1, 7), 0, 0]),
        ("linear", [Fraction(1, 3), -2, 0], [Fraction(1, 7), 5, 3]),
    ],
)
def test_fractions_by_hand(name: str, value: list[Any], dz: list[Any]) -> None:
    z, upstream = np.empty((2, 1, 3), object)
    z[0], upstream[0] = [Fraction(1, 3), Fraction(-2), Fraction()], [Fraction(1, 7), Fraction(5), Fraction(3)]
    row = activation(name)
    assert row.value(z).tolist() == [value]
    assert row.backward(upstream, z, row.value(z)).tolist() == [dz]


# The derivatives at 0 are those that PyTorch 2.13 gives.
@pytest.mark.parametrize(
    ("name", "at_zero", "kinks"),
    [
        ("relu", 0, (0,)),
        ("leaky_relu", 0.01, (0,)),
        ("leaky_relu(0.2)", 0.2, (0,)),
        ("leaky_relu(-0.2)", -0.2, (0,)),
        ("leaky_relu(1)", 1, ()),
        ("elu", 1, ()),
        ("elu(1.5)", 1.5, (0,)),
        ("elu(-1.5)", -1.5, (0,)),
        ("elu(1.0)", 1, ()),
        ("silu", 0.5, ()),
        ("gelu", 0.5, ()),
    ],
)
def test_derivatives_at_zero(name: str, at_zero: float, kinks: tuple[float, ...]) -> None:
    row = activation(name)
    assert row.derivative(np.array([[0.0, -0.0]])).tolist() == [[at_zero, at_zero]]
    assert row.kinks == kinks


@pytest.mark.parametrize(
    ("text", "name", "parameter"),
    [
        ("relu", "relu", None),
        ("leaky_relu", "leaky_relu", "0.01"),
        ("leaky_relu(0.20)", "leaky_relu(0.20)", "0.20"),
        (" elu ( -1.5e-3 ) ", "elu(-1.5e-3)", "-1.5e-3"),
        ("elu(+.5)", "elu(+.5)", "+.5"),
    ],
)
def test_an_activation_is_read(text: str, name: str, parameter: str | None) -> None:
    row = activation(text) if parameter is None or "(" in text else ACTIVATIONS[text]
    assert (row.name, row.parameter) == (name, parameter)
    assert activation(row.name).name == name


FINITE = r"^expected {}\(NUMBER\) with a finite number, got "


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("swish", "^unknown activation 'swish'$"),
        ("Elu(1)", r"^unknown activation 'Elu\(1\)'$"),
        ("", "^unknown activation ''$"),
        ("relu(1)", r"^relu takes no parameter, got 'relu\(1\)'$"),
        ("softmax()", r"^softmax takes no parameter, got 'softmax\(\)'$"),
        ("elu()", FINITE.format("elu")),
        ("elu(x)", FINITE.format("elu")),
        ("elu(1", FINITE.format("elu")),
        ("elu(1))", FINITE.format("elu")),
        ("elu(1)x", FINITE.format("elu")),
        ("elu(inf)", FINITE.format("elu")),
        ("leaky_relu(nan)", FINITE.format("leaky_relu")),
        ("leaky_relu(1e400)", FINITE.format("leaky_relu")),
        ("leaky_relu(1e-99999999999)", FINITE.format("leaky_relu")),
        ("leaky_relu(1_0)", FINITE.format("leaky_relu")),
        ("leaky_relu(0,2)", FINITE.format("leaky_relu")),
        ("leaky_relu(1/3)", FINITE.format("leaky_relu")),
        (f"elu({'x' * 99})", r"^expected elu\(NUMBER\) with a finite number, got 'elu\(x{36}'$"),
    ],
)
def test_what_is_no_activation(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        activation(text)


@pytest.mark.parametrize(
    ("name", "named", "value_tex"),
    [
        ("relu", "relu'(z)", r"\max(z, 0)"),
        ("sigmoid", "sigmoid'(z)", r"\sigma(z)"),
        ("elu", "elu'(z, 1)", r"\operatorname{ELU}_{1}(z)"),
        ("leaky_relu(0.2)", "leaky_relu'(z, 0.2)", r"\operatorname{LeakyReLU}_{0.2}(z)"),
        ("log_softmax", "log_softmax'(z)", r"\operatorname{logsoftmax}(z)"),
    ],
)
def test_words(name: str, named: str, value_tex: str) -> None:
    row = activation(name)
    assert row.derivative_named.format(z="z") == named
    assert row.value_tex.format(z="z") == value_tex
    assert "z" in row.value_written.format(z="z")
    if name != "relu":
        assert row.derivative_written.format(z="z") == named
        assert row.value_written.format(z="z") == named.replace("'", "")
