"""How a matrix is cut that is too large for one table, and the answers that fill its cells."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from backprop_cli.exercises.exercise import Asked
from backprop_cli.exercises.rounding import rounded_texts

__all__ = ["Block", "Cells", "blocks", "filled"]

Cells: TypeAlias = Sequence[Sequence[str]]  # of a matrix, row by row


class Block(NamedTuple):
    """Some rows and columns of a matrix."""

    rows: Sequence[int]  # the indices
    columns: Sequence[int]
    note: str  # which these are, "" for all: `columns 0 to 7 of 16`


def blocks(shape: tuple[int, ...], most_rows: int, most_columns: int) -> Iterator[Block]:
    """Yield the blocks of a matrix (n_rows, n_columns), of about the same size: each row and column is in one.

    A block has at most `most_rows` rows and `most_columns` columns.
    """
    n_rows, n_columns = shape
    for rows in _cut(n_rows, most_rows):
        for columns in _cut(n_columns, most_columns):
            notes = [_note("row", rows, n_rows), _note("column", columns, n_columns)]
            yield Block(rows, columns, ", ".join(filter(None, notes)))


def _cut(n: int, most: int) -> Iterator[range]:
    """Yield parts of n indices of about the same length, each of at most `most`."""
    n_parts = -(-n // most)
    for k in range(n_parts):
        yield range(k * n // n_parts, (k + 1) * n // n_parts)


def _note(noun: str, indices: range, n: int) -> str:
    """Return which of n rows or columns these are, or "" for all."""
    if len(indices) == n:
        return ""
    if len(indices) == 1:
        return f"{noun} {indices[0]} of {n}"
    return f"{noun}s {indices[0]} to {indices[-1]} of {n}"


def filled(asked: Asked, digits: int) -> Cells:
    """Return the answers to a quantity with so many decimals, row by row as in the table to fill in."""
    cells: Cells = replace(asked.matrix, values=rounded_texts(asked.answers, digits)).grid.tolist()
    return cells
