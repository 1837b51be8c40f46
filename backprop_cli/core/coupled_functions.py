"""The activations that couple the neurons of a sample: softmax and log_softmax, with full relative accuracy.

A derivative may be too small for a float64 where its product with upstream is not. So exp(x) is applied in two halves,
exp(x / 2) twice, as in `activation_functions`.
"""

from typing import Any

import numpy as np

from backprop_cli.core.activation_functions import in_chunks, wide
from backprop_cli.core.arrays import Array
from backprop_cli.core.floating import quietly

__all__ = [
    "log_softmax",
    "log_softmax_backward",
    "log_softmax_jacobian",
    "softmax",
    "softmax_backward",
    "softmax_jacobian",
]

_SMALL = 1e-30  # smaller outputs may be subnormal, those of float32 already from 1e-38 on


def _below_largest(z: Array) -> tuple[Array, Array, Any]:
    """Return z - max(z) of each row, exp of half of it, and the index of the maximum of each row.

    The rounding error of the difference is found as by Knuth, "The Art of Computer Programming", volume 2, section
    4.2.2, theorem B: exp would magnify it. It is NaN where the difference overflows, and exp is 0.
    """
    top = np.arange(len(z)), np.argmax(z, axis=-1)
    largest = z[top][:, None]
    below = z - largest
    back = below - z
    lost = np.fmax((z - (below - back)) - (largest + back), -1.0)
    return below, np.exp(below * 0.5) * (1 + 0.5 * lost), top


def _sum(array: Array) -> Array:
    return np.add.reduce(array, axis=-1, keepdims=True)


def _without(array: Array, top: Any) -> Array:
    """Return a copy of an array in which one entry of each row is 0."""
    rest = array.copy()
    rest[top] = 0
    return rest


@in_chunks
def softmax(z: Array) -> Array:
    """Return exp(z) of each row, divided by its sum, shaped like z (n_samples, n_neurons)."""
    _, half, _ = _below_largest(z)
    numerators = half * half
    return numerators / _sum(numerators)


@in_chunks
def softmax_backward(upstream: Array, z: Array, outputs: Array) -> Array:
    """Return upstream times the Jacobian matrix of softmax at each row of z, shaped like z (n_samples, n_neurons).

    This is y * (upstream - sum(upstream * y)), y being the outputs. It stays the same if all of upstream is reduced by
    one number. Here that is the entry at the largest output: where that output is nearly 1, the difference would
    otherwise lose all digits.
    """
    top = np.arange(len(outputs)), np.argmax(outputs, axis=-1)
    centred = upstream - upstream[top][:, None]
    if outputs.min() > _SMALL:
        dz: Array = (centred - _sum(centred * outputs)) * outputs
    else:
        _, half, _ = _below_largest(z)
        total = _sum(half * half)
        mean = _sum((centred * half) * half) / total
        dz = ((centred - mean) * half) * (half / total)
    return dz


@in_chunks
def log_softmax(z: Array) -> Array:
    """Return log(softmax(z)) of each row, shaped like z (n_samples, n_neurons)."""
    below, half, top = _below_largest(z)
    result: Array = below - np.log1p(_sum(_without(half * half, top)))
    return result


@in_chunks
def log_softmax_backward(upstream: Array, z: Array) -> Array:
    """Return upstream times the Jacobian matrix of log_softmax at each row of z, shaped like z (n_samples, n_neurons).

    This is upstream - y * sum(upstream), y being softmax(z). At the largest y it is computed as
    upstream * (1 - y) - y * (the sum of the other upstream): where that y is nearly 1, the difference would lose all
    digits.
    """
    _, half, top = _below_largest(z)
    rest = _sum(_without(half * half, top))
    at_top, others = upstream[top][:, None], _sum(_without(upstream, top))
    dz: Array = upstream - ((at_top + others) * half) * (half / (1 + rest))
    dz[top] = ((at_top * rest - others) / (1 + rest))[:, 0]
    return dz


@quietly
def _probabilities(z: Array) -> tuple[Array, Array]:
    """Return softmax(z) and 1 - softmax(z), which loses no digits where the softmax is nearly 1."""
    _, half, top = _below_largest(wide(z))
    rest = _sum(_without(half * half, top))
    y = half * half / (1 + rest)
    complement = 1 - y
    complement[top] = (rest / (1 + rest))[:, 0]
    return y, complement


def softmax_jacobian(z: Array) -> Array:
    """Return d outputs[n,k] / d z[n,j] as float64 (n_samples, k, j), of z (n_samples, n_neurons)."""
    y, complement = _probabilities(z)
    return _with_diagonal(-y[:, :, None] * y[:, None, :], y * complement)


def log_softmax_jacobian(z: Array) -> Array:
    """Return d outputs[n,k] / d z[n,j] as float64 (n_samples, k, j), of z (n_samples, n_neurons)."""
    y, complement = _probabilities(z)
    return _with_diagonal(np.repeat(-y[:, None, :], y.shape[1], axis=1), complement)


def _with_diagonal(matrices: Array, diagonal: Array) -> Array:
    i = np.arange(diagonal.shape[1])
    matrices[:, i, i] = diagonal
    return matrices
