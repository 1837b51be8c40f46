"""The solver agrees with an independent reference in exact fractions."""

import random
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import pytest

from backprop_cli.core.arrays import Array
from backprop_cli.core.quantities import OF_A_LAYER, Node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError
from backprop_cli.load.schema import build
from tests.reference import UNIT_ROUNDOFF, as_draft, backpropagate, random_network

LIKE_WEIGHTS = ("dweights", "new_weights")


def solved(draft: Mapping[str, object]) -> Solution:
    return solve(build(draft))


def rows(solution: Solution, layer: int, quantity: str) -> list[list[float]]:
    """Return a quantity as rows; gradients and new values of weights have a row for each input."""
    matrix = np.atleast_2d(solution.layers[layer].computed[quantity])
    transposed = quantity in LIKE_WEIGHTS and solution.problem.weight_layout == "out-in"
    result: list[list[float]] = (matrix.T if transposed else matrix).tolist()
    return result


@pytest.mark.parametrize("seed", range(50))
def test_small_integers_agree_bit_for_bit(seed: int) -> None:
    rng = random.Random(seed)
    network = random_network(rng, denominator=1)
    solution = solved(as_draft(network, rng.choice(("in-out", "out-in"))))
    for layer, exact in enumerate(backpropagate(network)):
        for quantity in OF_A_LAYER:
            assert rows(solution, layer, quantity) == exact[quantity], f"layers[{layer}].{quantity}"


@pytest.mark.parametrize("seed", range(50))
def test_every_formula_is_within_the_componentwise_bound(seed: int) -> None:
    """|computed - exact| <= gamma_m * (|a| @ |b|) for a sum of m products (Higham 2002, section 3.5).

    Each formula is evaluated exactly at the operands that the package computed, so that the bound of a single formula
    applies.
    """
    rng = random.Random(seed)
    network = random_network(rng, denominator=rng.choice((7, 10, 1000)))
    solution = solved(as_draft(network, rng.choice(("in-out", "out-in"))))
    flowing, rate = np.array(network.upstream), network.learning_rate
    for index in reversed(range(len(network.layers))):
        got = {quantity: _exactly(rows(solution, index, quantity)) for quantity in OF_A_LAYER}
        layer = network.layers[index]
        inputs = _exactly(rows(solution, index - 1, "outputs")) if index else np.array(network.inputs)
        weights, biases = np.array(layer.weights), np.array([layer.biases])
        ones = np.full((len(inputs), 1), Fraction(1))
        is_active = (got["z"] > 0) | (layer.activation == "linear")

        assert (got["outputs"] == np.where(is_active, got["z"], 0)).all()
        assert (got["dz"] == np.where(is_active, flowing, 0)).all()
        _require_within_bound(got["z"], np.hstack([inputs, ones]), np.vstack([weights, biases]))
        _require_within_bound(got["dinputs"], got["dz"], weights.T)
        _require_within_bound(got["dweights"], inputs.T, got["dz"])
        _require_within_bound(got["dbiases"], ones.T, got["dz"])
        for parameter, gradient, new in (
            (weights, got["dweights"], got["new_weights"]),
            (biases, got["dbiases"], got["new_biases"]),
        ):
            step = rate * gradient
            assert (abs(new - (parameter - step)) <= _gamma(2) * (abs(parameter) + abs(step))).all()
        flowing = got["dinputs"]


def _exactly(matrix: list[list[float]]) -> Array:
    return np.array([[Fraction(value) for value in row] for row in matrix])


def _gamma(m: int) -> Fraction:
    return m * UNIT_ROUNDOFF / (1 - m * UNIT_ROUNDOFF)


def _require_within_bound(computed: Array, a: Array, b: Array) -> None:
    assert (abs(computed - a @ b) <= _gamma(a.shape[1]) * (abs(a) @ abs(b))).all()


def test_the_bound_is_tight_enough_to_fail() -> None:
    a, b = np.array([[Fraction(1), Fraction(2)]]), np.array([[Fraction(3)], [Fraction(4)]])
    off = np.array([[Fraction(11) + Fraction(1, 2**45)]])
    with pytest.raises(AssertionError):
        _require_within_bound(off, a, b)


X, W, B, U = [[1, 2]], [[3, 4, 5], [6, 7, 8]], [1, 2, 3], [[1, 0, -1]]


@pytest.mark.parametrize(
    ("draft", "computed", "not_computed"),
    [
        pytest.param(
            {"inputs": X, "weights": W, "biases": B},
            ["z", "outputs"],
            {
                "dz": "upstream",
                "dinputs": "upstream",
                "dweights": "upstream",
                "dbiases": "upstream",
                "new_weights": "upstream",
                "new_biases": "upstream",
            },
            id="forward only",
        ),
        pytest.param(
            {"weights": W, "upstream": U, "activation": "linear"},
            ["dz", "dinputs", "dbiases"],
            {
                "z": "inputs",
                "outputs": "z (or inputs)",
                "dweights": "inputs",
                "new_weights": "inputs",
            },
            id="weights and upstream of a linear layer",
        ),
        pytest.param(
            {"inputs": X, "upstream": U, "activation": "linear"},
            ["dz", "dweights", "dbiases"],
            {
                "z": "weights",
                "outputs": "z (or weights)",
                "dinputs": "weights",
                "new_weights": "weights",
            },
            id="inputs and upstream of a linear layer",
        ),
        pytest.param(
            {"upstream": U, "activation": "linear"},
            ["dz", "dbiases"],
            {
                "z": "inputs, weights",
                "outputs": "z (or inputs and weights)",
                "dinputs": "weights",
                "dweights": "inputs",
                "new_weights": "weights, inputs",
            },
            id="upstream of a linear layer",
        ),
        pytest.param(
            {"z": [[1, -1, 0]], "upstream": U},
            ["z", "outputs", "dz", "dbiases"],
            {
                "dinputs": "weights",
                "dweights": "inputs",
                "new_weights": "weights, inputs",
            },
            id="z and upstream",
        ),
        pytest.param(
            {"z": [[1, -1, 0]], "upstream": "ones"},
            ["z", "outputs", "dz", "dbiases"],
            {
                "dinputs": "weights",
                "dweights": "inputs",
                "new_weights": "weights, inputs",
            },
            id="z and ones",
        ),
        pytest.param(
            {"weights": W, "biases": B, "upstream": "ones", "activation": "linear", "z": [[1, 1, 1]]},
            ["z", "outputs", "dz", "dinputs", "dbiases", "new_biases"],
            {"dweights": "inputs", "new_weights": "inputs"},
            id="all but inputs",
        ),
    ],
)
def test_missing_values_are_named(draft: dict[str, object], computed: list[str], not_computed: dict[str, str]) -> None:
    layer = solved(draft).layers[0]
    assert list(layer.computed) == computed
    assert layer.not_computed == not_computed


def test_missing_values_of_a_network_are_named_with_their_layer() -> None:
    draft = {
        "layers": [{"z": [[1, -2]], "weights": [[1, 2]]}, {"weights": [[3], [4]], "activation": "linear"}],
        "upstream": [[10]],
    }
    solution = solved(draft)
    assert solution.layers[0].computed["dz"].tolist() == [[30, 0]]
    assert solution.layers[0].computed["dinputs"].tolist() == [[30]]
    assert solution.layers[1].computed["dweights"].tolist() == [[10], [0]]
    assert solution.not_computed() == {
        "layers[0].dweights": "inputs",
        "layers[0].new_weights": "inputs",
    }


def test_a_given_z_replaces_the_computed_one() -> None:
    draft = {"inputs": [[1]], "weights": [[1]], "biases": [0], "z": [[-5]], "upstream": [[1]]}
    layer = solved(draft).layers[0]
    assert layer.computed["z"].tolist() == [[-5]]
    assert layer.computed["dweights"].tolist() == [[0]]


@pytest.mark.parametrize(("rule", "dz"), [("outputs", [[2, 0]]), ("ones", [[1, 0]])])
def test_upstream_may_be_a_rule(rule: str, dz: list[list[float]]) -> None:
    draft = {"inputs": [[1]], "weights": [[2, -2]], "biases": [0, 0], "upstream": rule}
    assert solved(draft).layers[0].computed["dz"].tolist() == dz


def test_an_inactive_unit_has_the_gradient_plus_zero() -> None:
    layer = solved({"z": [[0.0, -1.0]], "upstream": [[-3, -4]]}).layers[0]
    assert np.signbit(layer.computed["dz"]).tolist() == [[False, False]]
    assert layer.inactive is not None
    assert layer.inactive.tolist() == [[True, True]]


def test_only_the_requested_quantities_are_computed() -> None:
    """dbiases of a linear layer does not need z, which would overflow here."""
    draft = {"inputs": [[1e300]], "weights": [[1e300]], "biases": [0], "upstream": [[1]], "activation": "linear"}
    problem = build(draft)
    wanted = [Node(0, "dbiases")]
    assert list(solve(problem, wanted).layers[0].computed) == ["dbiases"]
    with pytest.raises(InputError, match=r"^z\[0,0\]: overflows float64"):
        solve(problem)


def test_fractions_are_solved_exactly() -> None:
    from dataclasses import replace

    problem = build({"inputs": [[1]], "weights": [[1]], "biases": [0], "upstream": [[1]]})
    third = np.array([[Fraction(1, 3)]])
    exact = replace(
        problem,
        inputs=third,
        upstream="ones",
        learning_rate=Fraction(1, 2),
        layers=(replace(problem.layers[0], weights=third, biases=np.array([Fraction(1, 9)])),),
    )
    computed = solve(exact).layers[0].computed
    assert computed["z"].tolist() == [[Fraction(2, 9)]]
    assert computed["new_weights"].tolist() == [[Fraction(1, 6)]]


def test_missing_values_of_a_deep_network_are_listed_briefly() -> None:
    layers = [{"biases": [1], "activation": "relu"} for _ in range(300)]
    lacking = solved({"inputs": [[1]], "layers": [{"weights": [[1]], "biases": 0}, *layers]}).not_computed()
    assert lacking["layers[2].z"] == "layers[1].weights, layers[2].weights"
    assert lacking["layers[2].outputs"] == "layers[2].z (or layers[1].weights and layers[2].weights)"
    assert max(map(len, lacking.values())) < 400


@pytest.mark.parametrize("layout", ["in-out", "out-in"])
def test_a_layer_without_biases_is_one_with_biases_of_zero(layout: str) -> None:
    """In the values, that is: there are no new biases, and nothing is missing."""
    weights = [[2, -1, 0], [1, 1, 3]] if layout == "in-out" else [[2, 1], [-1, 1], [0, 3]]
    draft = {"inputs": [[1, 2], [3, -4]], "weights": weights, "upstream": [[1, -2, 3], [4, 5, -6]]}
    draft["weight_layout"] = layout  # type: ignore[assignment]
    without, zero = solved(draft), solved(draft | {"biases": [0, 0, 0]})
    assert without.not_computed() == {}
    assert without.layers[0].computed.keys() == zero.layers[0].computed.keys() - {"new_biases"}
    for name, value in without.layers[0].computed.items():
        assert value.tolist() == zero.layers[0].computed[name].tolist()


def test_new_biases_of_a_layer_without_biases_are_refused() -> None:
    problem = build({"inputs": [[1]], "weights": [[1]], "upstream": [[1]]})
    with pytest.raises(InputError, match=r"^too little was given: new_biases needs biases$"):
        solve(problem, [Node(0, "new_biases")])
