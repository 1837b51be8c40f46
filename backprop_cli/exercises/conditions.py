"""What makes numbers friendly: conditions, each with the sentence that an error says where it is never met.

The numbers in the names are stated in the help of `backprop new`.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from backprop_cli.core.activations import Activation
from backprop_cli.exercises.drawn import Drawn
from backprop_cli.exercises.visible_mistakes import shows_mistakes

__all__ = ["CONDITIONS", "FROM_KINKS", "MOST_Z", "Condition", "may_be_inactive", "saturates"]

FROM_KINKS = Fraction(1, 10)  # how far pre-activations stay from 0, and from kinks
MOST_Z = 2  # how far they stay from where an activation saturates; of softmax, how far those of a sample are apart
_VISIBLE = 10  # units of the last decimal, which the largest entry of a gradient has


class Condition(NamedTuple):
    """One condition: what a draw that does not meet it has, what may help, and whether a draw meets it."""

    sentence: str
    hint: str
    holds: Callable[[Drawn], bool]


def _is_apart_from_kinks(drawn: Drawn) -> bool:
    return all(
        abs(z - Fraction(kink)) >= FROM_KINKS
        for i, layer in enumerate(drawn.problem.layers)
        for kink in layer.activation.kinks
        for z in drawn.z(i).flat
    )


def may_be_inactive(activation: Activation) -> bool:
    """Tell whether units of an activation are active or inactive: beyond its kink, or not."""
    return bool(activation.kinks)


def _has_active_and_inactive(drawn: Drawn) -> bool:
    states = set()
    sizes = [0]
    for i, layer in enumerate(drawn.problem.layers):
        if may_be_inactive(layer.activation):
            z = drawn.z(i)
            states |= {number > layer.activation.kinks[0] for number in z.flat}
            sizes.append(z.size)
    return max(sizes) < 2 or states == {False, True}


def saturates(activation: Activation) -> bool:
    """Tell whether an activation is a curve, whose derivative may vanish, or become 1, far from 0."""
    return not activation.exact


def _is_far_from_saturation(drawn: Drawn) -> bool:
    for i, layer in enumerate(drawn.problem.layers):
        z = drawn.z(i)
        if saturates(layer.activation):
            size = (z.max(axis=1) - z.min(axis=1)).max() if layer.activation.couples else np.abs(z).max()
            if size > MOST_Z:
                return False
    return True


def _is_short(drawn: Drawn) -> bool:
    if not drawn.rational:
        return True
    unit = 10**drawn.digits
    return all(
        (number * unit).denominator == 1
        for layer in drawn.layers
        for values in layer.values()
        for number in values.flat
    )


def _has_gradients(drawn: Drawn) -> bool:
    return all(values.any() for values in drawn.gradients())


def _is_not_trivial(drawn: Drawn) -> bool:
    last = drawn.layers[-1]
    if "upstream" in last and all(abs(number) in (0, 1) for number in last["upstream"].flat):  # as of an absolute error
        return bool((last["dz"] < 0).any())
    gradients = (layer[name] for layer in drawn.layers for name in ("dweights", "dbiases"))
    return all(any(abs(number) not in (0, 1) for number in values.flat) for values in gradients)


def _is_not_symmetric(drawn: Drawn) -> bool:
    problem = drawn.problem
    given = [problem.inputs, problem.upstream, *(layer.weights for layer in problem.layers)]
    found = (layer.items() for layer in drawn.layers)
    # Such a gradient of a loss has the pattern of its targets
    matrices = [*given, *(values for items in found for name, values in items if name != "upstream")]
    return not any(
        isinstance(array, np.ndarray) and array.size > 1 and array.shape == array.T.shape and (array == array.T).all()
        for array in matrices
        if array is not None and np.ndim(array) == 2
    )


def _is_visible(drawn: Drawn) -> bool:
    return drawn.rational or all(abs(values).max() * 10**drawn.digits >= _VISIBLE for values in drawn.gradients())


CONDITIONS: Mapping[str, Condition] = {
    "kinks": Condition(
        f"a pre-activation is at a kink, or nearer to it than {float(FROM_KINKS)}",
        "fewer samples or neurons make this rarer",
        _is_apart_from_kinks,
    ),
    "masks": Condition(
        "no unit is active, or none is inactive",
        "--digits with a larger number lets more units be inactive",
        _has_active_and_inactive,
    ),
    "saturation": Condition(
        f"a pre-activation is larger than {MOST_Z}, where an activation saturates",
        "fewer inputs or neurons make this rarer",
        _is_far_from_saturation,
    ),
    "short": Condition(
        "a result has more decimals than --digits",
        "--digits with a larger number, another number of samples, or another --reduction has more of them",
        _is_short,
    ),
    "gradients": Condition(
        "a gradient is zero in every entry", "more samples or neurons make this rarer", _has_gradients
    ),
    "trivial": Condition(
        "a gradient has no entry but 0, 1 and -1", "more samples or neurons make this rarer", _is_not_trivial
    ),
    "symmetric": Condition(
        "a square matrix is its own transpose", "another number of samples makes this rarer", _is_not_symmetric
    ),
    "visible": Condition(
        f"a gradient has no entry of {_VISIBLE} units of the last decimal",
        "--digits with a larger number shows smaller gradients",
        _is_visible,
    ),
    "mistakes": Condition(
        "a common mistake changes a result by less than two tolerances, or by nothing",
        "--digits with a larger number makes tolerances smaller",
        shows_mistakes,
    ),
}
