"""Draw what flows back in a problem with friendly numbers: an upstream gradient, or the targets of a loss.

Targets are chosen backwards. A loss of y - t, the outputs less the targets, that is rational gets a difference first,
such that its value and gradient have few decimals after the division that the reduction makes.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

from backprop_cli.core.arrays import Array
from backprop_cli.core.loss_names import loss
from backprop_cli.core.losses import Loss, scale
from backprop_cli.exercises.assembly import Flow, class_targets, matrix
from backprop_cli.exercises.number_sets import NumberSet, Unfit
from backprop_cli.exercises.rounding import decimals
from backprop_cli.exercises.specification import Specification
from backprop_cli.exercises.stream import Stream

__all__ = ["BINARY", "draw_flow", "drawn_classes"]

_MOST_TIMES = 4  # the smallest difference, which no other one exceeds
_HALF = Fraction(1, 2)
_DIFFERENCES = tuple(sign * Fraction(size, 2) for size in (1, 2, 3) for sign in (1, -1))
# The targets of activations whose outputs are bounded
_BOUNDED = {"sigmoid": (0, 1), "softmax": (0, 1), "tanh": (-1, 1)}
BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")


def draw_flow(spec: Specification, stream: Stream, number_set: NumberSet, outputs: Array, spare: int) -> Flow:
    """Return what flows back to outputs (n_samples, n_neurons), of which a gradient has `spare` decimals at most.

    Raises:
        Unfit: No difference of outputs and targets leads to few decimals.
    """

    def drawn(number: Callable[[Fraction], Fraction]) -> Array:
        return matrix([[number(y) for y in sample] for sample in outputs.tolist()])

    if spec.loss is None:
        times = spec.n_samples if spec.mean_gradients else 1
        return Flow(upstream=drawn(lambda _: times * stream.choice(number_set.upstream)))
    row = loss(spec.loss)
    if row.per_sample:
        return class_targets(spec, drawn_classes(spec, stream))
    bounded = (0, 1) if row.name in BINARY else _BOUNDED.get(spec.activations[-1])
    if bounded is not None:
        return Flow(targets=drawn(lambda _: Fraction(stream.choice(bounded))))
    if not spec.rational:
        return Flow(targets=drawn(lambda y: round(y - stream.choice(_DIFFERENCES), 1)))
    differences = _differences(spec, row, spare)
    return Flow(targets=drawn(lambda y: y - stream.choice(differences)))


def drawn_classes(spec: Specification, stream: Stream) -> list[int]:
    """Return a class for each sample; not all are the same where that is possible."""
    classes = [stream.below(spec.shape[-1])]
    while len(classes) < spec.n_samples:
        is_last = len(classes) == spec.n_samples - 1
        left = [k for k in range(spec.shape[-1]) if not is_last or set(classes) != {k}]
        classes.append(stream.choice(left))
    return classes


def _differences(spec: Specification, row: Loss, spare: int) -> Sequence[Fraction]:
    """Return differences y - t with which the loss and its gradient, after their division, have few decimals.

    Raises:
        Unfit: There are none.
    """
    divisors = scale(row, spec.reduction, spec.n_samples, spec.shape[-1], mean_gradients=spec.mean_gradients)
    of_gradient = divisors.upstream * (spec.n_samples if spec.mean_gradients else 1)
    found: list[Fraction] = []
    for k in range(1, 24 * _without_2_and_5(divisors.loss) + 1):
        y, t = matrix([[k * _HALF]]), matrix([[Fraction(0)]])
        (gradient,), (value,) = row.gradient(y, t).flat, row.value(y, t).flat
        if (
            k * _HALF != row.reach
            and decimals(Fraction(gradient) / of_gradient) <= min(spare, 1)
            and decimals(Fraction(value) / divisors.loss) <= spec.digits
        ):
            found.append(k * _HALF)
    if not found:
        raise Unfit("short")
    return [sign * size for size in found if size <= _MOST_TIMES * found[0] for sign in (1, -1)]


def _without_2_and_5(number: int) -> int:
    """Return a number without its factors 2 and 5, by which a division leaves a finite decimal."""
    for factor in (2, 5):
        while number % factor == 0:
            number //= factor
    return number
