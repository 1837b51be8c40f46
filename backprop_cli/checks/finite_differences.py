"""The forward pass of a problem, the numbers of it that can be moved, and what a move costs."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from backprop_cli.checks.functions import LossFunction, is_curved
from backprop_cli.checks.rounding import MARGIN, likely
from backprop_cli.core.arrays import Array
from backprop_cli.core.precision import FLOAT64
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution

_CURVED_TAKE = 8  # times as long as other numbers
_ROUNDINGS_OF_TERMS = 16  # of a loss


class CannotDifferentiateError(Exception):
    """The problem has no forward pass from the inputs to L; the message says why."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Parameter:
    """An array whose numbers are moved one at a time, and the gradient of L with respect to it."""

    node: Node  # the gradient
    array: Array  # (n_samples, n_inputs), (n_inputs, n_neurons) or (n_neurons,)
    gradient: Array  # in the same shape
    error: Array  # in the same shape: the likely rounding error of the gradient
    divisor: int  # L, whose changes are measured, is so many times the one that this is a gradient of

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


class ChangeAtEnd(NamedTuple):
    """What changes of outputs, or of z, make of the terms of the loss; all arrays are (n_rows, n_neurons)."""

    loss: Array
    noise: Array  # the part of the rounding errors that does not depend on the size of the changes
    crosses: Array  # whether an output leaves its side of a kink of the loss


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LossAtEnd:
    """The loss of a problem, at the z of the last layer for a matched pair and at its outputs otherwise."""

    function: LossFunction
    is_matched: bool
    at: Array  # (n_samples, n_neurons)
    targets: Array  # (n_samples, n_neurons)
    error: Array  # (n_samples, n_neurons): the likely rounding error of `at`
    divisor: int  # of the sum of the terms

    @classmethod
    def of(cls, solution: Solution) -> "LossAtEnd":
        """Take the loss of everything that follows from a problem with inputs, weights, a loss and targets."""
        problem, last = solution.problem, len(solution.layers) - 1
        is_matched = problem.matched(last) is not None
        node = Node(last, "z" if is_matched else "outputs")
        at, error = solution.layers[last].computed[node.quantity], likely(solution)[node].total
        return cls(
            function=LossFunction.of(problem, last, matched=True),
            is_matched=is_matched,
            at=problem.as_written(node.quantity, at),
            targets=np.asarray(problem.targets),
            error=problem.as_written(node.quantity, MARGIN * error),
            divisor=problem.divisor(Node(last, "dz" if is_matched else "upstream")),
        )

    @cached_property
    def terms(self) -> Array:
        """The terms of the loss, before they are divided, (n_samples, n_neurons)."""
        return self.function.value(self.at, self.targets)

    def gradient(self) -> Array:
        """Return the gradient of the loss with respect to `at`, (n_samples, n_neurons)."""
        gradient: Array = self.function.gradient(self.at, self.targets) / self.divisor
        return gradient

    def jump(self, exponent: int) -> Array:
        """Return by how much the gradient / 2**exponent jumps at a near kink, (n_samples, n_neurons)."""
        jump = self.function.jump(self.at, self.targets, self.error + FLOAT64.smallest)
        scaled: Array = np.ldexp(jump / self.divisor, -exponent)
        return scaled

    def change(self, sample: Array, change: Array, neuron: Array | slice, exponent: int) -> "ChangeAtEnd":
        """Return the changes of terms / 2**exponent, (n_rows, n_neurons) or (n_rows, 1); as `change_of_loss`."""
        arrays = (self.at[sample, neuron], self.targets[sample, neuron], change)
        y, t, change = (array.reshape(len(sample), -1) for array in arrays)
        function, there = self.function, y + change
        # Scaled before anything else, so that the estimates of errors do not underflow.
        terms, moved, least = (
            np.ldexp(array, -exponent)
            for array in (
                self.terms[sample, neuron].reshape(y.shape),
                function.value(there, t),
                FLOAT64.smallest,
            )
        )
        noise = _ROUNDINGS_OF_TERMS * FLOAT64.unit_roundoff * (np.abs(terms) + np.abs(moved))
        noise = (noise + least) / self.divisor + FLOAT64.smallest
        crosses = np.zeros(np.shape(y), bool)
        for kink in function.kinks:
            crosses |= np.sign(there - t - kink) != np.sign(y - t - kink)
        return ChangeAtEnd((moved - terms) / self.divisor, noise, crosses)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ForwardPass:
    """The forward pass of a problem in float64, layer by layer, with samples in rows."""

    problem: Problem
    inputs: tuple[Array, ...]  # (n_samples, n_inputs) each
    weights: tuple[Array, ...]  # (n_inputs, n_neurons) each
    z: tuple[Array, ...]  # (n_samples, n_neurons) each
    outputs: tuple[Array, ...]  # (n_samples, n_neurons) each
    # The gradient with respect to the outputs of the last layer, or to its z where the loss is a function of those,
    # (n_samples, n_neurons), divided by 2**exponent, so that no product underflows
    upstream: Array
    exponent: int
    end: LossAtEnd | None  # the loss; None where upstream is given, and L is the sum of upstream * outputs

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
            if given is not None or node.quantity not in solved[node.layer]:
                return given
            return problem.as_written(node.quantity, solved[node.layer][node.quantity])

        inputs, weights, z, outputs = (
            [known(i, name) for i in range(last + 1)] for name in ("inputs", "weights", "z", "outputs")
        )
        end = problem.targets if problem.loss is not None else known(last, "upstream")
        if end is None or any(array is None for array in (*inputs, *weights)):
            needs = f"inputs, the weights of every layer, and {'upstream' if problem.loss is None else 'targets'}"
            raise CannotDifferentiateError(f"finite differences need {needs}")
        if any(layer.z is not None for layer in problem.layers):
            raise CannotDifferentiateError("finite differences need a z that follows from the inputs, not a given one")
        loss = None if problem.loss is None else LossAtEnd.of(solution)
        upstream = end if loss is None else loss.gradient()
        exponents = np.frexp(upstream[upstream != 0])[1]
        # With the largest near 1, but none below the normal numbers.
        exponent = int(min(exponents.max(), exponents.min() + 1021)) if exponents.size else 0
        return cls(
            problem=problem,
            inputs=tuple(array for array in inputs if array is not None),
            weights=tuple(array for array in weights if array is not None),
            z=tuple(array for array in z if array is not None),
            outputs=tuple(array for array in outputs if array is not None),
            upstream=np.ldexp(upstream, -exponent),
            exponent=exponent,
            end=loss,
        )

    @property
    def is_linear(self) -> bool:
        """Whether L is linear between the kinks."""
        return self.end is None and not self.is_curved

    @property
    def is_curved(self) -> bool:
        """Whether L is not a polynomial of degree 2 between the kinks, for which central differences are exact."""
        is_linear = self.end is None or (self.end.function.exact and np.isinf(self.end.function.reach))
        return not is_linear or any(is_curved(layer.activation) for layer in self.problem.layers)

    @property
    def ends_at_z(self) -> bool:
        """Whether L is a function of z of the last layer, and not of its outputs."""
        return self.end is not None and self.end.is_matched

    def couples(self, layer: int) -> bool:
        """Tell whether a change of z of one neuron has to be followed with those of the whole layer."""
        is_end = self.end is not None and layer == self.n_layers - 1
        at_end = is_end and self.end is not None and self.end.function.couples
        return at_end or self.problem.layers[layer].activation.couples

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
        own = self._widths[node.layer] if self.couples(node.layer) else 1
        return rows * (1 + self.is_curved) * float(own + self._numbers_behind[node.layer + 1])

    @cached_property
    def _widths(self) -> list[float]:
        """The numbers of each layer, of which those of a function that is not linear between kinks take longer."""
        found = []
        for layer, z in zip(self.problem.layers, self.z, strict=True):
            found.append(z.shape[1] * (1.0 + _CURVED_TAKE * is_curved(layer.activation)))
        if self.end is not None:
            found[-1] += self.z[-1].shape[1] * _CURVED_TAKE * (1 + (not self.end.function.exact))
        return found

    @cached_property
    def _numbers_behind(self) -> Array:
        sizes = [width + weights.size / 16 for width, weights in zip(self._widths, self.weights, strict=True)]
        return np.append(np.cumsum(sizes[::-1])[::-1], 0.0)

    def linear_change(self, sample: Array, change: Array, neuron: Array | slice = slice(None)) -> Array:
        """Return upstream * change, as if no loss were curved: (n_rows, n_neurons) or (n_rows,)."""
        changes: Array = self.upstream[sample, neuron] * change
        return changes

    def change_of_loss(self, sample: Array, change: Array, neuron: Array | slice = slice(None)) -> "ChangeAtEnd":
        """Return the changes of terms of the loss / 2**exponent by changes of what it is a function of.

        Args:
            sample: The sample of each change, (n_rows,).
            change: The change of every neuron of it, (n_rows, n_neurons), or of one, (n_rows,).
            neuron: The neuron of each change, (n_rows,), if it is of one.
        """
        assert self.end is not None, "there is a loss"  # noqa: S101
        return self.end.change(sample, change, neuron, self.exponent)

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
                    divisor=problem.divisor(Node(i, name)),
                )
