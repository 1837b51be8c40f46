"""The chain rule behind one number: the terms that make an entry, and where their factors come from.

An explanation is built of frozen records from a problem and what follows from it. How it will be shown is up to
`render`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import fsum, inf, isfinite
from typing import Any

import numpy as np

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node, Position
from backprop_cli.errors import InputError
from backprop_cli.explanations.explanation import Explanation, Extent, Factor, Number, Term
from backprop_cli.explanations.notation import notation
from backprop_cli.explanations.terms import Entries, Sum

__all__ = ["Explainer", "explain", "plain"]

_MOST_ENTRIES = 500  # in a tree
_NO_LIMIT = "--exact has no such limit"


def explain(problem: Problem, node: Node, index: tuple[int, ...], extent: Extent) -> Explanation:
    """Explain one entry.

    Args:
        problem: The problem.
        node: The quantity.
        index: The entry, as the problem's author would write it.
        extent: How far to go.

    Raises:
        UsageError: There is no such entry.
        InputError: The entry does not follow from what was given.
    """
    explainer = Explainer(problem, [node])
    return explainer.explanation(node, explainer.entries.position(node, index), extent, set())


class Explainer:
    """Explanations of the entries of one problem."""

    def __init__(self, problem: Problem, wanted: Sequence[Node]) -> None:
        """Compute what the explanation of the wanted quantities takes.

        Raises:
            InputError: None of them follows from what was given, or a result overflows.
        """
        self._problem = problem
        self.entries = Entries(problem, wanted)

    def explanation(self, node: Node, at: Position, extent: Extent, seen: set[str]) -> Explanation:
        """Explain an entry, and where its factors come from unless they are among those `seen`."""
        this = self.entries.ref(node, at)
        symbols = notation(self._problem, node, at)
        if this.name in seen:
            return Explanation(entry=this.name, value=plain(this.value), notation=symbols, repeated=True)
        seen.add(this.name)
        with np.errstate(all="ignore"):
            sums = list(self.entries.sums(node, at))
            shown, rest = _largest(sums, extent.terms)
            terms = tuple(_terms(sums, shown, rest))
        value = terms[-1].running if this.value is None else plain(this.value)
        total = _total(sums)
        if any(isinstance(sum_, float) and not isfinite(sum_) for sum_ in (value, total, *(t.running for t in terms))):
            raise InputError(f"overflows float64 on the way to its sum ({_NO_LIMIT})", place=this.name)
        sources: list[Explanation] = []
        behind = list(self._behind(node, at, sums, shown)) if extent.depth > 0 or extent.whole else []
        cut = bool(behind) and (extent.depth == 0 or len(seen) > _MOST_ENTRIES)
        if not cut:
            deeper = replace(extent, depth=extent.depth - 1)
            sources = [self.explanation(source, where, deeper, seen) for source, where in behind]
        return Explanation(
            entry=this.name,
            value=value,
            notation=symbols,
            terms=terms,
            sources=tuple(sources),
            cut=cut,
            total=total,
        )

    def _behind(
        self, node: Node, at: Position, sums: Sequence[Sum], shown: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[Node, Position]]:
        """Yield the computed entries that are factors of the terms shown, each once; z first for a derivative at it."""
        behind: dict[tuple[Node, Position], None] = {}
        if node.quantity == "dz" and self._problem.layers[node.layer].activation.reads:
            behind[Node(node.layer, "z"), at] = None
        for k, term in shown:
            for ref in sums[k].factors(term):
                if ref.node is not None:
                    behind[ref.node, ref.at] = None
        yield from behind


def _largest(sums: Sequence[Sum], most: int) -> tuple[list[tuple[int, int]], Term | None]:
    """Return which terms to show, as (sum, term), and the rest as one."""
    every = [(k, term) for k, one in enumerate(sums) for term in range(len(one.terms))]
    if len(every) <= most:
        return every, None
    values = np.concatenate([one.terms for one in sums])
    if values.dtype.kind == "f":
        order = np.argsort(-np.abs(values), kind="stable").tolist()
    else:
        order = sorted(range(len(values)), key=lambda flat: -abs(values[flat]))
    rest = values[order[most:]]
    inactive = all(_is_inactive(sums[k], term) for k, term in (every[flat] for flat in order[most:]))
    shown = [every[flat] for flat in sorted(order[:most])]
    return shown, Term(factors=(), value=plain(rest.sum()), running=0, rest=len(rest), inactive=inactive)


def _total(sums: Sequence[Sum]) -> Number:
    values = np.concatenate([one.terms for one in sums])
    if values.dtype.kind != "f":
        return Fraction(sum(values.tolist()))
    try:
        return fsum(values.tolist())
    except (OverflowError, ValueError):
        return inf


def _is_inactive(one: Sum, term: int) -> bool:
    return one.inactive is not None and bool(one.inactive[term])


def _terms(sums: Sequence[Sum], shown: Sequence[tuple[int, int]], rest: Term | None) -> Iterator[Term]:
    running: Any = 0
    for k, term in shown:
        one = sums[k]
        value = plain(one.terms[term])
        running = running + value
        yield Term(
            factors=tuple(Factor(name=ref.name, value=plain(ref.value)) for ref in one.factors(term)),
            value=value,
            running=running,
            coefficient=one.coefficient,
            derivative=one.derivative,
            function=one.function,
            inactive=_is_inactive(one, term),
        )
    if rest is not None:
        yield replace(rest, running=running + rest.value)


def plain(number: Any) -> Number:
    """Return a number of any array as a float or a fraction."""
    if isinstance(number, float):
        return float(number)
    return Fraction(int(number) if isinstance(number, np.integer) else number)
