"""Which rows and columns of a large matrix are shown: the first and the last ones."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

__all__ = ["GAP", "Edges", "Shown", "edges"]

GAP = "..."
_MANY_COLUMNS = 100  # of a wider matrix, only the first and last columns are shown
_EDGE_COLUMNS = 20

Shown: TypeAlias = Sequence[int | None]  # the indices of rows or columns; None where some are left out


class Edges(NamedTuple):
    """The rows and columns to show of a matrix."""

    rows: Shown
    columns: Shown
    note: str  # which these are, "" for all: `rows 0 to 9 and 90 to 99 of 100`

    @property
    def entries(self) -> int:
        """How many entries are shown."""
        return (len(self.rows) - list(self.rows).count(None)) * (len(self.columns) - list(self.columns).count(None))


def edges(shape: tuple[int, ...], max_rows: int, *, square: bool = False) -> Edges:
    """Return which rows and columns of a matrix to show: all rows if there are at most `max_rows`, or if that is 0.

    Columns are left out beyond 100, or, if `square`, where rows are.
    """
    n_rows, n_columns = shape
    most_columns = n_columns if not max_rows else max_rows if square else _MANY_COLUMNS
    rows, note_on_rows = _ends("rows", n_rows, max_rows or n_rows)
    edge = most_columns if square or n_columns <= most_columns else _EDGE_COLUMNS
    columns, note_on_columns = _ends("columns", n_columns, edge)
    return Edges(rows, columns, " and ".join(filter(None, [note_on_rows, note_on_columns])))


def _ends(noun: str, n: int, most: int) -> tuple[Shown, str]:
    """Return which of n rows or columns to show, and a note if that is not all of them."""
    if n <= most:
        return range(n), ""
    first, last = range(most - most // 2), range(n - most // 2, n)
    parts = [f"{part[0]} to {part[-1]}" for part in (first, last) if part]
    return [*first, None, *last], f"{noun} {' and '.join(parts)} of {n}"
