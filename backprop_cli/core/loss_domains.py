"""What the loss functions accept as outputs y and targets t, both (n_samples, n_neurons), and class numbers."""

from typing import TypeAlias

import numpy as np

from backprop_cli.core.arrays import Array, first_index
from backprop_cli.core.exact import rounded
from backprop_cli.core.floating import quietly

__all__ = [
    "Refused",
    "no_binary_target",
    "no_class",
    "no_distribution",
    "no_positive_output",
    "no_probability",
    "one_hot",
    "with_sum_one",
]

Refused: TypeAlias = tuple[tuple[int, ...], str]  # the index of an entry, or of a sample, and the reason

_SUM_ROUNDING = 2**23  # 1 / the error of targets that were rounded to float32, relative to their sizes; twice as much


def no_class(classes: Array, n_neurons: int) -> Refused | None:
    """Return the index (n,) of the first class number of (n_samples,) that no neuron has, and the reason."""
    wrong = ~((classes >= 0) & (classes < n_neurons))  # NaN, too
    wrong |= np.where(wrong, 0, classes) % 1 != 0
    if not wrong.any():
        return None
    index = first_index(wrong)
    return index, f"expected a class number from 0 to {n_neurons - 1}, got {classes[index]}"


def one_hot(classes: Array, n_neurons: int, dtype: type | np.dtype = np.float64) -> Array:
    """Return class numbers (n_samples,) as targets (n_samples, n_neurons): 1 for the class, 0 elsewhere.

    Raises:
        ValueError: A class number is no integer from 0 to n_neurons - 1.
    """
    refused = no_class(classes, n_neurons)
    if refused is not None:
        (n,), reason = refused
        raise ValueError(f"[{n}]: {reason}")
    targets = np.zeros((len(classes), n_neurons), dtype)
    targets[np.arange(len(classes)), classes.astype(np.intp)] = 1
    return targets


def no_probability(y: Array, t: Array) -> Refused | None:
    """Return the index of the first output that is no probability, or has an infinite loss, and the reason.

    Both arrays are (n_samples, n_neurons). An output of 0 is accepted for a target of 0, and 1 for 1.
    """
    outside = ~((y >= 0) & (y <= 1))
    infinite = ((y == 0) & (t != 0)) | ((y == 1) & (t != 1))
    wrong = outside | infinite
    if not wrong.any():
        return None
    index = first_index(wrong)
    if outside[index]:
        return index, (
            f"binary_cross_entropy needs outputs from 0 to 1, got {y[index]}; "
            "binary_cross_entropy_with_logits takes any values, those before a sigmoid"
        )
    logarithm = "log(0)" if y[index] == 0 else "log(1 - 1)"
    return index, (
        f"{logarithm} with the target {t[index]}: binary_cross_entropy would be infinite; "
        "binary_cross_entropy_with_logits takes the values before the sigmoid"
    )


def no_positive_output(y: Array, t: Array) -> Refused | None:
    """Return the index of the first output that is not positive although its target is not 0, and the reason.

    Both arrays are (n_samples, n_neurons).
    """
    wrong = ~(y > 0) & (t != 0)
    if not wrong.any():
        return None
    index = first_index(wrong)
    return index, (
        f"log({y[index] or 0}) with the target {t[index]}: cross_entropy needs outputs greater than 0; "
        "cross_entropy_with_logits takes the values before the softmax"
    )


def no_binary_target(t: Array) -> Refused | None:
    """Return the index of the first of the targets (n_samples, n_neurons) outside 0 to 1, and the reason.

    With such a target the loss has no minimum. PyTorch's BCELoss refuses it, too.
    """
    wrong = ~((t >= 0) & (t <= 1))
    if not wrong.any():
        return None
    index = first_index(wrong)
    return index, f"binary cross-entropy needs targets from 0 to 1, got {t[index]}"


@quietly
def with_sum_one(t: Array) -> Array:
    """Return for which samples the targets (n_samples, n_neurons) sum to 1, as bool (n_samples,).

    A sum that differs from 1 by rounding to float32 is 1. Fractions may be beyond the range of float64, and stay exact.
    """
    dtype = None if t.dtype.kind == "O" else np.float64
    sums, sizes = t.sum(axis=1, dtype=dtype), np.abs(t).sum(axis=1, dtype=dtype)
    close: Array = np.abs(sums - 1) < sizes / _SUM_ROUNDING  # not where both are infinite
    return close


@quietly
def no_distribution(t: Array) -> Refused | None:
    """Return the index (n,) of the first sample whose targets are no probabilities that sum to 1, and a note on it.

    The targets are (n_samples, n_neurons). PyTorch accepts any targets; the derivative with respect to logits is then
    sum(t) * softmax - t.
    """
    wrong, negative = ~with_sum_one(t), (t < 0).any(axis=1)
    if not (wrong | negative).any():
        return None
    (n,) = first_index(wrong | negative)
    total = rounded(t[n].sum(), 5) if t.dtype.kind == "O" else f"{t[n].sum(dtype=np.float64):.6g}"
    what = f"sum to {total}, not 1" if wrong[n] else "sum to 1, but one is negative"
    return (n,), f"the targets of this sample {what}"
