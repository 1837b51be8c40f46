"""Find numbers with decimal commas, such as 0,5, that commas between cells have made two cells: they are refused."""

import re
from collections.abc import Sequence

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.errors import InputError
from backprop_cli.load.cells import INTEGER

_LEADING_ZERO = re.compile(r"[+-]?0\d+", re.ASCII)
_UNSIGNED = re.compile(r"\d+", re.ASCII)
_HINT = "a decimal comma makes two cells of one number; the decimal mark is a point here, as in 1.05"


class DecimalCommas:
    """What was found in the rows so far.

    An integer with a leading zero (05), beside another integer, is half of a number. So is -0, if in every row each
    second cell is an unsigned integer; this is known only at the end.
    """

    def __init__(self, delimiter: str) -> None:
        self._is_possible = self._are_pairs = delimiter == ","
        self._negative_zero: tuple[int, int] | None = None  # line and column of the first

    def may_be_in(self, matrix: Array, body: bytes) -> bool:
        """Tell whether the rows of a matrix (n_rows, n_columns) need a closer look; `body` is their text."""
        if not self._is_possible or matrix.shape[1] == 1:
            return False
        is_whole = np.rint(matrix) == matrix
        if self._are_pairs:
            has_pairs = matrix.shape[1] % 2 == 0 and bool(is_whole.all()) and not np.signbit(matrix[:, 1::2]).any()
            self._are_pairs = has_pairs and not re.search(rb"[.eE+]", body)
        if self._are_pairs and self._negative_zero is None and (np.signbit(matrix) & (matrix == 0)).any():
            return True
        return bool(is_whole.any()) and _has_leading_zero(body)

    def look_at(self, cells: Sequence[str], line: int) -> None:
        """Look at the numbers of a row.

        Raises:
            InputError: One is half of a number.
        """
        if not self._is_possible or len(cells) == 1:
            return
        for i, cell in enumerate(cells):
            neighbours = (*cells[max(i - 1, 0) : i], *cells[i + 1 : i + 2])
            if _LEADING_ZERO.fullmatch(cell) and any(map(INTEGER.fullmatch, neighbours)):
                raise _half(cell, line, i + 1)
        if self._are_pairs:
            are_integers = len(cells) % 2 == 0 and all(map(INTEGER.fullmatch, cells[::2]))
            self._are_pairs = are_integers and all(map(_UNSIGNED.fullmatch, cells[1::2]))
            if self._negative_zero is None and "-0" in cells:
                self._negative_zero = line, cells.index("-0") + 1

    def require_none(self) -> None:
        """Check the -0 of all rows.

        Raises:
            InputError: It is half of a number.
        """
        if self._are_pairs and self._negative_zero is not None:
            raise _half("-0", *self._negative_zero)


def _half(cell: str, line: int, column: int) -> InputError:
    reason = f"{cell!r} looks like half of a number with a decimal comma"
    return InputError(reason, line=line, column=column, hint=_HINT)


def _has_leading_zero(body: bytes) -> bool:
    """Tell whether a digit follows a 0 at the begin of a number, other than an exponent: 05, -007."""
    text = np.frombuffer(b"\n" + body + b"\n", np.uint8)
    before, zero, after = text[:-2], text[1:-1], text[2:]
    # Below the point are all characters that stand before a number: comma, sign, space, newline.
    places = np.flatnonzero((zero == ord("0")) & (before < ord(".")) & (after - np.uint8(ord("0")) < 10))
    return not bool(np.isin(text[places - 1], (ord("e"), ord("E"))).all())
