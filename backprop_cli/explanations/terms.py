"""The terms that make an entry: the products in its line of the chain rule, and their factors by name.

Names and indices are as the problem's author writes them: in the layout of the weights, with the layer in a network.
"""

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.plan import plan, require_any
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, QUANTITIES, Factor, Node, Position, Product
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import UsageError
from backprop_cli.explanations.explanation import Term
from backprop_cli.messages import QUOTING, counted, listed

_SMALL = 10**7  # multiplications, which take no time beside the forward pass


class Ref(NamedTuple):
    """An entry with its name."""

    name: str
    value: Any  # None where the quantity is too large to compute
    source: tuple[Node, Position] | None  # where the entry is, if it was computed


class Sum(NamedTuple):
    """Terms that make up an entry, or some of them."""

    terms: Array  # (m,)
    inactive: Array  # (m,): whether an inactive unit makes the term zero
    factors: Callable[[int], tuple[Ref, ...]]  # those of the k-th term
    common: Term = Term()  # what their records have in common
    reads: tuple[Ref, ...] = ()  # the z at which a derivative is taken


class Entries:
    """The entries of a problem and of what follows from it: their names, their values, and the terms that make them.

    `values` are the computed arrays by node, with the axes in `AXES`: (n_inputs, n_neurons) for dweights.
    `not_computed` says what the other quantities would need, by place.
    """

    def __init__(self, problem: Problem, wanted: Sequence[Node]) -> None:
        """Compute what the explanation of the wanted quantities needs.

        Raises:
            InputError: None of them follows from what was given, or a result overflows.
        """
        self.problem = problem
        planned = plan(problem, wanted)
        require_any(problem, wanted, planned)
        order = list(planned.order)
        if len(wanted) == 1 and prod(size or 1 for size in self._sizes(wanted[0].layer).values()) > _SMALL:
            order.remove(wanted[0])  # a whole matrix for one entry: the terms of the entry give its value
        self._solution = solve(problem, order) if order else Solution(problem=problem, layers=())
        missing = {node: planned.missing[node] for node in wanted if node in planned.missing and problem.has(node)}
        self.not_computed = {problem.place(*node): missing[node].words() for node in missing}
        self.values = {
            Node(i, quantity): problem.as_written(quantity, matrix)
            for i, layer in enumerate(self._solution.layers)
            for quantity, matrix in layer.computed.items()
        }

    def _sizes(self, i: int) -> dict[str, int | None]:
        layer = self.problem.layers[i]
        return {"n": self.problem.n_samples, "i": layer.n_inputs, "j": layer.n_neurons}

    def position(self, node: Node, index: tuple[int, ...]) -> Position:
        """Return where an entry is.

        Raises:
            UsageError: There is no such entry; the message says what there is.
        """
        sizes, axes, place = self._sizes(node.layer), self.problem.axes(node.quantity), self.problem.place(*node)
        shape = [sizes[axis] or 0 for axis in axes]
        if len(index) != len(shape) or any(k >= size for k, size in zip(index, shape, strict=True)):
            entry = f"{place}[{','.join(map(str, index))}]" if index else place
            nouns = ("row", "column") if len(shape) == 2 else ("entry",)
            sized = [f"{counted(size, noun)} (0 to {size - 1})" for size, noun in zip(shape, nouns, strict=True)]
            raise UsageError(f"{entry}: {place} has {listed(sized)}", hint=QUOTING if not index else None)
        return Position(**dict(zip(axes, index, strict=True)))

    def ref(self, node: Node, at: Position) -> Ref:
        """Return the entry of a computed quantity."""
        return self._entry(node, _index(AXES[node.quantity], at))

    def sums(self, node: Node, at: Position) -> Iterator[Sum]:
        """Yield the terms that make up an entry, in the order of its rule."""
        if self.problem.given(node) is not None:
            given = self.ref(node, at)._replace(source=None)
            yield Sum(np.array([given.value]), np.zeros(1, bool), lambda _: (given,))
            return
        for product in self.problem.products(node):
            yield self._sum(node.layer, product, at)

    def _sum(self, layer: int, product: Product, at: Position) -> Sum:
        entries = [factor for factor in product.factors if factor.function != "f'"]
        arrays = [self._array(self.problem.origin(layer, factor.name)) for factor in entries]
        indices = [_index(factor.axes, at, product) for factor in entries]
        values = [np.atleast_1d(array[index]) for array, index in zip(arrays, indices, strict=True)]
        terms = prod(values[1:], start=values[0])

        def factors(k: int) -> tuple[Ref, ...]:
            where = at._replace(**dict.fromkeys(product.summed, k))
            return tuple(self._factor(layer, factor, where) for factor in entries)

        made = Sum(terms, self._inactive(layer, product, at, len(terms)), factors)
        activation, last = self.problem.layers[layer].activation, product.factors[-1]
        if product.sign < 0:
            return made._replace(terms=-terms, common=Term(coefficient=-1))
        if last.function == "f":
            return made._replace(terms=activation.value(terms), common=Term(function=activation.value_written))
        if last.function == "f'":
            z = self._factor(layer, last, at)
            at_z = np.array([z.value]) if activation.reads else terms  # where it reads no z, f' is the same everywhere
            derivative = activation.derivative(at_z).item()
            made = made._replace(terms=activation.backward(terms, at_z, activation.value(at_z)))
            coefficient = int(derivative) if derivative == int(derivative) else derivative
            if not activation.reads:
                return made._replace(common=Term(coefficient=coefficient))
            common = Term(coefficient=coefficient, derivative=activation.derivative_named.format(z=z.name))
            return made._replace(common=common, reads=(z,))
        return made

    def _inactive(self, layer: int, product: Product, at: Position, n_terms: int) -> Array:
        """Return for each term (n_terms,) whether a factor of it is zero because a unit is inactive."""
        found = np.zeros(n_terms, bool)
        for factor in product.factors:
            origin = self.problem.origin(layer, factor.name)
            if factor.function or origin.quantity in ("outputs", "dz"):
                inactive = self._solution.layers[origin.layer].inactive
                if inactive is not None:
                    found |= inactive[_index(factor.axes, at, product)]
        return found

    def _factor(self, layer: int, factor: Factor, at: Position) -> Ref:
        return self._entry(self.problem.origin(layer, factor.name), _index(factor.axes, at))

    def _entry(self, node: Node, index: tuple[Any, ...]) -> Ref:
        array, at = self._array(node), Position(**dict(zip(AXES[node.quantity], index, strict=True)))
        value = None if array is None else array[index]
        return Ref(self.problem.entry(node, index), value, (node, at) if node.quantity in QUANTITIES else None)

    def _array(self, node: Node) -> Any:
        """Return the values of a node, given or computed, in the shape of its axes."""
        given = self.problem.given(node)
        return self.values.get(node) if given is None else np.asarray(given)


def _index(axes: Sequence[str], at: Position, product: Product | None = None) -> tuple[Any, ...]:
    """Return the index of an entry, or of all entries that a product is summed over."""
    return tuple(slice(None) if product and axis in product.summed else getattr(at, axis) for axis in axes)
