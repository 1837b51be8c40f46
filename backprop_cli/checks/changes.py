"""What changes in expected values when the computed ones take their place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.core.arrays import Array, unraveled
from backprop_cli.core.expected import Expected
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class OldValues:
    """The expected values of one quantity, in the shape of the computed ones."""

    values: Array  # 0 where open
    is_open: Array  # bool, in the same shape


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Change:
    """What changes in one quantity.

    Without old values in the shape of the computed ones, `was` describes what there was before: a null, values of
    another shape, or nothing.
    """

    place: str
    value: Array  # the computed one, of any shape
    changed: Array  # bool, in the same shape: which entries change
    old: OldValues | None = None
    was: str | None = None
    old_type: str | None = None  # of the array that the new one, in float64, replaces, if it is another

    def largest(self, old: OldValues) -> tuple[tuple[int, ...], float | None, float]:
        """Return the index of the entry that changes most, its old value (None if open) and its new one.

        Old values that are not finite come first, and open ones last. There is at least one change.
        """
        with np.errstate(over="ignore"):
            by = np.where(old.is_open, 0, np.abs(self.value - old.values))
        index = unraveled(int(np.argmax(np.where(self.changed, by, -1))), by.shape)  # NaN counts as the largest
        before = None if old.is_open[index] else float(old.values[index])
        return index, before, float(self.value[index])


def changes(solution: Solution, expected: Mapping[Node, Expected], nodes: Iterable[Node]) -> dict[Node, Change]:
    """Return what changes in each of some quantities if their expected values become the computed ones.

    A quantity that cannot be computed is left out. An entry changes if it was open, or another number; 0 and -0 are the
    same.

    Args:
        solution: Everything that follows from the problem, in float64.
        expected: The expected values by layer and quantity, in float64.
        nodes: The layers and quantities.
    """
    return {
        node: _change(solution.problem.place(*node), value, expected.get(node))
        for node in nodes
        if (value := solution.layers[node.layer].computed.get(node.quantity)) is not None
    }


def _change(place: str, value: Array, expected: Expected | None) -> Change:
    everything = np.ones(value.shape, bool)
    if expected is None:
        return Change(place=place, value=value, changed=everything)
    accepted, shape = Tolerance().around(expected), expected.values.shape
    if not shape and value.ndim and expected.is_open.all():
        return Change(place=place, value=value, changed=everything, was="open")
    if not accepted.fit(value.shape):
        return Change(place=place, value=value, changed=everything, was=f"of shape {shape}")
    changed = accepted.is_open | (accepted.expected != value)
    old = OldValues(values=accepted.expected, is_open=accepted.is_open)
    return Change(place=place, value=value, changed=changed, old=old)
