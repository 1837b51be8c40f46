"""The problem and its layers: validated, frozen records.

The weights of these records are always (n_inputs, n_neurons), whatever layout they were written in. `load.schema.build`
makes a problem from the contents of a file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop_cli.core.activations import Activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.losses import Loss, Matched, scale
from backprop_cli.core.names import Naming
from backprop_cli.core.places import entry_place, layer_place
from backprop_cli.core.quantities import (
    AXES,
    CHAIN_RULE,
    COUPLED,
    MATCHED,
    OF_THE_LOSS,
    Node,
    Product,
    Reduction,
    SamplesIn,
    UpstreamRule,
    WeightLayout,
    every_node,
)

if TYPE_CHECKING:
    from fractions import Fraction  # whose import takes longer than to solve a small problem

__all__ = ["CONVENTIONS", "DEFAULT_LEARNING_RATE", "DIGITS", "Layer", "Problem"]

DIGITS = 50  # of the results of exact numbers where a function is not rational
DEFAULT_LEARNING_RATE = "0.001"  # a decimal, which exact arithmetic takes as it is written
# The settings that a result names, with the value that it leaves out; None where it leaves out none
CONVENTIONS: Mapping[str, Any] = MappingProxyType(
    {
        "weight_layout": None,
        "samples": "rows",
        "mean_gradients": False,
        "loss_function": None,
        "reduction": None,
        "steps": 1,
    }
)
_OF_NO_LAYER = ("inputs", "targets", "learning_rate", *OF_THE_LOSS)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Layer:
    """One dense layer; None stands for a value that was not given, or a size that no given array has."""

    weights: Array | None  # (n_inputs, n_neurons)
    biases: Array | None  # (n_neurons,); a layer without biases has None
    z: Array | None  # (n_samples, n_neurons), given pre-activations, used in place of computed ones
    activation: Activation
    n_inputs: int | None
    n_neurons: int | None
    neuron_names: tuple[str, ...] | None  # from the header of a matrix file


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Problem:
    """A network of dense layers with its inputs, and the loss or the gradient that flows back into it."""

    title: str | None
    source: str | None
    inputs: Array | None  # (n_samples, n_inputs)
    layers: tuple[Layer, ...]
    # (n_samples, n_neurons of the last layer), or a rule: "outputs", the last layer's own outputs (the gradient of half
    # the sum of their squares), or "ones" (the gradient of the sum of the outputs)
    upstream: Array | UpstreamRule | None
    weight_layout: WeightLayout  # of the weights as written; results are written in it, too
    learning_rate: "float | Fraction"
    layered: bool  # whether the problem was written with `layers`; results are, too
    n_samples: int | None
    input_names: tuple[str, ...] | None
    expected: Mapping[str, Any]  # as it was read
    binary: tuple[str, ...]  # the places that held floats, not decimals: fractions are their exact values
    notes: tuple[str, ...] = ()  # what to tell the user about the files that it was read from
    loss: Loss | None = None  # of the outputs of the last layer; it excludes an upstream
    reduction: Reduction = "sum"  # of the loss
    targets: Array | None = None  # (n_samples, n_neurons of the last layer)
    has_classes: bool = False  # whether the targets were written as class numbers
    samples_in: SamplesIn = "rows"  # of matrices with samples as written; results are written so, too
    mean_gradients: bool = False  # whether dweights, dbiases and the loss are means over the samples
    steps: int = 1  # how many in all
    at_step: int = 1  # the step, counted from 1, that the weights and biases belong to
    naming: Naming | None = None  # the names of results, if these are not the ones here
    own_naming: Naming | None = None  # the names in which it was written, if these are not the ones here
    earlier_losses: Array | None = None  # (at_step - 1,): the losses of the steps before that one

    def conventions(self) -> dict[str, Any]:
        """Return the settings in `CONVENTIONS` that are not the default; without a loss there are none of a loss."""
        own = {
            "weight_layout": self.weight_layout,
            "samples": self.samples_in,
            "mean_gradients": self.mean_gradients,
            "loss_function": None if self.loss is None else self.loss.name,
            "reduction": None if self.loss is None else self.reduction,
            "steps": self.steps,
        }
        return {key: value for key, value in own.items() if value != CONVENTIONS[key]}

    def samples(self, rows: slice) -> "Problem":
        """Return the problem with some of its samples only."""

        def rows_of(array: Any) -> Any:
            return array[rows] if isinstance(array, np.ndarray) else array

        return replace(
            self,
            inputs=rows_of(self.inputs),
            upstream=rows_of(self.upstream),
            targets=rows_of(self.targets),
            layers=tuple(replace(layer, z=rows_of(layer.z)) for layer in self.layers),
            n_samples=rows.stop - rows.start,
        )

    def origin(self, layer: int, name: str) -> Node:
        """Return the node that an operand of a layer is: in a network, `inputs` are the outputs of the layer before."""
        last = len(self.layers) - 1
        if name == "inputs" and layer > 0:
            return Node(layer - 1, "outputs")
        if name == "upstream" and layer < last:
            return Node(layer + 1, "dinputs")
        if name == "upstream" and isinstance(self.upstream, str) and self.upstream == "outputs":
            return Node(layer, "outputs")
        return Node(layer, name)

    def has(self, node: Node) -> bool:
        """Tell whether there is such a quantity: a layer without biases has no new ones, and a loss has to be given."""
        if node.quantity in OF_THE_LOSS:
            return self.loss is not None and (node.quantity != "losses" or self.steps > 1)
        return node.quantity != "new_biases" or self.layers[node.layer].biases is not None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The quantities that this problem has, layer by layer, in the order of a calculation by hand."""
        return tuple(node for node in every_node(len(self.layers)) if self.has(node))

    def matched(self, layer: int) -> Matched | None:
        """Return the stable form of the loss for the activation of the last layer; None where there is none."""
        is_last = layer == len(self.layers) - 1
        return self.loss.matched.get(self.layers[layer].activation.name) if self.loss is not None and is_last else None

    def divisor(self, node: Node) -> int:
        """Return what the sum of a node's products is divided by: a mean is a sum, divided by the number of terms."""
        n_samples = self.n_samples or 1
        if node.quantity in ("dweights", "dbiases"):
            return n_samples if self.mean_gradients else 1
        is_of_loss = node.quantity in OF_THE_LOSS or (node.quantity == "dz" and self.matched(node.layer) is not None)
        if self.loss is None or not is_of_loss:
            return 1
        n_neurons = self.layers[node.layer].n_neurons or 1
        divisors = scale(self.loss, self.reduction, n_samples, n_neurons, mean_gradients=self.mean_gradients)
        return divisors.loss if node.quantity == "loss" else divisors.upstream

    def products(self, node: Node) -> tuple[Product, ...]:
        """Return the products that a node is the sum of, before it is divided by `divisor`.

        A layer without biases is a layer without their products.
        """
        if node.quantity in MATCHED and self.matched(node.layer) is not None:
            return MATCHED[node.quantity].products
        if node.quantity in COUPLED and self.layers[node.layer].activation.couples:
            return COUPLED[node.quantity].products
        products = CHAIN_RULE[node.quantity].products
        if self.layers[node.layer].biases is not None:
            return products
        return tuple(product for product in products if all(factor.name != "biases" for factor in product.factors))

    def given(self, node: Node) -> Any:
        """Return the value that was given for a node, and is not computed; None where there is none.

        Shapes: as in `Layer` and in this class; a number for the learning rate.
        """
        layer = self.layers[node.layer]
        match node.quantity:
            case "weights" | "biases" | "z":
                return getattr(layer, node.quantity)
            case "inputs" | "learning_rate":
                return getattr(self, node.quantity)
            case "upstream" if not isinstance(self.upstream, str):
                return self.upstream
            case "targets":
                return self.targets
            case "upstream" if self.upstream == "ones" and self.n_samples is not None and layer.n_neurons is not None:
                return np.broadcast_to(np.ones((), self.dtype), (self.n_samples, layer.n_neurons))
            case _:
                return None

    def axes(self, name: str) -> tuple[str, ...]:
        """Return the axes of a quantity in the order in which this problem's author writes them."""
        is_transposed = (
            self.weight_layout == "out-in" if AXES[name] == AXES["weights"] else self.samples_in == "columns"
        )
        return AXES[name][::-1] if is_transposed else AXES[name]

    def as_written(self, name: str, array: Array) -> Array:
        """Return an array of a quantity, (n_inputs, n_neurons) for weights, with its axes as the author writes them.

        Applied to an array that the author wrote, it leads back to the order in `AXES`.
        """
        return array.T if self.axes(name) != AXES[name] else array

    def place(self, layer: int, name: str) -> str:
        """Return a value's name as this problem's author writes it: `dz`, or `layers[1].dz`, or `dZ2`."""
        if self.naming is not None:
            return self.naming.place(layer, name)
        return layer_place(layer, name) if self.layered and name not in _OF_NO_LAYER else name

    def layer_title(self, layer: int) -> str:
        """Return a layer's name as this problem's author writes it: `layers[1]`, or `fc2`, or `layer 2`."""
        if self.naming is None or not self.naming.layers:
            return f"layers[{layer}]"
        name = self.naming.layers[layer]
        return f"layer {name}" if name.isdecimal() else name

    def entry(self, node: Node, index: Sequence[object]) -> str:
        """Return the name of an entry as the author writes it, `layers[1].dweights[2,1]`.

        Args:
            node: The quantity.
            index: An index, or a letter for a whole axis, for each axis in `AXES`.
        """
        transposed = self.axes(node.quantity) != AXES[node.quantity]
        return entry_place(self.place(*node), index[::-1] if transposed else index)

    @property
    def exact(self) -> bool:
        """Whether the numbers are fractions."""
        return not isinstance(self.learning_rate, float)

    @property
    def digits(self) -> int | None:
        """How many digits of results are right where the numbers are fractions; None where all of them are."""
        rational = all(layer.activation.exact for layer in self.layers) and (self.loss is None or self.loss.exact)
        return DIGITS if self.exact and not rational else None

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the numbers that were given, the same for all of them."""
        parameters = [array for layer in self.layers for array in (layer.weights, layer.biases, layer.z)]
        given = [self.inputs, self.upstream, self.targets, *parameters]
        return next((array.dtype for array in given if isinstance(array, np.ndarray)), np.dtype(np.float64))
