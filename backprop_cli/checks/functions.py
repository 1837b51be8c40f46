"""What activation and loss functions make of errors of their arguments.

Arrays have the shape (n_samples, n_neurons), and samples in rows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from backprop_cli.core.activations import ACTIVATIONS, Activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem

__all__ = ["Coupling", "LossFunction", "change_of_derivative", "is_curved", "largest_part", "steepest"]

# Both cross-entropies of a softmax p have the second derivatives sum(t) * d p[k] / d z[j] with respect to its logits.
_SOFTMAX = ACTIVATIONS["softmax"]


def is_curved(activation: Activation) -> bool:
    """Tell whether a function is not linear between its kinks, as those of the package are that keep fractions."""
    return not activation.exact


@dataclass(frozen=True, eq=False, repr=False)
class Coupling:
    """The derivatives of a function that couples neurons: d outputs[n,k] / d z[n,j] = r[n,k] * ((k = j) - p[n,j]).

    p is the softmax of z. For the softmax itself, r is p; for its logarithm, r is 1. All arrays are
    (n_samples, n_neurons). There is no sum with cancellation, so that saturated units lose no digits.
    """

    r: Array
    p: Array
    rest: Array  # 1 - p

    @classmethod
    def of(cls, activation: Activation, z: Array) -> "Coupling":
        """Return the derivatives of an activation at z.

        All arrays are (n_samples, n_neurons).
        """
        p = _SOFTMAX.value(z)
        outputs = activation.value(z)
        return cls(outputs if (outputs >= 0).all() else np.ones(z.shape), p, _of_others(p))

    def change(self, change: Array) -> Array:
        """Return the changes of outputs by small changes of z.

        All arrays are (n_samples, n_neurons).
        """
        result: Array = self.r * (self.rest * change - _of_others(self.p * change))
        return result

    def outputs(self, errors: Array, *, squares: bool = False) -> Array:
        """Return what errors of z make of the outputs: the sum, or the root of the sum of squares.

        All arrays are (n_samples, n_neurons).
        """
        return self.r * _added(self.rest * errors, _others_added(self.p * errors, squares), squares)

    def back(self, sizes: Array, *, squares: bool = False) -> Array:
        """Return the sum of sizes of outputs, times the absolute derivatives, or the root of the sum of squares.

        All arrays are (n_samples, n_neurons).
        """
        return _added(sizes * self.r * self.rest, self.p * _others_added(sizes * self.r, squares), squares)


def _of_others(array: Array) -> Array:
    """Return for each entry the sum of the others in its row."""
    zeros = np.zeros((len(array), 1))
    before = np.cumsum(np.hstack([zeros, array[:, :-1]]), axis=1)
    after = np.cumsum(np.hstack([zeros, array[:, :0:-1]]), axis=1)[:, ::-1]
    total: Array = before + after
    return total


def _others_added(array: Array, squares: bool) -> Array:
    if not squares:
        return _of_others(array)
    largest = np.max(array, axis=1, keepdims=True, initial=0.0)
    scaled = np.divide(array, largest, out=np.zeros(array.shape), where=largest > 0)
    root: Array = largest * np.sqrt(_of_others(np.square(scaled)))
    return root


def _added(one: Array, other: Array, squares: bool) -> Array:
    return np.hypot(one, other) if squares else one + other


def steepest(activation: Activation, z: Array, off: Array | float) -> Array:
    """Return the largest |f'| at z and at a distance `off` (in the shape of z) from it.

    All arrays are (n_samples, n_neurons).
    """
    largest: Array = np.abs([activation.derivative(z + side * off) for side in (-1, 0, 1)]).max(axis=0)
    return largest


def largest_part(activation: Activation, z: Array) -> Array:
    """Return the size of the parts of f'(z) that its roundings are relative to; f' may be their difference.

    All arrays are (n_samples, n_neurons).
    """
    return steepest(activation, z, 1 / (1 + np.abs(z))) if is_curved(activation) else np.abs(activation.derivative(z))


def change_of_derivative(activation: Activation, z: Array, off: Array) -> Array:
    """Return how much f' changes at most from z to z - off or z + off, on the side of each kink where z is.

    All arrays are (n_samples, n_neurons).
    """
    below, above = z - off, z + off
    for kink in activation.kinks:  # whose left derivative f' is
        below = np.where(z > kink, np.maximum(below, np.nextafter(kink, np.inf)), below)
        above = np.where(z <= kink, np.minimum(above, kink), above)
    derivative = activation.derivative(z)
    changes = (np.abs(activation.derivative(there) - derivative) for there in (below, above))
    largest: Array = np.maximum(*changes)
    return largest


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LossFunction:
    """The terms of a loss as a function of outputs y, or of the z of a matched pair, with targets t."""

    value: Callable[[Array, Array], Array]  # the terms
    gradient: Callable[[Array, Array], Array]  # of their sum
    couples: bool  # whether the gradient of an entry depends on other neurons of its sample
    per_sample: bool
    exact: bool  # whether it takes no functions but products and sums
    kinks: tuple[float, ...]
    reach: float  # on a much smaller scale, the gradient is nearly linear

    @classmethod
    def of(cls, problem: Problem, layer: int, *, matched: bool) -> "LossFunction":
        """Return the loss of a problem, of z of its last layer if that is a matched pair and `matched`."""
        loss, pair = problem.loss, problem.matched(layer) if matched else None
        assert loss is not None, "the problem has a loss"  # noqa: S101
        return cls(
            value=loss.value if pair is None else pair.value,
            gradient=loss.gradient if pair is None else pair.dz,
            couples=loss.couples if pair is None else problem.layers[layer].activation.couples,
            per_sample=loss.per_sample,
            exact=loss.exact,
            kinks=loss.kinks,
            reach=loss.reach if pair is None else 1.0,
        )

    def roundings(self, n_neurons: int) -> int:
        """Return the number of roundings of a term or an entry of the gradient."""
        return 4 if self.exact else 24 + n_neurons * self.couples

    def parts(self, y: Array, t: Array) -> Array:
        """Return the size of the parts of the gradient that its roundings are relative to.

        All arrays are (n_samples, n_neurons).
        """
        size = np.abs(self.gradient(y, t))
        if self.couples:
            parts: Array = size + 2 * np.abs(t) * Coupling.of(_SOFTMAX, y).rest
            return parts
        has_logits = not self.exact and np.isfinite(self.reach)
        return np.maximum(size, self._of_ends(y, t)) if has_logits else size

    def cancelling_parts(self, y: Array, t: Array) -> Array:
        """Return the same for programs whose formulas lose digits: y - t of rounded y, or two fractions.

        All arrays are (n_samples, n_neurons).
        """
        if self.exact:
            return np.zeros_like(y)
        return 2 * np.abs(t) + (0 if self.per_sample else self._of_ends(y, t))

    def lost_in_terms(self, t: Array) -> Array:
        """Return what a term loses, in roundings of 1, where a program takes the logarithm of a rounded number.

        All arrays are (n_samples, n_neurons).
        """
        return np.zeros(t.shape) if self.exact else np.abs(t) if self.per_sample else np.ones(t.shape)

    def _of_ends(self, y: Array, t: Array) -> Array:
        """Return the sizes of the parts with the targets 0 and 1, between which the gradient is linear."""
        parts = ((1 - t, 0.0), (t, 1.0))
        sizes = [np.abs(np.where(w == 0, 0, w * self.gradient(y, np.full_like(y, end)))) for w, end in parts]
        total: Array = sizes[0] + sizes[1]
        return total

    def change_of_gradient(self, y: Array, t: Array, off: Array, *, squares: bool = False) -> Array:
        """Return how much the gradient changes with errors `off` of y (in its shape), but for jumps at kinks.

        Where it couples neurons, changes are added, or their squares.

        All arrays are (n_samples, n_neurons).
        """
        if self.couples:
            change: Array = np.abs(t.sum(axis=1, keepdims=True)) * Coupling.of(_SOFTMAX, y).back(off, squares=squares)
            return change
        gradient = self.gradient(y, t)
        change = np.maximum(*(np.abs(self.gradient(there, t) - gradient) for there in (y - off, y + off)))
        return self._without_jumps(y, t, off, change)

    def _without_jumps(self, y: Array, t: Array, off: Array, change: Array) -> Array:
        for kink in self.kinks:
            change = np.where(np.abs(y - t - kink) <= off, 0, change)
        return change

    def change_by_targets(self, y: Array, t: Array, share: float) -> Array:
        """Return how much the gradient changes if each target changes by a share of it.

        All arrays are (n_samples, n_neurons).
        """
        if self.couples:
            return share * self.parts(y, t)
        gradient = self.gradient(y, t)
        there = (self.gradient(y, t * (1 + side * share)) for side in (1, -1))
        change: Array = np.maximum(*(np.abs(other - gradient) for other in there))
        return self._without_jumps(y, t, share * np.abs(t), change)

    def jump(self, y: Array, t: Array, off: Array) -> Array:
        """Return by how much the gradient jumps where y is within `off` (in its shape) of a kink; 0 elsewhere.

        All arrays are (n_samples, n_neurons).
        """
        jump = np.zeros(y.shape)
        for kink in self.kinks:
            sides = (self.gradient(t + kink + side * (1 + np.abs(t)), t) for side in (-1, 1))
            jump = np.where(np.abs(y - t - kink) <= off, np.abs(np.subtract(*sides)), jump)
        return jump
