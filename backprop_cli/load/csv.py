"""Read CSV and TSV.

NumPy (or Polars) parses the numbers of a block of lines. Python's csv module reads a block only if it needs a closer
look: the first row, unusual quotes, an integer that float64 may not hold, and every block that is refused; it finds the
line and the cell that are wrong. `load.header` tells whether the first row is a header.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.scratch import Growing
from backprop_cli.errors import InputError
from backprop_cli.load import csv_polars, header, not_csv
from backprop_cli.load.cells import (
    BY_SEPARATOR,
    NO_COMMENTS,
    NUMBER,
    after_quotes,
    is_not_finite,
    not_a_number,
    require_number,
)
from backprop_cli.load.csv_quotes import unquoted
from backprop_cli.load.decimal_commas import HINT, DecimalCommas, are_pairs
from backprop_cli.load.encoding import normalized
from backprop_cli.load.files import HeaderMode
from backprop_cli.load.numbers import LARGEST_EXACT
from backprop_cli.messages import counted

Header = tuple[str, ...] | None

_NEWLINES = re.compile(rb"\n+")
_NOT_BLANK = re.compile(rb"^[^\S\n]*\S[^\n]*", re.MULTILINE)
# A line on top that is neither names nor numbers: it tells a spreadsheet the delimiter, or is PowerShell's.
_PREAMBLE = re.compile(r'"?sep=(.?)"?,?\s*|#TYPE .*', re.IGNORECASE | re.DOTALL)


def parse(
    chunks: Iterable[bytes], delimiter: str, *, exact: bool = False, finite: bool = True, mode: HeaderMode = "auto"
) -> tuple[Array | list[list[Any]], Header]:
    """Return the matrix (n_rows, n_columns) in a text file, and the names in its header, if it has one.

    The numbers are float64, or rows of decimals if they are exact. NaN and infinity are errors, unless `finite` is
    false. If several things are wrong, the error names the first. The mode tells what the first line is.

    Raises:
        InputError: With the line, as an editor counts it, and the cell, counted from 1.
    """
    table = _Table(chunks, delimiter, mode, finite=finite)
    result = table.decimals() if exact else table.matrix()
    if result is None:
        empty = "the file is empty (expected rows of numbers)"
        raise InputError(empty if table.header is None else "no numbers in it, only a header")
    names = None if table.header is None else (table.header[0].removeprefix("# "), *table.header[1:])
    return result, names or None


def whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes, cut after newlines; a NUL, which no text has, is yielded at once and ends them."""
    rest = b""
    for chunk in chunks:
        if b"\0" in chunk:
            yield rest + chunk
            return
        if end := chunk.rfind(b"\n") + 1:
            yield b"".join((rest, memoryview(chunk)[:end]))  # copies once
            rest = b""
        rest += chunk[end:]
    if rest:
        yield rest


class _Table:
    """A table, and how far it has been read: `_body` is a block of whole lines, read up to `_at`."""

    def __init__(self, chunks: Iterable[bytes], delimiter: str, mode: HeaderMode, *, finite: bool) -> None:
        self.header: Header = None
        self._delimiter, self._mode, self._finite = delimiter, mode, finite
        self._blocks = whole_lines(chunks)
        self._body, self._at = b"", 0
        self._line = 1  # the number of the next line
        self._width: int | None = None
        self._has_rows = False
        self._decimal_commas = DecimalCommas(delimiter)
        self._last = ""  # the line read last
        self._empty_line: int | None = None  # the last one since the row before

    def matrix(self) -> Array | None:
        """Return the numbers (n_rows, n_columns), float64, or None without rows."""
        with closing(Growing()) as rows:
            for row in self._first_row(exact=False):
                rows.add(np.array([row], np.float64))
            while self._at < len(self._body) or self._has_next_block():
                if self._skip_empty_lines():
                    continue
                if (matrix := self._rest_of_block()) is not None:
                    rows.add(matrix)
                else:
                    rows.add(np.array(list(self._examined_block()), np.float64))
            self._decimal_commas.require_none()
            return rows.matrix()

    def decimals(self) -> list[list[Any]] | None:
        """Return the rows of numbers, or None without rows."""
        from decimal import Decimal

        rows = chain(self._first_row(exact=True), self._checked(self._rows(), exact=True))
        result = [[Decimal(cell) for cell in row] for row in rows]
        self._decimal_commas.require_none()
        return result or None

    def _has_next_block(self) -> bool:
        block = next(self._blocks, b"")
        self._body, self._at = normalized(block, self._line), 0
        return bool(block)

    def _lines(self) -> Iterator[str]:
        while self._at < len(self._body) or self._has_next_block():
            start, self._at = self._at, self._body.find(b"\n", self._at) + 1 or len(self._body)
            self._line += 1
            self._last = self._body[start : self._at].decode()
            yield self._last

    def _next_lines(self, count: int) -> list[str]:
        """Return the next lines that are not blank, at most so many, without reading them."""
        found, ahead, body, line = list[bytes](), list[bytes](), self._body[self._at :], self._line
        while True:
            found += [match[0] for match in islice(_NOT_BLANK.finditer(body), count - len(found))]
            if len(found) == count or not (block := next(self._blocks, b"")):
                self._blocks = chain(ahead, self._blocks)
                return [each.decode() for each in found]
            ahead.append(ahead[-1] if ahead and ahead[-1] == block else block)  # many blocks of empty lines are one
            line += body.count(b"\n")
            body = normalized(block, line)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the first line of each row, and its cells; none for an empty line."""
        line = self._line
        try:
            for cells in csv.reader(self._lines(), delimiter=self._delimiter, strict=True):
                yield line, cells
                line = self._line
        except csv.Error as error:
            endless = str(error) == "unexpected end of data"
            reason = "a quote is opened and never closed" if endless else str(error)
            raise InputError(f"malformed: {reason}", line=line, hint=after_quotes(self._last)) from None

    def _skip_blank_lines(self) -> None:
        """Go to the first line that is not blank; a line of spaces before it is an empty cell."""
        spaces: int | None = None
        for line in self._lines():
            if line.strip():
                if spaces is not None:
                    raise not_a_number("", spaces, 1)
                self._line, self._at = self._line - 1, self._at - len(line.encode())
                return
            if line != "\n":
                spaces = spaces or self._line - 1
            self._skip_empty_lines()

    def _skip_empty_lines(self) -> bool:
        """Go to the next line of the block that is not empty, and tell whether there were empty ones."""
        if found := _NEWLINES.match(self._body, self._at):
            self._at, self._line = found.end(), self._line + len(found[0])
            self._empty_line = self._line - 1
        return found is not None

    def _skip_preamble(self) -> None:
        """Pass over a line that only spreadsheets and PowerShell read.

        Raises:
            InputError: It names another delimiter.
        """
        found = _PREAMBLE.fullmatch(next(iter(self._next_lines(1)), ""))
        if found is None:
            return
        if found[1] not in ("", None, self._delimiter):
            reason = f"the line sep= says that cells are separated by {found[1]!r}, not by {self._delimiter!r}"
            raise InputError(reason, line=self._line, hint=BY_SEPARATOR.get(found[1]))
        next(self._lines())
        self._skip_blank_lines()

    def _first_row(self, *, exact: bool) -> Iterator[list[str]]:
        """Read the first row: a header, or numbers, which are yielded."""
        self._skip_blank_lines()
        self._skip_preamble()
        if self._mode == "skip":
            next(self._lines(), None)
            self._skip_blank_lines()
        else:
            not_csv.refuse("\n".join(self._next_lines(2)), self._line)
        for line, cells in self._rows():
            if self._mode == "auto" and self._is_header(cells, line):
                self.header = tuple(cell.strip() for cell in cells)
                self._width = len(cells)
            else:
                yield from self._checked([(line, cells)], exact=exact)
            return

    def _is_header(self, cells: Sequence[str], line: int) -> bool:
        text = self._last if line == self._line - 1 else ""  # a row of several lines needs its quotes
        plain = [cell.strip() for cell in cells]
        if not self._finite and any(map(is_not_finite, plain)):
            return False
        return header.is_header(plain, text, self._delimiter, lambda: next(iter(self._next_lines(1)), ""), line)

    def _rest_of_block(self) -> Array | None:
        """Return the numbers in the rest of the block, or None if they need a closer look."""
        body = self._body[self._at :]
        if b'"' in body:
            body = unquoted(body, self._delimiter) or body
        if (matrix := _parsed(body, self._delimiter)) is None or self._is_delicate(matrix, body):
            return None
        self._at = len(self._body)
        is_newline = np.frombuffer(body, np.uint8) == ord("\n")
        self._line += int(np.count_nonzero(is_newline))  # bytes.count takes three times as long
        self._width, self._has_rows = matrix.shape[1], True
        self._empty_line = self._line - 1 if body.endswith(b"\n\n") else None
        return matrix

    def _is_delicate(self, matrix: Array, body: bytes) -> bool:
        if self._width != matrix.shape[1]:
            return True
        if self._decimal_commas.may_be_in(matrix, body):
            return True
        is_after_empty = body.startswith(b"\n") or self._empty_line is not None
        if self._width == 1 and (is_after_empty or b"\n\n" in body.rstrip(b"\n")):
            return True  # an empty line between two rows is an empty cell
        return not (matrix.min() > -LARGEST_EXACT and matrix.max() < LARGEST_EXACT)  # true for nan

    def _examined_block(self) -> Iterator[list[str]]:
        """Yield the checked cells of each row up to the end of a block; quoted cells may go on in the next block."""
        for row in self._checked(self._rows(), exact=False):
            yield row
            if self._at == len(self._body):
                return

    def _checked(self, rows: Iterable[tuple[int, list[str]]], *, exact: bool) -> Iterator[list[str]]:
        for line, cells in rows:
            if not cells:
                self._empty_line = line
                continue
            if self._width is None:
                self._width = len(cells)
            if self._width == 1 and self._empty_line is not None and self._has_rows:
                raise not_a_number("", self._empty_line, 1)
            plain = [cell.strip() for cell in cells]
            if self._is_named_row(plain):
                raise self._wrong_width(plain, self._width, line)  # before the name is refused
            for column, cell in enumerate(plain, start=1):
                require_number(cell, line, column, self._delimiter, exact=exact, finite=self._finite, row=plain)
            if len(cells) != self._width:
                raise self._wrong_width(plain, self._width, line)
            self._decimal_commas.look_at(plain, line)
            self._has_rows, self._empty_line = True, None
            yield plain

    def _is_named_row(self, cells: Sequence[str]) -> bool:
        """Tell whether a first row of numbers is one cell longer than the header: its first cell is an index."""
        is_longer = self.header is not None and not self._has_rows and len(cells) == len(self.header) + 1
        return is_longer and all(map(NUMBER.fullmatch, cells[1:]))

    def _wrong_width(self, cells: Sequence[str], width: int, line: int) -> InputError:
        wanted, hint = counted(width, "column"), None
        if self.header is not None:
            wanted += ", as in the header"
            if self.header[0].startswith("#"):
                hint = NO_COMMENTS
            elif not self._has_rows and self._delimiter == "," and len(cells) == 2 * width and are_pairs(cells):
                hint = HINT
            elif not self._has_rows and len(cells) == width + 1:
                hint = header.INDEX
            elif not self._has_rows and width == 1:
                hint = header.SKIP
        return InputError(f"expected {wanted}, got {len(cells)}", line=line, hint=hint)


def _parsed(body: bytes, delimiter: str) -> Array | None:
    is_worth_it = len(body) >= csv_polars.WORTH_IT and csv_polars.is_installed()
    matrix = csv_polars.numbers(body, delimiter) if is_worth_it else None
    return loadtxt(body.decode(), delimiter) if matrix is None else matrix


def loadtxt(text: str, delimiter: str) -> Array | None:
    """Return the matrix (n_rows, n_columns) in a text without quotes, or None where NumPy refuses it."""
    if text.isspace():
        return None  # NumPy would warn
    try:
        return np.loadtxt(io.StringIO(text), delimiter=delimiter, comments=None, ndmin=2, dtype=np.float64)
    except ValueError:
        return None
