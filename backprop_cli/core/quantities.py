"""The definition of each quantity of a dense layer: the chain rule in index notation.

In the notation n counts samples, i inputs and j neurons. f is the layer's activation function, f' its derivative. A
letter on the right that the left side lacks is summed over: `dz[n,j]` in the line of `dbiases[j]` is summed over the
samples n. Everything else about a quantity is derived from these lines: its axes, its operands, the order of
computation, its formula in matrix form, the terms of an entry, its partial derivatives, its number of roundings.

With a loss L and upstream = dL/doutputs, the lines of the gradients follow from the first two by the chain rule:

    dz = dL/dz                outputs[n,j] depends on z[n,j] alone, with the derivative f'(z[n,j])
    dinputs = dL/dinputs      inputs[n,i] enters z[n,j] of every neuron j, multiplied by weights[i,j]
    dweights = dL/dweights    weights[i,j] enters z[n,j] of every sample n, multiplied by inputs[n,i]
    dbiases = dL/dbiases      biases[j] enters z[n,j] of every sample n, multiplied by 1

Gradients are summed over samples, never averaged. A step goes against the gradient. In a network, the outputs of a
layer are the inputs of the next one, and its upstream is the dinputs of the next one.

Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature 323 (1986);
in matrix form, section 6.5 of Goodfellow, Bengio and Courville, "Deep Learning" (2016).

This module imports no NumPy, so that the command line can validate names before NumPy is loaded.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias, get_args

__all__ = ["AXES", "CHAIN_RULE", "FORWARD", "GIVEN", "NOUNS", "QUANTITIES", "SUMMED_OVER_SAMPLES"]
__all__ += ["UPSTREAM_RULES", "WEIGHT_LAYOUTS", "Dtype", "StorageType", "UpstreamRule", "WeightLayout"]
__all__ += ["Factor", "Node", "Position", "Product", "Quantity", "every_node"]

WeightLayout: TypeAlias = Literal["in-out", "out-in"]
UpstreamRule: TypeAlias = Literal["outputs", "ones"]
Dtype: TypeAlias = Literal["float64", "float32"]
StorageType: TypeAlias = Literal["float64", "float32", "float16", "bfloat16"]

WEIGHT_LAYOUTS: tuple[WeightLayout, ...] = get_args(WeightLayout)
UPSTREAM_RULES: tuple[UpstreamRule, ...] = get_args(UpstreamRule)

NOUNS = {"n": "sample", "i": "input", "j": "neuron"}

# In the order of a calculation by hand: forward, backward, step.
_NOTATION = {
    "z[n,j]": "inputs[n,i] * weights[i,j] + biases[j]",
    "outputs[n,j]": "f(z[n,j])",
    "dz[n,j]": "upstream[n,j] * f'(z[n,j])",
    "dinputs[n,i]": "dz[n,j] * weights[i,j]",
    "dweights[i,j]": "inputs[n,i] * dz[n,j]",
    "dbiases[j]": "dz[n,j]",
    "new_weights[i,j]": "weights[i,j] - learning_rate * dweights[i,j]",
    "new_biases[j]": "biases[j] - learning_rate * dbiases[j]",
}


class Factor(NamedTuple):
    """One factor of a product: an entry `name[axes]`, to which `function` (`f`, `f'` or nothing) is applied."""

    name: str
    axes: tuple[str, ...]
    function: str


class Product(NamedTuple):
    """One product of a quantity's line, with its sign (1 or -1), and the axes that it is summed over."""

    sign: int
    factors: tuple[Factor, ...]
    summed: tuple[str, ...]


class Quantity(NamedTuple):
    """One line of the chain rule: `name[axes]` is the sum of `products`."""

    name: str
    axes: tuple[str, ...]
    products: tuple[Product, ...]

    @property
    def operands(self) -> tuple[str, ...]:
        """The names on the right side, each once; `activation` stands before the operands of f or f'."""
        factors = [factor for product in self.products for factor in product.factors]
        activation = ("activation",) if any(factor.function for factor in factors) else ()
        return (*activation, *dict.fromkeys(factor.name for factor in factors))

    @property
    def is_gradient(self) -> bool:
        """Whether this is a derivative of the loss."""
        return self.name.startswith("d")


class Node(NamedTuple):
    """A quantity of one layer, counted from 0."""

    layer: int
    quantity: str


class Position(NamedTuple):
    """The sample n, input i and neuron j of an entry; 0 for an axis that its quantity lacks."""

    n: int = 0
    i: int = 0
    j: int = 0


def every_node(n_layers: int) -> tuple[Node, ...]:
    """Return every quantity of a network, layer by layer, in the order of a calculation by hand."""
    return tuple(Node(layer, quantity) for layer in range(n_layers) for quantity in QUANTITIES)


def _parsed(left: str, right: str) -> Quantity:
    entry = _factor(left)
    products = []
    for sign, text in re.findall(r"(^|[+-] )((?:[^+\s-]|\s\*\s)+)", right):  # products between + and -
        factors = tuple(_factor(part) for part in text.split(" * "))
        letters = dict.fromkeys(axis for factor in factors for axis in factor.axes)
        summed = tuple(axis for axis in letters if axis not in entry.axes)
        products.append(Product(-1 if sign.startswith("-") else 1, factors, summed))
    return Quantity(entry.name, entry.axes, tuple(products))


def _factor(text: str) -> Factor:
    found = re.fullmatch(r"(?:(?P<function>f'?)\()?(?P<name>\w+)(?:\[(?P<axes>[\w,]+)\])?\)?", text)
    assert found is not None, text  # noqa: S101 (the notation above is fixed)
    return Factor(found["name"], tuple(found["axes"].split(",")) if found["axes"] else (), found["function"] or "")


CHAIN_RULE: Mapping[str, Quantity] = MappingProxyType(
    {quantity.name: quantity for quantity in map(_parsed, _NOTATION, _NOTATION.values())}
)
QUANTITIES = tuple(CHAIN_RULE)
FORWARD = QUANTITIES[: QUANTITIES.index("dz")]
_FACTORS = [factor for line in CHAIN_RULE.values() for product in line.products for factor in product.factors]
AXES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {line.name: line.axes for line in CHAIN_RULE.values()} | {factor.name: factor.axes for factor in _FACTORS}
)
GIVEN = tuple(name for name, axes in AXES.items() if name not in QUANTITIES and axes)
SUMMED_OVER_SAMPLES = tuple(
    quantity.name for quantity in CHAIN_RULE.values() if any("n" in product.summed for product in quantity.products)
)
