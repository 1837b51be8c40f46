"""The products that quantities are sums of, with the errors of their factors: what `rounding` propagates."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from math import prod
from typing import NamedTuple

import numpy as np

from backprop_cli.checks.functions import (
    Coupling,
    LossFunction,
    change_of_derivative,
    is_curved,
    largest_part,
    steepest,
)
from backprop_cli.checks.sums import product_of
from backprop_cli.core.arrays import Array
from backprop_cli.core.plan import plan
from backprop_cli.core.precision import FLOAT64
from backprop_cli.core.quantities import AXES, Factor, Node, Product
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve

__all__ = ["MARGIN", "Error", "Operand", "Propagation", "or_zero"]

# Six standard deviations: a Gaussian error exceeds them in one of 5e8 entries, a single uniform one never.
MARGIN = 6.0


class Error(NamedTuple):
    """The error of a computed quantity, in the shape of `AXES`."""

    size: Array
    flips: Array | None = None


class Operand(NamedTuple):
    """One factor of a product: the absolute value of each entry, and its error."""

    size: Array
    relative: float = 0.0  # an error relative to the value
    error: Array | None = None  # any other error, in the same shape
    flips: Array | None = None


class Propagation(ABC):
    """The values of a solution, and the errors found so far; arrays have the order of `AXES`."""

    given = FLOAT64.unit_roundoff  # the relative error of a given number
    reach = MARGIN  # how many times its error an argument may be off
    squares = False  # whether independent errors are added as the root of the sum of squares
    # The rounding of programs in a narrow type, whose formulas lose digits, such as y * (1 - y) for a sigmoid; 0 for
    # none. The functions of a curved activation are of size 1 at most in such a formula, or of z.
    careless = 0.0

    def __init__(self, solution: Solution) -> None:
        problem = solution.problem
        self.problem, self.errors = problem, dict[Node, Error]()
        self.wanted = [Node(i, quantity) for i, layer in enumerate(solution.layers) for quantity in layer.computed]
        order = plan(problem, self.wanted).order
        if len(order) > len(self.wanted):
            solution = solve(problem, order, may_overflow=True)
        self.computed = {
            node: problem.as_written(node.quantity, solution.layers[node.layer].computed[node.quantity])
            for node in order
        }
        self.values = {node: np.asarray(np.abs(value)) for node, value in self.computed.items()}

    def products(self, node: Node) -> Iterable[tuple[Product, list[Operand]]]:
        """Yield the products that a quantity is the sum of, with their factors; a given quantity is one factor.

        Coupled derivatives are summed over neurons before: then it is one factor, too.
        """
        if self.problem.given(node) is not None:
            yield Product(1, (), ()), [Operand(self.values[node], self.given)]
            return
        for product in self.lines(node):
            if _is_coupled(product):
                yield Product(1, (Factor("z", AXES["z"], "f'"),), ()), [self._through_coupled(node, product)]
            else:
                yield product, [self._operand(node, factor) for factor in product.factors]

    def lines(self, node: Node) -> tuple[Product, ...]:
        """Return the products in the line of a quantity; without a loss, an upstream that is computed is outputs."""
        if node.quantity == "upstream" and self.problem.loss is None:
            return (Product(1, (Factor("upstream", AXES["upstream"], ""),), ()),)
        return self.problem.products(node)

    def _operand(self, node: Node, factor: Factor) -> Operand:
        origin = self.problem.origin(node.layer, factor.name)
        match factor.function:
            case "f":
                return self._of_activation(node, origin)
            case "f'":
                return self._of_derivative(node, origin)
            case "l" | "m" | "l'" | "m'":
                return self._of_loss(node, factor, origin)
            case _ if origin in self.values:
                return Operand(self.values[origin], 0.0, *self.error_from(node, origin))
            case _:
                return Operand(np.abs(self.problem.given(origin)), self.given)

    @abstractmethod
    def error_from(self, node: Node, operand: Node) -> Error:
        """Return the error that an operand brings into a quantity."""

    def _of_activation(self, node: Node, origin: Node) -> Operand:
        activation, z = self.problem.layers[node.layer].activation, self.z(origin)
        value, error = activation.value(z), self.error_from(node, origin).size
        if activation.couples:
            steeper = np.exp(4 * self.reach * np.max(error, axis=1, keepdims=True, initial=0.0))
            coupling = Coupling.of(activation, z)
            passed_on = steeper * coupling.outputs(error, squares=self.squares)
            return Operand(np.abs(value), error=passed_on + self.careless * coupling.r)
        passed_on = product_of(steepest(activation, z, self.reach * error), error)
        lost = np.minimum(np.abs(z), 1.0) if is_curved(activation) else 0.0
        return Operand(np.abs(value), error=passed_on + self.careless * lost)

    def _of_derivative(self, node: Node, origin: Node) -> Operand:
        activation, z = self.problem.layers[node.layer].activation, self.z(origin)
        if not is_curved(activation):
            return Operand(np.abs(activation.derivative(z)))
        change = change_of_derivative(activation, z, self.error_from(node, origin).size)
        return Operand(largest_part(activation, z), error=change + self.careless)

    def _through_coupled(self, node: Node, product: Product) -> Operand:
        """Return the sum over k of upstream[n,k] * f'(z[n,k,j]), for the softmax and its logarithm.

        Their derivatives change with z by a share of 4 times the largest error at most, and of 2 standard deviations.
        Their parts are as large as the largest upstream of a sample, times the derivatives.
        """
        upstream = self._operand(node, product.factors[0])
        origin = self.problem.origin(node.layer, "z")
        coupling = Coupling.of(self.problem.layers[node.layer].activation, self.z(origin))
        error = self.error_from(node, origin).size
        share = (2 if self.squares else 4) * np.max(error, axis=1, keepdims=True, initial=0.0)
        of_upstream = upstream.relative * upstream.size + or_zero(upstream.error)
        largest = upstream.size + np.max(upstream.size, axis=1, keepdims=True, initial=0.0)
        whole = coupling.back(upstream.size)
        return Operand(
            whole + product_of(coupling.back(np.ones(largest.shape)), largest),
            error=coupling.back(of_upstream, squares=self.squares)
            + product_of(share, whole)
            + self.careless * coupling.r * largest,
            flips=None if upstream.flips is None else coupling.back(upstream.flips),
        )

    def _of_loss(self, node: Node, factor: Factor, origin: Node) -> Operand:
        """Return the terms of a loss, or its gradient."""
        function = LossFunction.of(self.problem, node.layer, matched=factor.function[0] == "m")
        y, error, t = self.computed[origin], self.error_from(node, origin).size, self.targets(node)
        if factor.function.endswith("'"):
            change = function.change_of_gradient(y, t, error, squares=self.squares)
            change = change + function.change_by_targets(y, t, self.given)
            return Operand(function.parts(y, t), error=change + self.careless * function.cancelling_parts(y, t))
        value = function.value(y, t)
        largest = np.abs(function.gradient(y, t)) + function.change_of_gradient(y, t, self.reach * error)
        by_targets = (np.abs(function.value(y, t * (1 + side * self.given)) - value) for side in (-1, 1))
        lost = function.lost_in_terms(t)
        if factor.function == "m":  # which others take from rounded outputs
            outputs = self.problem.layers[node.layer].activation.value(y)
            unmatched = LossFunction.of(self.problem, node.layer, matched=False)
            lost = lost + product_of(np.abs(unmatched.gradient(outputs, t)), np.abs(outputs))
        passed_on = product_of(largest, error) + np.maximum(*by_targets)
        return Operand(np.abs(value), error=passed_on + (product_of(self.careless * lost) if self.careless else 0.0))

    def z(self, node: Node) -> Array:
        """Return pre-activations (n_samples, n_neurons); zero where they are unknown, and nothing depends on them."""
        return self.computed.get(node, np.zeros(()))

    def targets(self, node: Node) -> Array:
        """Return the targets of a problem that has a loss, (n_samples, n_neurons)."""
        targets: Array = self.problem.given(Node(node.layer, "targets"))
        return targets

    def roundings(self, node: Node, product: Product) -> tuple[int, int]:
        """Return how many multiplications a term of a product has, and how many terms are summed."""
        layer = self.problem.layers[node.layer]
        sizes = {"n": self.problem.n_samples, "i": layer.n_inputs, "j": layer.n_neurons}
        terms = prod(sizes[axis] or 1 for axis in product.summed if axis in sizes)
        letters = {factor.function[:1] for factor in product.factors}
        if letters & {"l", "m"}:
            function = LossFunction.of(self.problem, node.layer, matched="m" in letters)
            return function.roundings(layer.n_neurons or 1), terms
        if "f" in letters:
            return layer.activation.roundings + (layer.n_neurons or 1) * layer.activation.couples, terms
        return max(len(product.factors) - 1, 0), terms


def _is_coupled(product: Product) -> bool:
    return any(factor.function == "f'" and len(factor.axes) > 2 for factor in product.factors)


def or_zero(array: Array | None) -> Array:
    """Return an array as it is, such as (n,); zero for None."""
    return np.zeros(()) if array is None else array
