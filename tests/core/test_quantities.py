"""The chain rule in index notation, and what is read off it."""

from typing import Any

import numpy as np
import pytest

from backprop_cli.core.activations import ACTIVATIONS
from backprop_cli.core.arrays import Array
from backprop_cli.core.quantities import (
    AXES,
    CHAIN_RULE,
    FORWARD,
    GIVEN,
    OF_A_LAYER,
    SUMMED_OVER_SAMPLES,
    Product,
    every_node,
)
from backprop_cli.core.rules import RULES, working_order

SIZES = {"n": 5, "i": 3, "j": 4}


def test_what_is_read_off_the_notation() -> None:
    assert OF_A_LAYER == ("z", "outputs", "dz", "dinputs", "dweights", "dbiases", "new_weights", "new_biases")
    assert FORWARD == ("z", "outputs")
    assert GIVEN == ("inputs", "weights", "biases", "targets")
    assert SUMMED_OVER_SAMPLES == ("loss", "dweights", "dbiases")
    assert AXES["dinputs"] == AXES["inputs"] == ("n", "i")
    assert CHAIN_RULE["dz"].operands == ("activation", "upstream", "z")
    assert CHAIN_RULE["new_biases"].operands == ("biases", "learning_rate", "dbiases")
    assert [product.sign for product in CHAIN_RULE["new_biases"].products] == [1, -1]
    gradients = [name for name, line in CHAIN_RULE.items() if line.is_gradient]
    assert gradients == ["upstream", "dz", "dinputs", "dweights", "dbiases"]


def by_einsum(product: Product, sizes: dict[str, int], operands: dict[str, Any], activation: str = "relu") -> Array:
    """Return a product of the notation, of the sizes of its result's axes, as `np.einsum` understands it."""
    row = ACTIVATIONS[activation]
    functions = {"": lambda value: value, "f": row.value, "f'": row.derivative}
    factors = [functions[factor.function](operands[factor.name]) for factor in product.factors]
    letters = ["".join(factor.axes) for factor in product.factors]
    for axis, size in sizes.items():
        if axis not in "".join(letters):  # biases are the same for every sample
            letters.append(axis)
            factors.append(np.ones(size))
    result: Array = product.sign * np.einsum(f"{','.join(letters)}->{''.join(sizes)}", *factors)
    return result


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", OF_A_LAYER)
@pytest.mark.parametrize("n_samples", [1, 5, 64, 200])
def test_the_fast_formula_computes_what_the_notation_says(name: str, activation: str, n_samples: int) -> None:
    rng, line, sizes = np.random.default_rng(0), CHAIN_RULE[name], SIZES | {"n": n_samples}
    operands: dict[str, Any] = {
        operand: rng.normal(size=[sizes[axis] for axis in AXES[operand]])
        for operand in line.operands
        if operand != "activation"
    }
    result = {axis: sizes[axis] for axis in line.axes}
    row = ACTIVATIONS[activation]
    if row.coupled_derivative is not None and name == "dz":
        terms = [np.einsum("nk,nkj->nj", operands["upstream"], row.coupled_derivative(operands["z"]))]
    else:
        terms = [by_einsum(product, result, operands, activation) for product in line.products]
    takes = [row if operand == "activation" else operands[operand] for operand in line.operands]
    if name == "dz":
        known = {"z": operands["z"], "outputs": row.value(operands["z"])}
        takes = [row, operands["upstream"], *(known[read] for read in row.reads)]
    assert np.allclose(RULES[name].formula(*takes), sum(terms), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n_layers", [1, 2, 5])
def test_every_node_comes_after_its_operands(n_layers: int) -> None:
    order = working_order(n_layers)
    assert sorted(order) == sorted(every_node(n_layers))
    for at, node in enumerate(order):
        for operand in CHAIN_RULE[node.quantity].operands:
            if operand == "inputs" and node.layer:
                assert (node.layer - 1, "outputs") in order[:at]
            if operand == "upstream" and node.layer < n_layers - 1:
                assert (node.layer + 1, "dinputs") in order[:at]
            if operand in OF_A_LAYER:
                assert (node.layer, operand) in order[:at]


def test_a_wrong_formula_is_told_from_the_notation() -> None:
    """The comparison above can fail: a transposed product is not what the notation says."""
    rng = np.random.default_rng(0)
    inputs, dz = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    (product,) = CHAIN_RULE["dweights"].products
    right = by_einsum(product, {"i": 3, "j": 3}, {"inputs": inputs, "dz": dz})
    assert not np.allclose(dz.T @ inputs, right)
