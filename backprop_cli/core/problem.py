"""The problem and its layers: validated, frozen records that the maths works on.

Inside, weights are always (n_inputs, n_neurons), whatever layout they were written in. `draft.build` makes a
problem from what a file holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop_cli.core.activations import Activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.places import layer_place
from backprop_cli.core.quantities import UpstreamRule, WeightLayout

if TYPE_CHECKING:
    from fractions import Fraction  # which costs more to import than a small problem to solve

DEFAULT_LEARNING_RATE = "0.001"  # as a decimal, which exact arithmetic takes as it is written


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Layer:
    """One dense layer; whatever is None was not given, and could not be told from the shapes of the rest.

    Shapes: `weights` (n_inputs, n_neurons), `biases` (n_neurons,), `z` (n_samples, n_neurons), the cached
    pre-activations that stand in for the computed ones. `neuron_names` come from a matrix file's header.
    """

    weights: Array | None
    biases: Array | None
    z: Array | None
    activation: Activation
    n_inputs: int | None
    n_neurons: int | None
    neuron_names: tuple[str, ...] | None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Problem:
    """A network of dense layers with its inputs and the gradient that flows back into it.

    Shapes: `inputs` (n_samples, n_inputs); `upstream` (n_samples, n_neurons of the last layer), or the rule that
    makes it: "outputs", the last layer's own outputs (the gradient of half the sum of their squares), or "ones"
    (the gradient of their sum). `layered` is whether the problem was written with `layers`, and `weight_layout`
    how its weights were: results mirror both. `expected` is kept as it was read. Numbers are float64 or fractions;
    `binary` names the places whose fractions stand for the exact values of floats, because no decimals were written.
    """

    title: str | None
    source: str | None
    inputs: Array | None
    layers: tuple[Layer, ...]
    upstream: Array | UpstreamRule | None
    weight_layout: WeightLayout
    learning_rate: "float | Fraction"
    layered: bool
    n_samples: int | None
    input_names: tuple[str, ...] | None
    expected: Mapping[str, Any]
    binary: tuple[str, ...]

    def samples(self, rows: slice) -> "Problem":
        """Return the problem with some of its samples only."""

        def of(array: Any) -> Any:
            return array[rows] if isinstance(array, np.ndarray) else array

        return replace(
            self,
            inputs=of(self.inputs),
            upstream=of(self.upstream),
            layers=tuple(replace(layer, z=of(layer.z)) for layer in self.layers),
            n_samples=rows.stop - rows.start,
        )

    def place(self, layer: int, name: str) -> str:
        """Return a layer's value as this problem's author would write it: `dz`, or `layers[1].dz`."""
        return layer_place(layer, name) if self.layered else name

    def laid_out(self, matrix: Array) -> Array:
        """Return a weights-like matrix (n_inputs, n_neurons) in the layout in which the weights were written."""
        return matrix.T if self.weight_layout == "out-in" else matrix

    @property
    def exact(self) -> bool:
        """Whether the numbers are fractions."""
        return not isinstance(self.learning_rate, float)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the numbers that were given, which is one and the same for all of them."""
        parameters = [array for layer in self.layers for array in (layer.weights, layer.biases, layer.z)]
        given = [self.inputs, self.upstream, *parameters]
        return next((array.dtype for array in given if isinstance(array, np.ndarray)), np.dtype(np.float64))
