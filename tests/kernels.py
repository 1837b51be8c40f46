"""Layers in narrow types, as other programs compute them: sums in one type, in an order, and results in another.

Each sum is made term by term from the definition, without a matrix product.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.precision import Precision

ORDERS = ("pairwise", "one after the other", "blocked")
_BLOCK = 128


def added(terms: Array, order: str) -> Array:
    """Return the sum of terms (..., m) over the last axis, in their own type and in one of `ORDERS`."""
    rows = np.ascontiguousarray(np.moveaxis(terms, -1, 0))
    if order == "blocked":
        rows = np.stack([np.add.reduce(rows[i : i + _BLOCK], axis=0) for i in range(0, len(rows), _BLOCK)])
    elif order == "pairwise":  # NumPy adds pairwise along a contiguous last axis, and row by row along the first
        rows = np.add.reduce(np.ascontiguousarray(terms), axis=-1)[np.newaxis]
    total: Array = np.add.reduce(rows, axis=0)
    return total


def product(a: Array, b: Array, order: str) -> Array:
    """Return the matrix product of a (m, k) and b (k, n), in their own type: (m, n)."""
    return added(a[:, None, :] * b.T[None, :, :], order)


def narrow_layer(given: Mapping[str, Array], stored: Precision, order: str) -> dict[str, Array]:
    """Return what a ReLU layer computes from `inputs`, `weights`, `biases` and `upstream`, as float64.

    Sums are made in float32, or in float64 for results that are stored in float64.
    """
    kind = np.float64 if stored.name == "float64" else np.float32

    def narrow(array: Array) -> Array:
        return stored.round(array.astype(np.float64)).astype(kind)

    x, w, b, upstream = (narrow(given[name]) for name in ("inputs", "weights", "biases", "upstream"))
    z = narrow(product(x, w, order) + b)
    dz = narrow(np.where(z > 0, upstream, 0))
    computed = {
        "z": z,
        "outputs": np.maximum(z, 0),
        "dz": dz,
        "dinputs": narrow(product(dz, w.T, order)),
        "dweights": narrow(product(x.T, dz, order)),
        "dbiases": narrow(added(dz.T, order)),
    }
    return {name: array.astype(np.float64) for name, array in computed.items()}


def random_layer(rng: np.random.Generator, n_samples: int, n_inputs: int, n_neurons: int) -> dict[str, Any]:
    """Return a random layer in the format of a problem."""
    shapes = {
        "inputs": (n_samples, n_inputs),
        "weights": (n_inputs, n_neurons),
        "biases": (n_neurons,),
        "upstream": (n_samples, n_neurons),
    }
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}
