"""The cells of a text table: which are numbers, and what another one was probably meant to be."""

import re
from collections.abc import Sequence
from math import isinf

from backprop_cli.errors import InputError
from backprop_cli.load.numbers import describe, require_exact

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
MINUS_LIKE = "-\N{MINUS SIGN}\N{EN DASH}\N{EM DASH}\N{FIGURE DASH}\N{HYPHEN}\N{FULLWIDTH HYPHEN-MINUS}"
SPREADSHEET_ERROR = re.compile(r"#\S*[!?]|#(N/[AVD]|N[AVD]|ERR(OR)?|GETTING_DATA)\b.*")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_HEXADECIMAL = re.compile(r"[+-]?0x[0-9a-f]+", re.IGNORECASE)
_FORTRAN_EXPONENT = re.compile(r"(?<=\d)[dD](?=[+-]?\d)")
NO_COMMENTS = "a matrix file has no comments"
_SPACES = 'cells look separated by spaces; np.savetxt with delimiter="," and write.table with sep="," write commas'
_BARS = "cells look separated by bars (|); sqlite3 writes commas in .mode csv"
_SEMICOLONS = "cells are separated by commas and decimals by points here, not by semicolons and commas"
_TABS = "cells look separated by tabs; a file of those is named .tsv"
_DRAWN = "a table that was drawn is not read; its tool can write CSV (to_csv in pandas, .mode csv in sqlite3)"
BY_SEPARATOR = {";": _SEMICOLONS, "|": _BARS, "\t": _TABS, " ": _SPACES}
# From other notations of a number to the one that is read.
_TO_PLAIN = str.maketrans({"_": None, "#": None, ",": ".", **dict.fromkeys(MINUS_LIKE, "-")})


def is_not_finite(cell: str) -> bool:
    """Return whether a cell is NaN or infinity, or a number that is infinite in float64."""
    return bool(_NOT_FINITE.fullmatch(cell) or (NUMBER.fullmatch(cell) and isinf(float(cell))))


def require_number(
    cell: str, line: int, column: int, delimiter: str, *, exact: bool, finite: bool = True, row: Sequence[str] = ()
) -> None:
    """Check that a cell without spaces around it is a number that float64, or exact arithmetic, can hold.

    If not `finite`, NaN and infinity pass, and so do numbers that are infinite in float64.

    Raises:
        InputError: It is anything else.
    """
    if not finite and is_not_finite(cell):
        return
    if not NUMBER.fullmatch(cell):
        raise not_a_number(cell, line, column, delimiter, row)
    if exact:
        from backprop_cli.core.exact import to_decimal

        in_range, kind = to_decimal(cell) is not None, "exact arithmetic"
    else:
        in_range, kind = not isinf(float(cell)), "float64"
    if not in_range:
        raise InputError(f"{describe(cell)} is out of the range of {kind}", line=line, column=column)
    if not exact and INTEGER.fullmatch(cell):
        # Python reads at most 4,300 digits of an integer, leading zeros included.
        integer = int(cell[: cell.startswith("-")] + (cell.lstrip("+-0") or "0"))
        require_exact(integer, line=line, column=column)


def not_a_number(cell: str, line: int, column: int, delimiter: str = ",", row: Sequence[str] = ()) -> InputError:
    """Return the error for a cell, without spaces around it, of a row, that is not a finite number."""
    if _NOT_FINITE.fullmatch(cell):
        return InputError(f"expected a finite number, got {describe(cell)}", line=line, column=column)
    got = describe(cell) if cell else "an empty cell"
    hint = _hint(cell, delimiter) if cell else _hint_of_empty(row, column, delimiter)
    return InputError(f"expected a number, got {got}", line=line, column=column, hint=hint)


def after_quotes(line: str) -> str | None:
    """Return a hint on a line of quoted cells with something other than the delimiter between them, if it is known."""
    found = re.search(r'(?:^|[;|\t ])"[^"]*"(\s*[;|]|[\t ]+(?=[-"\d.])|,)', line)
    if found is None:
        return None
    separator = found[1].strip() or found[1][0]
    return BY_SEPARATOR.get(separator, "cells look separated by commas; a file of those is named .csv")


def _hint_of_empty(row: Sequence[str], column: int, delimiter: str) -> str | None:
    mark = "comma" if delimiter == "," else "tab"
    if len(row) > 1 and not any(row):
        return f"the row has only {mark}s, no values; rows without values are left out"
    if column > 1 and not any(row[column - 1 :]):
        return f"the line ends with a {mark}; a {mark} stands only between two cells"
    return None


def _hint(cell: str, delimiter: str) -> str | None:
    """Return how to write what a cell was probably meant to be, if that is known."""
    is_number = _means_a_number(cell)
    if is_number and any(char in cell for char in MINUS_LIKE[1:]):
        return "the minus is a typographic one; a number takes the hyphen, -"
    if re.search(r"(^|\s)#", cell) and not SPREADSHEET_ERROR.fullmatch(cell):
        return NO_COMMENTS
    if re.match(r"[\u2500-\u257f]|[|+]?[-=:+|]*---", cell) or re.fullmatch(r"\|.*\|", cell):
        return _DRAWN
    if delimiter == "\t" and "," in cell and re.match(r"[+-]?\.?\d", cell):
        return "in a .tsv, cells are separated by tabs, and the decimal mark is a point"
    for separator in ";|\t":
        parts = [part for part in cell.split(separator) if part.strip()]
        if separator in cell and any(map(_means_a_number, parts)):
            return BY_SEPARATOR[separator]
    parts = cell.split()
    if "\n" not in cell and len(parts) > 1 and all(map(_means_a_number, parts[len(parts) > 2 :])):
        return _SPACES
    if not is_number:
        return None
    if "," in cell:
        return "the decimal mark is a point here, and thousands are not separated"
    return "numbers are written like -1.5 or 2e-3, with a comma between cells"


def _means_a_number(cell: str) -> bool:
    """Tell whether a cell was meant as a number, in whatever notation."""
    parts = re.split(r"[;\s]+", cell.strip().translate(_TO_PLAIN))
    return all(_HEXADECIMAL.fullmatch(part) or _is_float(_FORTRAN_EXPONENT.sub("e", part)) for part in parts)


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
