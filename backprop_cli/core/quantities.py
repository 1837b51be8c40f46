"""The definition of each quantity of a dense layer: the chain rule in index notation.

In the notation n counts samples, i inputs, j neurons and s steps. f is the layer's activation function, f' its
derivative; l is the loss function, l' its derivative by its first argument. A letter on the right that the left side
lacks is summed over: `dz[n,j]` in the line of `dbiases[j]` is summed over the samples n. Everything else about a
quantity is derived from these lines: its axes, its operands, the order of computation, its formula in matrix form, the
terms of an entry, its partial derivatives, its number of roundings.

Some activations, such as softmax, couple the neurons of a sample: every outputs[n,k] depends on every z[n,j], and
f'(z[n,k,j]) is that derivative. Some pairs of an activation f and a loss l have a stable form of l(f(z)), here m, and
of its derivative m', in which no digits are lost; `core.losses` says which.

The loss and its gradient belong to the last layer. Where a problem has a mean in place of a sum, the sum is divided by
a number (`Problem.divisor`). With a loss L and upstream = dL/doutputs, which is given where no loss is, the lines of
the gradients follow from the first two by the chain rule:

    dz = dL/dz                outputs[n,j] depends on z[n,j] alone, with the derivative f'(z[n,j])
    dinputs = dL/dinputs      inputs[n,i] enters z[n,j] of every neuron j, multiplied by weights[i,j]
    dweights = dL/dweights    weights[i,j] enters z[n,j] of every sample n, multiplied by inputs[n,i]
    dbiases = dL/dbiases      biases[j] enters z[n,j] of every sample n, multiplied by 1

Gradients are summed over samples, never averaged. A step goes against the gradient. In a network, the outputs of a
layer are the inputs of the next one, and its upstream is the dinputs of the next one. `losses` holds the loss of each
step before its update; everything else belongs to one step.

Source: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature 323 (1986);
in matrix form, section 6.5 of Goodfellow, Bengio and Courville, "Deep Learning" (2016).

This module imports no NumPy, so that the command line can validate names before NumPy is loaded.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias, get_args

__all__ = ["AXES", "CHAIN_RULE", "FORWARD", "GIVEN", "NOUNS", "QUANTITIES", "SUMMED_OVER_SAMPLES"]
__all__ += ["UPSTREAM_RULES", "WEIGHT_LAYOUTS", "Dtype", "Reduction", "SamplesIn", "StorageType"]
__all__ += ["UpstreamRule", "WeightLayout"]
__all__ += ["COUPLED", "MATCHED", "OF_A_LAYER", "OF_THE_LOSS"]
__all__ += ["Factor", "Node", "Position", "Product", "Quantity", "every_node", "operand_names"]

WeightLayout: TypeAlias = Literal["in-out", "out-in"]
UpstreamRule: TypeAlias = Literal["outputs", "ones"]
Reduction: TypeAlias = Literal["sum", "mean", "batch_mean"]
SamplesIn: TypeAlias = Literal["rows", "columns"]
Dtype: TypeAlias = Literal["float64", "float32"]
StorageType: TypeAlias = Literal["float64", "float32", "float16", "bfloat16"]

WEIGHT_LAYOUTS: tuple[WeightLayout, ...] = get_args(WeightLayout)
UPSTREAM_RULES: tuple[UpstreamRule, ...] = get_args(UpstreamRule)

_FUNCTIONS = {"f": "activation", "l": "loss_function", "m": "matched"}
OF_THE_LOSS = ("loss", "losses", "upstream")  # of the last layer only, and named without a layer

NOUNS = {"n": "sample", "i": "input", "j": "neuron", "k": "neuron", "s": "step"}

# In the order of a calculation by hand: forward, backward, step.
_NOTATION = {
    "z[n,j]": "inputs[n,i] * weights[i,j] + biases[j]",
    "outputs[n,j]": "f(z[n,j])",
    "loss[]": "l(outputs[n,j], targets[n,j])",
    "losses[s]": "loss[]",
    "upstream[n,j]": "l'(outputs[n,j], targets[n,j])",
    "dz[n,j]": "upstream[n,j] * f'(z[n,j])",
    "dinputs[n,i]": "dz[n,j] * weights[i,j]",
    "dweights[i,j]": "inputs[n,i] * dz[n,j]",
    "dbiases[j]": "dz[n,j]",
    "new_weights[i,j]": "weights[i,j] - learning_rate * dweights[i,j]",
    "new_biases[j]": "biases[j] - learning_rate * dbiases[j]",
}


# The lines of some problems that differ: `Problem.products` chooses.
_COUPLED_NOTATION = {"dz[n,j]": "upstream[n,k] * f'(z[n,k,j])"}
_MATCHED_NOTATION = {"loss[]": "m(z[n,j], targets[n,j])", "dz[n,j]": "m'(z[n,j], targets[n,j])"}


class Factor(NamedTuple):
    """One factor of a product: an entry `name[axes]`, to which `function` (f, f', l, l', m, m' or nothing) is applied.

    The functions of a loss have a second argument, `second`, with the same axes.
    """

    name: str
    axes: tuple[str, ...]
    function: str
    second: str = ""


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
        """The names on the right side, each once; the functions that are applied stand before them."""
        return operand_names(self.products)

    @property
    def is_gradient(self) -> bool:
        """Whether this is a derivative of the loss."""
        return self.name.startswith("d") or self.name == "upstream"


class Node(NamedTuple):
    """A quantity of one layer, counted from 0."""

    layer: int
    quantity: str


class Position(NamedTuple):
    """The sample n, input i, neuron j and other neuron k of an entry; 0 for an axis that its quantity lacks."""

    n: int = 0
    i: int = 0
    j: int = 0
    k: int = 0


def every_node(n_layers: int) -> tuple[Node, ...]:
    """Return every quantity of a network, layer by layer, in the order of a calculation by hand."""
    last = n_layers - 1
    every = (Node(layer, quantity) for layer in range(n_layers) for quantity in QUANTITIES)
    return tuple(node for node in every if node.layer == last or node.quantity not in OF_THE_LOSS)


def operand_names(products: Sequence[Product]) -> tuple[str, ...]:
    """Return the names in products, each once; the functions that are applied stand before them."""
    factors = [factor for product in products for factor in product.factors]
    functions = dict.fromkeys(_FUNCTIONS[factor.function[0]] for factor in factors if factor.function)
    names = [name for factor in factors for name in (factor.name, factor.second) if name]
    return (*functions, *dict.fromkeys(names))


def _parsed(left: str, right: str) -> Quantity:
    entry = _factor(left)
    products = []
    for sign, text in re.findall(r"(^|[+-] )((?:,\s|[^+\s-]|\s\*\s)+)", right):  # products between + and -
        factors = tuple(_factor(part) for part in text.split(" * "))
        letters = dict.fromkeys(axis for factor in factors for axis in factor.axes)
        summed = tuple(axis for axis in letters if axis not in entry.axes)
        products.append(Product(-1 if sign.startswith("-") else 1, factors, summed))
    return Quantity(entry.name, entry.axes, tuple(products))


def _factor(text: str) -> Factor:
    entry = r"(?P<name>\w+)(?:\[(?P<axes>[\w,]*)\])?"
    found = re.fullmatch(rf"(?:(?P<function>[flm]'?)\()?{entry}(?:, (?P<second>\w+)\[[\w,]+\])?\)?", text)
    assert found is not None, text  # noqa: S101 (the notation above is fixed)
    axes = tuple(found["axes"].split(",")) if found["axes"] else ()
    return Factor(found["name"], axes, found["function"] or "", found["second"] or "")


def _lines(notation: Mapping[str, str]) -> Mapping[str, Quantity]:
    return MappingProxyType({line.name: line for line in map(_parsed, notation, notation.values())})


CHAIN_RULE = _lines(_NOTATION)
COUPLED, MATCHED = _lines(_COUPLED_NOTATION), _lines(_MATCHED_NOTATION)
QUANTITIES = tuple(CHAIN_RULE)
OF_A_LAYER = tuple(quantity for quantity in QUANTITIES if quantity not in OF_THE_LOSS)
FORWARD = ("z", "outputs")
_FACTORS = [factor for line in CHAIN_RULE.values() for product in line.products for factor in product.factors]
AXES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {line.name: line.axes for line in CHAIN_RULE.values()}
    | {factor.name: factor.axes for factor in _FACTORS}
    | {factor.second: factor.axes for factor in _FACTORS if factor.second}
)
GIVEN = tuple(name for name, axes in AXES.items() if name not in QUANTITIES and axes)
SUMMED_OVER_SAMPLES = tuple(
    quantity.name for quantity in CHAIN_RULE.values() if any("n" in product.summed for product in quantity.products)
)
