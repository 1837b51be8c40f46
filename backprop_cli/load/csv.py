"""CSV and TSV: NumPy parses the numbers, and the csv module is asked only where a cell needs a closer look.

The first line is a header when none of its cells is a number. A closer look is taken where NumPy refuses the text or
gives something that is not finite, where cells are quoted, and where an integer may be too long for float64.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.scratch import Growing
from backprop_cli.errors import InputError
from backprop_cli.load import csv_polars as fast
from backprop_cli.load.encoding import normalized
from backprop_cli.load.numbers import LARGEST_EXACT, describe, require_exact
from backprop_cli.messages import counted

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


def parse(some: Iterable[bytes], delimiter: str) -> tuple[Array, Header]:
    """Return the matrix (n_rows, n_columns) that a text file holds, and the names in its header, if it has one.

    Of several things that are wrong, the one in the first part of the file is named.

    Args:
        some: The bytes of the file, some at a time.
        delimiter: What stands between cells.

    Raises:
        InputError: With the line, as an editor counts it, and the cell, counted from 1.
    """
    table = _Table(delimiter)
    with closing(Growing()) as rows:
        for body in table.bodies(some):
            rows.add(table.numbers(body))
        matrix = rows.matrix()
    if matrix is None:
        raise table.nothing()
    return matrix, table.header


def parse_exact(some: Iterable[bytes], delimiter: str) -> tuple[list[list[Any]], Header]:
    """Return what `parse` does, as rows of decimals.

    Raises:
        InputError: As `parse` does.
    """
    from decimal import Decimal

    table = _Table(delimiter)
    rows = [[Decimal(cell) for cell in row] for body in table.bodies(some) for row in table.examined(body, exact=True)]
    if not rows:
        raise table.nothing()
    return rows, table.header


class _Table:
    """What is known of a table while it is read: the names in its header, its width, and the line that comes next."""

    def __init__(self, delimiter: str) -> None:
        self.header: Header = None
        self._delimiter = delimiter
        self._width: int | None = None
        self._line = 1
        self._has_begun = self._has_rows = False

    def bodies(self, some: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the lines below the header, a number of whole rows at a time: UTF-8, with newlines."""
        blank: int | None = None
        for data in whole_rows(some, self._delimiter):
            body = normalized(data, self._line)
            if not self._has_begun and (text := body.decode()).strip():
                self._has_begun = True
                if blank is not None:
                    raise InputError("expected a number, got an empty cell", line=blank, column=1)
                body = self._below_header(text).encode()
            elif not self._has_begun and blank is None and body.strip(b"\n"):  # spaces, which are a cell
                blank = self._line + len(body) - len(body.lstrip(b"\n"))
            if self._has_begun and body.lstrip(b"\n"):
                yield body
            self._line += _count_lines(body)

    def nothing(self) -> InputError:
        """Return what is wrong with a table without rows."""
        if self.header is not None:
            return InputError("no numbers in it, only a header")
        return InputError("the file is empty (expected rows of numbers)")

    def numbers(self, body: bytes) -> Array:
        """Return the numbers of some rows."""
        # Where there are quotes, both parsers have refused.
        if (matrix := _parsed(body, self._delimiter)) is None or self._is_delicate(matrix, body):
            cells = "\n".join(self._delimiter.join(row) for row in self.examined(body))
            matrix = _loadtxt(cells, self._delimiter)
            assert matrix is not None, "what was examined is a matrix"  # noqa: S101
        self._width, self._has_rows = matrix.shape[1], True
        return matrix

    def _below_header(self, text: str) -> str:
        """Take the names out of a header, if there is one, and return what is below it."""
        last_line, first = next((last_line, cells) for _, last_line, cells in self._rows(text) if cells)
        if any(map(_means_a_number, first)) or all(map(_is_like_a_value, first)):
            return text
        self.header = tuple(cell.strip() for cell in first)
        self._width = len(first)
        n_lines = last_line - self._line + 1
        self._line += n_lines
        return "".join(text.split("\n", n_lines)[n_lines:])

    def _is_delicate(self, matrix: Array, body: bytes) -> bool:
        if self._width not in (None, matrix.shape[1]):
            return True
        if matrix.shape[1] == 1 and (b"\n\n" in body.strip(b"\n") or (self._has_rows and body.startswith(b"\n"))):
            return True  # an empty line is an empty cell here
        return not (matrix.min() > -LARGEST_EXACT and matrix.max() < LARGEST_EXACT)  # which no nan is

    def _rows(self, text: str) -> Iterator[tuple[int, int, list[str]]]:
        """Yield the first and the last line of each row, and its cells; none for an empty line."""
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter, strict=True)
        line = self._line
        try:
            for cells in reader:
                yield line, self._line + reader.line_num - 1, cells
                line = self._line + reader.line_num
        except csv.Error as error:
            endless = str(error) == "unexpected end of data"
            reason = "a quote is opened and never closed" if endless else str(error)
            raise InputError(f"malformed: {reason}", line=line) from None

    def examined(self, body: bytes, *, exact: bool = False) -> list[list[str]]:
        """Return the cells of some rows, once every one has been found to be a number."""
        empty_line = None
        rows_of_cells: list[list[str]] = []
        for line, _, cells in self._rows(body.decode()):
            if not cells:
                empty_line = line
                continue
            if self._width is None:
                self._width = len(cells)
            if self._width == 1 and empty_line is not None and self._has_rows:
                raise InputError("expected a number, got an empty cell", line=empty_line, column=1)
            for column, cell in enumerate(cells, start=1):
                _require_number(cell.strip(), line, column, self._delimiter)
                _require_in_range(cell.strip(), line, column, exact=exact)
            if len(cells) != self._width:
                wanted = counted(self._width, "column") + (", as in the header" if self.header is not None else "")
                hint = _NO_COMMENTS if self.header is not None and self.header[0].startswith("#") else None
                raise InputError(f"expected {wanted}, got {len(cells)}", line=line, hint=hint)
            rows_of_cells.append([cell.strip() for cell in cells])
            self._has_rows, empty_line = True, None
        return rows_of_cells


def _count_lines(body: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == ord("\n")))  # bytes.count takes three times as long


def _parsed(body: bytes, delimiter: str) -> Array | None:
    if len(body) >= fast.WORTH_IT and fast.is_installed() and (matrix := fast.numbers(body, delimiter)) is not None:
        return matrix
    return _loadtxt(body.decode(), delimiter)


def _loadtxt(text: str, delimiter: str) -> Array | None:
    try:
        return np.loadtxt(io.StringIO(text), delimiter=delimiter, comments=None, ndmin=2, dtype=np.float64)
    except ValueError:
        return None


def _require_number(cell: str, line: int, column: int, delimiter: str) -> None:
    if _NOT_FINITE.fullmatch(cell):
        raise InputError(f"expected a finite number, got {describe(cell)}", line=line, column=column)
    if not _NUMBER.fullmatch(cell):
        got = describe(cell) if cell else "an empty cell"
        raise InputError(f"expected a number, got {got}", line=line, column=column, hint=_hint(cell, delimiter))


def _require_in_range(cell: str, line: int, column: int, *, exact: bool) -> None:
    if exact:
        from backprop_cli.core.exact import to_decimal

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


_LONGEST_CELL = 2**17  # which is as far as the csv module reads for the end of a quote


def whole_rows(some: Iterable[bytes], delimiter: str) -> Iterator[bytes]:
    """Yield the same bytes cut between rows of CSV: at the end of a line that is in no quotes, before empty lines.

    A NUL, which no text has, is yielded as soon as it is found, and so is a quoted cell that is longer than any may be.
    """
    between = re.escape(delimiter.encode())
    quoted = re.compile(rb'(?:\A|(?<=\A\xef\xbb\xbf)|(?<=[\r\n%s]))"[^"]*(?:""[^"]*)*("?)' % between)
    rest = b""  # empty lines and the begin of a row, so that unquoted rows end in the next piece
    for piece in some:
        if b"\0" in piece:
            yield rest + piece
            return
        has_quotes = b'"' in piece or b'"' in rest
        end = 0 if has_quotes else _before_empty_lines(piece, piece.rfind(b"\n") + 1)
        if end:
            yield b"".join((rest, memoryview(piece)[:end]))  # one copy, where slices would be two
            rest = piece[end:]
            continue
        data = rest + piece
        end = _before_empty_lines(data, _end_of_rows(data, quoted))
        if end:
            yield data[:end]
        rest = data[end:]
    if rest:
        yield rest


def _before_empty_lines(data: bytes, end: int) -> int:
    """Return where the last line before `end` ends that is not empty, whatever its end is."""
    while end and data[end - 1] in b"\r\n":
        begin = max(end - 2**16, 0)
        end = begin + len(data[begin:end].rstrip(b"\r\n"))
    if not end:
        return 0
    return end + (2 if data.startswith(b"\r\n", end) else 1)


def _end_of_rows(data: bytes, quoted: re.Pattern[bytes]) -> int:
    """Return where the last line ends that is in no quotes; data begins with a row."""
    end = data.rfind(b"\n") + 1
    cells = list(quoted.finditer(data)) if end and b'"' in data else []  # to look for them takes long
    for cell in reversed(cells):
        is_open = not cell[1]
        if is_open and cell.end() - cell.start() > _LONGEST_CELL:
            return end  # and let the error be found
        if cell.start() < end and (end <= cell.end() or is_open):
            end = data.rfind(b"\n", 0, cell.start()) + 1
        elif cell.end() < end:
            break
    return end
