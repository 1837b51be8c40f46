"""A reference: a pass with 120 digits, in the formulas of textbooks, for any activation but GELU and any loss.

It shares no formulas with the package. Arrays hold `Decimal`, and samples are in rows.
"""

from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from typing import Any, TypeAlias

import numpy as np

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node

Array: TypeAlias = Any  # of numbers or of decimals

LARGEST_Z = 100  # exp(-2 * 100) is 1e-87, and 1 - exp(-2 * 100) has 120 digits
_ONE: Any = Decimal(1)


def exactly(array: Any) -> Array:
    """Return an array of floats as decimals with the same values."""
    floats = np.asarray(array, dtype=float)
    decimals = np.empty(floats.shape, object)
    decimals[...] = np.vectorize(Decimal, otypes=[object])(floats) if floats.size else 0
    return decimals


def _each(function: Callable[[Decimal], Decimal]) -> Callable[[Array], Array]:
    vectorized: Callable[[Array], Array] = np.vectorize(function, otypes=[object])
    return vectorized


_exp, _log = _each(Decimal.exp), _each(Decimal.ln)


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + _exp(-z))


def _softmax(z: Array) -> Array:
    numerators = _exp(z)
    found: Array = numerators / numerators.sum(axis=1, keepdims=True)
    return found


def _activated(name: str, z: Array) -> tuple[Array, Array]:
    """Return f(z), and f'(z), which is (n_samples, k, j) where neurons are coupled."""
    kind, _, rest = name.partition("(")
    parameter: Any = Decimal(rest.rstrip(")") or {"leaky_relu": "0.01"}.get(kind, "1"))
    match kind:
        case "softmax":
            y = _softmax(z)
            return y, y[:, :, None] * (np.eye(z.shape[1], dtype=int) - y[:, None, :])
        case "log_softmax":
            y = _softmax(z)
            return _log(y), np.eye(z.shape[1], dtype=int) - y[:, None, :]
        case "relu" | "leaky_relu":
            slope = 0 * parameter if kind == "relu" else parameter
            return np.where(z > 0, z, slope * z), np.where(z > 0, _ONE, slope)
        case "linear":
            return z, z * 0 + 1
        case "sigmoid":
            return _sigmoid(z), _sigmoid(z) * (1 - _sigmoid(z))
        case "tanh":
            y = 2 * _sigmoid(2 * z) - 1
            return y, 1 - y * y
        case "softplus":
            return _log(1 + _exp(z)), _sigmoid(z)
        case "elu":
            return np.where(z > 0, z, parameter * (_exp(z) - 1)), np.where(z > 0, _ONE, parameter * _exp(z))
        case _:
            assert kind == "silu"
            y = _sigmoid(z)
            return z * y, y + z * y * (1 - y)


def _lost(name: str, y: Array, t: Array) -> tuple[Array, Array]:
    """Return the terms of a loss, and the gradient of their sum."""
    off = y - t
    match name.partition("(")[0]:
        case "squared_error":
            return off * off, 2 * off
        case "half_squared_error":
            return off * off / 2, off
        case "absolute_error":
            return abs(off), np.vectorize(lambda value: _ONE.copy_sign(value) if value else 0 * value)(off)
        case "huber":
            delta: Any = Decimal(name.partition("(")[2].rstrip(")"))
            is_near = abs(off) <= delta
            far = np.where(off > 0, delta, -delta)
            return np.where(is_near, off * off / 2, delta * (abs(off) - delta / 2)), np.where(is_near, off, far)
        case "binary_cross_entropy":
            return _surprise(y, t) + _surprise(1 - y, 1 - t), (1 - t) / (1 - y) - t / y
        case "binary_cross_entropy_with_logits":
            p = _sigmoid(y)
            return _surprise(p, t) + _surprise(1 - p, 1 - t), p - t
        case "cross_entropy":
            return _surprise(y, t), -t / y
        case "cross_entropy_with_logits":
            return _surprise(_softmax(y), t), _softmax(y) * t.sum(axis=1, keepdims=True) - t
        case other:
            assert other == "nll"
            return -t * y, -t


def _surprise(p: Array, t: Array) -> Array:
    return -t * _log(p)


def _divisors(problem: Problem, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return what the loss, upstream, and the gradients of parameters are divided by."""
    n_samples, n_neurons = shape
    assert problem.loss is not None
    is_per_sample = problem.loss.name in ("cross_entropy", "cross_entropy_with_logits", "nll")
    per_sample = n_neurons if problem.reduction == "mean" and not is_per_sample else 1
    if problem.mean_gradients:
        return per_sample * n_samples, per_sample, n_samples
    both = 1 if problem.reduction == "sum" else per_sample * n_samples
    return both, both, 1


def backpropagate(problem: Problem) -> dict[Node, Array] | None:
    """Return every quantity of a problem but new parameters; None where a z is too large."""
    with localcontext(Context(prec=120)):
        x, passed, last = exactly(problem.inputs), [], len(problem.layers) - 1
        found: dict[Node, Array] = {}
        for i, layer in enumerate(problem.layers):
            weights = exactly(layer.weights)
            z = x @ weights + (0 if layer.biases is None else exactly(layer.biases))
            if (abs(z) > LARGEST_Z).any():
                return None
            outputs, derivative = _activated(layer.activation.name, z)
            found |= {Node(i, "z"): z, Node(i, "outputs"): outputs}
            passed.append((x, weights, derivative))
            x = outputs
        divisor = len(x) if problem.mean_gradients else 1
        if problem.loss is not None:
            terms, gradient = _lost(problem.loss.name, x, exactly(problem.targets))
            of_loss, of_upstream, divisor = _divisors(problem, x.shape)
            upstream = gradient / of_upstream
            found |= {Node(last, "loss"): np.asarray(terms.sum() / of_loss), Node(last, "upstream"): upstream}
        elif isinstance(problem.upstream, str):
            upstream = x if problem.upstream == "outputs" else x * 0 + 1
        else:
            upstream = exactly(problem.upstream)
        for i in range(last, -1, -1):
            x, weights, derivative = passed[i]
            is_coupled = derivative.ndim > 2
            dz = (upstream[:, :, None] * derivative).sum(axis=1) if is_coupled else upstream * derivative
            upstream = dz @ weights.T
            found |= {Node(i, "dz"): dz, Node(i, "dinputs"): upstream}
            found |= {Node(i, "dweights"): x.T @ dz / divisor, Node(i, "dbiases"): dz.sum(axis=0) / divisor}
        return found
