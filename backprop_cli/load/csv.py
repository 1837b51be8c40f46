"""CSV and TSV: NumPy parses the numbers, and the csv module is asked only where a cell needs a closer look.

The first line is a header when none of its cells is a number. A closer look is taken where NumPy refuses the text or
gives something that is not finite, where cells are quoted, and where an integer may be too long for float64.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from backprop_cli.activations import Array
from backprop_cli.arrays import LARGEST_EXACT, describe, require_exact
from backprop_cli.errors import InputError
from backprop_cli.load.source import decode
from backprop_cli.text import counted

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_MINUS_LIKE = "\N{MINUS SIGN}\N{EN DASH}\N{EM DASH}\N{FIGURE DASH}\N{HYPHEN}\N{FULLWIDTH HYPHEN-MINUS}"
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_VALUES = ("", "na", "n/a", "null", "none", "nil", "-", "true", "false")
# 10%, 1.5f, $1, '1', (1): a number with something around it, unlike 1st or 28x28, which are names.
_NUMBER_AND_UNIT = re.compile(r"[\s#'\"(\[$]*[+-]?\.?\d[\d.'\s]*([eE][+-]?\d+)?[%a-zA-Z]?[\s'\")\]]*", re.ASCII)
_NO_COMMENTS = "a matrix file has no comments"
# What a number that is written otherwise was probably meant to be.
_TO_PLAIN = str.maketrans({"_": None, "#": None, ",": ".", **dict.fromkeys(_MINUS_LIKE, "-")})


Header = tuple[str, ...] | None


def parse(data: bytes, delimiter: str) -> tuple[Array, Header]:
    """Return the matrix (n_rows, n_columns) that a text file holds, and the names in its header, if it has one.

    Raises:
        InputError: With the line, as an editor counts it, and the cell, counted from 1.
    """
    text, header, body = _parts(data, delimiter)
    if '"' in body or (matrix := _loadtxt(body, delimiter)) is None or _is_delicate(matrix, body, header):
        plain = "\n".join(delimiter.join(row) for row in _examined(text, delimiter, header))
        matrix = _loadtxt(plain, delimiter)
        assert matrix is not None, "what was examined is a matrix"  # noqa: S101
    return matrix, header


def parse_exact(data: bytes, delimiter: str) -> tuple[list[list[Any]], Header]:
    """Return what `parse` does, as rows of decimals.

    Raises:
        InputError: As `parse` does.
    """
    from decimal import Decimal

    text, header, _ = _parts(data, delimiter)
    return [[Decimal(cell) for cell in row] for row in _examined(text, delimiter, header, exact=True)], header


def _parts(data: bytes, delimiter: str) -> tuple[str, Header, str]:
    """Return the whole text, the names in its header, and what is below it."""
    text = decode(data)
    if not text.strip():
        raise InputError("the file is empty (expected rows of numbers)")
    last_line, first = next((last_line, cells) for _, last_line, cells in _rows(text, delimiter) if cells)
    if any(map(_means_a_number, first)) or all(map(_is_like_a_value, first)):
        return text, None, text
    body = "".join(text.split("\n", last_line)[last_line:])
    if not body.strip():
        raise InputError("no numbers in it, only a header")
    return text, tuple(cell.strip() for cell in first), body


def _loadtxt(text: str, delimiter: str) -> Array | None:
    try:
        return np.loadtxt(io.StringIO(text), delimiter=delimiter, comments=None, ndmin=2, dtype=np.float64)
    except ValueError:
        return None


def _is_delicate(matrix: Array, body: str, header: Header) -> bool:
    if header is not None and len(header) != matrix.shape[1]:
        return True
    lost_cell = matrix.shape[1] == 1 and "\n\n" in body.strip("\n")  # an empty line is an empty cell here
    return lost_cell or not np.all(np.abs(matrix) < LARGEST_EXACT)


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the first and the last line of each row, and its cells; none for an empty line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, reader.line_num, cells
            line = reader.line_num + 1
    except csv.Error as error:
        endless = str(error) == "unexpected end of data"
        reason = "a quote is opened and never closed" if endless else str(error)
        raise InputError(f"malformed: {reason}", line=line) from None


def _examined(text: str, delimiter: str, header: Header, *, exact: bool = False) -> list[list[str]]:
    """Return the cells of the rows below the header, once every one has been found to be a number."""
    width = len(header) if header is not None else None
    empty_line = None
    rows_of_cells: list[list[str]] = []
    rows = _rows(text, delimiter)
    if header is not None:
        next(cells for _, _, cells in rows if cells)
    for line, _, cells in rows:
        if not cells:
            empty_line = line
            continue
        if width is None:
            width = len(cells)
        if width == 1 and empty_line is not None and rows_of_cells:
            raise InputError("expected a number, got an empty cell", line=empty_line, column=1)
        for column, cell in enumerate(cells, start=1):
            _require_number(cell.strip(), line, column, delimiter)
            _require_in_range(cell.strip(), line, column, exact=exact)
        if len(cells) != width:
            wanted = counted(width, "column") + (", as in the header" if header is not None else "")
            hint = _NO_COMMENTS if header is not None and header[0].startswith("#") else None
            raise InputError(f"expected {wanted}, got {len(cells)}", line=line, hint=hint)
        rows_of_cells.append([cell.strip() for cell in cells])
    return rows_of_cells


def _require_number(cell: str, line: int, column: int, delimiter: str) -> None:
    if _NOT_FINITE.fullmatch(cell):
        raise InputError(f"expected a finite number, got {describe(cell)}", line=line, column=column)
    if not _NUMBER.fullmatch(cell):
        got = describe(cell) if cell else "an empty cell"
        raise InputError(f"expected a number, got {got}", line=line, column=column, hint=_hint(cell, delimiter))


def _require_in_range(cell: str, line: int, column: int, *, exact: bool) -> None:
    if exact:
        from backprop_cli.exact import to_decimal

        if to_decimal(cell) is None:
            reason = f"{describe(cell)} is out of the range of exact arithmetic"
            raise InputError(reason, line=line, column=column)
    elif np.isinf(float(cell)):
        reason = f"{describe(cell)} is out of the range of float64"
        raise InputError(reason, line=line, column=column)
    elif _INTEGER.fullmatch(cell):
        try:
            # Python reads no more than 4,300 digits of an integer, leading zeros counted.
            require_exact(int(cell[: cell.startswith("-")] + (cell.lstrip("+-0") or "0")), "")
        except InputError as error:
            raise InputError(error.reason, line=line, column=column, hint=error.hint) from None


def _hint(cell: str, delimiter: str) -> str | None:
    if any(char in cell for char in _MINUS_LIKE):
        return "the minus is a typographic one; a number takes the hyphen, -"
    if "#" in cell:
        return _NO_COMMENTS
    if delimiter == "\t" and "," in cell and re.match(r"[+-]?\.?\d", cell):
        return "in a .tsv, cells are separated by tabs, and the decimal mark is a point"
    if not _means_a_number(cell):
        return None
    if ";" in cell:
        return "cells are separated by commas and decimals by points here, not by semicolons and commas"
    if "\t" in cell:
        return "cells look separated by tabs; a file of those is named .tsv"
    if "," in cell:
        return "the decimal mark is a point here, and thousands are not separated"
    return "numbers are written like -1.5 or 2e-3, with a comma between cells"


def _means_a_number(cell: str) -> bool:
    """Tell whether a cell was meant as a number, well written or not."""
    parts = re.split(r"[;\s]+", cell.strip().translate(_TO_PLAIN))
    return all(map(_is_python_number, parts))


def _is_like_a_value(cell: str) -> bool:
    """Tell whether a cell might be a value, dressed up or missing: a header must not swallow a row of nothing else."""
    plain = cell.strip().translate(_TO_PLAIN)
    return cell.strip().lower() in _VALUES or _NUMBER_AND_UNIT.fullmatch(plain) is not None


def _is_python_number(text: str) -> bool:
    for read in (float, lambda t: int(t, 16) if t.lower().lstrip("+-").startswith("0x") else float(t)):
        try:
            read(re.sub(r"(?<=\d)[dD](?=[+-]?\d)", "e", text))
        except ValueError:
            continue
        return True
    return False
