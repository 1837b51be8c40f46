"""Matrices in LaTeX: decimal points below each other, and of a matrix that is large or wide only its edges."""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from backprop_cli.explanations.worked import Matrix
from backprop_cli.render.edges import Edges, Shown, edges
from backprop_cli.render.numbers import tex_number
from backprop_cli.render.tex_lines import Unit, width

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["INACTIVE", "Matrices", "number"]

INACTIVE = "^{*}"  # behind a number that an inactive unit makes zero
_MOST_DIGITS = 40  # of a number: more do not fit a line
_DOTS = {(True, True): r"\ddots", (True, False): r"\vdots", (False, True): r"\cdots"}  # by row and column left out
_GAP, _BRACKETS = 1.0, 1.4  # widths in em: between columns; of the brackets


class Matrices:
    """Writes matrices so that each is at most `most` em wide."""

    def __init__(self, most: float, precision: int | None, max_rows: int) -> None:
        """Begin; `max_rows` is the most rows and columns of a matrix to show, 0 for any number of rows."""
        self._most, self._precision, self._max_rows = most, precision, max_rows
        self._notes: dict[str, str] = {}

    @property
    def notes(self) -> Mapping[str, str]:
        """Which rows and columns are shown of the matrices so far that are not shown whole, by place."""
        return self._notes

    def unit(self, matrix: Matrix) -> Unit:
        """Return a matrix, or a number, of a formula."""
        if not matrix.values.ndim:
            text = number(matrix.grid.item(), self._precision)
            return Unit(text, width(text))
        return _array(self._fitting(matrix)[1])

    def part(self, matrix: Matrix, rows: Shown, columns: Shown) -> Unit:
        """Return some rows and columns of a matrix, as wide as they are."""
        return _array(self._columns(matrix, rows, columns))

    def note(self, matrix: Matrix) -> None:
        """Remember which rows and columns are shown of a matrix that is not transposed."""
        if matrix.values.ndim and (note := self._fitting(matrix)[0].note):
            self._notes[matrix.place] = note

    def _fitting(self, matrix: Matrix) -> tuple[Edges, Sequence[Sequence[str]]]:
        """Return which rows and columns to show, as many as fit or one, and the columns of cells."""
        n = matrix.grid.shape[1]
        while True:
            shown = edges(matrix.grid.shape, self._max_rows, square=True, max_columns=n)
            columns = self._columns(matrix, shown.rows, shown.columns)
            total = _total(columns)
            if total <= self._most or n == 1:
                return shown, columns
            n = max(min(n - 1, int(len(columns) * self._most / total)), 1)

    def _columns(self, matrix: Matrix, rows: Shown, columns: Shown) -> Sequence[Sequence[str]]:
        return [_aligned([self._cell(matrix, i, j) for i in rows]) for j in columns]

    def _cell(self, matrix: Matrix, i: int | None, j: int | None) -> str:
        if i is None or j is None:
            return _DOTS[i is None, j is None]
        is_inactive = matrix.inactive is not None and matrix.inactive.reshape(matrix.grid.shape)[i, j]
        return number(matrix.grid[i, j], self._precision) + INACTIVE * bool(is_inactive)


def _array(columns: Sequence[Sequence[str]]) -> Unit:
    """Return columns of cells in brackets."""
    letters = r"@{\quad}".join("r@{}l" if any("&" in cell for cell in column) else "r" for column in columns)
    rows = r" \\ ".join(" & ".join(row) for row in zip(*columns, strict=True))
    tex = rf"\left[\begin{{array}}{{@{{}}{letters}@{{}}}} {rows} \end{{array}}\right]"
    return Unit(tex, _total(columns))


def _total(columns: Sequence[Sequence[str]]) -> float:
    """Return the width of a matrix in em: in a column with `&`, what stands before it, and behind it."""
    split = [zip(*(cell.split("&") for cell in column), strict=True) for column in columns]
    widths = [max(map(width, part)) for parts in split for part in parts]
    return _BRACKETS + sum(widths) + _GAP * (len(columns) - 1)


def number(value: "float | Fraction | Decimal", precision: int | None) -> str:
    r"""Return a number in TeX, with the digits that it has in tables; of more than 40 digits, the first 40.

    >>> number(5.551115123125783e-17, 3), number(-12.5, 8)
    ('5.551 \\times 10^{-17}', '-12.5')
    """
    text = tex_number(value, precision)
    if len(text) <= _MOST_DIGITS:
        return text
    size = len(text.lstrip("-").partition(".")[0])
    return tex_number(Fraction(value), max(_MOST_DIGITS - size, 0))


def _aligned(column: Sequence[str]) -> Sequence[str]:
    """Return cells with `&` at the decimal point, unless all of them have the same number of decimals."""
    numbers = [cell for cell in column if not cell.startswith("\\")]
    if len({len(cell.partition(".")[2]) for cell in numbers}) < 2 and not any("^" in cell for cell in numbers):
        return column
    return [_split(cell) for cell in column]


def _split(cell: str) -> str:
    whole = re.match(r"(-?\d+|\\\w+ ?)(.*)", cell)
    assert whole is not None, "a cell is a number, or dots"  # noqa: S101
    return f"{whole[1]}&{whole[2]}"
