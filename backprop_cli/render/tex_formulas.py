"""Formulas in the words of problem files as TeX: `max({0}, 0)` with a number, `sigmoid(z) = 1 / (1 + exp(-z))`."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from backprop_cli.core.activations import ACTIVATIONS, activation
from backprop_cli.explanations.writer import LETTERS

__all__ = ["filled", "from_words", "product"]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d[\d.]*(?:e[-+]?\d+)?)|\{(?P<slot>\d)\}|(?P<sum>sum over (?:\w+ )?(?P<axis>\w) of )"
    r"|(?:layers\[(?P<layer>\d+)\]\.)?(?P<name>[a-z_]+)(?P<prime>'?)(?:\[(?P<index>[a-z0-9:,]+)\])?|\[(?P<of>[a-z0-9]+)\]|(?P<sign>[-+*/^(),|]))"
)
_FUNCTIONS = {"max": r"\max", "min": r"\min", "log": r"\log", "erf": r"\operatorname{erf}", "sign": r"\mathrm{sign}"}


class _Tex(NamedTuple):
    """A part of a formula in TeX."""

    text: str
    level: int = 3  # 0: a sum, 1: a product or a sign, 2: a fraction or a power of e, 3: a letter, a number, brackets

    def at(self, level: int) -> str:
        """Return the text, in brackets where its operators bind less than those of a level."""
        is_bare = self.level >= level and not (level and self.text.startswith("-"))
        return self.text if is_bare else f"({self.text})"


def from_words(text: str) -> str:
    r"""Return an equation, or a formula, in the words of problem files as TeX.

    Raises:
        ValueError: It is no formula.

    >>> from_words("sigmoid(z) = 1 / (1 + exp(-z))")
    '\\sigma(z) = \\frac{1}{1 + e^{-z}}'
    """
    for sign, tex in ((" = ", " = "), (", else ", r", \text{ else } "), (" if ", r" \text{ if } "), (" > ", " > ")):
        if sign in text:
            return tex.join(map(from_words, text.split(sign)))
    return _Reader(text, ()).whole()


def filled(function: str, values: Sequence[str]) -> str:
    r"""Return a function of some numbers in TeX, for the places {0}, {1} in it.

    >>> filled("-{1} * log({0}) + {0}", ["-2", "-1"])
    '-(-1) \\cdot \\log(-2) + (-2)'
    """
    return _Reader(function, values).whole()


def product(values: Sequence[str], *, subtracted: bool = False) -> str:
    r"""Return a product of numbers in TeX, or minus that.

    >>> product(["-1", "2", "-3"])
    '-1 \\cdot 2 \\cdot (-3)'
    """
    first, *others = values
    begin = "-" + _Tex(first).at(1) if subtracted else first
    return r" \cdot ".join([begin, *(_Tex(value).at(1) for value in others)])


class _Reader:
    """Reads a formula by recursive descent."""

    def __init__(self, text: str, values: Sequence[str]) -> None:
        self._tokens: list[re.Match[str]] = []
        self._values = values
        end = 0
        while end < len(text):
            found = _TOKEN.match(text, end)
            if found is None:
                raise ValueError(f"no formula: {text}")
            self._tokens.append(found)
            end = found.end()
        self._tokens.reverse()

    def whole(self) -> str:
        found = self._sum()
        if self._tokens:
            raise ValueError("more than a formula")
        return found.text

    def _takes(self, signs: str) -> str:
        """Return the next token and pass over it if it is one of some signs, else nothing."""
        sign = self._tokens[-1]["sign"] if self._tokens else None
        return str(self._tokens.pop()["sign"]) if sign and sign in signs else ""

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise ValueError(f"{sign} is missing")

    def _sum(self) -> _Tex:
        found = self._product()
        while sign := self._takes("+-"):
            found = _Tex(f"{found.text} {sign} {self._product().at(1)}", 0)
        return found

    def _product(self) -> _Tex:
        minus, found = self._takes("-"), self._power()
        while sign := self._takes("*/"):
            other = self._power()
            if sign == "/":
                found = _Tex(rf"\frac{{{found.text}}}{{{other.text}}}", 2)
            else:
                left = found.at(1) if minus or not found.level else found.text
                found = _Tex(rf"{left} \cdot {other.at(1)}", 1)
        return _Tex("-" + found.at(1), 1) if minus else found

    def _power(self) -> _Tex:
        found = self._atom()
        if self._takes("^"):
            return _Tex(f"{found.at(3)}^{{{self._atom().text}}}")
        return found

    def _atom(self) -> _Tex:
        if self._takes("("):
            found = self._sum()
            self._expect(")")
            return found
        if self._takes("|"):
            found = self._sum()
            self._expect("|")
            return _Tex(f"|{found.text}|")
        if not self._tokens:
            raise ValueError("the formula ends too early")
        token = self._tokens.pop()
        if token["slot"]:
            value = self._values[int(token["slot"])]
            return _Tex(value, 1 if r"\times" in value else 3)
        if token["sum"]:
            return _Tex(rf"\sum_{{{token['axis']}}} {self._product().at(1)}", 0)
        if token["number"]:
            return _Tex(token["number"])
        if token["sign"] or token["of"]:
            raise ValueError("an operator without a number before it")
        return self._call(token) if self._takes("(") else _letter(token)

    def _call(self, token: re.Match[str]) -> _Tex:
        name, arguments = token["name"], [self._sum()]
        while self._takes(","):
            arguments.append(self._sum())
        self._expect(")")
        texts = [argument.text for argument in arguments]
        if self._tokens and self._tokens[-1]["of"]:
            return _Tex(rf"\operatorname{{{name}}}({texts[0]})_{{{self._tokens.pop()['of']}}}")
        if name == "exp":
            return _Tex(f"e^{{{texts[0]}}}", 2)
        if name == "sqrt":
            return _Tex(rf"\sqrt{{{texts[0]}}}")
        if name in ACTIVATIONS:
            f = activation(f"{name}({texts[1]})" if len(texts) > 1 else name)
            return _Tex((f.derivative_tex if token["prime"] else f.value_tex).format(z=texts[0]))
        if name not in _FUNCTIONS:
            raise ValueError(f"{name} is no function")
        return _Tex(f"{_FUNCTIONS[name]}({', '.join(texts)})")


def _letter(token: re.Match[str]) -> _Tex:
    """Return the letter of an entry: `y^{(1)}_{0,2}` for `layers[1].outputs[0,2]`."""
    name = token["name"]
    if name == "pi":
        return _Tex(r"\pi")
    if name not in LETTERS or token["prime"]:
        raise ValueError(f"{name} has no letter")
    layer = f"^{{({token['layer']})}}" if token["layer"] else ""
    index = f"_{{{token['index'].replace(':', chr(92) + 'cdot')}}}" if token["index"] else ""
    return _Tex(LETTERS[name] + layer + index)
