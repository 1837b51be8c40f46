"""Find numbers with decimal commas, such as 0,5, that commas between cells have made two cells: they are refused."""

import re
from collections.abc import Sequence

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.errors import InputError
from backprop_cli.load.cells import INTEGER

_LEADING_ZERO = re.compile(r"[+-]?0\d+", re.ASCII)
_INTEGER_LIKE = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)", re.ASCII)  # 1.234, with a point between thousands
_NO_INTEGERS = (b".", b"e", b"E", b"+")
_PART = 2**16  # small enough for the processor's cache
_UNSIGNED = re.compile(r"\d+", re.ASCII)
HINT = "a decimal comma makes two cells of one number; the decimal mark is a point here, as in 1.05"


class DecimalCommas:
    """What was found in the rows so far.

    An integer with a leading zero (05), beside another integer (1, or 1.234 with a point between thousands), is half of
    a number. So is -0, if in every row each
    second cell is an unsigned integer; this is known only at the end.
    """

    def __init__(self, delimiter: str) -> None:
        self._is_possible = self._are_pairs = delimiter == ","
        self._negative_zero: tuple[int, int] | None = None  # line and column of the first

    def may_be_in(self, matrix: Array, body: bytes) -> bool:
        """Tell whether the rows of a matrix (n_rows, n_columns) need a closer look; `body` is their text."""
        if not self._is_possible or matrix.shape[1] == 1:
            return False
        if self._are_pairs:
            self._are_pairs = matrix.shape[1] % 2 == 0 and not any(mark in body for mark in _NO_INTEGERS)
        if self._are_pairs and b"-" in body:
            negative = np.signbit(matrix)
            self._are_pairs = not negative[:, 1::2].any()
            if self._are_pairs and self._negative_zero is None and (negative & (matrix == 0)).any():
                return True
        return _has_integers(matrix) and _has_leading_zero(body)

    def look_at(self, cells: Sequence[str], line: int) -> None:
        """Look at the numbers of a row.

        Raises:
            InputError: One is half of a number.
        """
        if not self._is_possible or len(cells) == 1:
            return
        for i, cell in enumerate(cells):
            neighbours = (*cells[max(i - 1, 0) : i], *cells[i + 1 : i + 2])
            if _LEADING_ZERO.fullmatch(cell) and any(map(_INTEGER_LIKE.fullmatch, neighbours)):
                raise _half(cell, line, i + 1)
        if self._are_pairs:
            self._are_pairs = are_pairs(cells)
            if self._negative_zero is None and "-0" in cells:
                self._negative_zero = line, cells.index("-0") + 1

    def require_none(self) -> None:
        """Check the -0 of all rows.

        Raises:
            InputError: It is half of a number.
        """
        if self._are_pairs and self._negative_zero is not None:
            raise _half("-0", *self._negative_zero)


def are_pairs(cells: Sequence[str]) -> bool:
    """Tell whether a row may be numbers with decimal commas: each second cell is an unsigned integer."""
    are_integers = len(cells) % 2 == 0 and all(map(INTEGER.fullmatch, cells[::2]))
    return are_integers and all(map(_UNSIGNED.fullmatch, cells[1::2]))


def _half(cell: str, line: int, column: int) -> InputError:
    reason = f"{cell!r} looks like half of a number with a decimal comma"
    return InputError(reason, line=line, column=column, hint=HINT)


def _has_integers(matrix: Array) -> bool:
    numbers = matrix.reshape(-1)
    parts = (numbers[start : start + _PART] for start in range(0, len(numbers), _PART))
    return any((np.rint(part) == part).any() for part in parts)


def _has_leading_zero(body: bytes) -> bool:
    """Tell whether a digit follows a 0 at the begin of a number, other than an exponent: 05, -007."""
    text = np.frombuffer(b"\n\n" + body, np.uint8)
    # A part begins with three characters that the one before ends with.
    return any(_begins_with_zero(text[start : start + _PART + 3]) for start in range(0, len(text), _PART))


def _begins_with_zero(text: Array) -> bool:
    before, zero, after = text[1:-2], text[2:-1], text[3:]
    # Below the point are all characters that stand before a number: comma, sign, space, newline.
    places = np.flatnonzero((zero == ord("0")) & (before < ord(".")) & (after - np.uint8(ord("0")) < 10))
    return not bool(np.isin(text[places], (ord("e"), ord("E"))).all())
