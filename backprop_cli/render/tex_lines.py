"""Equations in LaTeX that fit the width of a page, by an estimate of the width of each part."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

__all__ = ["EQUAL", "Equation", "Unit", "aligned_lines", "flowing_lines", "unit", "width"]

EQUAL = 1.4  # the width of " = "
_QUAD = 1.0
_BESIDE = 2.5  # between two equations in a line
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\S", re.DOTALL)
_TEXT = re.compile(r"\\(?:text|operatorname|mathrm)\{([^{}]*)\}")
_CASES = re.compile(r"\\begin\{cases\}(.*)\\end\{cases\}")
# In em of Computer Modern, rounded up
_WIDTHS = (
    dict.fromkeys("()[]|:'!", 0.4) | {".": 0.3} | {"=": EQUAL, ",": 0.46, "\\quad": _QUAD, "\\qquad": 2.0, "\\,": 0.17}
)
_WIDTHS |= dict.fromkeys("mwMWX", 0.96) | {"\\sum": 1.25, "\\max": 2.0, "\\min": 1.85, "\\log": 1.45, "\\tanh": 2.2}
_WIDTHS |= dict.fromkeys(("\\left", "\\right"), 0.35) | dict.fromkeys(
    ("\\bigl", "\\bigr", "\\textstyle", "\\displaystyle", "\\nolimits", "&"), 0.0
)
_WIDTHS |= {"\\cdot": 0.74, "\\odot": 1.24, "\\times": 1.24, "\\partial": 0.6, "\\sigma": 0.6, "\\top": 0.8, "<": 1.4}
_WIDTHS |= {">": 1.4, "\\cdots": 1.4, "\\{": 0.5, "\\}": 0.5, "/": 0.5}
_WIDTHS |= dict.fromkeys("0123456789", 0.5)
_OTHER = 0.8  # a letter
_SIGN, _BINARY = 0.8, 1.25  # of + and -
_SCRIPT = 0.72  # the size of an index


class Unit(NamedTuple):
    """A part of an equation that stays in one line."""

    tex: str
    width: float  # in em


class Equation(NamedTuple):
    """A symbol and what it is equal to, on one side or several."""

    left: str
    sides: Sequence[Sequence[Unit]]

    @property
    def tex(self) -> str:
        """The whole equation in one line."""
        return " = ".join([self.left, *("".join(each.tex for each in side) for side in self.sides)])

    @property
    def width(self) -> float:
        """The width of that line in em."""
        return width(self.left) + sum(EQUAL + sum(each.width for each in side) for side in self.sides)


def unit(tex: str) -> Unit:
    """Return a part of an equation that has no matrix."""
    return Unit(tex, width(tex))


def width(tex: str) -> float:
    r"""Return about the width of a formula in em, rather more than less.

    >>> round(width("12.5"), 2)
    1.8
    """
    text = _CASES.sub(lambda found: "0000" + max(found[1].split(r"\\"), key=width), tex)
    text = _TEXT.sub(lambda found: "0" * (len(found[1]) + 1), text)
    return _row(_TOKEN.findall(text)[::-1])


def aligned_lines(equations: Sequence[Equation], most: float) -> Iterator[str]:
    """Yield the lines of equations for an environment that aligns at &, each at most `most` em to the right of it.

    An equation stands in the line of the one before it if it fits. A longer one breaks between sides, and a longer side
    between its units.
    """
    line, used = "", 0.0
    for equation in equations:
        if line and used + _BESIDE + equation.width <= most:
            line, used = rf"{line}, \qquad {equation.tex}", used + _BESIDE + equation.width
            continue
        if line:
            yield line
        *before, (line, used) = _broken(equation, most)
        yield from (text for text, _ in before)
    if line:
        yield line


def _broken(equation: Equation, most: float) -> Iterator[tuple[str, float]]:
    """Yield the lines of one equation, each with its width to the right of the &."""
    line, used = f"{equation.left} &", 0.0
    for side in equation.sides:
        if used and used + EQUAL + sum(each.width for each in side) > most:
            yield line, used
            line, used = "&", 0.0
        line, used = f"{line} =" if used else f"{line}=", used + EQUAL
        n_units = 0
        for each in side:
            if n_units and used + each.width > most:
                yield line, used
                line, used, n_units = r"&\quad", EQUAL + _QUAD, 0
            line, used, n_units = f"{line} {each.tex.lstrip()}", used + each.width, n_units + 1
    yield line, used


def flowing_lines(units: Sequence[Unit], most: float) -> Iterator[str]:
    """Yield lines of units with gaps between them, as many in a line as fit `most` em."""
    line, used = "", 0.0
    for each in units:
        if line and used + 1.5 * _QUAD + each.width > most:
            yield line
            line, used = "", 0.0
        line, used = f"{line}, \\quad {each.tex}" if line else each.tex, used + each.width + 1.5 * _QUAD
    yield line


def _row(tokens: list[str]) -> float:
    """Return the width of tokens, the next one last, up to the brace that closes the group."""
    total, before = 0.0, "("
    while tokens and tokens[-1] != "}":
        token = tokens.pop()
        if token == "{":
            total += _group(tokens)
        elif token in ("\\frac", "\\tfrac"):
            total += max(_argument(tokens), _argument(tokens)) + 0.25
        elif token in "^_":
            total += _scripts(token, tokens)
        elif token in "+-":
            total += _SIGN if before in ("(", "[", "=", ",", "{", "\\cdot") else _BINARY
        else:
            total += _WIDTHS.get(token, _OTHER)
        before = token
    return total


def _group(tokens: list[str]) -> float:
    found = _row(tokens)
    if tokens:
        tokens.pop()
    return found


def _argument(tokens: list[str]) -> float:
    token = tokens.pop()
    return _group(tokens) if token == "{" else _WIDTHS.get(token, _OTHER)  # noqa: S105


def _scripts(sign: str, tokens: list[str]) -> float:
    """Return the width of an index and an exponent: they stand above each other."""
    widths = {sign: _argument(tokens)}
    while tokens and tokens[-1] in ("^", "_"):
        other = tokens.pop()
        widths[other] = _argument(tokens)
    return _SCRIPT * max(widths.values()) + 0.06
