"""A problem made of the numbers that were drawn for a specification."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from backprop_cli.core.activations import activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.exact import as_objects, to_float
from backprop_cli.core.loss_domains import one_hot
from backprop_cli.core.loss_names import loss
from backprop_cli.core.problem import Layer, Problem
from backprop_cli.exercises.specification import Specification

__all__ = ["Flow", "Parameters", "class_targets", "floats", "in_floats", "matrix", "problem_of"]


class Parameters(NamedTuple):
    """The parameters of a layer, as fractions."""

    weights: Array  # (n_inputs, n_neurons)
    biases: Array | None  # (n_neurons,)


class Flow(NamedTuple):
    """What flows back, as fractions: an upstream gradient, or the targets of the loss."""

    upstream: Array | None = None  # (n_samples, n_neurons of the last layer)
    targets: Array | None = None  # the same
    has_classes: bool = False  # whether the targets are written as class numbers


def problem_of(spec: Specification, inputs: Array, layers: Sequence[Parameters], flow: Flow) -> Problem:
    """Return the problem of a specification with inputs (n_samples, n_inputs) and all other numbers, as fractions."""
    return Problem(
        title=spec.title,
        source=spec.source,
        inputs=inputs,
        layers=tuple(
            Layer(
                weights=parameters.weights,
                biases=parameters.biases,
                z=None,
                activation=activation(name),
                n_inputs=parameters.weights.shape[0],
                n_neurons=parameters.weights.shape[1],
                neuron_names=None,
            )
            for name, parameters in zip(spec.activations, layers, strict=True)
        ),
        upstream=flow.upstream,
        weight_layout=spec.weight_layout,
        learning_rate=spec.rate,
        layered=spec.n_layers > 1,
        n_samples=spec.n_samples,
        input_names=None,
        expected={},
        binary=(),
        loss=None if spec.loss is None else loss(spec.loss),
        reduction=spec.reduction,
        targets=flow.targets,
        has_classes=flow.has_classes,
        samples_in=spec.samples_in,
        mean_gradients=spec.mean_gradients,
    )


def in_floats(problem: Problem) -> Problem:
    """Return a problem of fractions in float64."""
    layers = tuple(
        replace(layer, weights=floats(layer.weights), biases=floats(layer.biases)) for layer in problem.layers
    )
    return replace(
        problem,
        inputs=floats(problem.inputs),
        layers=layers,
        upstream=floats(problem.upstream),
        targets=floats(problem.targets),
        learning_rate=to_float(problem.learning_rate),
    )


def floats(array: Any) -> Any:
    """Return an array of exact numbers (any shape) in float64, in the same shape; None stays."""
    if array is None:
        return None
    return np.array([to_float(number) for number in array.flat], np.float64).reshape(array.shape)


def matrix(rows: Sequence[Sequence[Fraction]]) -> Array:
    """Return n rows of m numbers as an array (n, m) of objects."""
    return as_objects([number for row in rows for number in row]).reshape(len(rows), -1)


def class_targets(spec: Specification, classes: Sequence[int]) -> Flow:
    """Return classes as targets: numbers where frameworks take those, else a 1 in each row."""
    targets = one_hot(np.array(classes), spec.shape[-1])
    return Flow(targets=matrix([list(map(Fraction, row)) for row in targets.tolist()]), has_classes=_by_number(spec))


def _by_number(spec: Specification) -> bool:
    """Tell whether targets are class numbers, as PyTorch's CrossEntropyLoss and NLLLoss take them."""
    return spec.loss != "cross_entropy"
