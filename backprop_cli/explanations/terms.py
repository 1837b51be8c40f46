"""The terms that make an entry: the sum behind each quantity, entry by entry, with the names of its factors.

Names and indices are written as the problem's author would: in the layout of the weights, and with the layer in a
network.
"""

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from backprop_cli.cli.entries import QUOTING
from backprop_cli.cli.entries import nodes as every_node
from backprop_cli.core.arrays import Array
from backprop_cli.core.missing import Missing
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, LIKE_WEIGHTS, Node
from backprop_cli.core.rules import operands
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import needed_for, solve
from backprop_cli.errors import InputError, UsageError
from backprop_cli.explanations.notation import Position
from backprop_cli.messages import counted, listed

_SMALL = 10**7  # multiplications that are no matter beside the forward pass


class Ref(NamedTuple):
    """An entry that is a factor: given, or, with a node, computed and to be explained in its turn."""

    name: str
    value: Any
    node: Node | None = None
    at: Position = Position(0, 0, 0)


class Sum(NamedTuple):
    """Terms (m,) that make up an entry, or some of them: `factors(k)` are those of the k-th."""

    terms: Array
    factors: Callable[[int], tuple[Ref, ...]]
    closed: Array | None = None
    coefficient: Any = None
    slope: str | None = None
    function: str | None = None


class Entries:
    """The entries of a problem and of what follows from it: their names, their values, and the terms that make them.

    `values` are the arrays by node, weights-like ones as (n_inputs, n_neurons) whatever the layout; `not_computed` says
    what the other quantities would need, by place.
    """

    def __init__(self, problem: Problem, wanted: Sequence[Node]) -> None:
        """Compute what the explanation of the wanted quantities takes.

        Raises:
            InputError: A single one is wanted, and does not follow.
        """
        self._problem = problem
        nodes = needed_for(problem, wanted)
        if len(wanted) == 1 and self._is_large(wanted[0]):
            nodes -= set(wanted)  # a whole matrix for one entry, which its terms add up to as well
        try:
            ordered = [node for node in every_node(None, len(problem.layers)) if node in nodes]
            self._solution = solve(problem, ordered) if nodes else Solution(problem=problem, layers=())
        except InputError:
            solve(problem, wanted)  # which says the same of just what is wanted
            raise  # pragma: no cover (what is wanted needs all of that)
        self.not_computed = self._solution.not_computed()
        self.values = {
            Node(i, quantity): problem.laid_out(matrix) if quantity in LIKE_WEIGHTS else matrix
            for i, layer in enumerate(self._solution.layers)
            for quantity, matrix in layer.computed.items()
        }
        behind = [operand for node in wanted for operand in operands(problem, node) if isinstance(operand, Node)]
        if len(wanted) == 1 and any(node not in self.values for node in (*behind, *nodes & set(wanted))):
            solve(problem, wanted)  # which says what is needed

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

    def sums(self, node: Node, at: Position) -> Iterator[Sum]:
        """Yield the terms that make up an entry, in the order in which its rule names them."""
        i, (n, input_, j) = node.layer, at
        layer = self._problem.layers[i]
        match node.quantity:
            case "z" if layer.z is not None:
                yield Sum(layer.z[[n], j], lambda _: (self.ref(node, at)._replace(node=None),))
            case "z":
                yield Sum(
                    self._inputs(i)[n] * given(layer.weights)[:, j],
                    lambda k: (self.input(i, n, k), self.weight(i, k, j)),
                    None if i == 0 else self._closed(i - 1)[n],
                )
                yield Sum(given(layer.biases)[[j]], lambda _: (self.bias(i, j),))
            case "outputs":
                yield Sum(
                    layer.activation.value(self.values[Node(i, "z")][[n], j]),
                    lambda _: (self.ref(Node(i, "z"), at),),
                    self._closed(i)[[n], j],
                    function=layer.activation.value_written,
                )
            case "dz":
                upstream, slope = self._upstream(i, n, j), self._slope(i, n, j)
                value = np.array([upstream.value * slope if slope else 0 * upstream.value])
                called = (
                    f"{layer.activation.name}'({self.ref(Node(i, 'z'), at).name})" if layer.activation.needs_z else None
                )
                yield Sum(value, lambda _: (upstream,), self._closed(i)[[n], j], slope, called)
            case "dinputs":
                yield Sum(
                    self.values[Node(i, "dz")][n] * given(layer.weights)[input_],
                    lambda k: (self.ref(Node(i, "dz"), Position(n, 0, k)), self.weight(i, input_, k)),
                    self._closed(i)[n],
                )
            case "dweights":
                yield Sum(
                    self._inputs(i)[:, input_] * self.values[Node(i, "dz")][:, j],
                    lambda k: (self.input(i, k, input_), self.ref(Node(i, "dz"), Position(k, 0, j))),
                    self._closed(i)[:, j] | (self._closed(i - 1)[:, input_] if i else False),
                )
            case "dbiases":
                yield Sum(
                    self.values[Node(i, "dz")][:, j],
                    lambda k: (self.ref(Node(i, "dz"), Position(k, 0, j)),),
                    self._closed(i)[:, j],
                )
            case stepped:
                parameter = self.weight(i, input_, j) if stepped == "new_weights" else self.bias(i, j)
                gradient = self.ref(Node(i, stepped.replace("new_", "d")), at)
                rate = Ref("learning_rate", self._problem.learning_rate)
                yield Sum(np.array([parameter.value]), lambda _: (parameter,))
                yield Sum(np.array([-rate.value * gradient.value]), lambda _: (rate, gradient), None, -1)

    def ref(self, node: Node, at: Position) -> Ref:
        """Return the entry of a computed quantity."""
        index = tuple(getattr(at, axis) for axis in AXES[node.quantity])
        matrix = self.values.get(node)
        turned = node.quantity in LIKE_WEIGHTS and self._problem.weight_layout == "out-in"
        written = ",".join(map(str, reversed(index) if turned else index))
        return Ref(f"{self._problem.place(*node)}[{written}]", None if matrix is None else matrix[index], node, at)

    def input(self, i: int, n: int, k: int) -> Ref:
        """Return an input of a layer, which may be an output of the one before."""
        if i > 0:
            return self.ref(Node(i - 1, "outputs"), Position(n, 0, k))
        return Ref(f"inputs[{n},{k}]", given(self._problem.inputs)[n, k])

    def weight(self, i: int, row: int, column: int) -> Ref:
        """Return a weight of a layer, from an input to a neuron."""
        written = f"{column},{row}" if self._problem.weight_layout == "out-in" else f"{row},{column}"
        weights = given(self._problem.layers[i].weights)
        return Ref(f"{self._problem.place(i, 'weights')}[{written}]", weights[row, column])

    def bias(self, i: int, j: int) -> Ref:
        """Return a bias of a layer."""
        return Ref(f"{self._problem.place(i, 'biases')}[{j}]", given(self._problem.layers[i].biases)[j])

    def _upstream(self, i: int, n: int, j: int) -> Ref:
        given = self._problem.upstream
        if i < len(self._problem.layers) - 1:
            return self.ref(Node(i + 1, "dinputs"), Position(n, j, 0))
        if isinstance(given, str) and given == "outputs":
            return self.ref(Node(i, "outputs"), Position(n, 0, j))
        one = self._problem.dtype.type(1)
        return Ref(f"upstream[{n},{j}]", given[n, j] if isinstance(given, np.ndarray) else one)

    def _inputs(self, i: int) -> Array:
        return self.values[Node(i - 1, "outputs")] if i else given(self._problem.inputs)

    def _closed(self, i: int) -> Array:
        closed = self._solution.layers[i].closed
        shape = (_size(self._problem.n_samples), _size(self._problem.layers[i].n_neurons))
        return np.zeros(shape, dtype=bool) if closed is None else closed

    def _slope(self, i: int, n: int, j: int) -> Any:
        activation = self._problem.layers[i].activation
        if not activation.needs_z:
            return 1
        return +activation.slope(self.values[Node(i, "z")][[n], j]).item()  # a truth value becomes 1 or 0


def given(array: Array | None) -> Array:
    """Return an array that an entry follows from, and that is therefore there."""
    assert array is not None  # noqa: S101 (or the entry would not have been computed)
    return array


def _size(size: int | None) -> int:
    assert size is not None, "an array told it"  # noqa: S101
    return size
