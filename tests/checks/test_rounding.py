"""Rounding errors stay within the bound, which is compared with exact fractions and tight enough to fail."""

import random
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.expected import check_expected
from backprop_cli.checks.rounding import MARGIN, Arithmetic, bounds, likely
from backprop_cli.checks.sums import root, summed
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.core.arrays import Array
from backprop_cli.core.expected import Expected
from backprop_cli.core.precision import PRECISIONS
from backprop_cli.core.quantities import AXES, CHAIN_RULE, OF_A_LAYER, Node
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build
from tests.kernels import random_layer
from tests.reference import as_draft, backpropagate, random_network


@pytest.mark.parametrize("seed", range(40))
def test_every_entry_is_within_its_bound(seed: int) -> None:
    """The networks are linear, so that rounding cannot move a pre-activation across a kink."""
    rng = random.Random(seed)
    network = random_network(rng, denominator=10, activations=["linear"] * rng.randint(1, 4))
    solution = solve(build(as_draft(network)))
    allowed, computed = bounds(solution), dict(solution.matrices())
    for i, exact in enumerate(backpropagate(network)):
        for quantity in OF_A_LAYER:
            place = f"layers[{i}].{quantity}"
            for got, true, bound in zip(
                np.ravel(computed[place]).tolist(),
                [value for row in exact[quantity] for value in row],
                np.ravel(allowed[place]).tolist(),
                strict=True,
            ):
                assert abs(Fraction(got) - true) <= Fraction(bound), place


def test_the_bound_is_tight_enough_to_fail() -> None:
    """0.1 + 0.2 has an error of 2.8e-17; the bound allows only a few units in the last place of 0.3."""
    draft = {"inputs": [[1, 1]], "weights": [[0.1], [0.2]], "biases": [0], "activation": "linear"}
    solution = solve(build(draft), [Node(0, "z")])
    bound = bounds(solution)["z"][0, 0]
    assert 2.8e-17 < bound < 10 * np.spacing(0.3)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_bound_is_finite_where_the_sizes_of_terms_overflow(sign: int) -> None:
    """(1 + 1.7e308) - 1.7e308 is 1 exactly and 0 in float64; the absolute values of its terms sum to infinity."""
    draft = {
        "inputs": [[1, 1.7e308, -1.7e308]],
        "weights": [[1, 1], [sign, 0], [sign, 0]],
        "biases": [0, 0],
        "activation": "linear",
        "upstream": [[1, 1]],
    }
    solution = solve(build(draft))
    z = solution.layers[0].computed["z"]
    assert z.tolist() == [[0, 1]]
    for allowed in (bounds(solution)["z"], MARGIN * likely(solution)[Node(0, "z")].total):
        assert (np.abs(z - 1) <= allowed).all()
        assert allowed[0, 1] < 1e-13  # the bound of an entry that does not overflow stays tight


def deep_network(rng: np.random.Generator, n_layers: int, width: int, n_samples: int = 4) -> dict[str, Any]:
    """Return a network whose activations neither grow nor vanish (He et al., 2015)."""
    layers = [
        {
            "weights": rng.standard_normal((width, width)) * np.sqrt(2 / width),
            "biases": 0.1 * rng.standard_normal(width),
            "activation": "relu" if i < n_layers - 1 else "linear",
        }
        for i in range(n_layers)
    ]
    return {
        "inputs": rng.standard_normal((n_samples, width)),
        "layers": layers,
        "upstream": rng.standard_normal((n_samples, width)),
    }


def in_float32(draft: dict[str, Any]) -> dict[Node, Array]:
    """Return the gradients of a network, computed in float32 by NumPy alone."""
    kind = np.float32
    x, upstream = draft["inputs"].astype(kind), draft["upstream"].astype(kind)
    passed = []
    for layer in draft["layers"]:
        z = x @ layer["weights"].astype(kind) + layer["biases"].astype(kind)
        passed.append((x, z))
        x = np.maximum(z, 0) if layer["activation"] == "relu" else z
    found: dict[Node, Array] = {}
    for i, (layer, (x, z)) in reversed(list(enumerate(zip(draft["layers"], passed, strict=True)))):
        dz = np.where(z > 0, upstream, 0) if layer["activation"] == "relu" else upstream
        upstream = dz @ layer["weights"].astype(kind).T
        values = {"z": z, "dz": dz, "dinputs": upstream, "dweights": x.T @ dz, "dbiases": dz.sum(axis=0)}
        found |= {Node(i, name): value.astype(np.float64) for name, value in values.items()}
    return found


@pytest.mark.parametrize(("n_layers", "width", "least"), [(30, 16, 0.98), (60, 8, 0.75)])
def test_a_wrong_entry_shows_in_a_deep_network_and_float32_passes(n_layers: int, width: int, least: float) -> None:
    float32, wrong = PRECISIONS["float32"], list[bool]()
    for seed in range(3):
        rng = np.random.default_rng(seed)
        draft = deep_network(rng, n_layers, width)
        solution, computed = solve(build(draft)), in_float32(draft)
        rounding = likely(solution, Arithmetic(float32, float32))
        for node, values in computed.items():
            right = solution.layers[node.layer].computed[node.quantity]
            allowed = float32.unit_roundoff * np.abs(right) + MARGIN * rounding[node].total
            off = np.abs(values - right)
            assert (off <= allowed + rounding[node].flips).all(), node
            wrong += (0.01 * np.abs(right) > allowed)[right != 0].tolist()
    assert np.mean(wrong) >= least


def test_errors_that_the_neurons_of_a_deep_narrow_network_have_in_common_are_rounding() -> None:
    """They are 8.6 standard deviations of independent errors."""
    draft = deep_network(np.random.default_rng(1005), 60, 8)
    solution, computed = solve(build(draft)), in_float32(draft)

    def passed(nodes: Iterable[Node], factor: float = 1.0) -> bool:
        float32 = PRECISIONS["float32"]
        expected = {
            node: Expected(values=factor * values, is_open=np.zeros(values.shape, bool), stored=float32)
            for node, values in computed.items()
            if node in nodes
        }
        return all(found.passed for found in check_expected(solution, expected, Tolerance()))

    assert passed(computed)
    assert not passed([Node(30, "dweights")], 1.01)


def test_likely_errors_are_of_the_size_of_the_errors() -> None:
    """The root of the mean square of error / likely error is near 1 in the model, and 0.1 at the least in practice."""
    ratios = []
    for seed in range(20):
        draft = deep_network(np.random.default_rng(seed), 4, 16, 16)
        solution = solve(build(draft))
        rounding = likely(solution, Arithmetic(PRECISIONS["float32"], PRECISIONS["float32"]))
        for node, values in in_float32(draft).items():
            off = np.abs(values - solution.layers[node.layer].computed[node.quantity])
            has_error = rounding[node].total > 0
            ratios += (off[has_error] / rounding[node].total[has_error]).tolist()
    assert 0.1 < np.sqrt(np.mean(np.square(ratios))) < 1.5
    assert np.max(ratios) < MARGIN


@pytest.mark.parametrize("power", [-900, -500, 200])
def test_likely_errors_do_not_underflow_or_overflow(power: int) -> None:
    """Errors of a linear layer scale with its inputs, whatever their squares do."""
    given = random_layer(np.random.default_rng(0), 8, 4, 3) | {"activation": "linear", "biases": [0, 0, 0]}
    found: list[list[Array]] = []
    for scale in (1.0, 2.0**power):
        solution = solve(build(given | {"inputs": given["inputs"] * scale}))
        rounding = likely(solution)
        found.append([rounding[Node(0, name)].total / scale for name in ("z", "dweights")])
    for normal, scaled in zip(*found, strict=True):
        assert ((scaled >= 0.999 * normal) & (scaled <= 4 * normal)).all()  # sums of absolute values are larger


def test_a_unit_within_rounding_errors_of_its_kink_may_flip() -> None:
    """0.1 + 0.2 - 0.3 is 5.55e-17 in float64 and 0 on paper; 1 - 1 is 0 in both, and 1 + 1 is far away."""
    draft = {
        "inputs": [[0.1, 0.2, 0.3], [1, 0, 1], [1, 1, 0]],
        "weights": [[1], [1], [-1]],
        "biases": [0],
        "upstream": [[5], [6], [7]],
    }
    solution = solve(build(draft))
    rounding = likely(solution)
    assert rounding[Node(0, "dz")].flips.tolist() == [[5], [0], [0]]
    assert rounding[Node(0, "dbiases")].flips.tolist() == [5]
    assert rounding[Node(0, "dweights")].flips == pytest.approx(np.array([[0.5], [1], [1.5]]))
    assert not rounding[Node(0, "outputs")].flips.any()


@pytest.mark.parametrize("quantity", ["z", "dinputs", "dweights", "dbiases"])
def test_sums_of_products_are_those_of_the_notation(quantity: str) -> None:
    rng, sizes = np.random.default_rng(0), {"n": 5, "i": 4, "j": 3}
    product = CHAIN_RULE[quantity].products[0]
    arrays = [rng.random([sizes[axis] for axis in factor.axes]) for factor in product.factors]
    subscripts = ",".join("".join(factor.axes) for factor in product.factors) + "->" + "".join(AXES[quantity])
    assert summed(product, arrays) == pytest.approx(np.einsum(subscripts, *arrays))
    squares = np.einsum(subscripts, *map(np.square, arrays))
    assert root(product, arrays) == pytest.approx(np.sqrt(squares))


def test_a_result_in_a_narrow_type_carries_its_rounding_on() -> None:
    """The z of the first layer was rounded to float16, and is an input of the second."""
    draft = {
        "inputs": [[1.0, 2.0**-9]],
        "layers": [{"weights": [[1], [1]], "biases": [0]}, {"weights": [[1]], "biases": [0]}],
        "upstream": "ones",
    }
    solution = solve(build(draft))
    arithmetic = Arithmetic(PRECISIONS["float16"], PRECISIONS["float32"])
    error = likely(solution, arithmetic)[Node(1, "z")].shared[0, 0]
    assert error == pytest.approx(2.0**-11 / np.sqrt(3), rel=0.01)
    assert likely(solution, arithmetic)[Node(1, "dz")].total[0, 0] == 0  # upstream is exact, and so is its product


def test_errors_of_a_part_of_a_solution_are_those_of_the_whole() -> None:
    problem = build(random_layer(np.random.default_rng(0), 8, 4, 3))
    whole, node = likely(solve(problem)), Node(0, "new_weights")
    part = likely(solve(problem, [node]))
    assert list(part) == [node]
    assert np.array_equal(part[node].total, whole[node].total)
