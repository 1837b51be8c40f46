"""The terms that make an entry: the products in its line of the chain rule, and their factors by name.

Names and indices are as the problem's author writes them: in the layout of the weights, with the layer in a network.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.plan import plan, require_any
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import (
    AXES,
    CHAIN_RULE,
    OF_A_LAYER,
    OF_THE_LOSS,
    QUANTITIES,
    Factor,
    Node,
    Position,
    Product,
)
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.core.written import difference
from backprop_cli.errors import InputError, UsageError
from backprop_cli.explanations import coupled, of_the_loss
from backprop_cli.explanations.explanation import Term
from backprop_cli.explanations.sums import Part, Ref, Sum
from backprop_cli.messages import QUOTING, counted, listed

_SMALL = 10**7  # multiplications, which take no time beside the forward pass


class Entries:
    """The entries of a problem and of what follows from it: their names, their values, and the terms that make them.

    `values` are the computed arrays by node, with the axes in `AXES`: (n_inputs, n_neurons) for dweights.
    `not_computed` says what the other quantities would need, by place.
    """

    def __init__(self, problem: Problem, wanted: Sequence[Node], *, whole: bool = False) -> None:
        """Compute what the explanation of the wanted quantities needs; of a single large one itself only if `whole`.

        Raises:
            InputError: None of them follows from what was given, a result overflows, or the problem is exact and a
                function in it has no exact arithmetic.
        """
        self.problem = problem
        planned = plan(problem, wanted)
        require_any(problem, wanted, planned)
        _require_exact(problem, planned.order)
        also = [Node(node.layer, "outputs") for node in planned.order if self._reads_outputs(node)]
        order = list(plan(problem, [*planned.order, *also]).order)
        work = prod(size or 1 for size in self._sizes(wanted[0].layer).values())
        if not whole and len(wanted) == 1 and work > _SMALL:
            order.remove(wanted[0])  # a whole matrix for one entry: the terms of the entry give its value
        self._solution = solve(problem, order) if order else Solution(problem=problem, layers=())
        missing = {node: planned.missing[node] for node in wanted if node in planned.missing and problem.has(node)}
        self.not_computed = {problem.place(*node): missing[node].words() for node in missing}
        self.values = {
            Node(i, quantity): problem.as_written(quantity, matrix)
            for i, layer in enumerate(self._solution.layers)
            for quantity, matrix in layer.computed.items()
        }

    def _reads_outputs(self, node: Node) -> bool:
        """Tell whether the explanation of a node takes outputs, which its formula may leave out."""
        of_pair = self.problem.matched(node.layer) is not None and node.quantity in ("loss", "dz")
        return of_pair or (node.quantity == "dz" and self.problem.layers[node.layer].activation.couples)

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
            if not shape:
                raise UsageError(f"{entry}: {place} is one number (expected {place} without an index)")
            nouns = ("row", "column") if len(shape) == 2 else ("entry",)
            sized = [f"{counted(size, noun)} (0 to {size - 1})" for size, noun in zip(shape, nouns, strict=True)]
            raise UsageError(f"{entry}: {place} has {listed(sized)}", hint=QUOTING if not index else None)
        return Position(**dict(zip(axes, index, strict=True)))

    def ref(self, node: Node, at: Position) -> Ref:
        """Return the entry of a quantity."""
        return self.entry(node, _index(AXES[node.quantity], at))

    def entry(self, node: Node, index: tuple[Any, ...]) -> Ref:
        """Return the entry of a node at an index along `AXES`."""
        array, at = self.array(node), Position(**dict(zip(AXES[node.quantity], index, strict=True)))
        value = None if array is None else array[index]
        is_given = node.quantity not in OF_A_LAYER and self.problem.given(node) is not None
        is_source = node.quantity in QUANTITIES and not is_given
        return Ref(self.problem.entry(node, index), value, (node, at) if is_source else None)

    def array(self, node: Node) -> Any:
        """Return the values of a node, given or computed, in the shape of its axes; None where there are none."""
        given = self.problem.given(node)
        if given is not None:
            return np.asarray(given)
        if node not in self.values and node.quantity == "upstream" and self.problem.loss is not None:
            return self._upstream
        return self.values.get(node)

    @cached_property
    def _upstream(self) -> Array | None:
        """The upstream of a matched pair, which is not computed unless it is wanted; it may overflow."""
        node = Node(len(self.problem.layers) - 1, "upstream")
        outputs, targets = (self.array(node._replace(quantity=name)) for name in ("outputs", "targets"))
        if outputs is None or targets is None:
            return None
        gradient: Array = of_the_loss.loss_of(self.problem).gradient(outputs, targets)
        return gradient / self.problem.divisor(node)

    def sums(self, node: Node, at: Position) -> Iterator[Sum]:
        """Yield the terms that make up an entry, in the order of its rule."""
        activation = self.problem.layers[node.layer].activation
        if self.problem.given(node) is not None:
            given = self.ref(node, at)._replace(source=None)
            yield Sum(np.array([given.value]), np.zeros(1, bool), lambda _: Part((given,)))
        elif (found := difference(self.problem, node)) is not None:
            yield of_the_loss.difference_sum(self, node, at, found)
        elif node.quantity == "loss":
            yield of_the_loss.value_sum(self, node, at)
        elif node.quantity == "upstream":
            yield of_the_loss.gradient_sum(self, node, at)
        elif activation.couples and node.quantity == "outputs":
            yield coupled.outputs_sum(self, node, at)
        else:
            yield from self.chain_sums(node, at)

    def chain_sums(self, node: Node, at: Position) -> Iterator[Sum]:
        """Yield the terms by the chain rule, also where there is a rule in one step."""
        if node.quantity == "dz" and self.problem.layers[node.layer].activation.couples:
            yield coupled.dz_sum(self, node, at)
            return
        is_dz = node.quantity == "dz"
        for product in CHAIN_RULE["dz"].products if is_dz else self.problem.products(node):
            yield self._sum(node.layer, product, at)

    def _sum(self, layer: int, product: Product, at: Position) -> Sum:
        entries = [factor for factor in product.factors if factor.function != "f'"]
        arrays = [self.array(self.problem.origin(layer, factor.name)) for factor in entries]
        indices = [_index(factor.axes, at, product) for factor in entries]
        values = [np.atleast_1d(array[index]) for array, index in zip(arrays, indices, strict=True)]
        terms = prod(values[1:], start=values[0])
        inactive = self.inactive(layer, product, at, len(terms))
        activation, last = self.problem.layers[layer].activation, product.factors[-1]
        record, reads = Term(), tuple[Ref, ...]()
        if product.sign < 0:
            terms, record = -terms, Term(coefficient=-1)
        elif last.function == "f":
            terms = activation.value(terms)
            record = Term(function=activation.value_written.format(z="{0}"), arguments=("z",))
        elif last.function == "f'":
            z = self._factor(layer, last, at)
            at_z = np.array([z.value]) if activation.reads else terms  # where it reads no z, f' is the same everywhere
            derivative = activation.derivative(at_z).item()
            terms = activation.backward(terms, at_z, activation.value(at_z))
            record = Term(coefficient=int(derivative) if derivative == int(derivative) else derivative)
            if activation.reads:
                named = activation.derivative_named.format(z=z.name)
                record, reads = Term(coefficient=record.coefficient, derivative=named), (z,)

        def part(k: int) -> Part:
            where = at._replace(**dict.fromkeys(product.summed, k))
            return Part(tuple(self._factor(layer, factor, where) for factor in entries), record, reads)

        return Sum(terms, inactive, part)

    def inactive_units(self, layer: int) -> Array | None:
        """Return which units of a layer are inactive (n_samples, n_neurons); None where that is not known."""
        layers = self._solution.layers
        return layers[layer].inactive if layer < len(layers) else None

    def inactive(self, layer: int, product: Product, at: Position, n_terms: int) -> Array:
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
        return self.entry(self.problem.origin(layer, factor.name), _index(factor.axes, at))


def _require_exact(problem: Problem, order: Sequence[Node]) -> None:
    """Raise an InputError if a problem is exact, and a loss that is needed has no exact arithmetic."""
    loss = problem.loss
    is_needed = any(node.quantity in OF_THE_LOSS for node in order)
    if problem.exact and is_needed and loss is not None and not loss.exact:
        raise InputError(f"{loss.name} has no exact arithmetic (leave out --exact)", place="loss")


def _index(axes: Sequence[str], at: Position, product: Product | None = None) -> tuple[Any, ...]:
    """Return the index of an entry, or of all entries that a product is summed over."""
    return tuple(slice(None) if product and axis in product.summed else getattr(at, axis) for axis in axes)
