"""Texts, numbers and matrices in TeX.

Escaped texts are right in LaTeX with any engine and font encoding, and need no package.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

from backprop_cli.messages import clean
from backprop_cli.render.numbers import number as plain_number

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["INACTIVE", "MOST_DIGITS", "bmatrix", "code", "document", "escaped", "matrix", "number"]

INACTIVE = "^{*}"  # behind a number that an inactive unit makes zero
MOST_DIGITS = 40  # of a number: more do not fit a line

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "`": r"\textasciigrave{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"{\ttfamily\char34}",  # a letter of its own in some languages of babel
    **{character: f"\\{character}" for character in "{}$&#%_"},
}
_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho varsigma sigma tau upsilon varphi"
    " chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega partial nabla times cdot le ge ne to infty pm"
)
_SYMBOLS = dict(zip("αβγδεζηθικλμνξπρςστυφχψωΓΔΘΛΞΠΣΦΨΩ∂∇×·≤≥≠→∞±", _NAMES.split(), strict=True)) | {
    "\N{MINUS SIGN}": "-"
}
# Letters that LaTeX has in every font encoding, and those of T1 only; it prints an error for all others, unless the
# engine reads Unicode.
_EVERYWHERE = re.compile("[ -~¡¿£§¶©®°À-ÏÑ-Ýßà-ïñ-ýÿĀ-ăĆ-ďĒ-ėĚ-ĥĨ-ĭİ-ķĹ-ľŁ-ňŌ-ťŨ-űŴ-ž–—‘-”…]")  # noqa: RUF001
_IN_T1 = re.compile("[«»ÐÞðþĄąĐđĘęĮįŊŋŲų]")
_LIGATURE = re.compile(r"(?<=([-,'?!]))(?=\1|`)")
_UNBROKEN = 16  # characters of a word without a place to break the line


def escaped(text: str) -> str:
    r"""Return a text from a user as TeX that prints it: no character of it is a command.

    >>> escaped(r"100 % of $x_1$ & <b> \par")
    '100 \\% of \\$x\\_1\\$ \\& \\textless{}b\\textgreater{} \\textbackslash{}par'
    """
    parts = []
    for word in re.split(r"(\s+)", clean(text)):
        pieces = re.findall(rf".{{1,{_UNBROKEN}}}?(?:(?<=[/.,;:_?&=-])(?=\w)|$)|.{{{_UNBROKEN}}}", word)
        parts.append(r"\allowbreak{}".join(map(_escaped_word, pieces)))
    return "".join(parts)


def code(text: str) -> str:
    """Return a name or a command as TeX in a typewriter font."""
    return rf"\texttt{{{escaped(text)}}}"


def number(value: "float | Fraction | Decimal", precision: int | None) -> str:
    r"""Return a number in TeX, with the digits that it has in tables; of more than 40 digits, the first 40.

    >>> number(5.551115123125783e-17, 3), number(-12.5, 8)
    ('5.551 \\times 10^{-17}', '-12.5')
    """
    text = plain_number(value, precision)
    if sum(map(str.isdigit, text)) > MOST_DIGITS:
        from backprop_cli.core.exact import rounded

        whole = len(text.lstrip("-").partition(".")[0])
        text = rounded(Fraction(value), max(MOST_DIGITS - whole, 0))
    mantissa, _, exponent = text.partition("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}" if exponent else mantissa


def bmatrix(rows: Sequence[Sequence[str]]) -> str:
    """Return a matrix of cells in TeX as Markdown takes it, in one line."""
    return r"\begin{bmatrix} " + r" \\ ".join(map(" & ".join, rows)) + r" \end{bmatrix}"


def matrix(rows: Sequence[Sequence[str]]) -> str:
    """Return a matrix of cells in LaTeX, in one line, with decimal points below each other; of any number of columns."""
    columns = [_aligned(column) for column in zip(*rows, strict=True)]
    letters = r"@{\quad}".join("r@{}l" if any("&" in cell for cell in column) else "r" for column in columns)
    lines = (" & ".join(row) for row in zip(*columns, strict=True))
    return rf"\left[\begin{{array}}{{@{{}}{letters}@{{}}}} " + r" \\ ".join(lines) + r" \end{array}\right]"


def document(packages: Sequence[str], body: str) -> str:
    """Return a whole document of a body that needs some packages; it prints on A4 paper."""
    lines = [
        r"\documentclass[a4paper]{article}",
        r"\usepackage[T1]{fontenc}",
        r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}",
        r"\usepackage[margin=18mm]{geometry}",
        *(rf"\usepackage{{{package}}}" for package in packages),
        r"\begin{document}",
    ]
    return "\n".join([*lines, body.rstrip("\n"), r"\end{document}"]) + "\n"


def _escaped_word(word: str) -> str:
    return "".join(_run(kind, "".join(run)) for kind, run in groupby(word, _kind))


def _kind(character: str) -> str:
    if character in _SYMBOLS:
        return "symbol"
    return "text" if _EVERYWHERE.match(character) else "T1" if _IN_T1.match(character) else "Unicode"


def _run(kind: str, text: str) -> str:
    """Return characters of one kind as TeX."""
    if kind == "text":
        text = _LIGATURE.sub("\0", text)  # where braces keep two characters from becoming one
        return "".join(_SPECIAL.get(character, character) for character in text).replace("\0", "{}")
    if kind == "symbol":
        names = (_SYMBOLS[character] for character in text)
        return rf"\ensuremath{{{' '.join(name if name == '-' else chr(92) + name for name in names)}}}"
    other = rf"\fontencoding{{T1}}\selectfont {text}"
    if kind == "Unicode":
        other = r"\ttfamily " + " ".join(f"U+{ord(character):04X}" for character in text)
    return rf"\ifdefined\Umathcode {text}\else{{{other}}}\fi{{}}"


def _aligned(column: Sequence[str]) -> Sequence[str]:
    """Return cells with `&` at the decimal point, unless all of them have the same number of decimals."""
    numbers = [cell for cell in column if not cell.startswith("\\")]
    if len({len(cell.partition(".")[2]) for cell in numbers}) < 2 and not any("^" in cell for cell in numbers):
        return column
    return [_split(cell) for cell in column]


def _split(cell: str) -> str:
    if cell.startswith("\\"):  # dots
        return f"{cell} &"
    found = re.match(r"-?\d+", cell)
    end = found.end() if found else 0
    return f"{cell[:end]}&{cell[end:]}"
