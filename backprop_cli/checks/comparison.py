"""Compare expected quantities with a solution, entry by entry."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from backprop_cli.checks.descriptions import in_names_of
from backprop_cli.checks.follow_through import FollowThrough
from backprop_cli.checks.mistakes import matching_mistakes
from backprop_cli.checks.patterns import described
from backprop_cli.checks.quantity_check import Difference, QuantityCheck
from backprop_cli.checks.rounding import Likely
from backprop_cli.checks.tolerance import Accepted, as_floats
from backprop_cli.checks.whole_array import judge_whole, tightness
from backprop_cli.core.arrays import Array, unraveled
from backprop_cli.core.exact import exactly
from backprop_cli.core.expected import Expected
from backprop_cli.core.places import entry_place
from backprop_cli.core.quantities import Node
from backprop_cli.core.rules import operands
from backprop_cli.core.solution import Solution

__all__ = ["Comparison"]

_MOST_LISTED = 10
_HIDING = 0.1  # of the largest value of an array: a larger allowance hides what an entry should be


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """The comparison of expected quantities with a solution."""

    solution: Solution  # in float64
    compared: Solution  # the one to compare with, which may be exact
    expected: Mapping[Node, Expected]  # all expected values: wrong ones may explain others
    accept: Callable[[Node], Accepted]  # which values are accepted for those of a quantity that was computed
    rounding: Mapping[Node, Likely]  # likely errors, by which whole arrays are judged

    def checks(self, nodes: Iterable[Node]) -> dict[Node, QuantityCheck]:
        """Compare quantities in the order of work; `explained` looks for the mistakes behind wrong ones."""
        found = dict[Node, QuantityCheck]()
        for node in nodes:
            found[node] = self._check(node)
            if found[node].verdict == "follows" or found[node].follows:
                found[node] = replace(found[node], follows_from=self._wrong_before(node, found))
        return found

    def explained(self, found: Mapping[Node, QuantityCheck]) -> dict[Node, QuantityCheck]:
        """Return checks with the mistakes that explain the wrong quantities.

        A mistake that explains one of them may explain later ones, too. Of several, those are kept that do.
        """
        result, first = dict(found), dict[str, Node]()
        for node, check in found.items():
            if check.verdict != "wrong" or not self.is_computed(node):
                continue
            texts = self._mistakes(node, first)
            result[node] = replace(check, explanations=texts)
            for earlier in dict.fromkeys(first[text] for text in texts if text in first):
                kept = tuple(text for text in result[earlier].explanations if text in texts)
                result[earlier] = replace(result[earlier], explanations=kept or result[earlier].explanations)
            first |= {text: node for text in texts if text not in first}
        problem = self.solution.problem
        words = {text: in_names_of(text, problem, node.layer) for text, node in first.items()}
        return {
            node: replace(check, explanations=tuple(words[text] for text in check.explanations))
            for node, check in result.items()
        }

    def is_computed(self, node: Node) -> bool:
        """Tell whether a quantity can be computed."""
        return node.quantity in self.solution.layers[node.layer].computed

    def _wrong_before(self, node: Node, found: Mapping[Node, QuantityCheck]) -> tuple[str, ...]:
        """Return the places of the wrong quantities that a quantity was computed from."""
        problem = self.solution.problem
        places, seen, left = dict[str, None](), set[Node](), [node]
        while left:
            operand = left.pop()
            check = found.get(operand)
            if operand != node and check is not None:
                places |= dict.fromkeys([check.place] * bool(check.wrong) + [*check.follows_from])
            elif operand not in seen:
                seen.add(operand)
                left += [part for part in operands(problem, operand) if isinstance(part, Node)]
        return tuple(check.place for check in found.values() if check.place in places)

    def _check(self, node: Node) -> QuantityCheck:
        place, layer = self.solution.problem.place(*node), self.solution.layers[node.layer]
        expected = self.expected[node]
        values, n_open, digits = expected.values, int(expected.is_open.sum()), expected.digits
        if n_open == values.size:
            whole = layer.computed.get(node.quantity, values) if values.ndim == 0 else values
            return QuantityCheck(place=place, entries=whole.size, open=whole.size, digits=digits)
        check = QuantityCheck(
            place=place, entries=values.size, different=values.size - n_open, open=n_open, digits=digits
        )
        if not self.is_computed(node):
            return replace(check, problem=f"cannot be computed, for it needs {layer.not_computed[node.quantity]}")
        value = self.compared.layers[node.layer].computed[node.quantity]
        value = exactly(value) if value.dtype.kind == "O" else value
        accepted = self.accept(node)
        if accepted.fit(value.shape):
            return self._entries(node, accepted, value)
        transposed = "; the transpose would fit" if values.shape == value.shape[::-1] else ""
        problem = f"the expected values have shape {values.shape}, the computed ones {value.shape}{transposed}"
        return replace(check, problem=problem)

    @cached_property
    def _follow_through(self) -> FollowThrough:
        """What follows from all expected values that fit."""
        found: dict[Node, Accepted] = {}
        for node in self.expected:
            value = self.compared.layers[node.layer].computed.get(node.quantity)
            if value is not None and (accepted := self.accept(node)).fit(value.shape):
                found[node] = accepted
        return FollowThrough(self.solution, found)

    def _mistakes(self, node: Node, told: Collection[str]) -> tuple[str, ...]:
        accepted = self.accept(node)
        accepted.fit(self.compared.layers[node.layer].computed[node.quantity].shape)
        return matching_mistakes(accepted.in_floats(), node, self.solution, self.expected, told)

    def _entries(self, node: Node, accepted: Accepted, value: Array) -> QuantityCheck:
        """Compare the entries of one quantity, and its whole array."""
        place, rounding = self.solution.problem.place(*node), self.rounding.get(node)
        undecided = accepted.undecided(value)
        wrong = accepted.wrong(value) & ~undecided
        hidden = np.zeros_like(wrong) if rounding is None else _hidden(accepted, value) & ~wrong & ~undecided
        decided = ~undecided & ~hidden & ~accepted.is_open
        check = QuantityCheck(
            place=place,
            entries=value.size,
            different=int(wrong.sum()),
            open=int(accepted.is_open.sum()),
            undecided=int(undecided.sum()),
            hidden=int(hidden.sum()),
            stored=accepted.given.stored.name,
            digits=accepted.given.digits,
            whole=None if rounding is None else judge_whole(accepted, value, rounding, decided),
            tightness=tightness(accepted, value, decided),
        )
        return check if check.passed else self._followed(check, node, accepted, value, wrong, decided)

    def _followed(
        self, check: QuantityCheck, node: Node, accepted: Accepted, value: Array, wrong: Array, decided: Array
    ) -> QuantityCheck:
        """Tell which wrong entries follow from others, and list those that do not."""
        follows = wrong & self._follow_through.agrees(node)
        if check.whole is not None and not check.whole.passed:
            rounding, values = self.rounding[node], self._follow_through.values(node)
            wholes = [judge_whole(accepted, followed, rounding, decided) for followed, _ in values]
            check = replace(check, whole_follows=any(whole is not None and whole.passed for whole in wholes))
        check = replace(check, follows=int(follows.sum()))
        listed = wrong & ~follows if check.wrong else wrong
        return replace(check, **_differences(accepted, value, listed, check.place), where=described(listed))


def _differences(accepted: Accepted, value: Array, wrong: Array, place: str) -> dict[str, Any]:
    """Return the largest differences in order, and those that are first, and largest relative to their values."""
    n_wrong = int(wrong.sum())
    if not n_wrong:
        return {}
    apart = as_floats(np.where(wrong, np.abs(accepted.expected - value), 0))
    apart = np.where(wrong & accepted.not_finite, np.inf, apart)
    relative = np.where(wrong, apart / np.abs(as_floats(value)), 0)
    worst = np.argsort(-apart, axis=None, kind="stable")[: min(_MOST_LISTED, n_wrong)]

    def difference(flat: int) -> Difference:
        return _difference(accepted, value, place, unraveled(flat, value.shape), apart, relative)

    return {
        "listed": tuple(map(difference, worst.tolist())),
        "first": difference(int(np.argmax(wrong))),
        "greatest_relative": difference(int(np.argmax(relative))),
    }


def _hidden(accepted: Accepted, value: Array) -> Array:
    """Return which values may be off by more than a part of the largest one, and are not the expected ones exactly."""
    largest = np.max(np.abs(value))
    hidden: Array = (accepted.allowed(value) > _HIDING * largest) & (accepted.expected != value) & ~accepted.is_open
    return hidden


def _difference(
    accepted: Accepted, value: Array, place: str, index: tuple[int, ...], apart: Array, relative: Array
) -> Difference:
    written, digits = accepted.written(index, value[index])
    return Difference(
        place=entry_place(place, index),
        index=index,
        expected=accepted.at(index),
        value=_plain(value[index]),
        allowed=_plain(accepted.allowed(value)[index]),
        absolute=float(apart[index]),
        relative=float(relative[index]),
        written=written,
        digits=digits,
    )


def _plain(number: Any) -> float | Fraction:
    return Fraction(number) if isinstance(number, int | Fraction) else float(number)
