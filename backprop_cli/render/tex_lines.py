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
    dict.fromkeys("()[]|:'!", 0.4)
    | dict.fromkeys("mwMWX", 0.96)
    | dict.fromkeys("0123456789/", 0.5)
    | dict.fromkeys((r"\left", r"\right"), 0.35)
    | dict.fromkeys((r"\bigl", r"\bigr", r"\nolimits"), 0.0)
    | dict.fromkeys("=<>", EQUAL)
    | {".": 0.3, ",": 0.46, r"\quad": _QUAD, r"\qquad": 2 * _QUAD, r"\,": 0.17, "&": 0.0}
    | {r"\sum": 1.25, r"\max": 2.0, r"\min": 1.85, r"\log": 1.45, r"\tanh": 2.2, r"\cdots": 1.4}
    | {r"\cdot": 0.74, r"\odot": 1.24, r"\times": 1.24, r"\partial": 0.6, r"\sigma": 0.6, r"\top": 0.8}
)
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
    is_rounded: bool = False  # whether the last side is not quite equal to the one before

    @property
    def signed(self) -> Iterator[tuple[str, Sequence[Unit]]]:
        """The sides, each with the sign before it."""
        for k, side in enumerate(self.sides):
            yield (r"\approx" if self.is_rounded and k == len(self.sides) - 1 else "="), side

    @property
    def tex(self) -> str:
        """The whole equation in one line."""
        return self.left + "".join(f" {sign} {''.join(each.tex for each in side)}" for sign, side in self.signed)

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
    text = _CASES.sub(lambda found: "000000" + max(found[1].split(r"\\"), key=width), tex)
    text = _TEXT.sub(lambda found: re.sub("[^A-Z]", "0", f"{found[1]} "), text)
    return _row(_TOKEN.findall(text)[::-1], "x" if tex.startswith(" ") else "(")


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
    for sign, side in equation.signed:
        if used and used + EQUAL + sum(each.width for each in side) > most:
            yield line, used
            line, used = "&", 0.0
        line, used = f"{line} {sign}" if used else f"{line}{sign}", used + EQUAL
        n_units = 0
        for each in (part for whole in side for part in _parts(whole, most - EQUAL - _QUAD)):
            if n_units and used + each.width > most:
                yield line, used
                line, used, n_units = r"&\quad", EQUAL + _QUAD, 0
            line, used, n_units = f"{line} {each.tex.lstrip()}", used + each.width, n_units + 1
    yield line, used


def _parts(whole: Unit, most: float) -> Iterator[Unit]:
    """Yield a unit, or where it is too wide the parts of it that begin with a sign outside braces and high brackets."""
    start = depth = 0
    for k, sign in enumerate(whole.tex if whole.width > most else ""):
        depth += (sign == "{") - (sign == "}")
        depth += whole.tex.startswith(r"\left", k) - whole.tex.startswith(r"\right", k)
        if depth == 0 and k and whole.tex.startswith((" + ", " - "), k):
            yield unit(whole.tex[start:k])
            start = k
    yield unit(whole.tex[start:]) if start else whole


def flowing_lines(units: Sequence[Unit], most: float) -> Iterator[str]:
    """Yield lines of units with gaps between them, as many in a line as fit `most` em."""
    line, used = "", 0.0
    for each in units:
        if line and used + each.width > most:
            yield line
            line, used = "", 0.0
        line, used = f"{line}, \\quad {each.tex}" if line else each.tex, used + each.width + 1.5 * _QUAD
    yield line


def _row(tokens: list[str], before: str) -> float:
    """Return the width of tokens, the next one last, up to the brace that closes the group; `before` stands before."""
    total = 0.0
    while tokens and tokens[-1] != "}":
        sign = tokens.pop()
        match sign:
            case "{":
                total += _group(tokens)
            case r"\frac" | r"\tfrac":
                total += max(_argument(tokens), _argument(tokens)) + 0.25
            case "^" | "_":
                total += _scripts(sign, tokens)
            case "+" | "-":
                total += _SIGN if before in ("(", "[", "=", ",", "{", r"\cdot") else _BINARY
            case _:
                total += _WIDTHS.get(sign, _OTHER)
        before = sign
    return total


def _group(tokens: list[str]) -> float:
    found = _row(tokens, "(")
    tokens.pop()
    return found


def _argument(tokens: list[str]) -> float:
    sign = tokens.pop()
    return _group(tokens) if sign == "{" else _WIDTHS.get(sign, _OTHER)


def _scripts(sign: str, tokens: list[str]) -> float:
    """Return the width of an index and an exponent: they stand above each other."""
    widths = {sign: _argument(tokens)}
    while tokens and tokens[-1] in ("^", "_"):
        other = tokens.pop()
        widths[other] = _argument(tokens)
    return _SCRIPT * max(widths.values()) + 0.06
