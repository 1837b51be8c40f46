"""Entries of a worked solution that a reader may open, one by one, to see the terms that make them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from backprop_cli.core.quantities import Node
from backprop_cli.explanations.explainer import explanation
from backprop_cli.explanations.explanation import Explanation, Extent
from backprop_cli.explanations.terms import Entries
from backprop_cli.explanations.worked import Matrix, Worked

__all__ = ["Cell", "opened"]

Cell = tuple[int, int]  # the row and column of an entry in its matrix


def opened(
    found: Worked, extent: Extent, cells: Mapping[str, Iterable[Cell]]
) -> Mapping[str, Mapping[Cell, Explanation]]:
    """Return the explanations of some entries of each step, by the place of its result; those of its examples too.

    Raises:
        InputError: The sum of the terms of an entry overflows.
    """
    nodes = [Node(step.layer, step.quantity) for step in found.steps]
    entries = Entries(found.problem, nodes, whole=True)
    extent = replace(extent, depth=0)
    every: dict[str, dict[Cell, Explanation]] = {}
    for node, step in zip(nodes, found.steps, strict=True):
        worked_out = {example.entry: example for example in step.examples}
        by_cell = every[step.node_place] = {}
        for cell in cells[step.node_place]:
            name, at = step.result.entry(*cell), entries.position(node, _index(step.result, cell))
            by_cell[cell] = worked_out.get(name) or explanation(entries, node, at, extent, set())
    return every


def _index(matrix: Matrix, cell: Cell) -> tuple[int, ...]:
    """Return the index of an entry in the values of a matrix."""
    return cell if matrix.values.ndim == 2 else (max(cell),) * matrix.values.ndim
