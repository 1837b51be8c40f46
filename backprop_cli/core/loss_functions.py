"""The values and gradients of the loss functions, of outputs y and targets t.

All matrices have the shape (n_samples, n_neurons); `out` is none of the others. Where a result is a difference, its
two terms are those of the definition and each is computed without cancellation, so that a saturated output loses
nothing. The derivatives with respect to logits are derived in C. Bishop, Pattern Recognition and Machine Learning
(2006), sections 4.3.2 and 4.3.4.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import wraps

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.floating import quietly

__all__ = [
    "absolute",
    "absolute_gradient",
    "binary_cross_entropy",
    "binary_cross_entropy_gradient",
    "cross_entropy",
    "cross_entropy_gradient",
    "half_squared",
    "half_squared_gradient",
    "huber",
    "huber_gradient",
    "likelihood",
    "likelihood_gradient",
    "sigmoid_cross_entropy",
    "sigmoid_cross_entropy_gradient",
    "softmax_cross_entropy",
    "softmax_cross_entropy_gradient",
    "squared",
    "squared_gradient",
]

_CHUNK_NUMBERS = 2**15  # with more, the intermediate arrays of a chunk leave the cache


@quietly
def squared(y: Array, t: Array) -> Array:
    """Return (y - t)^2, shaped like y (n_samples, n_neurons)."""
    difference = y - t
    terms: Array = difference * difference
    return terms


@quietly
def squared_gradient(y: Array, t: Array, out: Array | None = None) -> Array:
    """Return 2 (y - t), shaped like y (n_samples, n_neurons)."""
    gradient: Array = np.subtract(y, t, out=out)
    gradient *= 2
    return gradient


@quietly
def half_squared(y: Array, t: Array) -> Array:
    """Return (y - t)^2 / 2, shaped like y (n_samples, n_neurons); the square itself may be beyond the range."""
    difference = y - t
    terms: Array = difference * (difference / 2)
    return terms


@quietly
def half_squared_gradient(y: Array, t: Array, out: Array | None = None) -> Array:
    """Return y - t, shaped like y (n_samples, n_neurons)."""
    gradient: Array = np.subtract(y, t, out=out)
    return gradient


@quietly
def absolute(y: Array, t: Array) -> Array:
    """Return |y - t|, shaped like y (n_samples, n_neurons)."""
    terms: Array = np.abs(y - t)
    return terms


@quietly
def absolute_gradient(y: Array, t: Array, out: Array | None = None) -> Array:
    """Return the sign of y - t, 0 where y = t as in PyTorch, shaped like y (n_samples, n_neurons)."""
    difference = np.subtract(y, t, out=out)
    gradient: Array = np.sign(difference, out=difference)
    return gradient


@quietly
def huber(y: Array, t: Array, delta: Fraction) -> Array:
    """Return (y - t)^2 / 2 where |y - t| <= delta, else delta (|y - t| - delta / 2), shaped like y.

    All arrays are (n_samples, n_neurons). With the smaller of |y - t| and delta, q, it is q (|y - t| - q / 2) in both
    cases. The loss is that of PyTorch's HuberLoss; P. J. Huber, Robust estimation of a location parameter (1964).
    """
    distance = np.abs(y - t)
    smaller = np.minimum(distance, _in_type_of(y, delta))
    terms: Array = smaller * (distance - smaller / 2)
    return terms


@quietly
def huber_gradient(y: Array, t: Array, delta: Fraction, out: Array | None = None) -> Array:
    """Return y - t, or delta with the sign of y - t where that is smaller, shaped like y (n_samples, n_neurons)."""
    limit = _in_type_of(y, delta)
    gradient: Array = np.subtract(y, t, out=out)
    np.minimum(gradient, limit, out=gradient)
    return np.maximum(gradient, -limit, out=gradient)


def _in_type_of(array: Array, number: Fraction) -> Array:
    return np.full((), number, array.dtype)


@quietly
def binary_cross_entropy(y: Array, t: Array) -> Array:
    """Return -(t log y + (1 - t) log(1 - y)), shaped like y (n_samples, n_neurons); a factor 0 makes its term 0."""
    terms: Array = 0 - t * np.log(np.where(t == 0, 1, y))
    terms -= (1 - t) * np.log1p(-np.where(t == 1, 0, y))
    return terms


@quietly
def binary_cross_entropy_gradient(y: Array, t: Array, out: Array | None = None) -> Array:
    """Return (y - t) / (y (1 - y)), shaped like y (n_samples, n_neurons).

    It is -t / y + (1 - t) / (1 - y) on one denominator: y - t has no rounding error where y is close to t. Where y is 0
    or 1 and the target is the same, one of the two terms has the factor 0: the other is 1 or -1. Where the target
    differs, the gradient is infinite.
    """
    denominator = y * (1 - y)
    gradient: Array = np.multiply(y, -2, out=out)
    gradient += 1
    difference = y - t
    np.divide(difference, denominator, out=gradient, where=(denominator != 0) | (difference != 0))
    return gradient


def _in_chunks(function: Callable[[Array, Array, Array], None]) -> Callable[..., Array]:
    """Return a function(z, t, out=None) that calls another for a few rows at a time, which takes half the time."""

    @wraps(function)
    @quietly
    def in_chunks(z: Array, t: Array, out: Array | None = None) -> Array:
        result = np.empty_like(z) if out is None else out
        n_rows = max(1, _CHUNK_NUMBERS // z.shape[1])
        for start in range(0, len(z), n_rows):
            rows = slice(start, start + n_rows)
            function(z[rows], t[rows], result[rows])
        return result

    return in_chunks


@_in_chunks
def sigmoid_cross_entropy(z: Array, t: Array, out: Array) -> None:
    """Compute -(t log s(z) + (1 - t) log s(-z)) for the sigmoid s, shaped like z (n_samples, n_neurons).

    log s(z) = -max(-z, 0) - log(1 + exp(-|z|)), so that no term is negative for targets from 0 to 1.
    """
    positive = np.maximum(z, 0)
    negative = z - positive  # the smaller of z and 0
    np.subtract(negative, positive, out=out)
    np.exp(out, out=out)
    _add_one_and_take_log(out)
    positive *= 1 - t
    negative *= t
    out += positive
    out -= negative


def _add_one_and_take_log(small: Array) -> None:
    """Put log(1 + s) in place of numbers s (n_samples, n_neurons) from 0 to 1, with a small relative error.

    It takes a fraction of the time of `np.log1p`. The sum has the rounding error s - (sum - 1), which is known exactly
    (T. Dekker, A floating-point technique for extending the available precision, 1971). The log changes by this error
    over the sum; where the error counts, the sum is close to 1.
    """
    total = small + 1
    small -= total - 1
    small += np.log(total, out=total)


@_in_chunks
def sigmoid_cross_entropy_gradient(z: Array, t: Array, out: Array) -> None:
    """Compute s(z) (1 - t) - s(-z) t for the sigmoid s, shaped like z (n_samples, n_neurons).

    With p = exp(min(z, 0)) and q = exp(min(-z, 0)), of which one is 1, s(z) = p / (p + q) and s(-z) = q / (p + q).
    """
    np.minimum(z, 0, out=out)
    opposite = out - z  # the smaller of -z and 0
    np.exp(out, out=out)
    np.exp(opposite, out=opposite)
    total = out + opposite
    out *= 1 - t
    opposite *= t
    out -= opposite
    out /= total


@quietly
def cross_entropy(y: Array, t: Array) -> Array:
    """Return -t log y, 0 where t is 0, shaped like y (n_samples, n_neurons)."""
    terms: Array = 0 - t * np.log(np.where(t == 0, 1, y))
    return terms


@quietly
def cross_entropy_gradient(y: Array, t: Array, out: Array | None = None) -> Array:
    """Return -t / y, 0 where t is 0, shaped like y (n_samples, n_neurons)."""
    quotient = np.divide(t, np.where(t == 0, 1, y), out=out)
    return np.subtract(0, quotient, out=quotient)


@quietly
def softmax_cross_entropy(z: Array, t: Array) -> Array:
    """Return -t log p for the softmax p of each row of z, 0 where t is 0, shaped like z (n_samples, n_neurons).

    With the largest entry m of a row, -log p = (m - z) + log(1 + r), where r is the sum of exp(z - m) over the others.
    """
    terms, at, rest = _exponentials(z)
    np.subtract(_entries(z, at), z, out=terms)
    terms += np.log1p(rest)
    terms *= t
    terms[t == 0] = 0  # where a difference of logits is infinite, too
    return terms


@quietly
def softmax_cross_entropy_gradient(z: Array, t: Array, out: Array | None = None) -> Array:
    """Return p_j (sum of the other t) - t_j (sum of the other p) for the softmax p of each row of z, shaped like z.

    All arrays are (n_samples, n_neurons). It is p_j (sum of t) - t_j; the product p_j t_j, which cancels, is at most as
    large as t_j (sum of the other p) where p_j <= 1/2. So only the largest entry of a row needs the sums of the others.
    """
    dz, at, rest = _exponentials(z, out)
    own = _entries(t, at)
    others = t.copy()
    np.put_along_axis(others, at, 0, axis=1)
    of_others = others.sum(axis=1, keepdims=True)
    total = rest + 1
    dz *= (of_others + own) / total
    dz -= t
    np.put_along_axis(dz, at, (of_others - own * rest) / total, axis=1)
    return dz


def _exponentials(z: Array, out: Array | None = None) -> tuple[Array, Array, Array]:
    """Return exp(z - m) for the largest entry m of each row, where that is, and the sum of the others.

    The exponentials are (n_samples, n_neurons), with 0 in place of the largest; the rest is (n_samples, 1).
    """
    at = z.argmax(axis=1)[:, np.newaxis]
    exponentials: Array = np.subtract(z, _entries(z, at), out=out)
    np.exp(exponentials, out=exponentials)
    np.put_along_axis(exponentials, at, 0, axis=1)
    return exponentials, at, exponentials.sum(axis=1, keepdims=True)


def _entries(array: Array, at: Array) -> Array:
    entries: Array = np.take_along_axis(array, at, axis=1)
    return entries


@quietly
def likelihood(y: Array, t: Array) -> Array:
    """Return -t y, shaped like y (n_samples, n_neurons)."""
    terms: Array = 0 - t * y
    return terms


def likelihood_gradient(y: Array, t: Array, out: Array | None = None) -> Array:
    """Return -t, shaped like y (n_samples, n_neurons)."""
    del y
    gradient: Array = np.subtract(0, t, out=out)
    return gradient
