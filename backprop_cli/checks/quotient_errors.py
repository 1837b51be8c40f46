"""Rounding errors of difference quotients, estimated from the numbers of the forward pass.

Let an entry be moved by a step h. In every layer behind it, three kinds of errors are made (`moving` has the formulas;
u = 2**-53, and t = 2**-1074 is the smallest float64, which bounds the error of a product that underflows):

- z + change has an error of up to u * |z| + u * |change|, and f of it one of its own. The parts with |z| do not become
  smaller with h. They are multiplied by what is between this z and L: `sensitivity`.
- change has the rounding errors of the products and sums that it comes from: a share of change, as has u * |change|.
- A product that underflows has an error of up to t, whatever h is. It counts as the part with |z| does.

So the error of the change of L is A + h * B, where A and B do not depend on h. That of a quotient is

    A / h + B

for one step, (L(theta + h) - L(theta)) / h, and also for two, (L(theta + h) - L(theta - h)) / 2h, where twice the error
is divided by twice the step. For B, r roundings on a path from the entry to L count as sqrt(r) * u of it. Errors of the
forward pass do not count: the backward pass takes the same rounded inputs of each layer.

Errors of different neurons have random signs: they are added as the root of the sum of squares (Higham, "Accuracy and
Stability of Numerical Algorithms", 2nd edition, 2002, section 2.8). By Hoeffding's inequality the sum of independent
errors, each between -a and a, exceeds 8 times that root with a probability of 2 * exp(-8**2 / 2) = 3e-14 at most; hence
the factor. Errors of different samples are added without squares, as equal samples have equal errors. In 1,200 random
networks no error of a quotient was larger than 0.26 of the estimate.

Products of the numbers of a problem may underflow: arrays here have their powers of two beside them.
"""

from typing import NamedTuple

import numpy as np

from backprop_cli.checks.finite_differences import Entries, ForwardPass
from backprop_cli.checks.functions import Coupling, is_curved, steepest
from backprop_cli.checks.moving import REACH
from backprop_cli.core.arrays import Array

_UNIT_ROUNDOFF = 2.0**-53
_SMALLEST = 2.0**-1074
_FACTOR = 8.0
_STEEPER = 2.0  # a softmax y changes by a factor of exp(2 * REACH) at most, and y[j] * (1 - y[k]) by its square
_ZERO = np.zeros((1, 1), np.int32)
_FLOOR = 2.0**-1000  # in place of what is smaller, but not 0, beside a number near 1
_LEAST_FOR_SQUARES = 2.0**-500
_NO_EXPONENT = -(2**30)  # of 0


class _Scaled(NamedTuple):
    """Numbers `array * 2**exponent` that are not negative; the two arrays have shapes that broadcast."""

    array: Array
    exponent: Array

    def normalized(self, axis: int) -> "_Scaled":
        """Return the same numbers with one exponent for each line along an axis, and arrays of up to 1."""
        is_more = self.array > 0
        exponents = np.where(is_more, np.frexp(self.array)[1] + self.exponent, _NO_EXPONENT)
        common = exponents.max(axis=axis, keepdims=True, initial=_NO_EXPONENT)
        common[common == _NO_EXPONENT] = 0
        scaled = np.ldexp(self.array, self.exponent - common)
        return _Scaled(np.where(is_more, np.maximum(scaled, _FLOOR), 0.0), common)

    def times(self, factor: Array) -> "_Scaled":
        """Return the products with numbers of the same shape that are not negative, normalized by rows."""
        other = _Scaled(factor, _ZERO).normalized(1)
        both = self.array * other.array
        both = np.where((self.array > 0) & (other.array > 0), np.maximum(both, _FLOOR), 0.0)
        return _Scaled(both, self.exponent + other.exponent).normalized(1)


def _hypot(one: _Scaled, other: _Scaled) -> _Scaled:
    """Return the roots of the sums of two squares, entry by entry; the shapes broadcast."""
    common = np.maximum(
        *(np.where(part.array.max(axis=-1, keepdims=True) > 0, part.exponent, _NO_EXPONENT) for part in (one, other))
    )
    parts = (np.ldexp(part.array, np.minimum(part.exponent - common, 0)) for part in (one, other))
    return _Scaled(np.hypot(*parts), common).normalized(1)


def _through_weights(behind: _Scaled, weights: Array) -> _Scaled:
    """Return the roots of the sums of squares of behind[n,j] * weights[i,j] over j, (n_samples, n_inputs).

    Where squares would underflow, it is the sum, which is larger.
    """
    sizes = _Scaled(np.abs(weights), _ZERO).normalized(1)  # (n_inputs, n_neurons), exponents (n_inputs, 1)
    if min(_least(behind.array), _least(sizes.array)) > _LEAST_FOR_SQUARES:
        found = np.sqrt(np.square(behind.array) @ np.square(sizes.array).T)
    else:
        found = behind.array @ sizes.array.T
    return _Scaled(found, behind.exponent + sizes.exponent.T).normalized(1)


def _over_samples(left: Array, of_bias: float, right: _Scaled) -> _Scaled:
    """Return the sums of left[n,i] * right[n,j] over n, of numbers that are not negative: (n_inputs + 1, n_neurons).

    The last row is that of an input which is `of_bias` in every sample.
    """
    one, other = _Scaled(left, _ZERO).normalized(0), right.normalized(0)
    sums = np.vstack([one.array.T @ other.array, of_bias * other.array.sum(axis=0)])
    return _Scaled(sums, np.vstack([one.exponent.T, _ZERO]) + other.exponent)


def _least(array: Array) -> float:
    return float(np.min(array, initial=1.0, where=array > 0))


class Estimates(NamedTuple):
    """Estimates for some entries: all arrays have the shape (n_entries,)."""

    kept: Array  # A / 2**exponent
    exponent: Array
    relative: Array  # B

    def at(self, chosen: Array) -> "Estimates":
        """Return those of some of the entries, by a mask or by indices, (n_chosen,)."""
        return Estimates(*(array[chosen] for array in self))

    def of_kept(self, step: Array) -> Array:
        """Return A / step, (n_entries,)."""
        return divided(self.kept, step, self.exponent)


def divided(number: Array, by: Array, exponent: Array | int) -> Array:
    """Return number * 2**exponent / by, without underflow on the way; all arrays have the shape (n_entries,)."""
    above, below = np.frexp(number), np.frexp(by)
    quotient: Array = np.ldexp(above[0] / below[0], above[1] - below[1] + exponent)
    return quotient


class QuotientErrors:
    """What rounding may do to the difference quotients along the entries of a problem."""

    def __init__(self, forward: ForwardPass, *, across_kinks: bool = False) -> None:
        """Take a forward pass.

        Args:
            forward: The forward pass with no number moved.
            across_kinks: Whether a z may be on either side of a kink: the larger derivative counts then.
        """
        self._exponent = forward.exponent
        # By layer, A and B of the weights, and of the biases in a last row: (n_inputs + 1, n_neurons).
        self._of_parameters: list[tuple[_Scaled, _Scaled]] = []
        n_samples, n_outputs = forward.upstream.shape
        upstream = np.abs(forward.upstream)
        if across_kinks and forward.end is not None:
            upstream = upstream + forward.end.jump(forward.exponent)
        sensitivity = _Scaled(upstream, _ZERO).normalized(1)  # of L to the outputs of a layer
        behind = _Scaled(np.full((n_samples, 1), n_outputs * _SMALLEST), _ZERO).normalized(1)  # A of the layers behind
        roundings = n_samples + n_outputs + 1
        for layer in range(forward.n_layers - 1, -1, -1):
            inputs, weights = forward.inputs[layer], forward.weights[layer]
            at_z, each = _of_layer(forward, layer, sensitivity, across_kinks)
            of_row = _Scaled(np.sqrt(np.square(each.array).sum(axis=1, keepdims=True)), each.exponent)
            changed = of_row if forward.couples(layer) else each
            kept = _hypot(changed, _Scaled(behind.array * (at_z.array > 0), behind.exponent))
            roundings += 3 + forward.problem.layers[layer].activation.roundings
            share = roundings**0.5 * _UNIT_ROUNDOFF
            self._of_parameters.insert(
                0,
                (
                    _over_samples(np.not_equal(inputs, 0).astype(float), 1, kept),
                    _over_samples(share * np.abs(inputs), share, at_z),
                ),
            )
            behind = _hypot(of_row, behind)
            sensitivity, roundings = _through_weights(at_z, weights), roundings + weights.shape[0]
        share = roundings**0.5 * _UNIT_ROUNDOFF
        # A and B of the inputs of the first layer: (n_samples, n_inputs).
        self._of_inputs = (
            _Scaled(behind.array * (sensitivity.array > 0), behind.exponent),
            _Scaled(share * sensitivity.array, sensitivity.exponent),
        )

    def of(self, entries: Entries) -> Estimates:
        """Return the estimates for some entries, (n_entries,)."""
        found = Estimates(
            np.zeros(len(entries.layer)), np.zeros(len(entries.layer), np.int32), np.zeros(len(entries.layer))
        )
        ends = np.searchsorted(entries.layer, np.arange(len(self._of_parameters) + 1))
        for layer in np.unique(entries.layer):
            of_layer = np.arange(ends[layer], ends[layer + 1])
            is_input = entries.is_input[of_layer]
            for own, (kept, relative) in (
                (of_layer[is_input], self._of_inputs),
                (of_layer[~is_input], self._of_parameters[layer]),
            ):
                index = entries.first[own], entries.second[own]
                found.kept[own] = _FACTOR * kept.array[index]
                found.exponent[own] = np.broadcast_to(kept.exponent, kept.array.shape)[index] + self._exponent
                exponent = np.broadcast_to(relative.exponent, relative.array.shape)[index] + self._exponent
                found.relative[own] = np.ldexp(_FACTOR * relative.array[index], exponent)
        return found


def _of_layer(forward: ForwardPass, layer: int, sensitivity: _Scaled, across_kinks: bool) -> tuple[_Scaled, _Scaled]:
    """Return the sensitivity to z of a layer, and the errors made there that do not depend on h, at L.

    All are (n_samples, n_neurons); the sensitivity that is taken is that to its outputs, or to z at the end of a
    matched pair. Curved functions count where they are steepest within the reach of finite differences.
    """
    activation, z = forward.problem.layers[layer].activation, forward.z[layer]
    errors = _UNIT_ROUNDOFF * np.abs(z) + len(forward.weights[layer]) * _SMALLEST
    of_f = 2 * activation.roundings * _UNIT_ROUNDOFF * np.abs(forward.outputs[layer])
    if forward.ends_at_z and layer == forward.n_layers - 1:
        return sensitivity, sensitivity.times(errors)
    if activation.couples:
        coupling = Coupling.of(activation, z)
        at_z = _STEEPER * coupling.back(sensitivity.array)
        each = sensitivity.times(_STEEPER * coupling.outputs(errors) + of_f)
        return _Scaled(at_z, sensitivity.exponent).normalized(1), each
    if is_curved(activation):  # and f' is 0 nowhere but by underflow
        derivative = np.maximum(steepest(activation, z, REACH), _SMALLEST)
    else:
        derivative = np.abs(activation.derivative(z))
    if across_kinks:
        for kink in activation.kinks:
            sides = activation.derivative(np.array([kink, np.nextafter(kink, np.inf)]))
            derivative = np.maximum(derivative, np.abs(sides).max())
    return sensitivity.times(derivative), sensitivity.times(derivative * errors + np.where(derivative > 0, of_f, 0))
