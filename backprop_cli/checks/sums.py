"""Sums of products of nonnegative arrays, in any range of float64, to propagate errors through the chain rule.

In a product, each array has the axes of its factor in `core.quantities`, and the result those of the quantity.
"""

from collections.abc import Sequence
from functools import reduce
from math import prod

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.precision import FLOAT64, Precision
from backprop_cli.core.quantities import Product

__all__ = ["carried", "product_of", "root", "summed", "underflow_of"]

# Squares of smaller numbers, and larger squares, leave the range of float64.
_SMALLEST_ROOT, _LARGEST_SQUARE = 1e-140, 1e290


def product_of(*factors: Array) -> Array:
    """Return the product of arrays that broadcast, such as (n, j) and (j,); it is 0 where a factor is 0."""
    return reduce(lambda a, b: np.where((a == 0) | (b == 0), 0, a * b), factors)


def root(product: Product, arrays: Sequence[Array]) -> Array:
    """Return the root of the sum of squares of the terms of a product, without underflow or overflow: (n, j) for z.

    Where squares leave the range of float64, it is the sum of absolute values, which is not smaller.
    """
    if not product.summed:
        return summed(product, arrays)
    squares = summed(product, [np.square(array) for array in arrays])
    smallest = [_smallest(array) for array in arrays]
    is_safe = (squares < _LARGEST_SQUARE) & (min(*smallest, prod(smallest)) > _SMALLEST_ROOT)
    return np.sqrt(squares) if is_safe.all() else np.where(is_safe, np.sqrt(squares), summed(product, arrays))


def carried(product: Product, sizes: Sequence[Array], i: int, error: Array) -> Array:
    """Return what an error of the i-th factor of a product makes of it, (n, j) for z."""
    factors = [*sizes[:i], error, *sizes[i + 1 :]]
    return root(product, factors) + underflow_of(product, factors, FLOAT64)


def underflow_of(product: Product, arrays: Sequence[Array], precision: Precision) -> Array:
    """Return the error of terms that may be too small for a type, (n, j) for z: its smallest number for each."""
    if prod(map(_smallest, arrays)) >= 2.0**precision.emin:
        return np.zeros(())
    return precision.smallest * summed(product, [(array > 0).astype(float) for array in arrays])


def _smallest(array: Array) -> float:
    """Return the smallest number of a nonnegative array (any shape) that is not zero; infinity if all are."""
    return float(np.min(array, where=array > 0, initial=np.inf))


def summed(product: Product, arrays: Sequence[Array]) -> Array:
    """Return the sum of a product of nonnegative arrays, (n, i) and (i, j) for z, over its axes, (n, j) for z.

    In a sum of two factors, the first has the first axis of the result, as in the lines of `core.quantities`.
    """
    if not product.summed:
        return product_of(*arrays)
    if len(arrays) == 1:
        axes = product.factors[0].axes
        return np.asarray(arrays[0].sum(axis=tuple(axes.index(axis) for axis in product.summed)))
    (left, right), (rows, columns) = arrays, (factor.axes for factor in product.factors)
    left = left.T if rows[0] in product.summed else left
    right = right if columns[0] in product.summed else right.T
    return left @ right
