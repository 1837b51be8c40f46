"""The entries of a worked solution that are worked out term by term."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, product

import numpy as np

from backprop_cli.core.quantities import Node, Position
from backprop_cli.explanations.explainer import explanation
from backprop_cli.explanations.explanation import Explanation, Extent, Factor
from backprop_cli.explanations.terms import Entries

__all__ = ["EVERYTHING", "MOST_ENTRIES", "Examples", "Scope"]

MOST_ENTRIES = 100  # of a quantity that is asked for by its name


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What part of a problem to work through: a layer, or some quantities, or all of it."""

    layer: int | None = None
    nodes: tuple[Node, ...] = ()
    index: tuple[int | None, ...] = ()  # of their entries, as the author writes it: None along an axis for all of them


EVERYTHING = Scope()


class Examples:
    """Chooses entries of quantities, and explains them."""

    def __init__(self, entries: Entries, extent: Extent, scope: Scope) -> None:
        """Choose one entry of each quantity, or each one of those that the scope names, or as the extent says.

        Raises:
            UsageError: The scope names a row or a column that there is not.
        """
        self._entries, self._extent, self._scope = entries, extent, scope
        for node in scope.nodes if scope.index else ():
            entries.position(node, tuple(k or 0 for k in scope.index))

    def of(self, node: Node) -> Iterator[Explanation]:
        """Yield the explanation of an entry of a quantity, or of several."""
        yield from (self._explained(node, at) for at in self._positions(node))

    def _positions(self, node: Node) -> Iterator[Position]:
        every = self._extent.every_entry
        if every or self._scope.nodes:
            yield from islice(self._named(node), None if every else MOST_ENTRIES)
        else:
            # A sample and a neuron whose gradient is not zero, and an input whose gradient in the layer before is not.
            n, j = self._nonzero(node.layer)
            yield Position(n, self._nonzero(node.layer - 1)[1] if node.layer else 0, j)

    def _named(self, node: Node) -> Iterator[Position]:
        """Yield every position of a quantity, row by row as the author writes it, or those that the scope names."""
        problem = self._entries.problem
        axes, shape = problem.axes(node.quantity), problem.as_written(node.quantity, self._entries.array(node)).shape
        wanted = self._scope.index or (None,) * len(shape)
        for index in product(*(range(n) if k is None else [k] for n, k in zip(shape, wanted, strict=True))):
            yield Position(**dict(zip(axes, index, strict=True)))

    def _nonzero(self, layer: int) -> tuple[int, int]:
        """Return the first sample and neuron whose dz is not zero, or (0, 0)."""
        dz = self._entries.values.get(Node(layer, "dz"))
        found = [] if dz is None else np.argwhere(dz)[:1].tolist()
        return (found[0][0], found[0][1]) if found else (0, 0)

    def _explained(self, node: Node, at: Position) -> Explanation:
        entries, extent = self._entries, self._extent
        step = explanation(entries, node, at, extent, set())
        if node.quantity != "dz":
            return step
        # z is a sum, which passes dz on unchanged to each of its terms.
        z = Node(node.layer, "z")
        sums = entries.sums(z, at) if entries.problem.given(z) is None and z in entries.values else ()
        names = [" * ".join(ref.name for ref in part.part(k).factors) for part in sums for k in range(len(part.terms))]
        passed_on = tuple(Factor(name=name, value=step.value) for name in names[: extent.terms])
        return replace(step, passed_on=passed_on, more_passed_on=len(names) - len(passed_on))
