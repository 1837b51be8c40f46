"""The chain rule behind one number: the terms that make an entry, and where their factors come from."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
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
    """Explain the entry of a quantity at an index, which is in the weight layout of the problem.

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
        shown, terms = _terms(sums, extent.terms)
    value = terms[-1].running if this.value is None else plain(this.value)
    total = _total(sums)
    numbers = [value, total, *(term.running for term in terms)]
    if any(isinstance(number, float) and not isfinite(number) for number in numbers):
        raise InputError("overflows float64 on the way to its sum (--exact has no such limit)", place=this.name)

    refs = [ref for part, k in shown for ref in (*part.reads, *part.factors(k))]
    sources = dict.fromkeys(ref.source for ref in refs if ref.source is not None)  # each once
    is_last = extent.depth == 0 or len(seen) > _MOST_ENTRIES
    deeper = replace(extent, depth=extent.depth - 1)
    return Explanation(
        entry=this.name,
        value=value,
        notation=symbols,
        terms=terms,
        sources=() if is_last else tuple(explanation(entries, *source, deeper, seen) for source in sources),
        cut=bool(sources) and is_last and (extent.whole or extent.depth > 0),
        total=total,
    )


def _terms(sums: Sequence[Sum], most: int) -> tuple[list[tuple[Sum, int]], tuple[Term, ...]]:
    """Return the largest terms, each as a sum and its number there; and the records of these and of the rest."""
    every = [(part, k) for part in sums for k in range(len(part.terms))]
    values = np.concatenate([part.terms for part in sums])
    inactive = np.concatenate([part.inactive for part in sums])
    order = np.argsort(-np.abs(values), kind="stable")
    shown, others = [every[k] for k in sorted(order[:most])], order[most:]
    terms = [_term(part, k) for part, k in shown]
    if len(others):
        rest = plain(values[others].sum())
        terms.append(Term(value=rest, rest=len(others), inactive=bool(inactive[others].all())))
    running: Any = accumulate(term.value for term in terms)
    return shown, tuple(replace(term, running=so_far) for term, so_far in zip(terms, running, strict=True))


def _term(part: Sum, k: int) -> Term:
    factors = tuple(Factor(name=factor.name, value=plain(factor.value)) for factor in part.factors(k))
    return replace(part.common, factors=factors, value=plain(part.terms[k]), inactive=bool(part.inactive[k]))


def _total(sums: Sequence[Sum]) -> Number:
    values = [value for part in sums for value in part.terms.tolist()]
    if not isinstance(values[0], float):
        return plain(sum(values))
    try:
        return fsum(values)
    except (OverflowError, ValueError):
        return inf


def plain(number: Any) -> Number:
    """Return a number from an array as a float or a fraction."""
    if isinstance(number, float):
        return float(number)
    return Fraction(int(number) if isinstance(number, np.integer) else number)
