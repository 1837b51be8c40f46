"""The cells of a text table: which are numbers, and what another one was probably meant to be."""

import re
from math import isinf

from backprop_cli.errors import InputError
from backprop_cli.load.numbers import describe, require_exact

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_MINUS_LIKE = "\N{MINUS SIGN}\N{EN DASH}\N{EM DASH}\N{FIGURE DASH}\N{HYPHEN}\N{FULLWIDTH HYPHEN-MINUS}"
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_VALUES = ("", "na", "n/a", "null", "none", "nil", "-", "true", "false")
# A number with something around it, such as 10%, 1.5f, $1, '1' or (1), but not a name such as 1st or 28x28.
_NUMBER_AND_UNIT = re.compile(r"[\s#'\"(\[$]*[+-]?\.?\d[\d.'\s]*([eE][+-]?\d+)?[%a-zA-Z]?[\s'\")\]]*", re.ASCII)
_HEXADECIMAL = re.compile(r"[+-]?0x[0-9a-f]+", re.IGNORECASE)
_FORTRAN_EXPONENT = re.compile(r"(?<=\d)[dD](?=[+-]?\d)")
NO_COMMENTS = "a matrix file has no comments"
# From other notations of a number to the one that is read.
_TO_PLAIN = str.maketrans({"_": None, "#": None, ",": ".", **dict.fromkeys(_MINUS_LIKE, "-")})


def require_number(cell: str, line: int, column: int, delimiter: str, *, exact: bool, finite: bool = True) -> None:
    """Check that a cell without spaces around it is a number that float64, or exact arithmetic, can hold.

    If not `finite`, NaN and infinity pass, and so do numbers that are infinite in float64.

    Raises:
        InputError: It is anything else.
    """
    if not finite and (_NOT_FINITE.fullmatch(cell) or (_NUMBER.fullmatch(cell) and isinf(float(cell)))):
        return
    if not _NUMBER.fullmatch(cell):
        raise not_a_number(cell, line, column, delimiter)
    if exact:
        from backprop_cli.core.exact import to_decimal

        in_range, kind = to_decimal(cell) is not None, "exact arithmetic"
    else:
        in_range, kind = not isinf(float(cell)), "float64"
    if not in_range:
        raise InputError(f"{describe(cell)} is out of the range of {kind}", line=line, column=column)
    if not exact and _INTEGER.fullmatch(cell):
        # Python reads at most 4,300 digits of an integer, leading zeros included.
        integer = int(cell[: cell.startswith("-")] + (cell.lstrip("+-0") or "0"))
        require_exact(integer, line=line, column=column)


def not_a_number(cell: str, line: int, column: int, delimiter: str = ",") -> InputError:
    """Return the error for a cell without spaces around it that is not a finite number."""
    if _NOT_FINITE.fullmatch(cell):
        return InputError(f"expected a finite number, got {describe(cell)}", line=line, column=column)
    got = describe(cell) if cell else "an empty cell"
    return InputError(f"expected a number, got {got}", line=line, column=column, hint=_hint(cell, delimiter))


def is_header(cells: list[str]) -> bool:
    """Tell whether the cells of a first row are names: none was meant as a number, and not all look like values."""
    return not (any(map(_means_a_number, cells)) or all(map(_is_like_a_value, cells)))


def _hint(cell: str, delimiter: str) -> str | None:
    if any(char in cell for char in _MINUS_LIKE):
        return "the minus is a typographic one; a number takes the hyphen, -"
    if "#" in cell:
        return NO_COMMENTS
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
    """Tell whether a cell was meant as a number, in whatever notation."""
    parts = re.split(r"[;\s]+", cell.strip().translate(_TO_PLAIN))
    return all(_HEXADECIMAL.fullmatch(part) or _is_float(_FORTRAN_EXPONENT.sub("e", part)) for part in parts)


def _is_like_a_value(cell: str) -> bool:
    """Tell whether a cell may be a value: missing, or a number with a unit. A row of such cells is not a header."""
    plain = cell.strip().translate(_TO_PLAIN)
    return cell.strip().lower() in _VALUES or _NUMBER_AND_UNIT.fullmatch(plain) is not None


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
