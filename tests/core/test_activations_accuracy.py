"""How accurate the activations are: published values, and decimals of 60 digits from -1e4 to 1e4."""

from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.activations import ACTIVATIONS, activation
from tests import sixty_digits
from tests.sixty_digits import DERIVATIVES, DIGITS, VALUES

COUPLED = ("softmax", "log_softmax")
SMALLEST_NORMAL, SUBNORMAL_STEP = Decimal(2) ** -1022, Decimal(2) ** -1074
_rng = np.random.default_rng(0)
POINTS = np.array(
    [
        *(
            0.0,
            5e-324,
            -5e-324,
            1e-310,
            1e-300,
            -1e-300,
            1e-17,
            -1e-17,
            1e-8,
            -1e-8,
            1e4,
            -1e4,
            20.0,
            -20.0,
            40.0,
            -40.0,
        ),
        *(-745.2, -744.9, -730.0, -709.9, -708.3, -700.1, -699.9, 709.9, -1420.0, -1e3, 1e3, 37.6, -37.4, -38.4, -38.6),
        *(-1.278464542761074, -0.7517915246935645, -1.2784645, -0.75179152),  # silu' and gelu' are 0 near these
        *_rng.uniform(-1e4, 1e4, 20),
        *_rng.uniform(-760, 760, 40),
        *_rng.uniform(-40, 40, 60),
        *_rng.normal(size=60),
    ]
)


@pytest.fixture(autouse=True)
def digits() -> Iterator[None]:
    with localcontext(DIGITS):
        yield


def assert_close(computed: Any, terms: tuple[Decimal, ...], relative: float) -> None:
    """A normal number is right to a relative error, or to 1e-15 of its largest term; a subnormal one to one step."""
    exact = sum(terms, Decimal())
    error = abs(Decimal(float(computed)) - exact)
    step = SUBNORMAL_STEP if abs(exact) < SMALLEST_NORMAL else Decimal()
    assert error <= max(step, Decimal(relative) * abs(exact), Decimal("1e-15") * max(map(abs, terms)))


# sigmoid: Mazur, "A Step by Step Backpropagation Example" (net inputs of h1, o1 and o2). softmax: Kinsley and Kukieła,
# "Neural Networks from Scratch", chapter 4. tanh, erf, exp and log: Abramowitz and Stegun, "Handbook of Mathematical
# Functions", tables 4.15, 26.1, 4.4 and 4.2; Q(10) and Q(20) are from table 26.2, as logarithms: 23.11805, 88.56010.
@pytest.mark.parametrize(
    ("name", "z", "outputs", "digits"),
    [
        ("sigmoid", [0.3775, 1.105905967, 1.2249214], [0.593269992, 0.75136507, 0.772928465], 8),
        ("softmax", [4.8, 1.21, 2.385], [0.89528266, 0.02470831, 0.08000903], 6),
        ("log_softmax", [1, 2, 3], [-2.40760596, -1.40760596, -0.40760596], 7),
        ("tanh", [0.5, 1, 2], [0.46211716, 0.76159416, 0.96402758], 8),
        ("gelu", [1, -1, 2, -3], [0.841344746, -0.158655254, 2 * 0.977249868, -3 * 0.001349898], 6),
        ("gelu", [-10, -20], [-(10 ** (1 - 23.11805)), -(10 ** (1 - 88.56010)) * 2], 4),
        ("elu", [-1, -2, 3], [0.367879441 - 1, 0.135335283 - 1, 3], 8),
        ("elu(2)", [-1, 3], [2 * (0.367879441 - 1), 3], 8),
        ("softplus", [0, 1], [0.693147181, 1.313261688], 8),
        ("silu", [1, -1], [0.731058579, -0.268941421], 8),
        ("leaky_relu(0.2)", [-5, 5], [-1, 5], 15),
    ],
)
def test_published_values(name: str, z: list[float], outputs: list[float], digits: int) -> None:
    assert activation(name).value(np.array([z], float))[0] == pytest.approx(outputs, rel=10.0**-digits)


@pytest.mark.parametrize("name", VALUES)
def test_values_against_sixty_digits(name: str) -> None:
    for z, computed in zip(POINTS, ACTIVATIONS[name].value(POINTS[None])[0], strict=True):
        assert_close(computed, (VALUES[name](Decimal(float(z))),), 1e-14)


@pytest.mark.parametrize("upstream", [1.0, -3e-5, 1e200])
@pytest.mark.parametrize("name", VALUES)
def test_derivatives_against_sixty_digits(name: str, upstream: float) -> None:
    row, z = ACTIVATIONS[name], POINTS[None]
    for x, computed in zip(POINTS, row.backward(np.full_like(z, upstream), z, row.value(z))[0], strict=True):
        assert_close(computed, tuple(Decimal(upstream) * term for term in DERIVATIVES[name](Decimal(float(x)))), 1e-14)


@pytest.mark.parametrize("name", VALUES)
def test_backward_is_a_central_difference_of_sixty_digits(name: str) -> None:
    """In 90 digits, the error of the difference is about the square of the step."""
    z, step = np.random.default_rng(1).normal(size=(1, 40)) * 5, Decimal("1e-20")
    for x, computed in zip(z[0], ACTIVATIONS[name].derivative(z)[0], strict=True):
        above, below = (VALUES[name](Decimal(float(x)) + side * step) for side in (1, -1))
        assert float((above - below) / (2 * step)) == pytest.approx(computed, rel=1e-13, abs=1e-15)


def cases(seed: int) -> Iterator[tuple[Any, Any]]:
    """Yield z and upstream (1, n) of samples that are balanced, saturated, and tied."""
    rng = np.random.default_rng(seed)
    for scale in (1, 10, 40, 300, 800, 1e4):
        for n in (1, 2, 3, 6):
            z, upstream = rng.uniform(-scale, scale, size=(1, n)), rng.normal(size=(1, n)) * rng.choice([1e-5, 1, 1e20])
            yield z, upstream
            yield np.repeat(z, 2, axis=1), np.repeat(upstream, 2, axis=1)
            yield z, -np.eye(n)[rng.integers(n)][None]


@pytest.mark.parametrize("name", COUPLED)
def test_coupled_values_against_sixty_digits(name: str) -> None:
    exact = {"softmax": sixty_digits.softmax, "log_softmax": sixty_digits.log_softmax}[name]
    for z, _ in cases(0):
        outputs = exact([Decimal(float(x)) for x in z[0]])
        for computed, output in zip(ACTIVATIONS[name].value(z)[0], outputs, strict=True):
            assert_close(computed, (output,), 1e-13)


@pytest.mark.parametrize("name", COUPLED)
def test_coupled_derivatives_against_sixty_digits(name: str) -> None:
    row = ACTIVATIONS[name]
    assert row.coupled_derivative is not None
    for z, upstream in cases(1):
        exact = sixty_digits.jacobian(name, [Decimal(float(x)) for x in z[0]])
        dz, matrix = row.backward(upstream, z, row.value(z))[0], row.coupled_derivative(z)[0]
        for j in range(z.size):
            assert_close(
                dz[j], tuple(Decimal(float(u)) * row[j] for u, row in zip(upstream[0], exact, strict=True)), 1e-13
            )
            for k in range(z.size):
                assert_close(matrix[k, j], (exact[k][j],), 1e-13)


@pytest.mark.parametrize("name", COUPLED)
def test_coupled_backward_is_a_central_difference(name: str) -> None:
    exact = {"softmax": sixty_digits.softmax, "log_softmax": sixty_digits.log_softmax}[name]
    z, upstream = np.random.default_rng(2).normal(size=(2, 1, 4)) * 3
    step, point = Decimal("1e-20"), [Decimal(float(x)) for x in z[0]]
    for j, computed in enumerate(ACTIVATIONS[name].backward(upstream, z, ACTIVATIONS[name].value(z))[0]):
        losses = [
            sum(Decimal(float(u)) * y for u, y in zip(upstream[0], exact(moved), strict=True))
            for side in (1, -1)
            for moved in [[x + side * step * (i == j) for i, x in enumerate(point)]]
        ]
        assert float((losses[0] - losses[1]) / (2 * step)) == pytest.approx(computed, rel=1e-13)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "linear"])
def test_float32_is_rounded_once(name: str) -> None:
    row, rng = activation(name), np.random.default_rng(3)
    z, upstream = (rng.normal(size=(9, 7)) * 30).astype(np.float32), rng.normal(size=(9, 7)).astype(np.float32)
    value, dz = row.value(z), row.backward(upstream, z, row.value(z))
    wide = row.value(z.astype(float))
    assert value.dtype == dz.dtype == np.float32
    assert value.tolist() == wide.astype(np.float32).tolist()
    expected = row.backward(upstream.astype(float), z.astype(float), value.astype(float))
    assert dz.tolist() == expected.astype(np.float32).tolist()


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(1, 3), (700, 31), (3, 9000)])
def test_many_rows_are_computed_like_one(name: str, shape: tuple[int, int]) -> None:
    """In any layout in memory, and into a buffer; a row alone, too."""
    row, rng = activation(name), np.random.default_rng(4)
    z, upstream = rng.normal(size=shape) * 5, rng.normal(size=shape)
    outputs = row.value(z)
    dz = row.backward(upstream, z, outputs)
    by_row = [row.value(sample) for sample in z]
    assert outputs == pytest.approx(np.array(by_row), rel=1e-14)
    expected = [row.backward(*samples) for samples in zip(upstream, z, by_row, strict=True)]
    assert dz == pytest.approx(np.array(expected), rel=1e-13, abs=1e-15)
    assert row.value(np.asfortranarray(z)) == pytest.approx(outputs, rel=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_largest_numbers_give_no_nan(name: str) -> None:
    row, z = activation(name), np.array([[1.7e308, -1.7e308, 0.0], [-1e300, 1e300, 1.0]])
    outputs = row.value(z)
    dz = row.backward(np.ones_like(z), z, outputs)
    assert not np.isnan(outputs).any()
    assert not np.isnan(dz).any()
