"""What follows from expected values: one that is wrong makes others wrong that were computed from it without a mistake.

Each expected quantity has a second value: the formula's result for the expected values of its own operands. An operand
without expected values is what follows from its own operands, and so is an open entry. Teachers call an entry that
agrees with this value an error carried forward.

There is more than one way to work on, and each is tried. Whoever works by hand takes derivatives from outputs, as in
y * (1 - y) for a sigmoid: then z is what has the expected outputs. The gradient behind a softmax with cross-entropy is
p - t, or the chain rule's product of upstream and f'(z).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from backprop_cli.checks.propagation import Error
from backprop_cli.checks.rounding import Bound
from backprop_cli.checks.tolerance import Accepted
from backprop_cli.core.arrays import Array
from backprop_cli.core.quantities import FORWARD, Node
from backprop_cli.core.rules import RULES, operands, working_order
from backprop_cli.core.solution import Solution

__all__ = ["FollowThrough"]

_EXACT = 1e-12  # of a value: a smaller difference is that of our own arithmetic
_SAME = 1e-9  # of a number of units, which the slack for that arithmetic makes a little smaller


class FollowThrough:
    """What follows from the expected values of a solution's quantities."""

    def __init__(self, solution: Solution, accepted: Mapping[Node, Accepted]) -> None:
        """Take a solution in float64, and expected values by layer and quantity, in the shapes of the computed ones."""
        self._solution, self._accepted = solution, accepted

    def values(self, node: Node) -> Iterator[tuple[Array, Array]]:
        """Yield what follows for a quantity, and how far it may be off.

        Both have the shape of the computed quantity, such as (n_samples, n_neurons). The error is a bound on what the
        rounding of the operands makes of it: people go on from what they have written down, or from more digits.
        """
        for way in self._ways[: 1 if node.quantity in FORWARD else None]:
            yield from way.value(node)

    @np.errstate(all="ignore")
    def agrees(self, node: Node) -> Array:
        """Return which expected values of a quantity follow from others, in its shape: (n_samples, n_neurons) for z."""
        accepted = self._accepted[node].in_floats()
        expected = accepted.expected
        agrees = np.zeros(expected.shape, dtype=bool)
        for value, error in self.values(node):
            error = np.where(np.isfinite(error), error, 0)  # what may be anything shows nothing
            near = np.abs(expected - value) <= accepted.allowed(value) + error
            agrees |= near | (expected == value) | (np.isnan(expected) & np.isnan(value))
        return agrees

    @cached_property
    def _ways(self) -> Sequence["_Followed"]:
        solutions, problem = [self._solution], self._solution.problem
        if problem.loss is not None and problem.matched(len(problem.layers) - 1) is not None:
            unmatched = replace(problem, loss=replace(problem.loss, matched={}))
            solutions.append(replace(self._solution, problem=unmatched))
        return [
            _Followed(solution, self._accepted, from_outputs=from_outputs)
            for from_outputs in ((False, True) if self._has_other_outputs() else (False,))
            for solution in solutions
        ]

    def _has_other_outputs(self) -> bool:
        """Tell whether some expected outputs are not the right ones to all digits."""
        for node, accepted in self._accepted.items():
            if node.quantity == "outputs":
                right, expected = self._solution.layers[node.layer].computed["outputs"], accepted.in_floats().expected
                if not np.all((np.abs(expected - right) <= _EXACT * np.abs(right)) | accepted.is_open):
                    return True
        return False


class _Followed(Bound):
    """The values that take the place of the computed ones, with bounds on their errors; arrays as in `AXES`."""

    reach = 1.0

    @np.errstate(all="ignore")
    def __init__(self, solution: Solution, accepted: Mapping[Node, Accepted], *, from_outputs: bool) -> None:
        self.problem, self.errors, self._from_outputs = solution.problem, {}, from_outputs
        self.computed, self.values = {}, {}
        self._differing = set[Node]()  # what does not follow from the problem alone
        for node in working_order(len(solution.layers)):
            right = solution.layers[node.layer].computed.get(node.quantity)
            right = self.problem.given(node) if right is None else self.problem.as_written(node.quantity, right)
            if right is not None:
                self._take(node, right, accepted.get(node))
                if from_outputs and node.quantity == "outputs" and node in accepted:
                    self._invert(node)

    def value(self, node: Node) -> Iterator[tuple[Array, Array]]:
        """Yield what follows for a quantity and a bound on its error, as the author writes them, if anything does."""
        if self._differs(node):
            value, error = self._following(node)
            yield self.problem.as_written(node.quantity, value), self.problem.as_written(node.quantity, error)

    def _differs(self, node: Node) -> bool:
        parts = [part for part in operands(self.problem, node) if isinstance(part, Node)]
        return not self._differing.isdisjoint(parts) and self.computed.keys() >= set(parts)

    def _following(self, node: Node) -> tuple[Array, Array]:
        """Return what follows for a quantity from its operands, and a bound on its error."""
        value = self._dz_of_outputs(node) if self._from_outputs and node.quantity == "dz" else None
        if value is None:
            value = np.asarray(RULES[node.quantity].formula(*self._operands(node)) / self.problem.divisor(node))
        return value, np.broadcast_to(self.error_of(node), value.shape)

    def _operands(self, node: Node) -> list[Any]:
        """Return the operands of a quantity; a derivative that reads outputs gets those that belong to its z."""
        activation, z = self.problem.layers[node.layer].activation, self.computed.get(Node(node.layer, "z"))
        return [
            part
            if not isinstance(part, Node)
            else activation.value(z)
            if node.quantity == "dz" and part == Node(node.layer, "outputs")
            else self.computed[part]
            for part in operands(self.problem, node)
        ]

    def _dz_of_outputs(self, dz: Node) -> Array | None:
        """Return dz from outputs that no z may have, such as those of a softmax that do not add up to 1.

        It is p - t behind a matched loss. Elsewhere, a softmax has the derivatives p[k] * ((k = j) - p[j]).
        """
        activation, pair = self.problem.layers[dz.layer].activation, self.problem.matched(dz.layer)
        y = self.computed[Node(dz.layer, "outputs")]
        if pair is not None and pair.probability == activation.name:
            t = self.targets(dz)
            total = t.sum(axis=1, keepdims=True) if activation.couples else 1
            return np.asarray((y * total - t) / self.problem.divisor(dz))
        if pair is not None or activation.backward_of_outputs is None:
            return None
        return activation.backward_of_outputs(self.computed[self.problem.origin(dz.layer, "upstream")], y)

    def _take(self, node: Node, right: Array, accepted: Accepted | None) -> None:
        """Note the value of a quantity and its error: the expected one, what follows, or the right one."""
        differs = self._differs(node)
        value, error = self._following(node) if differs else (right, np.zeros(right.shape))
        if accepted is not None:
            accepted = accepted.in_floats()
            own = (accepted.expected, accepted.is_open, accepted.allowed(self.problem.as_written(node.quantity, right)))
            expected, is_open, allowed = (self.problem.as_written(node.quantity, array) for array in own)
            rounded = _rounding(expected, is_open, allowed, (right, 0), (value, error))
            value, error = np.where(is_open, value, expected), np.where(is_open, error, rounded)
        if differs or accepted is not None:
            self._differing.add(node)
        self._note(node, value, error)

    def _note(self, node: Node, value: Array, error: Array) -> None:
        self.computed[node], self.values[node], self.errors[node] = value, np.abs(value), Error(error)

    def _invert(self, outputs: Node) -> None:
        """Take the z that has the expected outputs, where there is one, for the gradients and the loss."""
        inverse, z_node = self.problem.layers[outputs.layer].activation.inverse, Node(outputs.layer, "z")
        if inverse is None or z_node not in self.computed:
            return
        y, off = self.computed[outputs], self.errors[outputs].size
        z, below, above = (inverse(y + side * off) for side in (0, -1, 1))
        error = np.fmax(np.abs(below - z), np.abs(above - z))
        is_known = np.isfinite(z) & np.isfinite(error)
        self._note(
            z_node,
            np.where(is_known, z, self.computed[z_node]),
            np.where(is_known, error, self.errors[z_node].size),
        )
        self._differing.add(z_node)


def _rounding(expected: Array, is_open: Array, allowed: Array, *causes: tuple[Array, Array | float]) -> Array:
    """Return how far each expected value may be off by rounding, in its shape, (n_samples, n_neurons) for z.

    A value that is right, or follows, may be off by its difference, and by what its cause may be off. A wrong one has
    been rounded if others of its array were, and if the right one needs more digits.

    Args:
        expected: The expected values.
        is_open: Which of them are open, in the same shape.
        allowed: The tolerance, in the same shape: of rounded values, half a unit of the last digit.
        causes: The values that they may be, and the errors of these, in the same shape; the right ones first.
    """
    off = np.full(expected.shape, -np.inf)
    for value, error in causes:
        apart = np.abs(expected - value)
        off = np.where(apart <= allowed + error, np.maximum(off, np.minimum(apart + error, allowed)), off)
    is_told = (off >= 0) & ~is_open
    others_are_exact = is_told.any() and bool(np.all(off[is_told] <= _EXACT * np.abs(expected[is_told])))
    right, _ = causes[0]
    units = np.divide(right, 2 * allowed, out=np.zeros(expected.shape), where=allowed > 0)
    is_exact = np.abs(units - np.rint(units)) <= _SAME * np.maximum(np.abs(units), 1)
    return np.where(off >= 0, off, np.where(is_exact | others_are_exact, 0.0, allowed))
