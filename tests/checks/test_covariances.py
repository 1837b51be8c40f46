"""Errors that neurons have in common: compared with calculations by hand, and with random rounding errors."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks import rounding
from backprop_cli.checks.covariances import deviations, pass_errors_on, through_derivative, through_weights
from backprop_cli.checks.rounding import Arithmetic, likely
from backprop_cli.core.arrays import Array
from backprop_cli.core.precision import FLOAT64, PRECISIONS
from backprop_cli.core.quantities import Node
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build

FLOAT32 = PRECISIONS["float32"]
IN_FLOAT32 = Arithmetic(FLOAT32, FLOAT32)
N_DRAWS = 2000


def network(n_layers: int, width: int, n_samples: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a network of ReLUs and a linear layer, in numbers of float32; `at_3` is another activation."""
    rng = np.random.default_rng(0)
    layers = [
        {
            "weights": FLOAT32.round(rng.standard_normal((width, width)) * np.sqrt(2 / width)),
            "biases": FLOAT32.round(0.1 * rng.standard_normal(width)),
            "activation": changes.get(f"at_{i}", "relu" if i < n_layers - 1 else "linear"),
        }
        for i in range(n_layers)
    ]
    inputs, upstream = FLOAT32.round(rng.standard_normal((2, n_samples, width)))
    return {"inputs": inputs, "layers": layers, "upstream": upstream}


@pytest.mark.parametrize(
    ("common", "expected"),
    [
        (None, [[17, -5], [-5, 13]]),  # 1*1 + 4*4, 3 - 2*4, 9 + 4
        (0.0, [[17, -5], [-5, 13]]),
        (0.5, [[19, -2.5], [-2.5, 10]]),  # 17 + 2 * 2 * 0.5, -5 + (6 - 1) * 0.5, 13 - 2 * 3 * 0.5
        (-2.0, [[9, -15], [-15, 25]]),  # e2 = -2 * e1, so that the products are -3 * e1 and 5 * e1
    ],
)
def test_covariances_of_two_products_by_hand(common: float | None, expected: list[list[float]]) -> None:
    """e1 + 2 * e2 and 3 * e1 - e2, of errors with the variances 1 and 4; the second sample has half of them."""
    weights, errors = np.array([[1.0, 3], [2, -1]]), np.array([[1.0, 2], [0.5, 1]])
    given = None if common is None else np.array([[np.nan, common], [common, np.nan]])[:, :, np.newaxis] * [1, 0.25]
    found = through_weights(errors, given, weights)
    assert found[:, :, 0].tolist() == expected
    assert (4 * found[:, :, 1]).tolist() == expected


def test_products_that_are_more_than_the_neurons_before() -> None:
    found = through_weights(np.array([[2.0]]), None, np.array([[1.0, -1, 3]]))
    assert found[:, :, 0].tolist() == [[4, -4, 12], [-4, 4, -12], [12, -12, 36]]


def test_a_derivative_multiplies_covariances_of_both_neurons() -> None:
    given = np.array([[4, 1], [1, 9.0]])[:, :, np.newaxis] * [1, 2]
    found = through_derivative(given, np.array([[2.0, -3], [0, 5]]))
    assert found[:, :, 0].tolist() == [[16, -6], [-6, 81]]
    assert found[:, :, 1].tolist() == [[0, 0], [0, 450]]


@pytest.mark.parametrize("variance", [0, -1e-9, 1e-300, 1e300, np.inf, np.nan])
def test_deviations_are_unknown_where_variances_leave_the_range(variance: float) -> None:
    found = deviations(np.array([[[variance, 4], [5, 6]], [[5, 6], [9.0, 1]]]))
    assert np.isnan(found[0, 0])
    assert (found[0, 1], *found[1]) == (3, 2, 1)


@pytest.mark.parametrize(
    ("draft", "quantity", "operand", "expected"),
    [
        (network(4, 8), "z", "inputs", True),
        (network(4, 8), "outputs", "z", True),
        (network(4, 8), "dz", "upstream", True),
        (network(4, 8), "dinputs", "dz", True),
        (network(4, 8), "z", "weights", False),
        (network(4, 8), "dz", "z", False),
        (network(4, 8), "dweights", "dz", False),
        (network(4, 8, at_1="softmax"), "outputs", "z", False),
        (network(4, 8, at_1="softmax"), "z", "inputs", True),
        (network(4, 9), "z", "inputs", False),  # not deep
        (network(4, 8, 2**12), "z", "inputs", True),
        (network(4, 8, 2**12 + 1), "z", "inputs", False),  # too many numbers
    ],
)
def test_what_passes_errors_on(draft: dict[str, Any], quantity: str, operand: str, expected: bool) -> None:
    assert pass_errors_on(build(draft), Node(1, quantity), operand) == expected


def drawn(draft: dict[str, Any], stored: float) -> dict[Node, Array]:
    """Return the standard deviations of quantities, (1, width), if every z and every dinputs is rounded at random.

    Each is multiplied by 1 + r, with r uniform between -stored and stored.
    """
    rng, passed, found = np.random.default_rng(1), list[tuple[Array, Array]](), dict[Node, Array]()

    def rounded(array: Array) -> Array:
        return np.asarray(array * (1 + rng.uniform(-stored, stored, array.shape)))

    x, upstream = (np.repeat(draft[name], N_DRAWS, axis=0) for name in ("inputs", "upstream"))
    for i, layer in enumerate(draft["layers"]):
        z = x @ layer["weights"] + layer["biases"]
        found[Node(i, "z")] = z.std(axis=0, keepdims=True)
        z = rounded(z)
        passed.append((x, z))
        x = np.maximum(z, 0)
    for i, (layer, (x, z)) in reversed(list(enumerate(zip(draft["layers"], passed, strict=True)))):
        dz = upstream * (z > 0) if layer["activation"] == "relu" else upstream
        dinputs = dz @ layer["weights"].T
        found[Node(i, "dinputs")] = dinputs.std(axis=0, keepdims=True)
        found[Node(i, "dweights")] = (x[:, :, np.newaxis] * dz[:, np.newaxis, :]).std(axis=0)
        upstream = rounded(dinputs)
    return found


@pytest.mark.parametrize("weight_layout", ["in-out", "out-in"])
def test_likely_errors_are_those_of_random_rounding(weight_layout: str) -> None:
    """A standard deviation of 2,000 draws has an error of 1.6 %."""
    draft = network(20, 8)
    written = [layer | {"weights": layer["weights"].T} for layer in draft["layers"]]
    changes = {"weight_layout": "out-in", "layers": written} if weight_layout == "out-in" else {}
    solution = solve(build(draft | changes))
    found = likely(solution, Arithmetic(FLOAT32, FLOAT64))
    for node, expected in drawn(draft, FLOAT32.unit_roundoff).items():
        total = found[node].total
        total = total.T if weight_layout == "out-in" and node.quantity == "dweights" else total
        has_error = expected > 1e-3 * FLOAT32.unit_roundoff
        assert total[has_error] == pytest.approx(expected[has_error], rel=0.1), node


@pytest.mark.parametrize(("activation", "is_independent"), [("softmax", True), ("relu", False), ("tanh", False)])
def test_errors_are_independent_after_a_softmax(activation: str, is_independent: bool) -> None:
    draft = network(20, 8, at_10=activation)
    found = likely(solve(build(draft)), IN_FLOAT32)
    variances = np.square(found[Node(10, "outputs")].total) @ np.square(draft["layers"][11]["weights"])
    is_same = np.abs(found[Node(11, "z")].shared / np.sqrt(variances) - 1) < 0.02
    assert is_same.all() == is_independent


def test_errors_of_gradients_without_inputs_are_those_of_the_whole() -> None:
    """The derivative of a linear layer is known without its z."""
    draft = network(8, 4, 3, **{f"at_{i}": "linear" for i in range(8)})
    found, node = list[Array](), Node(0, "dinputs")
    for given in (draft, {name: value for name, value in draft.items() if name != "inputs"}):
        found.append(likely(solve(build(given), [node]), IN_FLOAT32)[node].total)
    assert np.array_equal(found[0], found[1])


def test_covariances_that_were_passed_on_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    solution, of_a_layer = solve(build(network(20, 32, 64))), 8 * 64 * 32**2

    def peak() -> int:
        tracemalloc.start()
        likely(solution, IN_FLOAT32)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    with_covariances = peak()
    monkeypatch.setattr(rounding, "pass_errors_on", lambda *_: False)
    assert with_covariances - peak() < 8 * of_a_layer
