"""Numbers as text: for people short and aligned on the decimal point, for programs with every digit."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from backprop_cli.core.arrays import Array

if TYPE_CHECKING:
    from decimal import Decimal
    from fractions import Fraction
    from numbers import Rational

_POSITIONAL = (1e-4, 1e16)  # the sizes that Python, too, writes without an exponent


def literal(value: "float | Rational | Decimal") -> str:
    """Return a number for programs: a float with the digits that restore every bit, a fraction as its full decimal.

    A decimal, which is rounded to 50 digits, has 17 significant ones.
    """
    if isinstance(value, float):
        return repr(value)
    from backprop_cli.core import exact

    return exact.literal(value)


def literals(row: Array) -> list[str]:
    """Return the numbers of one row (n,) for programs; float32 numbers have the digits of float64.

    An array of texts holds literals already.
    """
    if row.dtype.kind == "U":
        return list(row)
    return list(map(repr if row.dtype.kind == "f" else literal, row.tolist()))


def number(value: "float | Fraction | Decimal", precision: int | None) -> str:
    """Return a number with at most `precision` decimals, or significant digits if it is smaller than 1.

    Trailing zeros are trimmed; negative zero is 0. A precision of None means 8 for a float, every digit for a fraction,
    and 17 significant digits for a decimal.

    >>> number(0.1 + 0.2, 8), number(-12.5, 8), number(5.551115123125783e-17, 8)
    ('0.3', '-12.5', '5.55111512e-17')
    """
    if not value:
        return "0"
    if not isinstance(value, float):
        from backprop_cli.core.exact import rounded

        return literal(value) if precision is None else rounded(value, precision)
    precision = 8 if precision is None else precision
    size = abs(value)
    if not _POSITIONAL[0] <= size < _POSITIONAL[1]:
        text = np.format_float_scientific(value, precision=precision, trim="-", exp_digits=2)
        return text.replace(".e", "e")  # NumPy keeps the point where it trims zeros after rounding
    if size < 1:
        return np.format_float_positional(value, precision=max(precision, 1), fractional=False, trim="-")
    return np.format_float_positional(value, precision=precision, trim="-")


def tex_number(value: "float | Fraction | Decimal", precision: int | None) -> str:
    r"""Return a number for TeX, with the digits of `number`.

    >>> tex_number(-2.5e-07, None), tex_number(0.5, None)
    ('-2.5 \\times 10^{-7}', '0.5')
    """
    digits, _, exponent = number(value, precision).lower().partition("e")
    return rf"{digits} \times 10^{{{int(exponent)}}}" if exponent else digits


def aligned(numbers: Sequence[str]) -> list[str]:
    """Return numbers padded to the same width, with their decimal points below each other.

    >>> aligned(["0.5", "20.1", "6"])
    [' 0.5', '20.1', ' 6  ']
    """
    parts = [text.partition(".") for text in numbers]
    before = max(len(whole) for whole, _, _ in parts)
    after = max(len(point + decimals) for _, point, decimals in parts)
    return [whole.rjust(before) + (point + decimals).ljust(after) for whole, point, decimals in parts]
