"""Where the parts of a JSON text stand, and how they are laid out: for changes that leave the rest as it is.

The text is one that `load.json` has accepted, as it stands in the file: with its byte order mark and its line ends.
"""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from backprop_cli.core.places import layer_place

_DECODER = json.JSONDecoder(parse_int=float)  # int would refuse more than 4300 digits
_SPACE = re.compile(r"[ \t\r\n]*")
_BREAK = re.compile(r"(\r\n|\r|\n)[ \t]*\Z")
_BETWEEN_NUMBERS = re.compile(r"\d(,[ \t]*)(?=[-\d])")


class Span(NamedTuple):
    """A part of a text, `text[start:end]`."""

    start: int
    end: int


class Member(NamedTuple):
    """A member of an object."""

    key: Span
    value: Span


class Style(NamedTuple):
    """How the values of a text are written."""

    unit: str  # by which the members of an object are indented
    comma: str  # between two numbers
    colon: str  # between a key and its value


def members(text: str, at: int = 0) -> dict[str, Member]:
    """Return the members, by key and in order, of the first object that begins at `at` or after it."""
    found: dict[str, Member] = {}
    at = text.index("{", at) + 1
    while text[at := _after_space(text, at)] != "}":
        if text[at] == ",":
            at = _after_space(text, at + 1)
        name, end = _DECODER.raw_decode(text, at)
        value = _value(text, _after_space(text, end) + 1)
        found[name], at = Member(Span(at, end), value), value.end
    return found


def items(text: str, at: int) -> Iterator[Span]:
    """Yield the items of the list that begins at `at`."""
    at += 1
    while text[at := _after_space(text, at)] != "]":
        item = _value(text, at + (text[at] == ","))
        yield item
        at = item.end


def leaves(text: str, at: int) -> dict[str, Member]:
    """Return the quantities in the object that begins at `at`, by place: `loss`, `layers[0].dz`."""
    found = members(text, at)
    if (layers := found.pop("layers", None)) is not None:
        for i, layer in enumerate(items(text, layers.value.start)):
            found |= {layer_place(i, name): member for name, member in members(text, layer.start).items()}
    return found


def numbers(text: str, span: Span) -> list[Span]:
    """Return where the numbers and nulls stand in a list of numbers, a list of such lists, or a number, in order."""
    return [Span(*found.span()) for found in re.compile(r"[^\s\[\],]+").finditer(text, *span)]


def style(text: str, member: Member) -> Style:
    """Return how values are written, for a text with a first member."""
    colon = text[member.key.end : member.value.start]
    colon = ": " if "\n" in colon or "\r" in colon else colon
    between = _BETWEEN_NUMBERS.search(text)
    comma = between[1] if between else "," + colon.partition(":")[2]
    line = line_before(text, member)
    return Style(line.lstrip("\r\n") if line else "  ", comma, colon)


def line_before(text: str, member: Member) -> str:
    """Return the line break and the indent before a key, or nothing where it does not begin its line."""
    at = member.key.start
    start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at), 1) - 1  # of \r\n, or the character before
    found = _BREAK.search(text[start:at])
    return found[0] if found else ""


def _value(text: str, at: int) -> Span:
    start = _after_space(text, at)
    return Span(start, _DECODER.raw_decode(text, start)[1])


def _after_space(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches everywhere, if nothing
