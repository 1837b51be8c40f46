"""What makes numbers friendly: conditions, each with the sentence that an error says where it is never met.

The numbers in the names are stated in the help of `backprop new`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from backprop_cli.checks.mistakes import wrong_values
from backprop_cli.core.activations import Activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.exercises.assembly import in_floats

__all__ = ["CONDITIONS", "FROM_KINKS", "MOST_Z", "Condition", "Drawn"]

FROM_KINKS = Fraction(1, 10)  # how far pre-activations stay from 0, and from kinks
MOST_Z = 2  # how far they stay from where an activation saturates; of softmax, how far those of a sample are apart
_VISIBLE = 10  # units of the last decimal, which the largest entry of a gradient has
_PLACES = 9  # of floats; numbers that are drawn and what is rational have fewer
_CHANGED = 1e-9  # relative to the largest entry; what is less is a rounding error
_MARGIN = 1.0001  # of two tolerances, so that rounding errors decide nothing
# Mistakes that change nothing where no pre-activation is at a kink
_AT_KINKS = ("derivative beyond the kink", "mean derivative at the kink")
_FIRST = ("dz", "dbiases")  # what most draws fail by
# Quantities in which a mistake is looked for that changes nothing by chance; others follow from them alone
_WITH_CHANCE = ("z", "loss", "upstream", "dz", "dweights", "dbiases")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Drawn:
    """A problem of fractions that was drawn, and what follows from it."""

    problem: Problem
    digits: int
    rational: bool  # whether everything that follows is a fraction

    @cached_property
    def floats(self) -> Problem:
        """The problem in float64."""
        return in_floats(self.problem)

    @cached_property
    def solution(self) -> Solution:
        """Everything that follows, in float64."""
        return solve(self.floats)

    @cached_property
    def layers(self) -> Sequence[Mapping[str, Array]]:
        """The quantities of each layer, such as z (n_samples, n_neurons), as fractions, or as floats if not rational.

        Floats are rounded, so that their last bits, which depend on the platform, decide nothing.
        """
        if self.rational:
            return [layer.computed for layer in solve(self.problem).layers]
        with np.errstate(over="ignore"):  # as huge ones do, to infinity
            return [
                {name: np.round(values, _PLACES) for name, values in layer.computed.items()}
                for layer in self.solution.layers
            ]

    def gradients(self) -> Iterator[Array]:
        """Yield the gradients of all layers, each in the shape of its quantity, such as (n_samples, n_neurons)."""
        for layer in self.layers:
            yield from (values for name, values in layer.items() if name.startswith("d"))

    def z(self, layer: int) -> Array:
        """Return the pre-activations (n_samples, n_neurons) of a layer."""
        return self.problem.as_written("z", self.layers[layer]["z"])


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


class _Changes(NamedTuple):
    """Which mistakes change a quantity, and which of them by more than two tolerances, by name and description."""

    changed: Counter[tuple[str, str]]
    visible: Counter[tuple[str, str]]


def _changes(solution: Solution, node: Node, digits: int, names: Collection[str] | None = None) -> _Changes:
    right = solution.layers[node.layer].computed[node.quantity]
    size, found = float(np.abs(right).max(initial=0)), _Changes(Counter(), Counter())
    for wrong in wrong_values(solution, node, names):
        difference = float(np.abs(wrong.value - right).max(initial=0))
        key = wrong.name, wrong.description
        if wrong.name not in _AT_KINKS:
            found.changed[key] += difference > _CHANGED * (1 + size)
            found.visible[key] += difference * 10**digits > _MARGIN
    return found


def shows_mistakes(drawn: Drawn) -> bool:
    """Tell whether each mistake that changes a quantity at all changes an entry by more than two tolerances.

    A mistake that would change it with other numbers near by has to change it, too.
    """
    nearby: Solution | None = None
    for node in sorted(drawn.problem.nodes, key=lambda node: node.quantity not in _FIRST):
        found = _changes(drawn.solution, node, drawn.digits)
        if found.changed != found.visible:
            return False
        is_first = node == Node(0, "dinputs")  # those of other layers are upstream of a dz
        silent = {name for (name, _), changed in found.changed.items() if not changed}
        if silent and (is_first or node.quantity in _WITH_CHANCE):
            nearby = nearby or solve(_moved(drawn.floats))
            there = _changes(nearby, node, drawn.digits, silent).changed
            if any(there[key] > found.changed[key] for key in there):
                return False
    return True


def _moved(problem: Problem) -> Problem:
    """Return a problem in which each number is another, and nothing is equal that need not be."""
    number = 0

    def moved(array: Any) -> Any:
        nonlocal number
        if not isinstance(array, np.ndarray):
            return array
        result = array.copy()
        for index in np.ndindex(array.shape):
            number += 1
            result[index] *= 1 + 1e-3 * ((number * 0.6180339887498949) % 1)
        return result

    layers = tuple(replace(layer, weights=moved(layer.weights), biases=moved(layer.biases)) for layer in problem.layers)
    is_of_numbers = problem.loss is not None and problem.loss.exact
    return replace(
        problem,
        inputs=moved(problem.inputs),
        layers=layers,
        upstream=moved(problem.upstream),
        targets=moved(problem.targets) if is_of_numbers else problem.targets,
    )


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
