"""Activation functions by their outputs y: the z that has them, and derivatives in the formulas of textbooks.

Whoever works by hand takes derivatives from outputs: y * (1 - y) is sigmoid'(z) at the z that has the output y. An
inverse has the shape of y, and is NaN where no z has that output.
"""

import numpy as np

from backprop_cli.core.arrays import Array

__all__ = ["elu", "leaky_relu", "linear", "relu", "sigmoid", "softmax", "softplus", "tanh"]
__all__ += ["sigmoid_backward", "softmax_backward", "tanh_backward"]


def linear(y: Array) -> Array:
    """Return y (n_samples, n_neurons) itself; of log-softmax, the z whose exponentials add up to 1."""
    return y


def relu(y: Array) -> Array:
    """Return y (n_samples, n_neurons), and 0 for 0: the derivative there is that of every negative z."""
    return np.where(y >= 0, y, np.nan)


def leaky_relu(y: Array, slope: float) -> Array:
    """Return y (n_samples, n_neurons) where it is positive, else y / slope, of a positive slope."""
    return np.where(y > 0, y, y / slope)


def sigmoid(y: Array) -> Array:
    """Return log(y / (1 - y)) of y (n_samples, n_neurons)."""
    with np.errstate(all="ignore"):
        result: Array = np.log(y) - np.log1p(-y)
    return result


def tanh(y: Array) -> Array:
    """Return artanh(y) of y (n_samples, n_neurons)."""
    with np.errstate(all="ignore"):
        return np.arctanh(y)


def softplus(y: Array) -> Array:
    """Return log(exp(y) - 1) of y (n_samples, n_neurons)."""
    with np.errstate(all="ignore"):
        result: Array = y + np.log(-np.expm1(-y))
    return result


def elu(y: Array, alpha: float) -> Array:
    """Return y (n_samples, n_neurons) where it is positive, else log(1 + y / alpha), of a positive alpha."""
    with np.errstate(all="ignore"):
        return np.where(y > 0, y, np.log1p(np.minimum(y, 0) / alpha))


def softmax(y: Array) -> Array:
    """Return log(y) of y (n_samples, n_neurons): of all z with the same softmax, it is one."""
    with np.errstate(all="ignore"):
        return np.log(y)


def sigmoid_backward(upstream: Array, y: Array) -> Array:
    """Return upstream * y * (1 - y), all (n_samples, n_neurons)."""
    dz: Array = upstream * y * (1 - y)
    return dz


def tanh_backward(upstream: Array, y: Array) -> Array:
    """Return upstream * (1 - y^2), all (n_samples, n_neurons)."""
    dz: Array = upstream * (1 - y * y)
    return dz


def softmax_backward(upstream: Array, y: Array) -> Array:
    """Return the sum over k of upstream[k] * y[k] * ((k = j) - y[j]), all (n_samples, n_neurons)."""
    dz: Array = y * (upstream - (upstream * y).sum(axis=1, keepdims=True))
    return dz
