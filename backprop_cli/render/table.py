"""Tables for people, with Rich: one for each quantity, its rows and columns labelled.

No digit and no column is ever cut off: a table that is too wide is split into blocks of columns, as NumPy does, and
the page is widened for a column that is wider still. All text is laid out as `Text`, so that nothing a file or a user
wrote is taken for markup.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from backprop_cli.activations import Array
from backprop_cli.names import LIKE_WEIGHTS, Node
from backprop_cli.problem import Problem
from backprop_cli.render.numbers import aligned, number
from backprop_cli.rules import written
from backprop_cli.solve import Solution
from backprop_cli.text import clean, counted, listed

_MANY_COLUMNS = 100  # a matrix wider than this shows its edges
_EDGE_COLUMNS = 20
_GAP = "..."

# What the rows and the columns of each quantity are.
_AXES = {
    "z": ("sample", "neuron"),
    "outputs": ("sample", "neuron"),
    "dz": ("sample", "neuron"),
    "dinputs": ("sample", "input"),
    "dweights": ("input", "neuron"),
    "dbiases": ("", "neuron"),
    "new_weights": ("input", "neuron"),
    "new_biases": ("", "neuron"),
}

_ASCII_HEAD = box.Box("\n".join(["    ", "    ", " -- ", "    ", "    ", " -- ", "    ", "    "]) + "\n", ascii=True)


_NEGATIVE, _POSITIVE, _CLOSED = "red", "green", "dim"
_CLOSABLE = ("outputs", "dz")  # zero because the ReLU is closed, and not by chance
_UNBOUNDED = 10**9

_Shown: TypeAlias = tuple[int | None, ...]


class _Column(NamedTuple):
    label: str
    cells: list[Text]


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a page of tables is to look: `rows` is the most rows of a matrix to show, 0 for all.

    `precision` is the most decimals of a number; None is 8 for floats, and fractions in full.
    """

    width: int = 80
    color: bool = False
    ascii_only: bool = False
    precision: int | None = None
    rows: int = 20


def tables(solution: Solution, style: Style) -> str:
    """Return a page with the tables of a solution, and what was not computed and why."""
    page = _Page(style)
    problem = solution.problem
    if problem.title:
        page.line(clean(problem.title), "bold")
        page.line()
    if problem.binary:
        page.line(f"exact values of the binary numbers in {listed(problem.binary)}, where no decimals were written")
        page.line()
    for i, layer in enumerate(solution.layers):
        if problem.layered and layer.computed:
            page.line(_layer_heading(problem, i), "bold")
            page.line()
        for quantity, matrix in layer.computed.items():
            page.matrix(_Labelled(problem, Node(i, quantity), matrix, layer.closed))
    for i, (place, needs) in enumerate(solution.not_computed().items()):
        if i == 0:
            page.line("not computed", "bold")
        page.line(f"  {place} needs {needs}")
    return page.text()


def _layer_heading(problem: Problem, i: int) -> str:
    layer = problem.layers[i]
    sizes = ((layer.n_inputs, "input"), (layer.n_neurons, "neuron"))
    known = [counted(n, noun) for n, noun in sizes if n is not None]
    return f"layers[{i}]: " + ", ".join([layer.activation.name, *known])


class _Labelled:
    """One matrix with its heading and with what its rows, columns and entries are."""

    def __init__(self, problem: Problem, node: Node, matrix: Array, closed: Array | None) -> None:
        shape = f"({', '.join(map(str, matrix.shape))})" if matrix.ndim == 2 else f"({matrix.size},)"
        self.heading = f"{problem.place(*node)} {shape} = {written(problem, node)}"
        self.matrix = np.atleast_2d(matrix)
        self._closed = closed if node.quantity in _CLOSABLE else None
        self._problem, self._layer = problem, node.layer
        self._axes = _AXES[node.quantity]
        if node.quantity in LIKE_WEIGHTS and problem.weight_layout == "out-in":
            self._axes = self._axes[::-1]

    def row_label(self, i: int) -> str:
        return self._label(self._axes[0], i)

    def column_label(self, j: int) -> str:
        return self._label(self._axes[1], j)

    def style(self, i: int, j: int) -> str:
        """Return how an entry is told apart: by colour on a terminal, besides its sign and its value."""
        if self._closed is not None and self._closed[i, j]:
            return _CLOSED
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


class _Page:
    """Text as it is laid out, piece by piece, through one console of its own."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._console = Console(
            file=io.StringIO(),
            width=_UNBOUNDED,  # `_blocks` sees to the width; a console would cut what is wider
            height=100,
            force_terminal=style.color,
            color_system="standard" if style.color else None,
            no_color=not style.color,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
        )
        self._box = _ASCII_HEAD if style.ascii_only else box.SIMPLE_HEAD

    def text(self) -> str:
        file = self._console.file
        assert isinstance(file, io.StringIO)  # noqa: S101 (made above)
        return "\n".join(line.rstrip() for line in file.getvalue().rstrip("\n").split("\n")) + "\n"

    def line(self, text: str = "", style: str = "") -> None:
        self._console.print(Text(text, style), soft_wrap=True)

    def matrix(self, labelled: _Labelled) -> None:
        """Print a matrix under its heading, in as many blocks of columns as the width asks for."""
        n_rows, n_columns = labelled.matrix.shape
        rows = _edges(n_rows, self._style.rows or n_rows)
        wide = self._style.rows and n_columns > _MANY_COLUMNS
        columns = _edges(n_columns, _EDGE_COLUMNS if wide else n_columns)
        self.line(labelled.heading, "bold")
        if None in (*rows, *columns):
            shown = [_ranges("rows", rows, n_rows), _ranges("columns", columns, n_columns)]
            self.line("  shows " + " and ".join(filter(None, shown)) + " (--rows 0 shows all)")
        for block in self._blocks(labelled, rows, columns):
            self._console.print(block)
        self.line()

    def _blocks(self, labelled: _Labelled, rows: _Shown, columns: _Shown) -> Iterator[Table]:
        """Yield tables of as many columns as fit beside the row labels, at least one."""
        cells = [self._column(labelled, rows, j) for j in columns]
        base = self._measured(self._table(labelled, rows, []))
        fitting: list[_Column] = []
        used = base
        for column in cells:
            width = self._measured(self._table(labelled, rows, [column])) - base
            if fitting and used + width > self._style.width:
                yield self._table(labelled, rows, fitting)
                fitting, used = [], base
            fitting.append(column)
            used += width
        yield self._table(labelled, rows, fitting)

    def _column(self, labelled: _Labelled, rows: _Shown, j: int | None) -> _Column:
        if j is None:
            return _Column(_GAP, [Text(_GAP) for _ in rows])
        label = labelled.column_label(j)
        numbers = [_GAP if i is None else number(labelled.matrix[i, j], self._style.precision) for i in rows]
        styles = ["" if i is None else labelled.style(i, j) for i in rows]
        return _Column(label, [*map(Text, aligned(numbers, at_least=cell_len(label)), styles)])

    def _table(self, labelled: _Labelled, rows: _Shown, columns: Sequence[_Column]) -> Table:
        table = Table(box=self._box, pad_edge=False, show_edge=False)
        table.add_column(no_wrap=True)
        for column in columns:
            table.add_column(Text(column.label, justify="right"), no_wrap=True)
        for k, i in enumerate(rows):
            label = _GAP if i is None else labelled.row_label(i)
            table.add_row(Text(label), *(column.cells[k] for column in columns))
        return table

    def _measured(self, table: Table) -> int:
        return Measurement.get(self._console, self._console.options, table).maximum


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
