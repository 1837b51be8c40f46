"""Whether common mistakes change the results of a drawn problem by more than the tolerance of an answer."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from backprop_cli.checks.mistakes import wrong_values
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.exercises.drawn import Drawn

__all__ = ["shows_mistakes"]

_CHANGED = 1e-9  # relative to the largest entry; what is less is a rounding error
_MARGIN = 1.0001  # of two tolerances, so that rounding errors decide nothing
# Mistakes that change nothing where no pre-activation is at a kink
_AT_KINKS = ("derivative beyond the kink", "mean derivative at the kink")
_FIRST = ("dz", "dbiases")  # what most draws fail by
# Quantities in which a mistake is looked for that changes nothing by chance; others follow from them alone
_WITH_CHANCE = ("z", "loss", "upstream", "dz", "dweights", "dbiases")
_SPREAD = 0.6180339887498949  # the golden ratio less 1: no two of its multiples have fractional parts that are near


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
            result[index] *= 1 + 1e-3 * ((number * _SPREAD) % 1)
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
