"""Rounding errors of every entry of every computed quantity: a bound, and a likely size.

Every quantity is a sum of products (`core.quantities`). The error of an entry is what the errors of the factors make of
it, and what the products and the sum add. Both are carried through the network in working order.

The bound adds up absolute values. A sum of products with m roundings along its longest path adds at most

    gamma(m) * (the sum of absolute values),    gamma(m) = m * u / (1 - m * u),    u the unit roundoff

whatever the order of the sum (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, 2002, lemma 3.1
and section 3.5). It holds if every pre-activation is on the right side of the kinks of its activation.

In deep networks and long sums the bound is much larger than the errors, because rounding errors have random signs
(section 2.8 of the same book). The likely error is the standard deviation of a model, to first order: every rounding
of x makes an independent error, uniform in +-u * |x|, with the variance (u * x)**2 / 3. Variances add up, so that
errors go through a sum of products as the root of the sum of squares. A sum of m terms rounds m - 1 partial sums. The
k-th has a mean square of k/m * r**2 where the signs of the terms are random, r being the root of the sum of squares of
the terms, and of (k/m * v)**2 where the terms are alike, v being the sum. Over all k, both together are at most
(m - 1) * (r**2 / 2 + v**2 / 3). Pairwise sums lose less. The errors of the neurons of a sample are not independent:
their covariances are propagated, too (`checks.covariances`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot, sqrt
from typing import NamedTuple

import numpy as np

from backprop_cli.checks.covariances import deviations, pass_errors_on, through_derivative, through_weights
from backprop_cli.checks.functions import LossFunction
from backprop_cli.checks.propagation import MARGIN, Error, Propagation, or_zero
from backprop_cli.checks.sums import carried, product_of, root, summed, underflow_of
from backprop_cli.core.arrays import Array, all_finite
from backprop_cli.core.precision import FLOAT64, PRECISIONS, Precision
from backprop_cli.core.quantities import AXES, Factor, Node, Product
from backprop_cli.core.solution import Solution

__all__ = ["KNOWN", "MARGIN", "Arithmetic", "Bound", "Likely", "bounds", "likely"]

_LARGEST = float(np.finfo(np.float64).max)
# Equal terms, added one after the other, are rounded alike, and lose up to m/4 * u * |v|. A sum that loses more than
# this part of its value is wrong, not rounded.
_MOST_LOST = 1e-4
# What n units change together is at most sqrt(n) times the root of the sum of squares of what each changes. Three times
# allows for any 9 units, and for any number in random directions.
_MOST_FLIPS = 9
KNOWN = 1e-3  # the relative error with which the change that a flip makes is known


class Arithmetic(NamedTuple):
    """The floating-point types of a computation: of the results that it stores, and of its sums."""

    stored: Precision = FLOAT64
    accumulated: Precision = FLOAT64


IN_FLOAT64 = Arithmetic()


@dataclass(frozen=True, eq=False, repr=False)
class Likely:
    """Likely rounding errors of one quantity: standard deviations, in its shape as written."""

    alone: Array  # of its own sum: independent from entry to entry
    shared: Array  # carried from its operands, or alike in all sums: entries may have it in common
    flips: Array  # what changes with the derivative of units that rounding may put on the other side of a kink
    n_flips: int = 0  # how many units in the network those are: the change of one is known, that of several is a bound

    @property
    def total(self) -> Array:
        """The error of each entry without flips, in the same shape."""
        with np.errstate(over="ignore"):
            return np.hypot(self.alone, self.shared)


@np.errstate(all="ignore")
def bounds(solution: Solution) -> Mapping[str, Array]:
    """Return by place a bound on the rounding error of each entry of every computed quantity, in the same shape.

    The numbers of the problem count as rounded once, from decimals.
    """
    problem, propagation, found = solution.problem, Bound(solution), dict[str, Array]()
    for node, value in propagation.values.items():
        propagation.errors[node] = Error(_finite(propagation.error_of(node), value.shape))
    for node in propagation.wanted:
        found[problem.place(*node)] = problem.as_written(node.quantity, propagation.errors[node].size)
    return found


@np.errstate(all="ignore")
def likely(solution: Solution, arithmetic: Arithmetic = IN_FLOAT64) -> Mapping[Node, Likely]:
    """Return the likely rounding errors of every computed quantity.

    Args:
        solution: Everything that follows from a problem, in float64.
        arithmetic: How the quantities are computed. In float64, the numbers of the problem count as rounded once, from
            decimals. In a narrower type, they are taken as they are.
    """
    problem, propagation, found = solution.problem, _Model(solution, arithmetic), dict[Node, Likely]()
    for node, value in propagation.values.items():
        alone, shared, flips = (_finite(error, value.shape) for error in propagation.error_of(node))
        propagation.unstored[node] = np.hypot(alone, shared)
        stored = propagation.stored(node, propagation.unstored[node])
        propagation.errors[node] = Error(stored, flips if flips.any() else None)
        alone, shared, flips = (problem.as_written(node.quantity, error) for error in (alone, shared, flips))
        found[node] = Likely(alone, shared, flips)
    n_flips = propagation.n_flips
    together = sqrt(min(n_flips, _MOST_FLIPS))
    return {
        node: replace(found[node], flips=together * found[node].flips, n_flips=n_flips) for node in propagation.wanted
    }


class Bound(Propagation):
    """Bounds: absolute values, added up."""

    def error_from(self, node: Node, operand: Node) -> Error:  # noqa: ARG002
        """Return the error that an operand brings into a quantity."""
        return self.errors[operand]

    def error_of(self, node: Node) -> Array:
        """Return a bound on the error of each entry of a quantity, in the order of `AXES`: (n_samples, n_neurons)."""
        divisor = self.problem.divisor(node)
        size, passed_on, longest, n_products = np.zeros(()), np.zeros(()), 0, 0
        for product, factors in self.products(node):
            errors = [factor.relative * factor.size + or_zero(factor.error) for factor in factors]
            largest = [factor.size + error for factor, error in zip(factors, errors, strict=True)]
            size = size + summed(product, largest)
            for i, error in enumerate(errors):
                factors_of_error = [*largest[:i], error, *largest[i + 1 :]]
                passed_on = passed_on + summed(product, factors_of_error)
                passed_on = passed_on + underflow_of(product, factors_of_error, FLOAT64)
            multiplications, terms = self.roundings(node, product)
            longest, n_products = max(longest, multiplications + terms - 1), n_products + 1
        m, u = longest + n_products - 1 + (divisor > 1), FLOAT64.unit_roundoff
        return (passed_on + m * u / (1 - m * u) * size) / divisor + m * FLOAT64.smallest


class _Model(Propagation):
    """Standard deviations: the root of the sum of squares."""

    squares = True

    def __init__(self, solution: Solution, arithmetic: Arithmetic) -> None:
        super().__init__(solution)
        self.arithmetic, self.unstored = arithmetic, dict[Node, Array]()
        self.n_flips = 0  # units that rounding may put on the other side of a kink
        self.covariances: dict[Node, Array] = {}  # of errors, until they are passed on, which happens once
        self.cancels: dict[Node, Array] = {}  # where a sum is not made of zeros: if it is 0, its terms cancel out
        is_narrow = arithmetic.stored != FLOAT64
        self.given = 0.0 if is_narrow else _deviation(FLOAT64)
        self.careless = arithmetic.stored.unit_roundoff if is_narrow else 0.0

    def error_of(self, node: Node) -> tuple[Array, Array, Array]:
        """Return the errors of each entry of a quantity: its own, those of its operands, and those of flips."""
        u, divisor = self.arithmetic.accumulated.unit_roundoff, self.problem.divisor(node)
        value = divisor * self.values[node]
        alone, shared, flips, n_products = np.zeros(()), np.zeros(()), self._flips(node), 0
        for product, factors in self.products(node):
            sizes = [factor.size for factor in factors]
            multiplications, m = self.roundings(node, product)
            r, underflow = root(product, sizes), np.zeros(())
            if multiplications:
                underflow = underflow_of(product, sizes, self.arithmetic.accumulated)
            alone = np.hypot(alone, u * sqrt((multiplications + (m - 1) / 2) / 3) * r)
            alone = np.hypot(alone, u * sqrt((m - 1) / 9) * value) + underflow
            shared = np.hypot(shared, hypot(*(factor.relative for factor in factors)) * r)
            shared = np.hypot(shared, min((m - 1) / 4 * u, _MOST_LOST) / MARGIN * value)
            self.cancels[node] = self.cancels.get(node, False) | ((r > 0) & (underflow == 0))
            for i, factor in enumerate(factors):
                if factor.error is not None:
                    shared = np.hypot(shared, self._carried(node, product, sizes, i, factor.error))
                if factor.flips is not None:
                    largest = [other.size + or_zero(other.error) for other in factors]
                    flips = np.hypot(flips, carried(product, largest, i, factor.flips))
            n_products += 1
        alone = np.hypot(alone, u * sqrt((n_products - 1 + (divisor > 1)) / 3) * value)
        return alone / divisor, shared / divisor, flips / divisor

    def _carried(self, node: Node, product: Product, sizes: Sequence[Array], i: int, error: Array) -> Array:
        """Return what an error of the i-th factor makes of a product. Its covariances go on to the quantity."""
        operand = product.factors[i].name
        if not pass_errors_on(self.problem, node, operand):
            return carried(product, sizes, i, error)
        covariances = self.covariances.pop(self.problem.origin(node.layer, operand), None)
        if product.summed:
            weights = self.problem.given(Node(node.layer, "weights"))
            covariances = through_weights(error, covariances, weights.T if node.quantity == "dinputs" else weights)
            self.covariances[node], passed_on = covariances, deviations(covariances)
            is_known = np.isfinite(passed_on)
            return passed_on if is_known.all() else np.where(is_known, passed_on, carried(product, sizes, i, error))
        if covariances is not None:
            derivative = self.problem.layers[node.layer].activation.derivative(self.z(Node(node.layer, "z")))
            self.covariances[node] = through_derivative(covariances, derivative)
        return carried(product, sizes, i, error)

    def stored(self, node: Node, error: Array) -> Array:
        """Return the error of a quantity (in the same shape) as soon as it is stored in a narrower type."""
        stored, value = self.arithmetic.stored, self.values[node]
        if stored == self.arithmetic.accumulated:
            return error
        rounding = _deviation(stored) * value + stored.smallest / 2
        exact = np.abs(stored.round(value) - value)  # where there is no other error
        return np.hypot(error, np.where(error, rounding, exact))

    def error_from(self, node: Node, operand: Node) -> Error:
        """Return the error that an operand brings into a quantity.

        The outputs of a ReLU are made without arithmetic, and so is dz: what was stored once is not rounded again.
        """
        products, error = self.lines(node), self.errors[operand]
        is_copied = len(products) == 1 and self.roundings(node, products[0]) == (0, 1)
        return Error(self.unstored[operand], error.flips) if is_copied else error

    def _flips(self, node: Node) -> Array:
        """Return by how much a gradient changes if rounding puts its argument on the other side of a kink.

        It is 0 for quantities that depend on no kink. A z whose terms cancel out exactly is at a kink in any order of
        the sum, as in 1 - 1.
        """
        activation, z_node = self.problem.layers[node.layer].activation, Node(node.layer, "z")
        if node.quantity == "upstream" and self.problem.loss is not None:
            return self._flips_of_loss(node)
        if node.quantity != "dz" or not activation.kinks or z_node not in self.errors:
            return np.zeros(())
        z, off = self.z(z_node), MARGIN * self.unstored[z_node]
        change = np.abs(activation.derivative(z + off) - activation.derivative(z - off))
        for kink in activation.kinks:
            change = np.where((z - off > kink) | (z + off <= kink), 0, change)
            change = np.where((z == kink) & self.cancels[z_node], 0, change)
        upstream = self._operand(node, Factor("upstream", AXES["upstream"], ""))
        self.n_flips += int(np.count_nonzero(change))
        return product_of(change, upstream.size + or_zero(upstream.error) + or_zero(upstream.flips))

    def _flips_of_loss(self, node: Node) -> Array:
        """Return by how much the gradient of the loss jumps; equal numbers of few digits are so in any arithmetic."""
        outputs, t = Node(node.layer, "outputs"), self.targets(node)
        y, off = self.computed[outputs], MARGIN * (self.unstored[outputs] + self.given * np.abs(t))
        jump = LossFunction.of(self.problem, node.layer, matched=False).jump(y, t, off)
        jump = np.where((y == t) & (PRECISIONS["float16"].round(y) == y), 0, jump)
        self.n_flips += int(np.count_nonzero(jump))
        return jump


def _deviation(precision: Precision) -> float:
    """Return the standard deviation of the relative error of one rounding."""
    return precision.unit_roundoff / sqrt(3)


def _finite(error: Array, shape: tuple[int, ...]) -> Array:
    """Return errors in a shape; where they overflow, the largest float64."""
    error = error if error.shape == shape else np.broadcast_to(error, shape)
    return error if all_finite(error) else np.nan_to_num(error, nan=_LARGEST, posinf=_LARGEST)
