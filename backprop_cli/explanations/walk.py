"""A walk through a whole problem: its entries explained in the order in which they are worked by hand."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, CHAIN_RULE, FORWARD, Node, Position, every_node
from backprop_cli.explanations.explainer import Explainer, plain
from backprop_cli.explanations.explanation import Explanation, Extent, Factor, Walk

__all__ = ["walk"]

_FEW_ENTRIES = 30  # every entry of a problem with no more is explained


def walk(problem: Problem, extent: Extent) -> Walk:
    """Explain a problem in the order in which it is worked by hand: forward, backward, step.

    Every entry of a small problem is explained, of a larger one an entry of each quantity, where possible one that no
    inactive unit makes zero.

    Raises:
        InputError: Nothing follows from what was given.
    """
    walker = _Walker(problem)
    return Walk(title=problem.title, steps=tuple(walker.steps(extent)), not_computed=walker.entries.not_computed)


class _Walker:
    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._explainer = Explainer(problem, every_node(len(problem.layers)))
        self.entries = self._explainer.entries

    def steps(self, extent: Extent) -> Iterator[Explanation]:
        """Yield explanations in working order."""
        alone = replace(extent, depth=0)
        for node in _working_order(len(self._problem.layers)):
            for at in self._positions(node):
                explanation = self._explainer.explanation(node, at, alone, set())
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
                yield Position(**dict(zip(AXES[node.quantity], index, strict=True)))
        else:
            yield self._representative(node.layer)

    def _representative(self, layer: int) -> Position:
        """Return a sample and a neuron whose gradient is not zero, if there is one, and an input that leads to it."""
        n, j = self._nonzero(layer)
        return Position(n, self._nonzero(layer - 1)[1] if layer else 0, j)

    def _nonzero(self, layer: int) -> tuple[int, int]:
        dz = self.entries.values.get(Node(layer, "dz"))
        found: list[list[int]] = [] if dz is None else np.argwhere(dz)[:1].tolist()
        return (found[0][0], found[0][1]) if found else (0, 0)

    def _passed_on(self, i: int, at: Position) -> Iterator[Factor]:
        """Yield the gradients of the terms of z, to each of which the sum passes dz on unchanged."""
        z = Node(i, "z")
        if self._problem.given(z) is not None or z not in self.entries.values:
            return
        dz = plain(self.entries.values[Node(i, "dz")][at.n, at.j])
        for part in self.entries.sums(z, at):
            for k in range(len(part.terms)):
                yield Factor(name=" * ".join(factor.name for factor in part.factors(k)), value=dz)


def _working_order(n_layers: int) -> Iterator[Node]:
    layers = range(n_layers)
    # What a sum passes on unchanged comes before what products do with it.
    gradients = sorted(
        (quantity for quantity in CHAIN_RULE.values() if quantity.is_gradient),
        key=lambda quantity: (bool(quantity.products[0].summed), len(quantity.products[0].factors)),
    )
    backward = [quantity.name for quantity in gradients]
    yield from (Node(i, quantity) for i in layers for quantity in FORWARD)
    yield from (Node(i, quantity) for i in reversed(layers) for quantity in backward)
    yield from (Node(i, quantity) for i in layers for quantity in CHAIN_RULE if quantity not in (*FORWARD, *backward))
