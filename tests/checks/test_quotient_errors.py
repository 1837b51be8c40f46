"""Estimated errors of difference quotients are enough, and not ten times too much, by exact fractions."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from backprop_cli.checks.finite_differences import ForwardPass, Parameter
from backprop_cli.checks.moving import moved
from backprop_cli.checks.quotient_errors import QuotientErrors, divided
from backprop_cli.core.arrays import Array
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build
from tests.conftest import sized
from tests.reference import ExactLayer, ExactNetwork, Matrix, as_draft, backpropagate


def exact(array: Array) -> Matrix:
    return [[Fraction(float(value)) for value in row] for row in np.atleast_2d(array)]


def random_floats(seed: int) -> ExactNetwork:
    """Return a network of normal floats, whose arrays may be of different sizes."""
    rng = np.random.default_rng(seed)
    widths = rng.integers(1, 7, int(rng.integers(2, 6))).tolist()
    n_samples, spread = int(rng.integers(1, 6)), int(rng.integers(0, 7))

    def normal(*shape: int) -> Array:
        return rng.normal(size=shape) * 10.0 ** rng.integers(-spread, spread + 1)

    layers = [
        ExactLayer(exact(normal(a, b)), exact(normal(b))[0], str(rng.choice(["relu", "linear"])))
        for a, b in pairwise(widths)
    ]
    return ExactNetwork(exact(normal(n_samples, widths[0])), layers, exact(normal(n_samples, widths[-1])), Fraction(1))


def true_slopes(parameter: Parameter, forward: ForwardPass, layer: dict[str, Matrix]) -> list[Fraction]:
    """Return the slopes of an array; a quotient has the rounded outputs of the layer before as inputs, as they are."""
    if parameter.node.quantity != "dweights":
        return [value for row in layer[parameter.node.quantity] for value in row]
    inputs = exact(forward.inputs[parameter.node.layer])
    columns = list(zip(*inputs, strict=True)), list(zip(*layer["dz"], strict=True))
    return [sum((x * d for x, d in zip(a, b, strict=True)), Fraction(0)) for a in columns[0] for b in columns[1]]


@np.errstate(all="ignore")
def shares(seed: int, power: int) -> list[Fraction]:
    """Return the error of each quotient, divided by its estimate; the step is a number times two to a power."""
    network = random_floats(seed)
    solution = solve(build(as_draft(network)))
    forward, found = ForwardPass.of(solution), list[Fraction]()
    errors, layers = QuotientErrors(forward), backpropagate(network)
    for parameter in forward.parameters(solution):
        true = true_slopes(parameter, forward, layers[parameter.node.layer])
        entries = parameter.entries(np.arange(parameter.array.size))
        step = np.ldexp(1.0, np.frexp(parameter.array.ravel())[1] + power)
        estimates, above, below = errors.of(entries), moved(forward, entries, step), moved(forward, entries, -step)
        slope = divided(above.loss - below.loss, step, forward.exponent - 1)
        for k in np.flatnonzero(~(above.crosses | below.crosses)).tolist():
            estimate = Fraction(float(estimates.of_kept(step)[k] + estimates.relative[k]))
            off = abs(Fraction(float(slope[k])) - true[k])
            assert off <= estimate, (seed, parameter.node, k)
            found.append(off / estimate if estimate else Fraction(0))
    return found


@sized("count", 25, 1000)
@pytest.mark.parametrize("power", [-24, -14, 14])
def test_the_estimate_is_enough_and_not_ten_times_too_much(count: int, power: int) -> None:
    assert max(max(shares(seed, power), default=Fraction(0)) for seed in range(count)) > Fraction(1, 10)


def test_an_estimate_does_not_underflow() -> None:
    """z = 1e-200 and upstream = 1e-200: u * |z| * upstream is below the smallest float64, and is divided by 1e-320."""
    draft = {"inputs": [[1e-200]], "weights": [[1]], "biases": [0], "upstream": [[1e-200]], "activation": "linear"}
    solution = solve(build(draft))
    forward = ForwardPass.of(solution)
    weights = list(forward.parameters(solution))[1]
    estimate = QuotientErrors(forward).of(weights.entries(np.array([0])))
    assert 1e-96 < estimate.of_kept(np.array([1e-320]))[0] < 1e-94


@pytest.mark.parametrize(
    ("number", "by", "exponent", "quotient"),
    [
        (3.0, 2.0, 1, 3.0),
        (-1e-300, 1e-300, -3, -0.125),
        (1e300, 2.0**-1000, -1100, 1e300 * 2.0**-100),
        (2.0**-1000, 2.0**1000, 1990, 2.0**-10),
        (0.0, 1.0, 5, 0.0),
    ],
)
def test_quotients_do_not_leave_the_range_of_floats_on_the_way(
    number: float, by: float, exponent: int, quotient: float
) -> None:
    assert divided(np.array([number]), np.array([by]), exponent).tolist() == [quotient]
