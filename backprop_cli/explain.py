"""The chain rule behind one number: the terms that make an entry, and where their factors come from.

An explanation is built of frozen records from a problem and what follows from it. It knows nothing of how it will be
shown. Indices are written as the problem's author would: in the layout of the weights, and with the layer in a network.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import fsum, inf, isfinite, prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from backprop_cli.activations import Array
from backprop_cli.errors import InputError, UsageError
from backprop_cli.names import AXES, LIKE_WEIGHTS, QUANTITIES, QUOTING, Node
from backprop_cli.phrases import Phrases, Position, phrases
from backprop_cli.problem import Problem
from backprop_cli.rules import Missing, operands
from backprop_cli.solve import Solution, needed_for, solve
from backprop_cli.text import counted, listed

Number: TypeAlias = float | Fraction

_FEW_ENTRIES = 30  # a problem with no more entries than this is walked through whole
_NO_LIMIT = "--exact has no such limit"
_MOST_ENTRIES = 500  # in a tree
_SMALL = 10**7  # multiplications that are no matter beside the forward pass


@dataclass(frozen=True, kw_only=True)
class Factor:
    """A number in a term, with the name of the entry whose value it is."""

    name: str
    value: Number


@dataclass(frozen=True, kw_only=True)
class Term:
    """One term of a sum: its factors, their product, and the sum so far.

    `coefficient` multiplies the product where it is not one of entries alone: the slope of an activation, which
    `slope` names, or the -1 of a step downhill. `function` is what is applied to the one factor, with z for its place.
    `closed` is whether a closed ReLU makes the term zero. A term without factors stands for the `rest`, the number of
    terms that are too small to be shown one by one.
    """

    factors: tuple[Factor, ...]
    value: Number
    running: Number
    coefficient: Number | None = None
    slope: str | None = None
    function: str | None = None
    closed: bool = False
    rest: int = 0


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why an entry has its value.

    `phrases` hold the rule and the chain of derivatives. `total` is what the terms add up to, rounded once, which the
    value need not be. `passed_on` are the gradients that a sum passes on unchanged to its terms, and `more_passed_on`
    how many more there are. `sources` explain the factors, one level down; one that has been explained already is there
    without terms, as `repeated`. Where there is more to explain than anybody would read, an explanation is `cut`.
    """

    entry: str
    value: Number
    phrases: Phrases
    terms: tuple[Term, ...] = ()
    passed_on: tuple[Factor, ...] = ()
    sources: tuple["Explanation", ...] = ()
    repeated: bool = False
    cut: bool = False
    total: Number = 0.0
    more_passed_on: int = 0


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How far to explain: `terms` of a sum at the most, and `depth` levels of where factors come from.

    `whole` is whether that is meant to be all of them, so that what is left out has to be said.
    """

    terms: int = 20
    depth: int = 1
    whole: bool = False


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
    return explainer.explanation(node, explainer.position(node, index), extent, set())


def walk(problem: Problem, extent: Extent) -> tuple[Explanation, ...]:
    """Explain a problem in the order in which it is worked by hand: forward, backward, step.

    Every entry of a small problem is explained, of a larger one an entry of each quantity, where possible one that no
    closed ReLU makes zero.
    """
    everything = [Node(i, quantity) for i in range(len(problem.layers)) for quantity in QUANTITIES]
    return tuple(_Explainer(problem, everything).walk(extent))


class _Ref(NamedTuple):
    """An entry that is a factor: given, or, with a node, computed and to be explained in its turn."""

    name: str
    value: Any
    node: Node | None = None
    at: Position = Position(0, 0, 0)


class _Sum(NamedTuple):
    """Terms (m,) that make up an entry, or some of them: `factors(k)` are those of the k-th."""

    terms: Array
    factors: Callable[[int], tuple[_Ref, ...]]
    closed: Array | None = None
    coefficient: Any = None
    slope: str | None = None
    function: str | None = None


class _Explainer:
    """What follows from a problem, as far as its explanation needs it; weights-like arrays as (n_inputs, n_neurons)."""

    def __init__(self, problem: Problem, wanted: Sequence[Node]) -> None:
        self._problem = problem
        nodes = needed_for(problem, wanted)
        if len(wanted) == 1 and self._is_large(wanted[0]):
            nodes -= set(wanted)  # a whole matrix for one entry, which its terms add up to as well
        try:
            self._solution = solve(problem, sorted(nodes)) if nodes else Solution(problem=problem, layers=())
        except InputError:
            solve(problem, wanted)  # which says the same of just what is wanted
            raise
        self._values = {
            Node(i, quantity): problem.laid_out(matrix) if quantity in LIKE_WEIGHTS else matrix
            for i, layer in enumerate(self._solution.layers)
            for quantity, matrix in layer.computed.items()
        }
        if len(wanted) == 1 and wanted[0] in nodes and wanted[0] not in self._values:
            place = problem.place(*wanted[0])
            needs = self._solution.not_computed()[place]
            raise InputError(f"too little was given: {place} needs {needs}")

    def _is_large(self, node: Node) -> bool:
        layer = self._problem.layers[node.layer]
        sizes = (self._problem.n_samples, layer.n_inputs, layer.n_neurons)
        follows = not any(isinstance(operand, Missing) for operand in operands(self._problem, node))
        return follows and prod(size or 1 for size in sizes) > _SMALL

    def position(self, node: Node, index: tuple[int, ...]) -> Position:
        """Return where an entry is.

        Raises:
            UsageError: There is no such entry; the message says what there is.
        """
        layer, place = self._problem.layers[node.layer], self._problem.place(*node)
        sizes = {"n": self._problem.n_samples, "i": layer.n_inputs, "j": layer.n_neurons}
        axes = AXES[node.quantity]
        if node.quantity in LIKE_WEIGHTS and self._problem.weight_layout == "out-in":
            axes = axes[::-1]
        shape = [sizes[axis] or 0 for axis in axes]
        if len(index) != len(shape) or any(k >= size for k, size in zip(index, shape, strict=True)):
            entry = f"{place}[{','.join(map(str, index))}]" if index else place
            nouns = ("row", "column") if len(shape) == 2 else ("entry",)
            sized = [f"{counted(size, noun)} (0 to {size - 1})" for size, noun in zip(shape, nouns, strict=True)]
            raise UsageError(f"{entry}: {place} has {listed(sized)}", hint=QUOTING if not index else None)
        return Position(**{"n": 0, "i": 0, "j": 0, **dict(zip(axes, index, strict=True))})

    def explanation(self, node: Node, at: Position, extent: Extent, seen: set[str]) -> Explanation:
        """Explain an entry, and where its factors come from unless they are among those `seen`."""
        this = self._ref(node, at)
        symbols = phrases(self._problem, node, at)
        if this.name in seen:
            return Explanation(entry=this.name, value=_plain(this.value), phrases=symbols, repeated=True)
        seen.add(this.name)
        with np.errstate(all="ignore"):
            sums = list(self._sums(node, at))
            shown, rest = _largest(sums, extent.terms)
            terms = tuple(_terms(sums, shown, rest))
        value = terms[-1].running if this.value is None else _plain(this.value)
        total = _total(sums)
        if not all(map(isfinite, (value, total, *(term.running for term in terms)))):
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
        self, node: Node, at: Position, sums: Sequence[_Sum], shown: Sequence[tuple[int, int]]
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

    def _sums(self, node: Node, at: Position) -> Iterator[_Sum]:
        """Yield the terms that make up an entry, in the order in which its rule names them."""
        i, (n, input_, j) = node.layer, at
        layer = self._problem.layers[i]
        match node.quantity:
            case "z" if layer.z is not None:
                yield _Sum(layer.z[[n], j], lambda _: (self._ref(node, at)._replace(node=None),))
            case "z":
                yield _Sum(
                    self._inputs(i)[n] * _there(layer.weights)[:, j],
                    lambda k: (self._input(i, n, k), self._weight(i, k, j)),
                    None if i == 0 else self._closed(i - 1)[n],
                )
                yield _Sum(_there(layer.biases)[[j]], lambda _: (self._bias(i, j),))
            case "outputs":
                yield _Sum(
                    layer.activation.value(self._values[Node(i, "z")][[n], j]),
                    lambda _: (self._ref(Node(i, "z"), at),),
                    self._closed(i)[[n], j],
                    function=layer.activation.value_written,
                )
            case "dz":
                upstream, slope = self._upstream(i, n, j), self._slope(i, n, j)
                value = np.array([upstream.value * slope if slope else 0 * upstream.value])
                called = (
                    f"{layer.activation.name}'({self._ref(Node(i, 'z'), at).name})"
                    if layer.activation.needs_z
                    else None
                )
                yield _Sum(value, lambda _: (upstream,), self._closed(i)[[n], j], slope, called)
            case "dinputs":
                yield _Sum(
                    self._values[Node(i, "dz")][n] * _there(layer.weights)[input_],
                    lambda k: (self._ref(Node(i, "dz"), Position(n, 0, k)), self._weight(i, input_, k)),
                    self._closed(i)[n],
                )
            case "dweights":
                yield _Sum(
                    self._inputs(i)[:, input_] * self._values[Node(i, "dz")][:, j],
                    lambda k: (self._input(i, k, input_), self._ref(Node(i, "dz"), Position(k, 0, j))),
                    self._closed(i)[:, j] | (self._closed(i - 1)[:, input_] if i else False),
                )
            case "dbiases":
                yield _Sum(
                    self._values[Node(i, "dz")][:, j],
                    lambda k: (self._ref(Node(i, "dz"), Position(k, 0, j)),),
                    self._closed(i)[:, j],
                )
            case stepped:
                parameter = self._weight(i, input_, j) if stepped == "new_weights" else self._bias(i, j)
                gradient = self._ref(Node(i, stepped.replace("new_", "d")), at)
                rate = _Ref("learning_rate", self._problem.learning_rate)
                yield _Sum(np.array([parameter.value]), lambda _: (parameter,))
                yield _Sum(np.array([-rate.value * gradient.value]), lambda _: (rate, gradient), None, -1)

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
        if node not in self._values:
            return
        if sum(matrix.size for matrix in self._values.values()) <= _FEW_ENTRIES:
            for index in np.ndindex(self._values[node].shape):
                yield Position(**{"n": 0, "i": 0, "j": 0, **dict(zip(AXES[node.quantity], index, strict=True))})
        else:
            yield self._representative(node.layer)

    def _representative(self, layer: int) -> Position:
        """Return a sample and a neuron whose gradient is not zero, if there is one, and an input that leads to it."""
        n, j = self._alive(layer)
        return Position(n, self._alive(layer - 1)[1] if layer else 0, j)

    def _alive(self, layer: int) -> tuple[int, int]:
        dz = self._values.get(Node(layer, "dz"))
        alive: list[list[int]] = [] if dz is None else np.argwhere(dz)[:1].tolist()
        return (alive[0][0], alive[0][1]) if alive else (0, 0)

    def _passed_on(self, i: int, at: Position) -> Iterator[Factor]:
        """Yield the gradients of the terms of z, to each of which the sum passes dz on unchanged."""
        layer = self._problem.layers[i]
        if layer.z is not None or layer.weights is None or Node(i, "z") not in self._values:
            return
        dz = _plain(self._values[Node(i, "dz")][at.n, at.j])
        for k in range(len(layer.weights)):
            yield Factor(name=f"{self._input(i, at.n, k).name} * {self._weight(i, k, at.j).name}", value=dz)
        yield Factor(name=self._bias(i, at.j).name, value=dz)

    def _ref(self, node: Node, at: Position) -> _Ref:
        index = tuple(getattr(at, axis) for axis in AXES[node.quantity])
        matrix = self._values.get(node)
        turned = node.quantity in LIKE_WEIGHTS and self._problem.weight_layout == "out-in"
        written = ",".join(map(str, reversed(index) if turned else index))
        return _Ref(f"{self._problem.place(*node)}[{written}]", None if matrix is None else matrix[index], node, at)

    def _input(self, i: int, n: int, k: int) -> _Ref:
        if i > 0:
            return self._ref(Node(i - 1, "outputs"), Position(n, 0, k))
        return _Ref(f"inputs[{n},{k}]", _there(self._problem.inputs)[n, k])

    def _weight(self, i: int, row: int, column: int) -> _Ref:
        written = f"{column},{row}" if self._problem.weight_layout == "out-in" else f"{row},{column}"
        weights = _there(self._problem.layers[i].weights)
        return _Ref(f"{self._problem.place(i, 'weights')}[{written}]", weights[row, column])

    def _bias(self, i: int, j: int) -> _Ref:
        return _Ref(f"{self._problem.place(i, 'biases')}[{j}]", _there(self._problem.layers[i].biases)[j])

    def _upstream(self, i: int, n: int, j: int) -> _Ref:
        given = self._problem.upstream
        if i < len(self._problem.layers) - 1:
            return self._ref(Node(i + 1, "dinputs"), Position(n, j, 0))
        if isinstance(given, str) and given == "outputs":
            return self._ref(Node(i, "outputs"), Position(n, 0, j))
        one = self._problem.dtype.type(1)
        return _Ref(f"upstream[{n},{j}]", given[n, j] if isinstance(given, np.ndarray) else one)

    def _inputs(self, i: int) -> Array:
        return self._values[Node(i - 1, "outputs")] if i else _there(self._problem.inputs)

    def _closed(self, i: int) -> Array:
        closed = self._solution.layers[i].closed
        shape = (_size(self._problem.n_samples), _size(self._problem.layers[i].n_neurons))
        return np.zeros(shape, dtype=bool) if closed is None else closed

    def _slope(self, i: int, n: int, j: int) -> Any:
        activation = self._problem.layers[i].activation
        if not activation.needs_z:
            return 1
        return +activation.slope(self._values[Node(i, "z")][[n], j]).item()  # a truth value becomes 1 or 0


def _working_order(n_layers: int) -> Iterator[Node]:
    layers = range(n_layers)
    yield from (Node(i, quantity) for i in layers for quantity in ("z", "outputs"))
    # What the sum passes on comes before what its products do with it.
    yield from (Node(i, quantity) for i in reversed(layers) for quantity in ("dz", "dbiases", "dinputs", "dweights"))
    yield from (Node(i, quantity) for i in layers for quantity in ("new_weights", "new_biases"))


def _largest(sums: Sequence[_Sum], most: int) -> tuple[list[tuple[int, int]], Term | None]:
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


def _total(sums: Sequence[_Sum]) -> Number:
    values = np.concatenate([one.terms for one in sums])
    if values.dtype.kind != "f":
        return Fraction(sum(values.tolist()))
    try:
        return fsum(values.tolist())
    except (OverflowError, ValueError):
        return inf


def _is_closed(one: _Sum, term: int) -> bool:
    return one.closed is not None and bool(one.closed[term])


def _terms(sums: Sequence[_Sum], shown: Sequence[tuple[int, int]], rest: Term | None) -> Iterator[Term]:
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


def _there(array: Array | None) -> Array:
    assert array is not None, "what an entry follows from was given"  # noqa: S101
    return array


def _size(size: int | None) -> int:
    assert size is not None, "an array told it"  # noqa: S101
    return size
