"""Difference quotients of L = sum(upstream * outputs) along one number of a problem.

A number theta is moved by a step h to both sides, and the forward pass is repeated from its layer on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from backprop_cli.checks.rounding import MARGIN, likely
from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, Node
from backprop_cli.core.rules import RULES
from backprop_cli.core.solution import Solution


class CannotDifferentiateError(Exception):
    """The problem has no forward pass from the inputs to L; the message says why."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Parameter:
    """An array whose numbers are moved one at a time, and the gradient of L with respect to it."""

    problem: Problem
    node: Node  # the gradient
    array: Array  # (n_samples, n_inputs), (n_inputs, n_neurons) or (n_neurons,)
    gradient: Array  # in the same shape
    allowed: Array  # in the same shape: the likely rounding error of the gradient

    def reach(self, index: tuple[int, ...]) -> tuple[slice | int, slice | int]:
        """Return which outputs of the last layer an entry can change: those of a sample, of a neuron, or all."""
        numbers = dict(zip(AXES[self.node.quantity], index, strict=True))
        if "n" in numbers:
            return numbers["n"], slice(None)
        return slice(None), numbers["j"] if self.node.layer == len(self.problem.layers) - 1 else slice(None)

    def entry(self, index: tuple[int, ...]) -> str:
        """Return the name of an entry in the layout of the problem."""
        return self.problem.entry(self.node, index)


class Point(NamedTuple):
    """A forward pass with one number at `theta`: the pre-activations of each layer, and the outputs of the last."""

    theta: float
    z: Sequence[Array]  # (n_samples, n_neurons) each
    outputs: Array  # (n_samples, n_neurons)


class Differences:
    """A forward pass whose numbers can be moved, and difference quotients of L along one of them."""

    def __init__(self, solution: Solution) -> None:
        """Take everything that follows from a problem, in float64.

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
        layers = [(known(i, "inputs"), known(i, "weights")) for i in range(last + 1)]
        if upstream is None or any(array is None for layer in layers for array in layer):
            needs = "inputs, the weights of every layer, and upstream"
            raise CannotDifferentiateError(f"finite differences need {needs}")
        if any(layer.z is not None for layer in problem.layers):
            raise CannotDifferentiateError("finite differences need a z that follows from the inputs, not a given one")
        self.upstream = upstream
        self._problem, self._solved = problem, solved
        # Copies, because a number is moved in place; a layer without biases has biases of 0 to move.
        self._arrays = []
        for layer, (inputs, weights) in zip(problem.layers, layers, strict=True):
            biases = np.zeros(layer.n_neurons or 0) if layer.biases is None else layer.biases
            self._arrays.append(tuple(array.copy() for array in (inputs, weights, biases) if array is not None))
        self._z = [computed["z"] for computed in solved]
        self._rounding = {problem.place(*node): MARGIN * error.total for node, error in likely(solution).items()}

    def parameters(self) -> Iterator[Parameter]:
        """Yield the inputs of the first layer, and the weights and biases of every layer."""
        problem = self._problem
        for i, arrays in enumerate(self._arrays):
            for name, array in zip(("dinputs", "dweights", "dbiases"), arrays, strict=True):
                if name == "dinputs" and i > 0:
                    continue
                yield Parameter(
                    problem=problem,
                    node=Node(i, name),
                    array=array,
                    gradient=problem.as_written(name, self._solved[i][name]),
                    allowed=problem.as_written(name, self._rounding[problem.place(i, name)]),
                )

    def here(self, theta: float) -> Point:
        """Return the forward pass with no number moved."""
        return Point(theta, self._z, self._solved[-1]["outputs"])

    def at(self, parameter: Parameter, index: tuple[int, ...], theta: float, *, linearized: bool = False) -> Point:
        """Return the forward pass with one number at `theta`.

        With `linearized`, each activation is replaced by its tangent at the z of the problem.
        """
        value = parameter.array[index]
        parameter.array[index] = theta
        first = parameter.node.layer
        x, passed = self._arrays[first][0], []
        for i in range(first, len(self._arrays)):
            activation, (_, weights, biases), base = self._problem.layers[i].activation, self._arrays[i], self._z[i]
            z = RULES["z"].formula(x, weights, biases)
            x = activation.value(base) + activation.derivative(base) * (z - base) if linearized else activation.value(z)
            passed.append(z)
        parameter.array[index] = value
        return Point(theta, [*self._z[:first], *passed], x)

    def crosses(self, point: Point) -> bool:
        """Tell whether a pre-activation has left its side of a kink of its activation."""
        return any(
            not np.array_equal(np.sign(z - kink), np.sign(base - kink))
            for layer, z, base in zip(self._problem.layers, point.z, self._z, strict=True)
            for kink in layer.activation.kinks
        )

    def slope(self, parameter: Parameter, index: tuple[int, ...], below: Point, above: Point) -> tuple[float, float]:
        """Return the difference quotient of L between two points, and the likely rounding error of that."""
        width = above.theta - below.theta
        errors = np.abs(self.upstream) * self._rounding[self._problem.place(len(self._arrays) - 1, "outputs")]
        difference = (self.upstream * (above.outputs - below.outputs)).sum()
        if not width or not np.isfinite(width):
            return 0.0, np.inf
        # Twice for the two points, and twice for the products with upstream and their sum.
        return float(difference / width), float(4 * errors[parameter.reach(index)].sum() / abs(width))
