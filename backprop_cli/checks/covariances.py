"""Rounding errors that the neurons of a sample have in common.

A matrix product spreads the error of one neuron over all of the next layer. In a deep narrow network these errors add
up in the same direction, and are several times as large as if they were independent. So the covariances of the errors
in a sample are propagated: of errors e with the covariance matrix C, the products W.T @ e have W.T @ C @ W.
"""

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node

__all__ = ["deviations", "pass_errors_on", "through_derivative", "through_weights"]

_PASSED_ON = {("z", "inputs"), ("outputs", "z"), ("dz", "upstream"), ("dinputs", "dz")}  # from neuron to neuron
_MOST_NUMBERS = 2**18  # in the covariances of a layer
_NEURONS_PER_LAYER = 2  # of the network: in shallower ones, errors average out over the neurons
_SMALLEST, _LARGEST = 1e-280, 1e290  # the variances whose terms do not leave the range of float64


def pass_errors_on(problem: Problem, node: Node, operand: str) -> bool:
    """Tell whether the covariances of the errors of an operand are propagated to a quantity.

    The errors that a softmax passes on count as independent, and so do those in shallow networks and large layers.
    """
    layer = problem.layers[node.layer]
    if (node.quantity, operand) not in _PASSED_ON or (node.quantity == "outputs" and layer.activation.couples):
        return False
    neurons = max(layer.n_inputs or 1, layer.n_neurons or 1)
    is_deep = neurons <= _NEURONS_PER_LAYER * len(problem.layers)
    return is_deep and (problem.n_samples or 1) * neurons**2 <= _MOST_NUMBERS


def through_weights(errors: Array, covariances: Array | None, weights: Array) -> Array:
    """Return the covariances of the errors of x @ weights, (n_out, n_out, n_samples).

    Args:
        errors: The standard deviations of x, (n_samples, n_in).
        covariances: The covariances of x, (n_in, n_in, n_samples), whose diagonal is not used; None for zeros.
        weights: (n_in, n_out).
    """
    (n_in, n_out), n_samples = weights.shape, len(errors)
    every = np.zeros((n_in, n_in, n_samples)) if covariances is None else covariances.copy()
    diagonal = np.arange(n_in)
    every[diagonal, diagonal] = np.square(errors.T)
    halves = (weights.T @ every.reshape(n_in, -1)).reshape(n_out, n_in, n_samples)  # C is symmetric
    result: Array = (weights.T @ halves.swapaxes(0, 1).reshape(n_in, -1)).reshape(n_out, n_out, n_samples)
    return result


def through_derivative(covariances: Array, derivative: Array) -> Array:
    """Return the covariances, (k, k, n_samples), of errors multiplied by a derivative, (n_samples, k) or ()."""
    factors = np.ascontiguousarray(np.atleast_2d(derivative).T)
    result: Array = covariances * factors[:, np.newaxis] * factors
    return result


def deviations(covariances: Array) -> Array:
    """Return the standard deviations, (n_samples, k), of errors with covariances (k, k, n_samples).

    They are NaN where the variances leave the range of float64.
    """
    variances = np.diagonal(covariances)
    is_safe = (variances > _SMALLEST) & (variances < _LARGEST)
    return np.sqrt(np.where(is_safe, variances, np.nan))
