"""The values and derivatives of the activations that work entry by entry, with full relative accuracy in the tails.

Each function is a formula for a few rows, and `in_chunks` applies it to any number of them.

Cases are told apart by arithmetic: `np.where` takes several times as long where neighbours are of both kinds.

A derivative may be too small for a float64 where its product with upstream is not. So a small factor such as exp(-x) is
applied in two halves, exp(-x / 2) twice: (upstream * half) * half.
"""

from collections.abc import Callable
from functools import wraps
from math import pi, sqrt
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.floating import quietly, warnings_are_off

__all__ = [
    "elu",
    "elu_backward",
    "gelu",
    "gelu_backward",
    "in_chunks",
    "leaky_relu",
    "leaky_relu_backward",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "softplus",
    "softplus_backward",
    "tanh",
    "tanh_backward",
    "wide",
]

_CHUNK = 2**14  # entries: the intermediate results of so few stay in the cache
_FAR = 100.0  # standard deviations: the tail of the normal distribution, about 1e-2174, is 0 in float64
_LOW = -700.0
_SPLIT = 2.0**27 + 1  # halves the digits of a float64
# (2 + 2.5 a) exp(a^2 / 2) Q(a) in powers of (a - 5) / (a + 5), for a >= 0, where Q(a) is the probability that a
# standard normal variable exceeds a. The form is that of Shepherd and Laframboise, "Chebyshev approximation of
# (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity", Mathematics of Computation 36 (1981), pages 249-253. The coefficients
# are those of the Chebyshev series to degree 24, computed with 60 digits; what is left out is less than 1.2e-17.
_TAIL = (
    *(1.1153299221375912, -0.1571519269530166, 0.01954151512190545, 0.0654478195951373),
    *(-0.08993028355775144, 0.07304935835304041, -0.042421723783541324, 0.017494423847805037),
    *(-0.004299956211179944, -4.7659427847180494e-05, 0.00048604899523643384, -0.00013449960943596708),
    *(-2.806205944819781e-05, 2.3284619599070024e-05, 1.6072941250083115e-07, -3.3903597407844785e-06),
    *(2.8263735507281236e-07, 5.104085793314865e-07, -6.176801040492332e-08, -8.038144016810482e-08),
    *(9.154169290570417e-09, 1.1394122018991326e-08, -9.442145467515554e-10, -9.850116346535164e-10),
    5.026666773551953e-11,
)


def in_chunks(function: Callable[..., Array]) -> Callable[..., Array]:
    """Make of a formula a function of arrays, all (n_samples, n_neurons), with a buffer for the result.

    The formula takes some rows of each array and returns as many; arrays (n_neurons,) and () are one row. Rows of
    float32 are computed in float64, and rounded once. The buffer may be one of the arrays.
    """

    @wraps(function)
    def whole(*arrays: Array, out: Array | None = None, **parameters: Any) -> Array:
        z = arrays[-1]
        is_small = 0 < z.size <= _CHUNK and z.ndim > 1 and z.dtype.char == "d"
        if out is None or not is_small or not warnings_are_off():
            return in_parts(*arrays, out=out, **parameters)
        out[...] = function(*arrays, **parameters) if parameters else function(*arrays)
        return out

    @quietly
    def in_parts(*arrays: Array, out: Array | None = None, **parameters: Any) -> Array:
        z = arrays[-1]
        if out is None:
            out = np.empty(np.broadcast_shapes(*(array.shape for array in arrays)), z.dtype)
        step = max(_CHUNK * len(z) // max(z.size, 1), 1) if z.ndim > 1 else 0
        parts: Any = [slice(start, start + step) for start in range(0, len(z), step)] if step else [...]
        for rows in parts:
            out[rows] = function(*(np.atleast_2d(wide(array[rows])) for array in arrays), **parameters)
        return out

    return whole


def wide(array: Array) -> Array:
    """Return an array of float32 as float64, and any other as it is, in the same shape."""
    return array.astype(np.float64) if array.dtype == np.float32 else array


def relu(z: Array, out: Array | None = None) -> Array:
    """Return max(z, 0), shaped like z (n_samples, n_neurons)."""
    return np.maximum(z, 0, out=out)


def relu_backward(upstream: Array, z: Array, *, out: Array | None = None) -> Array:
    """Return upstream where z > 0, and 0 elsewhere; all arrays have the shape (n_samples, n_neurons).

    relu'(0) = 0, as in PyTorch. A comparison and a product take less time than `np.where`. The product of a negative
    upstream and 0 is -0; adding 0 makes it 0.
    """
    dz: Array = np.multiply(upstream, np.greater(z, 0), out=out)
    dz += 0
    return dz


@in_chunks
def leaky_relu(z: Array, *, slope: Any) -> Array:
    """Return z where z > 0, and slope * z elsewhere, shaped like z (n_samples, n_neurons)."""
    choose: Any = np.maximum if slope <= 1 else np.minimum
    result: Array = choose(z, slope * z)
    return result


@in_chunks
def leaky_relu_backward(upstream: Array, z: Array, *, slope: Any) -> Array:
    """Return upstream * f'(z), shaped like z (n_samples, n_neurons); f'(0) = slope, as in PyTorch."""
    dz: Array = upstream * _one_where(z > 0, slope)
    return dz


def _one_where(condition: Array, other: Any) -> Array:
    """Return 1 where a condition holds, and another number elsewhere."""
    result: Array = condition + other * np.logical_not(condition)
    return result


def _sigmoid_parts(z: Array) -> tuple[Array, Array]:
    """Return x and total, such that sigmoid(z) is x * x / total."""
    half = np.exp(np.abs(z) * -0.5)
    return np.maximum(half, z >= 0), 1 + half * half


def _half_sech(z: Array, scale: float) -> Array:
    """Return 1 / (2 cosh(scale * z)); the scale is positive."""
    small = np.exp(np.abs(z) * -scale)
    result: Array = small / (1 + small * small)
    return result


@in_chunks
def sigmoid(z: Array) -> Array:
    """Return 1 / (1 + exp(-z)), shaped like z (n_samples, n_neurons)."""
    result: Array = 1 / (1 + np.exp(-z))
    # exp(-z) overflows where the result is subnormal.
    return np.where(z < _LOW, np.exp(z), result) if z.min() < _LOW else result


@in_chunks
def sigmoid_backward(upstream: Array, z: Array) -> Array:
    """Return upstream * sigmoid'(z), shaped like z (n_samples, n_neurons); sigmoid'(z) = (sech(z / 2) / 2)^2.

    sigmoid(z) * (1 - sigmoid(z)) would lose digits where sigmoid(z) is nearly 1. So would 1 - tanh(z)^2.
    """
    root = _half_sech(z, 0.5)
    dz: Array = (upstream * root) * root
    return dz


@in_chunks
def tanh(z: Array) -> Array:
    """Return the hyperbolic tangent of z, shaped like z (n_samples, n_neurons)."""
    return np.tanh(z)


@in_chunks
def tanh_backward(upstream: Array, z: Array) -> Array:
    """Return upstream * tanh'(z), shaped like z (n_samples, n_neurons); tanh'(z) = sech(z)^2."""
    root = 2 * _half_sech(z, 1.0)
    dz: Array = (upstream * root) * root
    return dz


@in_chunks
def softplus(z: Array) -> Array:
    """Return log(1 + exp(z)), shaped like z (n_samples, n_neurons), without a threshold."""
    result: Array = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    return result


@in_chunks
def softplus_backward(upstream: Array, z: Array) -> Array:
    """Return upstream * sigmoid(z), shaped like z (n_samples, n_neurons)."""
    x, total = _sigmoid_parts(z)
    dz: Array = (upstream * x) * (x / total)
    return dz


@in_chunks
def elu(z: Array, *, alpha: float) -> Array:
    """Return z where z > 0, and alpha * (exp(z) - 1) elsewhere, shaped like z (n_samples, n_neurons)."""
    result: Array = np.maximum(z, 0) + alpha * np.expm1(np.minimum(z, 0))
    return result


@in_chunks
def elu_backward(upstream: Array, z: Array, *, alpha: float) -> Array:
    """Return upstream * f'(z), shaped like z (n_samples, n_neurons); f'(0) = alpha, as in PyTorch."""
    half = np.exp(np.minimum(z, 0) * 0.5)
    dz: Array = (upstream * half) * (_one_where(z > 0, alpha) * half)
    return dz


@in_chunks
def silu(z: Array) -> Array:
    """Return z * sigmoid(z), shaped like z (n_samples, n_neurons)."""
    x, total = _sigmoid_parts(z)
    result: Array = (z * x) * (x / total)
    return result


@in_chunks
def silu_backward(upstream: Array, z: Array) -> Array:
    """Return upstream * silu'(z), shaped like z (n_samples, n_neurons).

    silu'(z) = sigmoid(z) * (1 + z * sigmoid(-z)).
    """
    x, total = _sigmoid_parts(z)
    y, _ = _sigmoid_parts(-z)
    dz: Array = (upstream * x) * (x / total * (1 + z * (y * (y / total))))
    return dz


def _normal_tail(a: Array) -> tuple[Array, Array]:
    """Return exp(-a^2 / 4), and the factor that makes of its square the probability that a normal variable exceeds a.

    a is from 0 to `_FAR`. The rounding error of a * a is found as by Dekker, "A floating-point technique for extending
    the available precision", Numerische Mathematik 18 (1971), pages 224-242: exp would magnify it.
    """
    square = a * a
    high = a * _SPLIT - (a * _SPLIT - a)
    low = a - high
    lost = (high * high - square + 2 * high * low) + low * low
    x = (a - 5) / (a + 5)
    series = np.full_like(a, _TAIL[-1])
    for coefficient in _TAIL[-2::-1]:
        series *= x
        series += coefficient
    return np.exp(square * -0.25) * (1 - 0.25 * lost), series / (2 + 2.5 * a)


@in_chunks
def gelu(z: Array) -> Array:
    """Return z * P(z), shaped like z (n_samples, n_neurons); P is the standard normal distribution (the erf form)."""
    half, factor = _normal_tail(np.minimum(np.abs(z), _FAR))
    result: Array = np.maximum(z, 0) - (np.abs(z) * half) * (half * factor)
    return result


@in_chunks
def gelu_backward(upstream: Array, z: Array) -> Array:
    """Return upstream * gelu'(z), shaped like z (n_samples, n_neurons); gelu'(z) = P(z) + z * P'(z)."""
    a = np.minimum(np.abs(z), _FAR)
    half, factor = _normal_tail(a)
    tail = (upstream * half) * ((a / sqrt(2 * pi) - factor) * half)
    dz: Array = upstream * (z >= 0) + tail * _one_where(z >= 0, -1.0)
    return dz
