"""Matrices in brackets side by side, as in a calculation by hand."""

import re
from collections.abc import Sequence
from typing import TypeAlias

from rich.cells import cell_len

from backprop_cli.core.arrays import Array
from backprop_cli.explanations.worked import Matrix, Part
from backprop_cli.render.edges import GAP, Shown, edges
from backprop_cli.render.numbers import aligned, number

__all__ = ["Box", "Unit", "beside", "cells_of_column", "in_rows", "matrix_box", "side_by_side", "width_of"]

Box: TypeAlias = Sequence[str]  # lines of the same width
Unit: TypeAlias = Sequence[Box]  # boxes that stay in one row

_OPERATOR = re.compile(r" (?=[-+*@] )")  # what begins another unit, which a row may break before


def width_of(box: Box) -> int:
    """Return the width of a box in columns of the terminal."""
    return max(map(cell_len, box))


def matrix_box(matrix: Matrix, precision: int | None, max_rows: int) -> Box:
    """Return a matrix in brackets, its numbers aligned; a number as such."""
    grid = matrix.grid
    if not matrix.values.ndim:
        return [number(grid.item(), precision)]
    rows, columns, _ = edges(grid.shape, max_rows)
    cells = [cells_of_column(grid, rows, j, precision) for j in columns]
    return [f"[{' '.join(row)}]" for row in zip(*cells, strict=True)]


def cells_of_column(grid: Array, rows: Shown, column: int | None, precision: int | None) -> Sequence[str]:
    """Return a column of a matrix (n_rows, n_columns) with aligned numbers, and a gap where rows are left out."""
    if column is None:
        return [GAP] * len(rows)
    numbers = iter(aligned([number(grid[i, column], precision) for i in rows if i is not None]))
    cells = [GAP if i is None else next(numbers) for i in rows]
    width = max(map(len, cells))
    return [cell.rjust(width) for cell in cells]


def beside(boxes: Sequence[Box]) -> Box:
    """Return boxes side by side, centred on one line."""
    height = max(map(len, boxes))
    columns = []
    for box in boxes:
        above, blank = (height - len(box)) // 2, " " * width_of(box)
        columns.append([*[blank] * above, *box, *[blank] * (height - above - len(box))])
    return ["".join(cells) for cells in zip(*columns, strict=True)]


def in_rows(units: Sequence[Unit], width: int) -> list[Box] | None:
    """Return units side by side, as many in a row as fit a width; None where one of them is wider."""
    rows: list[list[Box]] = []
    for unit in units:
        if sum(map(width_of, unit)) > width:
            return None
        if rows and sum(map(width_of, [*rows[-1], *unit])) <= width:
            rows[-1] += unit
        else:
            rows.append([*unit])
    return [beside(row) for row in rows]


def side_by_side(parts: Sequence[Part], precision: int | None, max_rows: int) -> list[Unit]:
    """Return the units of a rule with its numbers: each but the first begins with an operator."""
    units: list[list[Box]] = [[]]
    for part in parts:
        if isinstance(part, Matrix):
            units[-1].append(matrix_box(part, precision, max_rows))
        elif _OPERATOR.match(part):
            units.append([[part]])
        else:
            units[-1].append([part])
    return [unit for unit in units if unit]
