"""The terms that make an entry: the products behind each quantity, entry by entry, with the names of their factors.

They are read off the chain rule in `core.quantities`. Names and indices are written as the problem's author writes
them: in the layout of the weights, and with the layer in a network.
"""

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from backprop_cli.core.activations import Activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.plan import plan, require_any
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, QUANTITIES, Factor, Node, Position, Product
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import UsageError
from backprop_cli.messages import QUOTING, counted, listed

__all__ = ["Entries", "Ref", "Sum"]

_SMALL = 10**7  # multiplications, which take no time beside the forward pass


class Ref(NamedTuple):
    """An entry that is a factor; with a node, it was computed, and is explained in its turn."""

    name: str
    value: Any
    node: Node | None = None
    at: Position = Position()


class Sum(NamedTuple):
    """Terms that make up an entry, or some of them."""

    terms: Array  # (m,)
    factors: Callable[[int], tuple[Ref, ...]]  # those of the k-th term
    inactive: Array | None = None  # (m,): whether an inactive unit makes the term zero
    coefficient: Any = None  # multiplies the factors: -1 in a step, or the derivative of an activation at z
    derivative: str | None = None  # the name of that derivative
    function: str | None = None  # what is applied to the one factor, with a place for {z}


class Entries:
    """The entries of a problem and of what follows from it: their names, their values, and the terms that make them.

    `values` are the arrays by node, in the shapes that their axes have in `AXES`: weights-like ones (n_inputs,
    n_neurons). `not_computed` says what the other quantities would need, by place.
    """

    def __init__(self, problem: Problem, wanted: Sequence[Node]) -> None:
        """Compute what the explanation of the wanted quantities takes.

        Raises:
            InputError: None of them follows from what was given, or a result overflows.
        """
        self._problem = problem
        planned = plan(problem, wanted)
        require_any(problem, wanted, planned)
        order = list(planned.order)
        if len(wanted) == 1 and self._is_large(wanted[0]):
            order.remove(wanted[0])  # a whole matrix for one entry: its terms add up to that entry as well
        self._solution = solve(problem, order) if order else Solution(problem=problem, layers=())
        self.not_computed = {
            problem.place(*node): planned.missing[node].words()
            for node in wanted
            if node in planned.missing and problem.has(node)
        }
        self.values = {
            Node(i, quantity): problem.as_written(quantity, matrix)
            for i, layer in enumerate(self._solution.layers)
            for quantity, matrix in layer.computed.items()
        }

    def _is_large(self, node: Node) -> bool:
        layer = self._problem.layers[node.layer]
        sizes = (self._problem.n_samples, layer.n_inputs, layer.n_neurons)
        return prod(size or 1 for size in sizes) > _SMALL

    def position(self, node: Node, index: tuple[int, ...]) -> Position:
        """Return where an entry is.

        Raises:
            UsageError: There is no such entry; the message says what there is.
        """
        layer, place = self._problem.layers[node.layer], self._problem.place(*node)
        sizes = {"n": self._problem.n_samples, "i": layer.n_inputs, "j": layer.n_neurons}
        axes = self._problem.axes(node.quantity)
        shape = [sizes[axis] or 0 for axis in axes]
        if len(index) != len(shape) or any(k >= size for k, size in zip(index, shape, strict=True)):
            entry = f"{place}[{','.join(map(str, index))}]" if index else place
            nouns = ("row", "column") if len(shape) == 2 else ("entry",)
            sized = [f"{counted(size, noun)} (0 to {size - 1})" for size, noun in zip(shape, nouns, strict=True)]
            raise UsageError(f"{entry}: {place} has {listed(sized)}", hint=QUOTING if not index else None)
        return Position(**dict(zip(axes, index, strict=True)))

    def sums(self, node: Node, at: Position) -> Iterator[Sum]:
        """Yield the terms that make up an entry, in the order in which its rule names them."""
        if self._problem.given(node) is not None:
            given = self.ref(node, at)._replace(node=None)
            yield Sum(np.array([given.value]), lambda _: (given,))
            return
        for product in self._problem.products(node):
            yield self._sum(node, at, product)

    def _sum(self, node: Node, at: Position, product: Product) -> Sum:
        fixed = AXES[node.quantity]
        entries = [factor for factor in product.factors if factor.function != "f'"]
        values = [self._values(node.layer, factor, fixed, at) for factor in entries]

        def factors(k: int) -> tuple[Ref, ...]:
            where = at._replace(**dict.fromkeys(product.summed, k))
            return tuple(self._factor(node.layer, factor, where) for factor in entries)

        made = Sum(prod(values[1:], start=values[0]), factors, self._inactive(node.layer, product, fixed, at))
        if product.sign < 0:
            return made._replace(terms=-made.terms, coefficient=-1)
        function = product.factors[-1].function
        activation = self._problem.layers[node.layer].activation
        if function == "f":
            return made._replace(terms=activation.value(values[0]), function=activation.value_written)
        if function == "f'":
            return self._times_derivative(made, activation, self._factor(node.layer, product.factors[-1], at))
        return made

    @staticmethod
    def _times_derivative(made: Sum, activation: Activation, z: Ref) -> Sum:
        upstream = made.terms
        if not activation.reads:  # the derivative is the same everywhere
            return made._replace(
                terms=activation.backward(upstream), coefficient=_whole(activation.derivative(0 * upstream))
            )
        at_z = np.array([z.value])
        return made._replace(
            terms=activation.backward(upstream, at_z, activation.value(at_z)),
            coefficient=_whole(activation.derivative(at_z)),
            derivative=f"{activation.name}'({z.name})",
        )

    def ref(self, node: Node, at: Position) -> Ref:
        """Return the entry of a computed quantity; its value is None where the quantity is too large to compute."""
        return self._entry(node, tuple(getattr(at, axis) for axis in AXES[node.quantity]))

    def _factor(self, layer: int, factor: Factor, at: Position) -> Ref:
        return self._entry(self._problem.origin(layer, factor.name), tuple(getattr(at, axis) for axis in factor.axes))

    def _entry(self, node: Node, index: tuple[int, ...]) -> Ref:
        array, name = self._array(node), self._problem.entry(node, index)
        value = None if array is None else array[index]
        if node.quantity not in QUANTITIES:
            return Ref(name, value)
        return Ref(name, value, node, Position(**dict(zip(AXES[node.quantity], index, strict=True))))

    def _array(self, node: Node) -> Any:
        """Return the values of a node, given or computed, in the shape of its axes."""
        given = self._problem.given(node)
        return self.values.get(node) if given is None else np.asarray(given)

    def _values(self, layer: int, factor: Factor, fixed: tuple[str, ...], at: Position) -> Array:
        """Return the values (m,) of a factor in each term of a sum over the axes that are not fixed."""
        return np.atleast_1d(self._array(self._problem.origin(layer, factor.name))[_index(factor, fixed, at)])

    def _inactive(self, layer: int, product: Product, fixed: tuple[str, ...], at: Position) -> Array | None:
        """Return for each term (m,) whether a factor of it is zero because a unit is inactive."""
        found = None
        for factor in product.factors:
            origin = self._problem.origin(layer, factor.name)
            if factor.function or origin.quantity in ("outputs", "dz"):
                inactive = self._solution.layers[origin.layer].inactive
                if inactive is not None:
                    terms = np.atleast_1d(inactive[_index(factor, fixed, at)])
                    found = terms if found is None else found | terms
        return found


def _index(factor: Factor, fixed: tuple[str, ...], at: Position) -> tuple[Any, ...]:
    return tuple(getattr(at, axis) if axis in fixed else slice(None) for axis in factor.axes)


def _whole(value: Array) -> Any:
    """Return the one number in an array, a whole float as an integer, which is written without a point."""
    number = value.item()
    return int(number) if number == int(number) else number
