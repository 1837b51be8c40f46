"""How likely a mistake leads to expected values by chance.

A mistake is named if it leads to all expected values, and if other causes hardly do. The evidence is counted in
decimal digits: d digits mean that another cause leads to the same values about once in 10**d. Needed are 2 digits, and
more of them the more mistakes may be the cause (10: one more), as each has its own chance: those that change the
entries that are wrong, and no others; 5 at least. Rare mistakes need 1.5 more; two at once need 2.5 more, and each of
them as much as a common one against what the other leads to alone. The model of chance:

- Only entries whose right value differs count, and each counts log10(|expected - right| / allowed) digits, with the
  tolerance at the mistake's own value, which was used to agree: an arbitrary wrong number agrees so often.
- A number that is written with s significant digits counts s + 1.2 digits at most (s digits, sign and magnitude): a
  3 in place of a 1 is no great coincidence.
- A value that a slip of the pen could give (the sign turned, doubled, halved, the decimal point moved) counts 1.7
  digits at most: one entry in 50 has a slip of a certain kind, if there is a slip in every 4th entry, of a dozen kinds.
  So one such entry names nothing, and two do. Zeros are seldom independent (an inactive unit makes a column zero): all
  of them count as one such entry.
- A loss that is twice or half the right one is no slip where the loss is a squared error: both definitions are common.
- An entry to which a parameter was fitted counts without the digits of the parameter, and nothing without others.

Digits say nothing about a mistake that changes derivatives: wrong pre-activations of any other cause change them, too,
and lead to exactly the same numbers where they change the same ones. So such a mistake is named only if expected
pre-activations are right, or, where none are expected, if forgotten, doubled or subtracted biases lead to other values
(`follows`). Parameters without a step follow from inactive units of any cause: they need the pre-activations.

The numbers 2, 5, 1.2, 1.7 and 1/50 are judgements, tested on random networks with wrong values of other causes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from backprop_cli.checks.tolerance import Accepted
from backprop_cli.core.arrays import Array
from backprop_cli.core.expected import Expected
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.rules import Rules
from backprop_cli.core.solution import Solution

_ENOUGH = 2.0
_FEWEST_TRIED = 5  # mistakes, one of which may not be in the table
_SLIP = 1.7
_SIGN_AND_MAGNITUDE = 1.2
_MOST_DIGITS = 6
_PART_OF_CHANGE = 0.01  # of which a value that a mistake leads to may be off, if others may be off by so much
_SLIPS = (-1.0, 2.0, 0.5, 10.0, 0.1, 100.0, 0.01)  # value / right value


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidate:
    """Values that a mistake leads to."""

    description: str
    value: Array  # in any shape
    fitted: tuple[int, ...] | None = None  # the entry to which a parameter of the mistake was fitted
    fitted_digits: int = 0  # to so many significant digits
    # By layer, where the mistake changes a derivative, (n_samples, n_neurons); None: it is not such a mistake.
    flipped: Mapping[int, Array] | None = None
    may_be_slip: bool = True  # whether a slip of the pen may give a value that it leads to
    needs_z: bool = False  # whether such a change of derivatives is too common to be named without pre-activations
    tries: float = 1.0  # how many candidates of this kind were tried before it agreed
    # The wrong problem and rules that it follows from; None: it is made of the right values.
    problem: Problem | None = None
    rules: Rules = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """Expected values of a quantity that differ from the right ones."""

    solution: Solution  # everything that follows from the problem, in float64
    node: Node
    accepted: Accepted
    expected: Mapping[Node, Expected] = field(default_factory=dict)  # all expected values
    rules: Rules = field(default_factory=dict)  # the wrong rules of the solution, if a mistake is in it
    made: Array | None = None  # what a mistake has made of the right values, if another is tried on top of it

    @property
    def right(self) -> Array:
        """The right values, in the same shape as computed."""
        if self.made is not None:
            return self.made
        return self.solution.layers[self.node.layer].computed[self.node.quantity]

    def agrees(self, value: Array) -> bool:
        """Tell whether values, of any shape such as (n,), are the expected ones, within the tolerance.

        Values that are larger than the right ones may be off by as much more, but for numbers of few decimals.
        """
        if value.shape != self.accepted.expected.shape:
            return False
        return not self._accepted(value).wrong(value).any()

    def _accepted(self, value: Array) -> Accepted:
        """Return the expected values with how far values that a mistake leads to, of the same shape, may be off.

        An entry that a mistake makes larger is rounded as the largest right one is: the right one may be exactly 0.
        """
        accepted, size = self.accepted, _size(self.right) or 1.0
        if accepted.given.values.dtype.kind != "f" or accepted.expected.shape != value.shape:
            return accepted
        slack = accepted.slack * max(_size(value) / size, 1.0)
        as_largest = np.max(accepted.slack, initial=0.0) * np.abs(value) / size
        is_larger = np.abs(value) > np.abs(self.right) if self.right.shape == value.shape else np.True_
        slack = np.where(is_larger, np.maximum(slack, as_largest), slack)
        return replace(accepted, slack=np.maximum(slack, self._of_change(value)))

    def _of_change(self, value: Array) -> Array:
        """Return how far values that a mistake changes may be off, in their shape, whatever the right ones may be.

        That is the largest rounding error of the right ones, up to 1 % of the change: a transposed entry has the error
        of another one. Numbers of few decimals have none.
        """
        if self.accepted.given.values.dtype.kind != "f" or self.right.shape != value.shape:
            return np.zeros(value.shape)
        with np.errstate(all="ignore"):
            found: Array = np.minimum(np.max(self.accepted.slack), _PART_OF_CHANGE * np.abs(value - self.right))
        return found

    def is_right(self, node: Node) -> bool:
        """Tell whether another quantity is expected, and has the right values, give or take a few per cent."""
        given, right = self.expected.get(node), self.solution.layers[node.layer].computed.get(node.quantity)
        if given is None or right is None or given.values.shape != right.shape or given.not_finite.any():
            return False
        near = np.isclose(np.where(given.is_open, right, given.values).astype(np.float64), right, rtol=0.05)
        return bool(near.all() and not given.is_open.all())

    def parameter(self) -> Array:
        """Return the weights or biases before the step, in the same shape as after it."""
        problem, name = self.solution.problem, self.node.quantity.removeprefix("new_")
        parameter: Array = problem.as_written(name, problem.given(Node(self.node.layer, name)))
        return parameter

    def may_be(self, candidate: Candidate) -> bool:
        """Tell whether a candidate changes the entries that are wrong, and no others."""
        value, expected = candidate.value, self.accepted.expected
        if value.shape != expected.shape:
            return False
        if self.right.shape != expected.shape:
            return True
        wrong = self.accepted.wrong(self.right)
        with np.errstate(all="ignore"):
            changed = ~(np.abs(value - self.right) <= self.accepted.allowed(self.right))
        return bool((changed == wrong)[~self.accepted.is_open].all())

    def digits(self, candidate: Candidate, right: Array | None = None) -> float:
        """Return the evidence of the entries that a candidate, which agrees, changes: see the top of this module.

        `right` is what it changes, of any shape such as (n,), if that is not what is right.
        """
        expected, value = self.accepted.expected, candidate.value
        right = self.right if right is None else right
        right = right if right.shape == expected.shape else np.zeros_like(expected)
        counts = self.accepted.wrong(right)
        with np.errstate(all="ignore"):
            allowed = np.maximum(self.accepted.allowed(value), self._of_change(value))
            digits = np.log10(np.abs(expected - right) / allowed)
            is_slip = np.isclose(value[..., None], right[..., None] * np.array(_SLIPS), rtol=1e-6, atol=0).any(axis=-1)
        digits = np.clip(digits, 0, significant(expected) + _SIGN_AND_MAGNITUDE)
        if candidate.may_be_slip:
            digits = np.where(is_slip, np.minimum(digits, _SLIP), digits)
        if candidate.fitted is not None:
            digits[candidate.fitted] = max(digits[candidate.fitted] - candidate.fitted_digits, 0)
            if counts.sum() < 2:
                return 0.0
        # Among other values, zeros are the change of a mistake that changes a derivative.
        together = expected == 0 if candidate.flipped is None or not expected.any() else np.zeros(value.shape, bool)
        of_zeros = min(_SLIP, float(digits[counts & together].max(initial=0)))
        return float(digits[counts & ~together].sum()) + of_zeros


def _size(array: Array) -> float:
    return float(np.max(np.abs(array), initial=0.0))


def enough(n_tried: float) -> float:
    """Return how many digits of evidence a mistake needs, if so many are tried that may be the cause."""
    return _ENOUGH + float(np.log10(max(n_tried, _FEWEST_TRIED)))


def significant(values: Array) -> Array:
    """Return how many significant digits each value (any shape) is written with, at most 6, in the same shape."""
    with np.errstate(all="ignore"):
        leading = np.where(values == 0, 0, values / 10.0 ** np.floor(np.log10(np.abs(values))))
    found = np.full(values.shape, _MOST_DIGITS)
    for digits in range(_MOST_DIGITS - 1, 0, -1):
        shifted = leading * 10.0 ** (digits - 1)
        found[np.isclose(shifted, np.rint(shifted), rtol=1e-12, atol=0)] = digits
    return found
