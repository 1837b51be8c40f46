"""The chain rule behind one number: the terms that make an entry, and where their factors come from."""

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

_MOST_ENTRIES = 500  # in a tree


def explain(problem: Problem, node: Node, index: tuple[int, ...], extent: Extent) -> Explanation:
    """Explain one entry.

    Args:
        problem: The problem.
        node: The quantity.
        index: The entry, as the problem's author would write it.
        extent: How far to go.

    Raises:
        UsageError: There is no such entry.
        InputError: The entry does not follow from what was given, or a result overflows.
    """
    entries = Entries(problem, [node])
    return explanation(entries, node, entries.position(node, index), extent, set())


def explanation(entries: Entries, node: Node, at: Position, extent: Extent, seen: set[str]) -> Explanation:
    """Explain an entry and its sources; an entry in `seen` is not explained again.

    Raises:
        InputError: The sum of the terms overflows.
    """
    this, symbols = entries.ref(node, at), notation(entries.problem, node, at)
    if this.name in seen:
        return Explanation(entry=this.name, value=plain(this.value), notation=symbols, repeated=True)
    seen.add(this.name)
    with np.errstate(all="ignore"):
        sums = list(entries.sums(node, at))
        shown, rest = _largest(sums, extent.terms)
        terms = tuple(_running(shown, rest))
    value = terms[-1].running if this.value is None else plain(this.value)
    total = _total(sums)
    if any(
        isinstance(number, float) and not isfinite(number) for number in (value, total, *(t.running for t in terms))
    ):
        raise InputError("overflows float64 on the way to its sum (--exact has no such limit)", place=this.name)

    sources = _sources(entries, node, at, shown) if extent.depth > 0 or extent.whole else []
    cut = bool(sources) and (extent.depth == 0 or len(seen) > _MOST_ENTRIES)
    deeper = replace(extent, depth=extent.depth - 1)
    return Explanation(
        entry=this.name,
        value=value,
        notation=symbols,
        terms=terms,
        sources=() if cut else tuple(explanation(entries, *source, deeper, seen) for source in sources),
        cut=cut,
        total=total,
    )


def _sources(
    entries: Entries, node: Node, at: Position, shown: Sequence[tuple[Sum, int]]
) -> list[tuple[Node, Position]]:
    """Return the computed entries in the terms shown, each once; first the z that a derivative is taken at."""
    reads_z = node.quantity == "dz" and entries.problem.layers[node.layer].activation.reads
    sources = [(Node(node.layer, "z"), at)] if reads_z else []
    sources += [factor.source for part, k in shown for factor in part.factors(k) if factor.source is not None]
    return list(dict.fromkeys(sources))


def _largest(sums: Sequence[Sum], most: int) -> tuple[list[tuple[Sum, int]], Term | None]:
    """Return which terms to show, each as a sum and the term's number in it, and the rest as one term."""
    every = [(part, k) for part in sums for k in range(len(part.terms))]
    if len(every) <= most:
        return every, None
    values = np.concatenate([part.terms for part in sums])
    inactive = np.concatenate([part.inactive for part in sums])
    order = np.argsort(-np.abs(values), kind="stable")
    largest, others = order[:most], order[most:]
    rest = plain(values[others].sum())
    return (
        [every[k] for k in sorted(largest)],
        Term(factors=(), value=rest, running=0, rest=len(others), inactive=bool(inactive[others].all())),
    )


def _total(sums: Sequence[Sum]) -> Number:
    values = [value for part in sums for value in part.terms.tolist()]
    if not isinstance(values[0], float):
        return plain(sum(values))
    try:
        return fsum(values)
    except (OverflowError, ValueError):
        return inf


def _running(shown: Sequence[tuple[Sum, int]], rest: Term | None) -> Iterator[Term]:
    """Yield the terms to show, with the sum so far."""
    running: Any = 0
    for part, k in shown:
        value = plain(part.terms[k])
        running = running + value
        yield Term(
            factors=tuple(Factor(name=factor.name, value=plain(factor.value)) for factor in part.factors(k)),
            value=value,
            running=running,
            coefficient=part.coefficient,
            derivative=part.derivative,
            function=part.function,
            inactive=bool(part.inactive[k]),
        )
    if rest is not None:
        yield replace(rest, running=running + rest.value)


def plain(number: Any) -> Number:
    """Return a number from an array as a float or a fraction."""
    if isinstance(number, float):
        return float(number)
    return Fraction(int(number) if isinstance(number, np.integer) else number)
