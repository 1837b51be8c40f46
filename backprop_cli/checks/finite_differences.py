"""The forward pass of a problem, the numbers of it that can be moved, and what a move costs."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from backprop_cli.checks.rounding import MARGIN, likely
from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution


class CannotDifferentiateError(Exception):
    """The problem has no forward pass from the inputs to L; the message says why."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Parameter:
    """An array whose numbers are moved one at a time, and the gradient of L with respect to it."""

    node: Node  # the gradient
    array: Array  # (n_samples, n_inputs), (n_inputs, n_neurons) or (n_neurons,)
    gradient: Array  # in the same shape
    error: Array  # in the same shape: the likely rounding error of the gradient

    def entries(self, flat: Array) -> "Entries":
        """Return entries of the array at flat positions, counted row by row, (n_entries,)."""
        index = np.unravel_index(flat, self.array.shape)
        first = index[0] if len(index) > 1 else np.full(len(flat), -1)
        layer, is_input = (np.full(len(flat), value) for value in (self.node.layer, self.node.quantity == "dinputs"))
        return Entries(layer, is_input, first, index[-1])


class Entries(NamedTuple):
    """Numbers that are moved, in the order of their layers; each array has the shape (n_entries,).

    The first index of an entry of biases is -1: biases are the weights of an input that is 1 in every sample.
    """

    layer: Array
    is_input: Array
    first: Array  # the sample of an entry of inputs, the input of an entry of weights
    second: Array  # the input of an entry of inputs, the neuron of one of weights or biases

    def at(self, chosen: Array | slice) -> "Entries":
        """Return some of the entries, by a mask or by indices, (n_chosen,)."""
        return Entries(*(array[chosen] for array in self))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ForwardPass:
    """The forward pass of a problem in float64, layer by layer."""

    problem: Problem
    inputs: tuple[Array, ...]  # (n_samples, n_inputs) each
    weights: tuple[Array, ...]  # (n_inputs, n_neurons) each
    z: tuple[Array, ...]  # (n_samples, n_neurons) each
    outputs: tuple[Array, ...]  # (n_samples, n_neurons) each
    upstream: Array  # (n_samples, n_neurons) of the last layer, divided by 2**exponent, so that no product underflows
    exponent: int

    @classmethod
    def of(cls, solution: Solution) -> "ForwardPass":
        """Take the forward pass of everything that follows from a problem, in float64.

        Raises:
            CannotDifferentiateError: There is no forward pass from the inputs to L.
        """
        problem, solved = solution.problem, [layer.computed for layer in solution.layers]
        last = len(solved) - 1

        def known(layer: int, name: str) -> Array | None:
            node = problem.origin(layer, name)
            given: Array | None = problem.given(node)
            return solved[node.layer].get(node.quantity) if given is None else given

        upstream = known(last, "upstream")
        inputs, weights = ([known(i, name) for i in range(last + 1)] for name in ("inputs", "weights"))
        if upstream is None or any(array is None for array in (*inputs, *weights)):
            needs = "inputs, the weights of every layer, and upstream"
            raise CannotDifferentiateError(f"finite differences need {needs}")
        if any(layer.z is not None for layer in problem.layers):
            raise CannotDifferentiateError("finite differences need a z that follows from the inputs, not a given one")
        exponents = np.frexp(upstream[upstream != 0])[1]
        # With the largest near 1, but none below the normal numbers.
        exponent = int(min(exponents.max(), exponents.min() + 1021)) if exponents.size else 0
        return cls(
            problem=problem,
            inputs=tuple(array for array in inputs if array is not None),
            weights=tuple(array for array in weights if array is not None),
            z=tuple(computed["z"] for computed in solved),
            outputs=tuple(computed["outputs"] for computed in solved),
            upstream=np.ldexp(upstream, -exponent),
            exponent=exponent,
        )

    @property
    def n_layers(self) -> int:
        """The number of layers."""
        return len(self.z)

    @property
    def n_samples(self) -> int:
        """The number of samples."""
        return len(self.z[0])

    def numbers(self, node: Node) -> float:
        """Return about how many numbers are computed to pass on the change of one entry of a node's operand.

        A product and a sum count as a sixteenth of a number: a matrix product takes less time than the rest.
        """
        rows = 1 if node.quantity == "dinputs" else self.n_samples
        return rows * float(1 + self._numbers_behind[node.layer + 1])

    @cached_property
    def _numbers_behind(self) -> Array:
        sizes = [weights.shape[1] + weights.size / 16 for weights in self.weights]
        return np.append(np.cumsum(sizes[::-1])[::-1], 0.0)

    def change_of_loss(self, sample: Array, change: Array, neuron: Array | slice = slice(None)) -> Array:
        """Return the change of L / 2**exponent by changes of outputs of the last layer, each in one sample.

        Args:
            sample: The sample of each change, (n_rows,).
            change: The change of every output, (n_rows, n_neurons), or of one, (n_rows,).
            neuron: The neuron of each change, (n_rows,), if it is of one output.
        """
        changes: Array = self.upstream[sample, neuron] * change
        return changes.sum(axis=1) if changes.ndim > 1 else changes

    def parameters(self, solution: Solution) -> Iterator[Parameter]:
        """Yield the inputs of the first layer, and the weights and biases of every layer."""
        problem, errors = self.problem, likely(solution)
        for i, layer in enumerate(problem.layers):
            biases = np.zeros(layer.n_neurons or 0) if layer.biases is None else layer.biases
            arrays = {"dinputs": self.inputs[i], "dweights": self.weights[i], "dbiases": biases}
            for name, array in arrays.items():
                if name == "dinputs" and i > 0:
                    continue
                yield Parameter(
                    node=Node(i, name),
                    array=array,
                    gradient=problem.as_written(name, solution.layers[i].computed[name]),
                    error=problem.as_written(name, MARGIN * errors[Node(i, name)].total),
                )
