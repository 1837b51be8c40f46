"""Finite differences at every scale: no false alarm, and no gradient that is 1e-4 off passes for a measured one."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.gradcheck import Hidden, Kink, Slope, Steps, check_gradients
from backprop_cli.core.arrays import Array
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError
from backprop_cli.load.schema import build
from tests.conftest import sized

GRADIENTS = ("dinputs", "dweights", "dbiases")
SMALLEST, LARGEST = -290, 120  # powers of ten


def scaled(rng: np.random.Generator, *shape: int) -> Array:
    """Return numbers of one scale, of many, near the one whose squares underflow, or near 1; some are whole, or 0."""
    scales: tuple[Any, ...] = (
        rng.integers(SMALLEST, LARGEST),
        rng.integers(SMALLEST, LARGEST, shape),
        rng.integers(-170, -140) + rng.integers(-3, 3, shape),
        0,
    )
    numbers = rng.normal(size=shape)
    if rng.random() < 0.3:
        numbers = np.round(2 * numbers)
    if rng.random() < 0.3:
        numbers *= rng.random(shape) > 0.3
    found: Array = numbers * 10.0 ** scales[rng.choice(4, p=[0.5, 0.15, 0.2, 0.15])]
    return found


def network(seed: int) -> dict[str, Any]:
    """Return a network of 1 to 4 layers with arrays of different scales; in some, terms cancel."""
    rng = np.random.default_rng(seed)
    n_samples, widths = int(rng.integers(1, 5)), rng.integers(1, 5, int(rng.integers(2, 6))).tolist()
    cancels, layers = rng.random() < 0.4, []
    for n_inputs, n_neurons in pairwise(widths):
        weights = scaled(rng, n_inputs, n_neurons)
        if cancels:
            weights[:, -1], weights[-1] = weights[:, 0], -weights[0]
        layer = {"weights": weights, "activation": str(rng.choice(["relu", "linear"]))}
        layers.append(layer | ({"biases": scaled(rng, n_neurons)} if rng.random() < 0.7 else {}))
    inputs, upstream = scaled(rng, n_samples, widths[0]), scaled(rng, n_samples, widths[-1])
    if cancels:
        inputs[:, -1], upstream[-1] = inputs[:, 0], -upstream[0]
    rule = rng.choice(["given", "outputs", "ones"], p=[0.6, 0.3, 0.1])
    return {"inputs": inputs, "layers": layers, "upstream": upstream if rule == "given" else str(rule)}


def off_by(share: float, solution: Solution) -> Solution:
    """Return a solution all of whose gradients are a share too large."""
    layers = tuple(
        replace(
            layer,
            computed={name: matrix * (1 + share * (name in GRADIENTS)) for name, matrix in layer.computed.items()},
        )
        for layer in solution.layers
    )
    return replace(solution, layers=layers)


def found_in(solution: Solution) -> dict[str, Slope | Kink | Hidden]:
    check = check_gradients(solution, Steps())
    findings: list[Slope | Kink | Hidden] = [*check.wrong, *check.kinks, *check.hidden]
    return {finding.place: finding for finding in findings}


def is_alarm(finding: Slope | Kink | Hidden) -> bool:
    return isinstance(finding, Slope) or (isinstance(finding, Kink) and not finding.accepted)


@sized("count", 100, 5000)
def test_no_false_alarm_and_no_error_that_passes_for_measured(count: int) -> None:
    solved, found, measured = 0, 0, 0
    for seed in range(count):
        problem = build(network(seed))
        try:
            solution = solve(problem)
        except InputError:  # overflow
            continue
        solved += 1
        right = found_in(solution)
        assert not [finding for finding in right.values() if is_alarm(finding)], seed
        wrong_solution = off_by(1e-4, solution)
        wrong = found_in(wrong_solution)
        for i, (layer, off) in enumerate(zip(solution.layers, wrong_solution.layers, strict=True)):
            for name in GRADIENTS[i > 0 :]:
                for index in np.argwhere(layer.computed[name] != off.computed[name]).tolist():
                    place = problem.entry(Node(i, name), index)
                    assert place in wrong, (seed, place)
                    found += is_alarm(wrong[place])
                    measured += place not in right
    assert solved > 0.95 * count
    assert found > 0.8 * measured > 3 * solved


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(110, id="squares underflow"),
        pytest.param(234, id="products with weights underflow"),
        pytest.param(275, id="both slopes at a kink overflow"),
        pytest.param(492, id="noise of another layer crosses a kink"),
    ],
)
def test_rare_networks_raise_no_alarm(seed: int) -> None:
    problem = build(network(seed))
    found = found_in(solve(problem))
    assert not [finding for finding in found.values() if is_alarm(finding)]


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e-162, 1e-100, 1.0, 1e100, 1e150])
def test_one_number_of_any_size_raises_no_alarm(scale: float) -> None:
    """L = scale**2 may underflow, and the gradient is scale."""
    draft = {"inputs": [[scale]], "weights": [[1]], "biases": [0], "upstream": "outputs"}
    solution = solve(build(draft))
    assert not [finding for finding in found_in(solution).values() if is_alarm(finding)]
    assert is_alarm(found_in(off_by(1e-4, solution))["dinputs[0,0]"])


def test_a_kink_whose_slopes_overflow_raises_no_alarm() -> None:
    """The step from 0 is 1e-8 of 1e300: both units overflow, and their difference is no number."""
    draft = {"inputs": [[0, 1e300]], "weights": [[1e100, 1e100], [0, 0]], "biases": [0, 1], "upstream": [[1, -1]]}
    finding = found_in(solve(build(draft)))["dinputs[0,0]"]
    assert isinstance(finding, Kink)
    assert (finding.gradient, np.isnan(finding.right), finding.accepted) == (-1e100, True, True)


def test_a_gradient_that_cannot_be_measured_is_hidden() -> None:
    """The gradient of 1e-320 is rounded to a whole multiple of the smallest float64, which is 5e-4 of it."""
    draft = {"inputs": [[1]], "weights": [[1e-320]], "biases": [0], "upstream": [[1]], "activation": "linear"}
    found = found_in(solve(build(draft)))
    assert found.keys() == {"dinputs[0,0]"}
    assert isinstance(found["dinputs[0,0]"], Hidden)
