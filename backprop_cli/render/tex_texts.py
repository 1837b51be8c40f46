"""Texts in TeX.

Escaped texts are right in LaTeX with any engine and font encoding, and need no package.
"""

import re
from collections.abc import Sequence
from itertools import groupby

from backprop_cli.messages import clean

__all__ = ["code", "document", "escaped"]

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
_SYMBOLS = dict(zip("αβγδεζηθικλμνξπρςστυφχψωΓΔΘΛΞΠΣΦΨΩ∂∇×·≤≥≠→∞±", _NAMES.split(), strict=True)) | {  # noqa: RUF001
    "\N{MINUS SIGN}": "-"
}
# Letters that LaTeX has in every font encoding, and those of T1 only; it prints an error for all others, unless the
# engine reads Unicode.
_EVERYWHERE = re.compile("[ -~¡¿£§¶©®°À-ÏÑ-Ýßà-ïñ-ýÿĀ-ăĆ-ďĒ-ėĚ-ĥĨ-ĭİ-ķĹ-ľŁ-ňŌ-ťŨ-űŴ-ž–—‘-”…]")  # noqa: RUF001
_IN_T1 = re.compile("[«»ÐÞðþĄąĐđĘęĮįŊŋŲų]")
_LIGATURE = re.compile(r"(?<=([-,'?!]))(?=\1|`)")
_UNBROKEN = 20  # characters of a word without a place to break the line


def escaped(text: str) -> str:
    r"""Return a text from a user as TeX that prints it: no character of it is a command.

    >>> escaped(r"100 % of $x_1$ & <b> \par")
    '100 \\% of \\$x\\_1\\$ \\& \\textless{}b\\textgreater{} \\textbackslash{}par'
    """
    return "".join(map(_breakable, re.split(r"(\s+)", clean(text))))


def code(text: str) -> str:
    """Return a name or a command as TeX in a typewriter font."""
    return rf"\texttt{{{escaped(text)}}}".replace("'", r"\textquotesingle{}")


def document(packages: Sequence[str], body: str) -> str:
    """Return a whole document of a body that needs some packages; it prints on A4 paper."""
    lines = [
        r"\documentclass[a4paper]{article}",
        r"\usepackage[T1]{fontenc}",
        r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}",
        r"\usepackage[hmargin=15mm,top=14mm,bottom=17mm,footskip=8mm]{geometry}",
        *(rf"\usepackage{{{package}}}" for package in packages),
        r"\begin{document}",
    ]
    return "\n".join([*lines, body.rstrip("\n"), r"\end{document}"]) + "\n"


def _breakable(word: str) -> str:
    """Return a word in TeX; a line may break after signs of a long one, and in any that is longer still."""
    if len(word) <= _UNBROKEN:
        return _escaped_word(word)
    pieces = re.findall(rf".{{1,{_UNBROKEN}}}?(?:(?<=[/.:;_?&=-])(?=\w)|$)|.{{{_UNBROKEN}}}", word)
    return r"\allowbreak{}".join(map(_escaped_word, pieces))


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
