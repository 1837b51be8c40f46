"""The entries of a worked solution that are worked out term by term."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from backprop_cli.core.quantities import AXES, Node, Position
from backprop_cli.explanations.explainer import explanation
from backprop_cli.explanations.explanation import Explanation, Extent, Factor
from backprop_cli.explanations.terms import Entries

__all__ = ["Examples"]


class Examples:
    """Chooses entries of quantities, and explains them."""

    def __init__(self, entries: Entries, extent: Extent) -> None:
        """Choose as many as the extent says."""
        self._entries, self._extent = entries, extent

    def of(self, node: Node) -> Iterator[Explanation]:
        """Yield the explanation of an entry of a quantity, or of each entry."""
        yield from (self._explained(node, at) for at in self._positions(node))

    def _positions(self, node: Node) -> Iterator[Position]:
        """Yield every position of a quantity, or only one."""
        if self._extent.every_entry:
            for index in np.ndindex(self._entries.array(node).shape):
                yield Position(**dict(zip(AXES[node.quantity], index, strict=True)))
        else:
            # A sample and a neuron whose gradient is not zero, and an input whose gradient in the layer before is not.
            n, j = self._nonzero(node.layer)
            yield Position(n, self._nonzero(node.layer - 1)[1] if node.layer else 0, j)

    def _nonzero(self, layer: int) -> tuple[int, int]:
        """Return the first sample and neuron whose dz is not zero, or (0, 0)."""
        dz = self._entries.values.get(Node(layer, "dz"))
        found = [] if dz is None else np.argwhere(dz)[:1].tolist()
        return (found[0][0], found[0][1]) if found else (0, 0)

    def _explained(self, node: Node, at: Position) -> Explanation:
        entries, extent = self._entries, self._extent
        step = explanation(entries, node, at, replace(extent, depth=0), set())
        if node.quantity != "dz":
            return step
        # z is a sum, which passes dz on unchanged to each of its terms.
        z = Node(node.layer, "z")
        sums = entries.sums(z, at) if entries.problem.given(z) is None and z in entries.values else ()
        names = [" * ".join(ref.name for ref in part.part(k).factors) for part in sums for k in range(len(part.terms))]
        passed_on = tuple(Factor(name=name, value=step.value) for name in names[: extent.terms])
        return replace(step, passed_on=passed_on, more_passed_on=len(names) - len(passed_on))
