r"""Formulas in MathML, from the TeX that `core` and `explanations` write.

This is no TeX: it reads letters, numbers, signs, scripts, fractions, brackets, texts, two cases, and the names below.
"""

import re
from collections.abc import Callable, Sequence
from html import escape

__all__ = ["mathml"]

_WORD = re.compile(r"\\[a-zA-Z]+|\\.|[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?|\S|\s+", re.ASCII)
_LETTERS = {r"\partial": "∂", r"\eta": "η", r"\sigma": "\N{GREEK SMALL LETTER SIGMA}", r"\top": "\N{DOWN TACK}"}
_SIGNS = {r"\cdot": "⋅", r"\odot": "⊙", r"\le": "≤", "-": "\N{MINUS SIGN}"}
_FUNCTIONS = (r"\max", r"\min", r"\log", r"\tanh", r"\exp")
_FENCES = {"(": "prefix", "[": "prefix", ")": "postfix", "]": "postfix", "|": "prefix"}
_BEFORE_A_SIGN = ("", *"(,[=-", r"\sum", r"\cdot", r"\odot", r"\,")  # a minus after these has one operand
_THIN = '<mspace width=".17em"/>'


def mathml(tex: str, *, display: bool = False) -> str:
    """Return a formula as an element of HTML, on a line of its own if `display`.

    >>> mathml("W_{0} + 1")
    '<math><msub><mi>W</mi><mn>0</mn></msub><mo>+</mo><mn>1</mn></math>'
    """
    return ('<math display="block">' if display else "<math>") + f"{_Reader(tex).row()}</math>"


class _Reader:
    """Reads TeX from left to right."""

    def __init__(self, tex: str) -> None:
        self._words: list[str] = _WORD.findall(tex)
        self._at = 0

    def row(self, *ends: str) -> str:
        """Return what stands before one of some words, or before the end; the word itself is read, too."""
        found: list[str] = []
        before, in_bars = "", False
        while self._at < len(self._words):
            word = self._next()
            if word in ends:
                break
            if word == "|":
                in_bars = not in_bars
                found.append(self._with_scripts(word, is_prefix=in_bars))
                before = "(" if in_bars else ")"
            elif not word.isspace():
                found.append(self._with_scripts(word, is_prefix=before in _BEFORE_A_SIGN))
                before = word
        return "".join(found)

    def _next(self) -> str:
        self._at += 1
        return self._words[self._at - 1]

    def _peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _with_scripts(self, word: str, *, is_prefix: bool) -> str:
        base = self._atom(word, is_prefix=is_prefix)
        scripts: dict[str, str] = {}
        while self._peek() in ("^", "_", "'"):
            sign = self._next()
            script = "<mo>\N{PRIME}</mo>" if sign == "'" else self._group()
            place = "_" if sign == "_" else "^"
            scripts[place] = scripts.get(place, "") + script
        below, above = (_one(scripts.get(place, "")) for place in "_^")
        if word == r"\sum" and below:
            return f"<munder>{base}{below}</munder>"
        if below and above:
            return f"<msubsup>{base}{below}{above}</msubsup>"
        if below or above:
            tag = "msub" if below else "msup"
            return f"<{tag}>{base}{below or above}</{tag}>"
        return base + _THIN * (word in _FUNCTIONS and self._is_argument())

    def _is_argument(self) -> bool:
        rest: Sequence[str] = [word for word in self._words[self._at : self._at + 2] if not word.isspace()]
        return bool(rest) and rest[0] not in ("(", r"\left")

    def _group(self) -> str:
        """Return the next group in braces, or the next word."""
        word = self._next()
        while word.isspace():
            word = self._next()
        return self.row("}") if word == "{" else self._atom(word, is_prefix=True)

    def _text(self) -> str:
        """Return the text in the next braces."""
        self._next()
        start = self._at
        while self._next() != "}":
            pass
        return "".join(self._words[start : self._at - 1])

    def _atom(self, word: str, *, is_prefix: bool) -> str:
        if word in _BUILT:
            return _BUILT[word](self)
        if word in _FENCES:
            form = _FENCES[word] if word != "|" or is_prefix else "postfix"
            return f'<mo form="{form}" stretchy="false">{word}</mo>'
        if word[0].isdigit():
            return f"<mn>{word}</mn>"
        if word.isalpha() or word in _LETTERS:
            return f"<mi>{_LETTERS.get(word, word)}</mi>"
        if word in _FUNCTIONS:
            return f"<mi>{word[1:]}</mi>"
        sign = _SIGNS[word] if word.startswith("\\") else _SIGNS.get(word, word)
        start = '<mo form="prefix">' if is_prefix and word == "-" else "<mo>"
        return f"{start}{escape(sign)}</mo>"

    def _fraction(self) -> str:
        return f"<mfrac>{_one(self._group())}{_one(self._group())}</mfrac>"

    def _brackets(self) -> str:
        opening = self._next()
        inner = self.row(r"\right")
        return f"<mrow><mo>{opening}</mo>{inner}<mo>{self._next()}</mo></mrow>"

    def _cases(self) -> str:
        self._text()
        rows = []
        while True:
            cells = [self.row("&"), self.row(r"\\", r"\end")]
            rows.append("".join(f'<mtd style="text-align:left">{cell}</mtd>' for cell in cells))
            if self._words[self._at - 1] == r"\end":
                break
        self._text()
        table = "".join(f"<mtr>{row}</mtr>" for row in rows)
        return f"<mrow><mo>{{</mo><mtable>{table}</mtable></mrow>"


_BUILT: dict[str, Callable[[_Reader], str]] = {
    "{": lambda reader: f"<mrow>{reader.row('}')}</mrow>",
    r"\,": lambda _: _THIN,
    r"\sum": lambda _: "<mo>∑</mo>",
    r"\frac": _Reader._fraction,
    r"\left": _Reader._brackets,
    r"\begin": _Reader._cases,
    r"\text": lambda reader: f"<mtext>{escape(reader._text()).replace(' ', chr(160))}</mtext>",
    r"\mathrm": lambda reader: f"<mi>{escape(reader._text())}</mi>",
    r"\operatorname": lambda reader: f"<mi>{escape(reader._text())}</mi>",
}


def _one(found: str) -> str:
    """Return elements as one; `found` itself if it is one, or empty."""
    tags = re.findall(r"<(/?)[a-z]+[^>]*?(/?)>", found)
    depth = n = 0
    for closing, alone in tags:
        n += depth == 0 and not closing
        depth += 0 if alone else -1 if closing else 1
    return found if n <= 1 else f"<mrow>{found}</mrow>"
