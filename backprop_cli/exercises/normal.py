"""Draw problems with numbers from the normal distribution, for reference values.

Inputs and upstream gradients are standard normal, as are targets that are neither classes nor probabilities. Weights
are scaled as K. He et al., "Delving deep into rectifiers", 2015, equation 10, or X. Glorot and Y. Bengio,
"Understanding the difficulty of training deep feedforward neural networks", 2010, equation 12, and biases by 1/10.
All of them are rounded to 4 decimals.
"""

from decimal import Decimal
from fractions import Fraction

import numpy as np

from backprop_cli.core.activations import Activation, activation, name_of_activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.exact import as_objects
from backprop_cli.core.loss_names import loss
from backprop_cli.core.problem import Problem
from backprop_cli.errors import UsageError
from backprop_cli.exercises.assembly import Flow, Parameters, class_targets, matrix, problem_of
from backprop_cli.exercises.flow import BINARY, drawn_classes
from backprop_cli.exercises.specification import Init, Specification
from backprop_cli.exercises.stream import Stream

__all__ = ["normal"]

_DIGITS = 4
_FROM_KINKS = 1e-3  # how far pre-activations stay from kinks: more than float32 rounds
_TRIES = 200  # for a neuron
_LIKE_RELU = ("relu", "leaky_relu", "elu", "silu", "gelu")
_OF_BIASES = Decimal("0.1")


def normal(spec: Specification) -> Problem:
    """Return a problem of fractions.

    Raises:
        UsageError: The pre-activations of a neuron are always near a kink: there are too many samples.
    """
    stream = Stream(spec.seed)
    inputs = _normal(stream, spec.n_samples, spec.shape[0])
    outputs, layers = inputs.astype(np.float64), []
    for i, name in enumerate(spec.activations):
        row = activation(name)
        columns, biases, z = zip(
            *(_neuron(spec, stream, outputs, i, row) for _ in range(spec.shape[i + 1])), strict=True
        )
        layers.append(Parameters(matrix(columns).T, as_objects(list(biases)) if spec.biases else None))
        outputs = row.value(np.array(z).T.copy())
    return problem_of(spec, inputs, layers, _flow(spec, stream, outputs))


def _neuron(
    spec: Specification, stream: Stream, inputs: Array, i: int, row: Activation
) -> tuple[list[Fraction], Fraction, Array]:
    """Return weights, a bias and pre-activations (n_samples,), of the inputs (n_samples, n_inputs) of layer i."""
    deviation = _deviation(spec.init or _init_of(row), *spec.shape[i : i + 2])
    for _ in range(_TRIES):
        weights = [round(Fraction(stream.normal() * deviation), _DIGITS) for _ in range(spec.shape[i])]
        bias = round(Fraction(stream.normal() * _OF_BIASES), _DIGITS) if spec.biases else Fraction(0)
        z = inputs @ np.array(weights, np.float64) + float(bias)
        # Without a bias, z of inputs that are all 0 is 0 in any arithmetic
        z_rounded = z if spec.biases else z[inputs.any(axis=1)]
        if all((np.abs(z_rounded - kink) > _FROM_KINKS).all() for kink in row.kinks):
            return weights, bias, z
    reason = f"in {_TRIES} draws of a neuron, a pre-activation was nearer to a kink than {_FROM_KINKS}"
    raise UsageError(reason, hint="fewer samples make this rarer")


def _init_of(row: Activation) -> Init:
    return "he" if name_of_activation(row.name) in _LIKE_RELU else "glorot"


def _deviation(init: Init, n_inputs: int, n_neurons: int) -> Decimal:
    """Return the standard deviation of weights: their variance is 2 / n_inputs, or 2 / (n_inputs + n_neurons)."""
    return (Decimal(2) / (n_inputs + (n_neurons if init == "glorot" else 0))).sqrt()


def _normal(stream: Stream, n_rows: int, n_columns: int) -> Array:
    return matrix([[round(Fraction(stream.normal()), _DIGITS) for _ in range(n_columns)] for _ in range(n_rows)])


def _flow(spec: Specification, stream: Stream, outputs: Array) -> Flow:
    """Return what flows back to outputs (n_samples, n_neurons); no target is where the loss has a kink."""
    shape = outputs.shape
    if spec.loss is None:
        return Flow(upstream=_normal(stream, *shape))
    row = loss(spec.loss)
    if row.per_sample:
        return class_targets(spec, drawn_classes(spec, stream))
    if row.name in BINARY:
        return Flow(targets=matrix([[Fraction(stream.below(2)) for _ in range(shape[1])] for _ in range(shape[0])]))
    edges = [*row.kinks, row.reach, -row.reach]

    def target(y: float) -> Fraction:
        while True:
            found = round(Fraction(stream.normal()), _DIGITS)
            if all(abs(y - float(found) - edge) > _FROM_KINKS for edge in edges):
                return found

    return Flow(targets=matrix([list(map(target, sample)) for sample in outputs.tolist()]))
