"""Targets: a matrix like the outputs of the last layer, or the number of a class for each sample."""

from typing import Any, NamedTuple

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.loss_domains import one_hot
from backprop_cli.core.losses import Loss
from backprop_cli.errors import InputError
from backprop_cli.messages import counted

_PLACE = "targets"


class Targets(NamedTuple):
    """Targets as written, with samples in rows or columns, and whether they were written as class numbers."""

    matrix: Array
    has_classes: bool


def read_targets(
    array: Array, loss: Loss | None, n_samples: int | None, n_neurons: int | None, *, in_columns: bool
) -> Targets:
    """Return targets as a matrix, (n_samples, n_neurons), or its transpose if samples are in columns.

    A flat list is the values of one sample where there is one sample, else those of one neuron where there is one, else
    class numbers, which count from 0. Only losses of whole samples take those, also as a row, a column or one number.

    Args:
        array: The targets as written: (), (n,), (n_samples, n_neurons) or its transpose; floats or decimals.
        loss: The loss, which says whether class numbers are possible; without one they are.
        n_samples: The number of samples, if it is known.
        n_neurons: The number of neurons of the last layer, if it is known.
        in_columns: Whether samples are in columns.

    Raises:
        InputError: A class number is not a whole number, or out of range; or there are too few or too many.
    """
    if (loss is not None and not loss.per_sample) or n_neurons is None:
        return Targets(array, False)
    if n_neurons == 1:
        if loss is not None:
            _refuse_classes_of_one_neuron(array)
        return Targets(array, False)
    if n_samples is None and array.ndim == 1 and array.size != n_neurons:  # values of no sample
        n_samples = array.size
    if n_samples is None or (loss is None and not _are_classes(array, n_neurons)):
        return Targets(array, False)
    shape = (n_neurons, n_samples) if in_columns else (n_samples, n_neurons)
    is_list = array.size == n_samples == max(array.shape, default=1)
    is_values = array.shape == shape or (array.ndim < 2 and n_samples == 1 and array.size == n_neurons)
    if is_values or not is_list:
        if array.ndim < 2 and not is_values:
            got, wanted = counted(array.size, "class number"), counted(n_samples, "sample")
            verb = "does" if array.size == 1 else "do"
            reason = f"{got} {verb} not fit {wanted} (expected {n_samples}, or a matrix of shape {shape})"
            raise InputError(reason, place=_PLACE)
        return Targets(array, False)
    classes = np.array([_class_number(value, i, n_neurons) for i, value in enumerate(array.ravel().tolist())])
    matrix = one_hot(classes, n_neurons, array.dtype)
    return Targets(matrix.T if in_columns else matrix, True)


def _are_classes(array: Array, n_neurons: int) -> bool:
    """Tell whether targets (), (n,), (1, n) or (n, 1) without a loss may be class numbers."""
    values = array.ravel().tolist() if array.size == max(array.shape, default=1) else [-1]
    return all(value == int(value) and 0 <= value < n_neurons for value in values)


def _class_number(value: Any, i: int, n_neurons: int) -> int:
    if value != int(value):
        raise InputError(f"expected a class number (a whole number), got {value}", place=f"{_PLACE}[{i}]")
    if not 0 <= value < n_neurons:
        reason = f"class {int(value)} does not exist: {n_neurons} neurons are the classes 0 to {n_neurons - 1}"
        hint = "class numbers count from 0 here" if value == n_neurons else None
        raise InputError(reason, place=f"{_PLACE}[{i}]", hint=hint)
    return int(value)


def _refuse_classes_of_one_neuron(array: Array) -> None:
    for i, value in enumerate(array.ravel().tolist()):
        if value > 1 and value == int(value):
            reason = f"{int(value)} looks like a class number, and there is one neuron (expected values of 0 to 1)"
            raise InputError(
                reason, place=f"{_PLACE}[{i}]", hint="two classes are two neurons, or binary_cross_entropy"
            )
