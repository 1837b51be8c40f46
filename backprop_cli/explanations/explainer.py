"""The chain rule behind one number: the terms that make an entry, and where their factors come from."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, chain
from math import fsum, inf, isfinite
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node, Position
from backprop_cli.core.written import difference
from backprop_cli.errors import InputError
from backprop_cli.explanations.explanation import Explanation, Extent, Factor, Number, Term
from backprop_cli.explanations.notation import notation
from backprop_cli.explanations.of_the_loss import is_saturated
from backprop_cli.explanations.sums import Part, Sum
from backprop_cli.explanations.terms import Entries

_MOST_ENTRIES = 500  # in a tree
_CHUNK = 2**20  # numbers that are Python objects at the same time
_LOST = 1e-7  # the relative error of a dz through rounded outputs from which on it is not shown
_NO_CHAIN = "upstream is not shown: outputs are rounded to 0 or 1 here, and the chain rule through them loses digits"
_SATURATED = "outputs are rounded to 0 or 1 here, and the terms are computed from z, which loses no digits"


def explain(problem: Problem, node: Node, index: tuple[int, ...], extent: Extent) -> Explanation:
    """Explain the entry of a quantity at an index, which is in the weight layout of the problem.

    Raises:
        UsageError: There is no such entry.
        InputError: The entry does not follow from what was given, or a result overflows.
    """
    if node.quantity == "upstream" and problem.loss is None:
        node = problem.origin(node.layer, "upstream")  # it may be the outputs
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
    divisor, in_one_step = entries.problem.divisor(node), difference(entries.problem, node) is not None
    with np.errstate(all="ignore"):
        shown, terms, total = _worked(list(entries.sums(node, at)), extent)
        value = terms[-1].running / divisor if this.value is None else plain(this.value)
        through: Explanation | None = None
        upstream: Sequence[Part] = ()
        if extent.depth > 0 and in_one_step and node.quantity == "dz":
            through, upstream = _through_upstream(entries, node, at, extent, value)
            if through is None:
                symbols = replace(symbols, where=(*symbols.where, _NO_CHAIN))
        if node.quantity == "loss" and is_saturated(entries, node):
            symbols = replace(symbols, where=(*symbols.where, _SATURATED))
    numbers = [value, total, *(term.running for term in terms)]
    if any(isinstance(number, float) and not isfinite(number) for number in numbers):
        raise InputError("overflows float64 on the way to its sum (--exact has no such limit)", place=this.name)

    refs = [ref for part in (*shown, *upstream) for ref in (*part.reads, *part.factors)]
    sources = dict.fromkeys(ref.source for ref in refs if ref.source is not None)  # each once
    is_last = extent.depth == 0 or len(seen) > _MOST_ENTRIES
    deeper = replace(extent, depth=extent.depth - 1)
    return Explanation(
        entry=this.name,
        value=value,
        notation=symbols,
        terms=terms,
        divisor=divisor,
        through_upstream=through,
        has_no_cancellation=in_one_step,
        sources=() if is_last else tuple(explanation(entries, *source, deeper, seen) for source in sources),
        cut=bool(sources) and is_last and (extent.whole or extent.depth > 0),
        total=total,
    )


def _through_upstream(
    entries: Entries, node: Node, at: Position, extent: Extent, value: Number
) -> tuple[Explanation | None, Sequence[Part]]:
    """Explain dz by the chain rule where it is computed in one step, unless rounded outputs lose its digits."""
    shown, terms, total = _worked(list(entries.chain_sums(node, at)), extent)
    scale = sum(abs(float(term.value)) for term in terms)
    if not isfinite(scale) or abs(float(total) - float(value)) > _LOST * max(scale, abs(float(value))):
        return None, ()
    symbols = notation(entries.problem, node, at, by_chain=True)
    return Explanation(
        entry=symbols.rule.partition(" = ")[0], value=value, notation=symbols, terms=terms, total=total
    ), shown


def _worked(sums: Sequence[Sum], extent: Extent) -> tuple[Sequence[Part], tuple[Term, ...], Number]:
    """Return the largest terms, the records of these and of the rest, and the sum of all."""
    values = np.concatenate([part.terms for part in sums])
    inactive = np.concatenate([part.inactive for part in sums])
    ends = list(accumulate(len(part.terms) for part in sums))
    chosen, others = _largest(values, extent.terms)
    shown = []
    for k in chosen:
        which = bisect_right(ends, k)
        shown.append(sums[which].part(k - ends[which] + len(sums[which].terms)))
    terms = [_term(part, values[k], bool(inactive[k])) for part, k in zip(shown, chosen, strict=True)]
    if others.any():
        rest = plain(values[others].sum())
        terms.append(Term(value=rest, rest=int(others.sum()), inactive=bool(inactive[others].all())))
    running: Any = accumulate(term.value for term in terms)
    records = tuple(replace(term, running=so_far) for term, so_far in zip(terms, running, strict=True))
    return shown, records, _total(values)


def _largest(values: Array, most: int) -> tuple[Sequence[int], Array]:
    """Return the numbers of the largest of some values (m,) in order, of equal ones the first; the others as a mask."""
    is_other = np.zeros(len(values), bool)
    if len(values) <= most:
        return range(len(values)), is_other
    sizes = np.abs(values)
    limit = np.partition(sizes, len(sizes) - most)[len(sizes) - most]
    larger = np.flatnonzero(sizes > limit)
    chosen = np.sort(np.concatenate([larger, np.flatnonzero(sizes == limit)[: most - len(larger)]]))
    is_other[:] = True
    is_other[chosen] = False
    return chosen.tolist(), is_other


def _term(part: Part, value: Any, inactive: bool) -> Term:
    factors = tuple(Factor(name=factor.name, value=plain(factor.value)) for factor in part.factors)
    return replace(part.record, factors=factors, value=plain(value), inactive=inactive)


def _total(values: Array) -> Number:
    if values.dtype.kind == "O":
        return plain(sum(values.tolist()))
    chunks = (values[start : start + _CHUNK].tolist() for start in range(0, len(values), _CHUNK))
    try:
        return fsum(chain.from_iterable(chunks))
    except (OverflowError, ValueError):
        return inf


def plain(number: Any) -> Number:
    """Return a number from an array as a float or a fraction."""
    if isinstance(number, float):
        return float(number)
    return Fraction(int(number) if isinstance(number, np.integer) else number)
