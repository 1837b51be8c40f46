"""Texts and numbers in HTML."""

import re
from html import escape
from typing import Any, NamedTuple

from backprop_cli.messages import clean
from backprop_cli.render.numbers import number

__all__ = ["Links", "code", "entry_links", "figure", "formula_text", "safe"]

_ENTRY = re.compile(r"(?:layers\[\d+\]\.)?\w[\w./-]*(?:\[\d+(?:,\d+)?\])?")


class Links(NamedTuple):
    """The entries that are explained on a page, to which their names lead."""

    entries: frozenset[str]
    prefix: str = ""  # of every id, so that several problems can stand on a page

    def without(self, entry: str) -> "Links":
        """Return the links of the section of an entry, which does not lead to itself."""
        return self._replace(entries=self.entries - {entry})


def safe(text: str) -> str:
    """Return a text of a file as text of HTML, also inside quotes; control characters are shown as escapes."""
    return escape(clean(text))


def code(text: str) -> str:
    """Return words of the files in the font of code."""
    return f"<code>{safe(text)}</code>"


def figure(value: Any, precision: int | None) -> str:
    """Return a number with a minus sign."""
    return minus(number(value, precision))


def minus(text: str) -> str:
    """Return the text of a number with a minus sign in place of a hyphen."""
    return text.replace("-", "\N{MINUS SIGN}")


def formula_text(text: str) -> str:
    """Return a calculation in numbers with the signs of print: `2 * -1` with a cross and a minus sign."""
    return safe(text).replace(" * ", " \N{MULTIPLICATION SIGN} ").replace("-", "\N{MINUS SIGN}")


def entry_links(text: str, links: Links) -> str:
    """Return words of the files in which entries are links to where they are explained."""

    def link(found: re.Match[str]) -> str:
        return f'<a href="#{links.prefix}{found[0]}">{found[0]}</a>' if found[0] in links.entries else found[0]

    return f"<code>{_ENTRY.sub(link, safe(text))}</code>"
