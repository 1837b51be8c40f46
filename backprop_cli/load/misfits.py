"""Likely causes where the numbers of a text table do not fit: column numbers, an index, or all numbers in one row."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from backprop_cli.core.arrays import Array

_FEWEST = 3  # a shorter row or column that counts is too often one of numbers


class Table(NamedTuple):
    """A text table as it was read."""

    file: str  # its name for messages
    array: Array  # (n_rows, n_columns)
    may_have_column_numbers: bool  # nothing is known about its first line


def notes(tables: Mapping[str, Table]) -> tuple[str, ...]:
    """Return a note for each table whose first column counts the rows: it may be an index."""
    return tuple(
        f"{table.file}: the first column counts the rows, from {table.array[0, 0]:g}, and is read as numbers"
        for table in tables.values()
        if len(table.array) >= _FEWEST and _counts_rows(table.array)
    )


def likely_cause(
    tables: Mapping[str, Table], fits: Callable[[Mapping[str, Array]], bool], hint: str | None
) -> str | None:
    """Return a hint on what is wrong with tables that do not fit, by key; or the given one, if that is more likely.

    `fits` tells whether other arrays (n_rows, n_columns) would fit in the places of some tables.
    """
    found = {key: [*variants(table)] for key, table in tables.items() if hint is None or len(table.array) != 2}
    for key, tried in found.items():
        for array, cause in tried:
            if fits({key: array}):
                return cause
    first = {key: tried[0] for key, tried in found.items() if tried}
    if len(first) > 1 and fits({key: array for key, (array, _) in first.items()}):
        return "; ".join(cause for _, cause in first.values())
    return hint


def variants(table: Table) -> Iterator[tuple[Array, str]]:
    """Yield each array (n_rows, n_columns) that the author of a table may have meant, and a hint that says so."""
    n_rows, n_columns = table.array.shape
    if table.may_have_column_numbers and n_rows > 1 and _counts(table.array[0], _FEWEST):
        yield (
            table.array[1:],
            f"the first line of {table.file} may be column numbers, as pandas writes them: to_csv(header=False) leaves"
            " them out, --header skip passes over them",
        )
    if _counts_rows(table.array):
        yield (
            table.array[:, 1:],
            f"the first column of {table.file} counts the rows and may be an index, which to_csv(index=False) in"
            " pandas and row.names=FALSE in R leave out; without it the shape would fit",
        )
    for n in range(2, n_columns) if n_rows == 1 else ():
        if n_columns % n == 0:
            hint = f"{table.file} is one row of {n_columns} numbers; {n} rows of {n_columns // n} would fit"
            yield table.array.reshape(n, -1), hint


def _counts_rows(array: Array) -> bool:
    return array.shape[1] > 1 and len(array) > 1 and _counts(array[:, 0], 2)


def _counts(numbers: Array, fewest_from_1: int) -> bool:
    """Tell whether numbers (n,) are 0, 1, 2, …, or 1, 2, 3, … and not fewer than that."""
    begin = numbers[0]
    if begin != 0 and (begin != 1 or len(numbers) < fewest_from_1):
        return False
    return bool(numbers[-1] == begin + len(numbers) - 1 and (numbers[1:] - numbers[:-1] == 1).all())
