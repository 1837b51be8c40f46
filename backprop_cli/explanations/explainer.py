"""The chain rule behind one number: the terms that make an entry, and where their factors come from.

An explanation is built of frozen records from a problem and what follows from it. It knows nothing of how it will be
shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import fsum, inf, isfinite
from typing import Any

import numpy as np

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, QUANTITIES, Node
from backprop_cli.errors import InputError
from backprop_cli.explanations.explanation import Explanation, Extent, Factor, Number, Term, Walk
from backprop_cli.explanations.notation import Position, phrases
from backprop_cli.explanations.terms import Entries, Sum

_FEW_ENTRIES = 30  # a problem with no more entries than this is walked through whole
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
    explainer = _Explainer(problem, [node])
    return explainer.explanation(node, explainer.entries.position(node, index), extent, set())


def walk(problem: Problem, extent: Extent) -> Walk:
    """Explain a problem in the order in which it is worked by hand: forward, backward, step.

    Every entry of a small problem is explained, of a larger one an entry of each quantity, where possible one that no
    closed ReLU makes zero.

    Raises:
        InputError: Nothing follows from what was given.
    """
    everything = [Node(i, quantity) for i in range(len(problem.layers)) for quantity in QUANTITIES]
    explainer = _Explainer(problem, everything)
    steps = tuple(explainer.walk(extent))
    return Walk(title=problem.title, steps=steps, not_computed=explainer.entries.not_computed)


class _Explainer:
    """Explanations of the entries of one problem."""

    def __init__(self, problem: Problem, wanted: Sequence[Node]) -> None:
        self._problem = problem
        self.entries = Entries(problem, wanted)

    def explanation(self, node: Node, at: Position, extent: Extent, seen: set[str]) -> Explanation:
        """Explain an entry, and where its factors come from unless they are among those `seen`."""
        this = self.entries.ref(node, at)
        symbols = phrases(self._problem, node, at)
        if this.name in seen:
            return Explanation(entry=this.name, value=_plain(this.value), phrases=symbols, repeated=True)
        seen.add(this.name)
        with np.errstate(all="ignore"):
            sums = list(self.entries.sums(node, at))
            shown, rest = _largest(sums, extent.terms)
            terms = tuple(_terms(sums, shown, rest))
        value = terms[-1].running if this.value is None else _plain(this.value)
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
            phrases=symbols,
            terms=terms,
            sources=tuple(sources),
            cut=cut,
            total=total,
        )

    def _behind(
        self, node: Node, at: Position, sums: Sequence[Sum], shown: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[Node, Position]]:
        """Yield the computed entries that are factors of the terms shown, each once, and the z that opens a ReLU."""
        behind: dict[tuple[Node, Position], None] = {}
        if node.quantity == "dz" and self._problem.layers[node.layer].activation.needs_z:
            behind[Node(node.layer, "z"), at] = None
        for k, term in shown:
            for ref in sums[k].factors(term):
                if ref.node is not None:
                    behind[ref.node, ref.at] = None
        yield from behind

    def walk(self, extent: Extent) -> Iterator[Explanation]:
        """Yield explanations in working order."""
        alone = replace(extent, depth=0)
        for node in _working_order(len(self._problem.layers)):
            for at in self._positions(node):
                explanation = self.explanation(node, at, alone, set())
                if node.quantity == "dz":
                    every = list(self._passed_on(node.layer, at))
                    passed_on, more = every[: extent.terms], max(len(every) - extent.terms, 0)
                    explanation = replace(explanation, passed_on=tuple(passed_on), more_passed_on=more)
                yield explanation

    def _positions(self, node: Node) -> Iterator[Position]:
        """Yield every position of a quantity of a small problem, and one of a larger."""
        if node not in self.entries.values:
            return
        if sum(matrix.size for matrix in self.entries.values.values()) <= _FEW_ENTRIES:
            for index in np.ndindex(self.entries.values[node].shape):
                yield Position(**{"n": 0, "i": 0, "j": 0, **dict(zip(AXES[node.quantity], index, strict=True))})
        else:
            yield self._representative(node.layer)

    def _representative(self, layer: int) -> Position:
        """Return a sample and a neuron whose gradient is not zero, if there is one, and an input that leads to it."""
        n, j = self._alive(layer)
        return Position(n, self._alive(layer - 1)[1] if layer else 0, j)

    def _alive(self, layer: int) -> tuple[int, int]:
        dz = self.entries.values.get(Node(layer, "dz"))
        alive: list[list[int]] = [] if dz is None else np.argwhere(dz)[:1].tolist()
        return (alive[0][0], alive[0][1]) if alive else (0, 0)

    def _passed_on(self, i: int, at: Position) -> Iterator[Factor]:
        """Yield the gradients of the terms of z, to each of which the sum passes dz on unchanged."""
        layer = self._problem.layers[i]
        if layer.z is not None or layer.weights is None or Node(i, "z") not in self.entries.values:
            return
        dz = _plain(self.entries.values[Node(i, "dz")][at.n, at.j])
        for k in range(len(layer.weights)):
            product = (self.entries.input(i, at.n, k), self.entries.weight(i, k, at.j))
            yield Factor(name=" * ".join(factor.name for factor in product), value=dz)
        yield Factor(name=self.entries.bias(i, at.j).name, value=dz)


def _working_order(n_layers: int) -> Iterator[Node]:
    layers = range(n_layers)
    yield from (Node(i, quantity) for i in layers for quantity in ("z", "outputs"))
    # What the sum passes on comes before what its products do with it.
    yield from (Node(i, quantity) for i in reversed(layers) for quantity in ("dz", "dbiases", "dinputs", "dweights"))
    yield from (Node(i, quantity) for i in layers for quantity in ("new_weights", "new_biases"))


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
    closed = all(_is_closed(sums[k], term) for k, term in (every[flat] for flat in order[most:]))
    shown = [every[flat] for flat in sorted(order[:most])]
    return shown, Term(factors=(), value=_plain(rest.sum()), running=0, rest=len(rest), closed=closed)


def _total(sums: Sequence[Sum]) -> Number:
    values = np.concatenate([one.terms for one in sums])
    if values.dtype.kind != "f":
        return Fraction(sum(values.tolist()))
    try:
        return fsum(values.tolist())
    except (OverflowError, ValueError):
        return inf


def _is_closed(one: Sum, term: int) -> bool:
    return one.closed is not None and bool(one.closed[term])


def _terms(sums: Sequence[Sum], shown: Sequence[tuple[int, int]], rest: Term | None) -> Iterator[Term]:
    running: Any = 0
    for k, term in shown:
        one = sums[k]
        value = _plain(one.terms[term])
        running = running + value
        yield Term(
            factors=tuple(Factor(name=ref.name, value=_plain(ref.value)) for ref in one.factors(term)),
            value=value,
            running=running,
            coefficient=one.coefficient,
            slope=one.slope,
            function=one.function,
            closed=_is_closed(one, term),
        )
    if rest is not None:
        yield replace(rest, running=running + rest.value)


def _plain(number: Any) -> Number:
    if isinstance(number, float):
        return float(number)
    return Fraction(int(number) if isinstance(number, np.integer) else number)
