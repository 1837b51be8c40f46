"""A mistake may lead to values that do not fit in shape: then it is skipped, and nothing raises."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.expected import check_expected
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.core.arrays import Array
from backprop_cli.core.expected import Expected
from backprop_cli.core.quantities import Node
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build
from tests.any_problem import HIDDEN, any_problem
from tests.checks.passes import checked
from tests.conftest import sized

# The elementwise product of dz (2, 1) and weights (2, 1) fits both, but is no dinputs (2, 2).
NARROW: dict[str, Any] = {
    "inputs": [[1, 2], [2, 1]],
    "layers": [
        {"weights": [[0.5, 0.1], [0.25, 0.3]]},
        {"weights": [[0.5], [0.25]], "activation": "linear"},
    ],
    "upstream": [[1.5], [0.75]],
}
WRONG = np.array([[-77, 0.1], [0.1, 0.1]])


@pytest.mark.parametrize("activation", ["log_softmax", "softmax", "sigmoid", "relu", "gelu", "linear"])
def test_a_mistake_that_fits_no_hidden_layer_is_skipped(activation: str) -> None:
    first, last = NARROW["layers"]
    problem = build(NARROW | {"layers": [first | {"activation": activation}, last]})
    node = Node(0, "dweights")
    check = checked(solve(problem), {node: WRONG})[node]
    assert (check.different, check.explanations) == (4, ())


def test_values_that_fit_by_being_spread_name_nothing() -> None:
    """NumPy spreads the product (2, 1) of dz and weights over two active units: dweights = inputs.T @ [p, p]."""
    first, last = NARROW["layers"]
    solution = solve(build(NARROW | {"layers": [first | {"activation": "relu"}, last]}))
    product = np.array([[1.5 * 0.5], [0.75 * 0.25]])
    spread = np.array([[1, 2], [2, 1]]).T @ np.repeat(product, 2, axis=1)
    node = Node(0, "dweights")
    check = checked(solution, {node: spread})[node]
    assert (check.different, check.explanations) == (4, ())


def test_biases_that_are_spread_over_unsummed_gradients_are_a_mistake() -> None:
    """NumPy's new_biases of a dz that is not summed: 0.5 - 0.1 * dz, one row for each sample."""
    draft = {"z": [[1, 1], [1, 1], [1, 1]], "biases": [0.5, 0.25], "learning_rate": 0.1, "activation": "linear"}
    dz = np.array([[1.0, 2], [3, 5], [7, 11]])
    node = Node(0, "new_biases")
    check = checked(solve(build(draft | {"upstream": dz})), {node: np.array([0.5, 0.25]) - 0.1 * dz})[node]
    assert check.explanations == ("dbiases not summed over samples: it is dz",)


def narrow_problem(seed: int) -> dict[str, Any]:
    """Return a problem in which many shapes are the same: one or two samples, inputs and neurons."""
    rng = random.Random(seed)
    sizes = [rng.choice((1, 2)) for _ in range(4)]
    layers = [
        {
            "weights": [[rng.random() for _ in range(n_neurons)] for _ in range(n_inputs)],
            "biases": [rng.random() for _ in range(n_neurons)],
            "activation": rng.choice(HIDDEN),
        }
        for n_inputs, n_neurons in pairwise(sizes)
    ]
    inputs = [[rng.random() for _ in range(sizes[0])] for _ in range(2)]
    return {"inputs": inputs, "layers": layers, "upstream": rng.choice(("ones", "outputs")), "learning_rate": 0.1}


def wrong_values(rng: np.random.Generator, right: Array, n_samples: int) -> Array:
    """Return wrong values of a quantity in its own shape, or in that of another quantity."""
    if rng.random() < 0.3:
        return 3.7 * right + 0.1
    shapes = (right.shape, right.shape, right.shape[::-1], (n_samples, *right.shape[-1:]), (n_samples,))
    return rng.normal(size=shapes[int(rng.integers(len(shapes)))])


@sized("n_problems", 3, 300)
@pytest.mark.parametrize("problem", [any_problem, narrow_problem])
def test_wrong_values_of_any_problem_are_no_crash(problem: Callable[[int], dict[str, Any]], n_problems: int) -> None:
    n_wrong = 0
    for seed in range(n_problems):
        solution, rng = solve(build(problem(seed))), np.random.default_rng(seed)
        for node in solution.problem.nodes:
            right = solution.layers[node.layer].computed[node.quantity]
            values = wrong_values(rng, right, solution.problem.n_samples or 1)
            expected = Expected(values=values, is_open=np.zeros(values.shape, bool))
            (check,) = check_expected(solution, {node: expected}, Tolerance())
            n_wrong += not check.passed
    assert n_wrong > n_problems
