"""Matrices in HTML: tables in brackets, with numbers that are aligned on their decimal points."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from backprop_cli.explanations.opened import Cell
from backprop_cli.explanations.worked import Matrix
from backprop_cli.render.edges import Edges, edges
from backprop_cli.render.html.text import figure

__all__ = ["MOST_PADS", "Linked", "alignment", "matrix_edges", "matrix_table", "single", "width_of"]

MOST_PADS = 24  # digits that a number may lack after its decimal point
_BETWEEN = 2  # columns, in widths of a digit

Linked: TypeAlias = Callable[[Cell, str], str]


def matrix_edges(matrix: Matrix, max_rows: int) -> Edges:
    """Return which rows and columns of a matrix are shown, 0 for all."""
    return edges(matrix.grid.shape, max_rows, square=True)


def width_of(matrix: Matrix, precision: int | None, max_rows: int) -> int:
    """Return about how wide a matrix is, in widths of a digit."""
    return sum(max(map(len, column)) + _BETWEEN for column in _columns(matrix, precision, max_rows)) + _BETWEEN


def matrix_table(
    matrix: Matrix, precision: int | None, max_rows: int, caption: str, linked: Linked | None = None
) -> str:
    """Return a matrix as a table with the numbers of its rows and columns, which `linked` may make links."""
    shown = matrix_edges(matrix, max_rows)
    columns = []
    for j, texts in zip(shown.columns, _columns(matrix, precision, max_rows), strict=True):
        alignments = alignment(texts)
        cells = [
            _cell(matrix, (i, j), text, each, linked)
            for i, text, each in zip(shown.rows, texts, alignments, strict=True)
        ]
        columns.append(cells)
    head = "".join(f'<th scope="col">{_GAP if j is None else j}</th>' for j in shown.columns)
    lines = [f"<caption>{caption}</caption>", f"<thead><tr><td></td>{head}</tr></thead>", "<tbody>"]
    for i, row in zip(shown.rows, zip(*columns, strict=True), strict=True):
        lines.append(f'<tr><th scope="row">{_GAP if i is None else i}</th>{"".join(row)}</tr>')
    table = "\n".join([*lines, "</tbody>"])
    return f'<table class="matrix">\n{table}\n</table>'


def single(matrix: Matrix, precision: int | None) -> str:
    """Return the number that a matrix without axes is."""
    return figure(matrix.grid.item(), precision)


_GAP = "\N{HORIZONTAL ELLIPSIS}"


def _columns(matrix: Matrix, precision: int | None, max_rows: int) -> list[list[str]]:
    shown, grid = matrix_edges(matrix, max_rows), matrix.grid
    return [
        [_GAP if i is None or j is None else figure(grid[i, j], precision) for i in shown.rows] for j in shown.columns
    ]


def _cell(matrix: Matrix, at: tuple[int | None, int | None], text: str, pad: str, linked: Linked | None) -> str:
    i, j = at
    if i is None or j is None:
        return f'<td class="gap">{text}</td>'
    classes = [pad] * bool(pad)
    if matrix.inactive is not None and matrix.inactive.reshape(matrix.grid.shape)[i, j]:
        classes.append("inactive")
    start = f'<td class="{" ".join(classes)}">' if classes else "<td>"
    return f"{start}{text if linked is None else linked((i, j), text)}</td>"


def alignment(texts: Sequence[str]) -> list[str]:
    """Return the class of each number of a column: how many digits it lacks after the point, `n` also the point."""
    parts = [text.partition(".") for text in texts]
    most = max(len(decimals) for _, _, decimals in parts)
    lacks = [min(most - len(decimals), MOST_PADS) for _, _, decimals in parts]
    return [f"{'d' if part[1] else 'n'}{n}" if n else "" for part, n in zip(parts, lacks, strict=True)]
