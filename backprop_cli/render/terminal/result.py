"""Tables of a solution, one for each quantity, its rows and columns labelled and its numbers lined up."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from rich.text import Text

from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import NOUNS, Node
from backprop_cli.core.rules import matrix_form
from backprop_cli.core.solution import Solution
from backprop_cli.messages import clean, counted, listed
from backprop_cli.render.numbers import aligned, number
from backprop_cli.render.terminal.page import Column, Look, Page, width_of

_MANY_COLUMNS = 100  # a matrix wider than this shows its edges
_EDGE_COLUMNS = 20
_GAP = "..."

_NEGATIVE, _POSITIVE, _INACTIVE = "red", "green", "dim"
_OF_UNITS = ("outputs", "dz")  # zero where a unit is inactive

_Shown: TypeAlias = tuple[int | None, ...]


@dataclass(frozen=True, kw_only=True)
class Style(Look):
    """How a page of tables is to look: `rows` is the most rows of a matrix to show, 0 for all.

    `precision` is the most decimals of a number; None is 8 for floats, and fractions in full.
    """

    precision: int | None = None
    rows: int = 20


def tables(solution: Solution, style: Style) -> str:
    """Return a page with the tables of a solution, and what was not computed and why."""
    page = Page(style)
    problem = solution.problem
    if problem.title:
        page.line((clean(problem.title), "bold"))
        page.line()
    if problem.binary:
        page.line(f"exact values of the binary numbers in {listed(problem.binary)}, where no decimals were written")
        page.line()
    if problem.dtype == np.float32:
        page.line("computed in float32")
        page.line()
    for i, layer in enumerate(solution.layers):
        if problem.layered and layer.computed:
            page.line((_layer_heading(problem, i), "bold"))
            page.line()
        for quantity, matrix in layer.computed.items():
            _matrix(page, _Labelled(problem, Node(i, quantity), matrix, layer.inactive), style)
    for i, (place, needs) in enumerate(solution.not_computed().items()):
        if i == 0:
            page.line(("not computed", "bold"))
        page.line(f"  {place} needs {needs}")
    return page.text()


def _layer_heading(problem: Problem, i: int) -> str:
    layer = problem.layers[i]
    sizes = ((layer.n_inputs, "input"), (layer.n_neurons, "neuron"))
    known = [counted(n, noun) for n, noun in sizes if n is not None]
    return f"layers[{i}]: " + ", ".join([layer.activation.name, *known])


class _Labelled:
    """One matrix with its heading and with what its rows, columns and entries are."""

    def __init__(self, problem: Problem, node: Node, matrix: Array, inactive: Array | None) -> None:
        shape = f"({', '.join(map(str, matrix.shape))})" if matrix.ndim == 2 else f"({matrix.size},)"
        self.heading = f"{problem.place(*node)} {shape} = {matrix_form(problem, node)}"
        self.matrix = np.atleast_2d(matrix)
        self._inactive = inactive if node.quantity in _OF_UNITS else None
        self._problem, self._layer = problem, node.layer
        axes = [NOUNS[axis] for axis in problem.axes(node.quantity)]
        self._axes = axes if len(axes) == 2 else ["", *axes]  # the row of a list needs no label

    def row_label(self, i: int) -> str:
        return self._label(self._axes[0], i)

    def column_label(self, j: int) -> str:
        return self._label(self._axes[1], j)

    def style(self, i: int, j: int) -> str:
        """Return how an entry is told apart: by colour on a terminal, besides its sign and its value."""
        if self._inactive is not None and self._inactive[i, j]:
            return _INACTIVE
        value = self.matrix[i, j]
        return _NEGATIVE if value < 0 else _POSITIVE if value > 0 else ""

    def _label(self, axis: str, index: int) -> str:
        layers = self._problem.layers
        names = None
        if axis == "neuron":
            names = layers[self._layer].neuron_names
        elif axis == "input":
            names = layers[self._layer - 1].neuron_names if self._layer else self._problem.input_names
        if names is not None and names[index]:
            return clean(names[index])
        return f"{axis} {index}" if axis else ""


def _matrix(page: Page, labelled: _Labelled, style: Style) -> None:
    """Print a matrix under its heading."""
    n_rows, n_columns = labelled.matrix.shape
    rows = _edges(n_rows, style.rows or n_rows)
    wide = style.rows and n_columns > _MANY_COLUMNS
    columns = _edges(n_columns, _EDGE_COLUMNS if wide else n_columns)
    page.line((labelled.heading, "bold"))
    if None in (*rows, *columns):
        shown = [_ranges("rows", rows, n_rows), _ranges("columns", columns, n_columns)]
        page.line("  shows " + " and ".join(filter(None, shown)) + " (--rows 0 shows all)")
    labels = [_GAP if i is None else labelled.row_label(i) for i in rows]
    page.table(labels, [_column(labelled, rows, j, style.precision) for j in columns])
    page.line()


def _column(labelled: _Labelled, rows: _Shown, j: int | None, precision: int | None) -> Column:
    if j is None:
        return Column(_GAP, [Text(_GAP) for _ in rows])
    label = labelled.column_label(j)
    numbers = [_GAP if i is None else number(_shown(labelled.matrix[i, j]), precision) for i in rows]
    styles = ["" if i is None else labelled.style(i, j) for i in rows]
    return Column(label, [*map(Text, aligned(numbers, at_least=width_of(label)), styles)])


def _shown(value: Any) -> Any:
    """Return a number with no more digits than it has: in float64, those of float32 would go on."""
    return float(str(value)) if isinstance(value, np.float32) else value


def _edges(n: int, most: int) -> _Shown:
    """Return the indices to show of `n`: all of them, or the first and last with a None between."""
    if n <= most:
        return tuple(range(n))
    last = most // 2
    return (*range(most - last), None, *range(n - last, n))


def _ranges(noun: str, shown: _Shown, n: int) -> str:
    """Return which of `n` rows or columns are shown, or nothing where all are."""
    if None not in shown:
        return ""
    gap = shown.index(None)
    first, last = shown[:gap], shown[gap + 1 :]
    parts = [f"{part[0]} to {part[-1]}" for part in (first, last) if part]
    return f"{noun} {' and '.join(parts)} of {n}"
