"""A drawing in plain shapes and texts, which `render.svg` and `render.tikz` write; and how wide a text is.

Lengths are in pixels; x grows to the right and y downwards.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = ["SIZES", "Box", "Curve", "Drawing", "Item", "Role", "Text", "fitted", "text_width", "wrapped"]

Role: TypeAlias = Literal["title", "heading", "function", "name", "value", "gradient", "note"]
Kind: TypeAlias = Literal["edge", "unit", "plain"]

SIZES: dict[Role, float] = {
    "title": 15,
    "heading": 12.5,
    "function": 11,
    "name": 10,
    "value": 11,
    "gradient": 11,
    "note": 11,
}
# Widths in DejaVu Sans, in em: it is wider than Helvetica, Arial, Liberation Sans and Roboto. Bold is wider still.
_WIDTHS = {
    "'": 0.28,
    "ijl": 0.28,
    "|I.,:; /": 0.34,
    "()[]-ft": 0.4,
    'r"': 0.46,
    "+=<>\N{MINUS SIGN}": 0.84,
    "mwMWQO@%": 1.0,
}
_WIDTH_OF = {character: width for characters, width in _WIDTHS.items() for character in characters}
_BOLD = {"title": 1.12, "heading": 1.12}


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text on its base line."""

    x: float
    y: float
    text: str
    role: Role
    anchor: Literal["start", "middle", "end"] = "middle"
    entry: str | None = None  # the name of the entry that the text is the number of

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The rectangle that the text is inside of: left, top, right, bottom."""
        size, width = SIZES[self.role], text_width(self.text, self.role)
        left = self.x - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return (left, self.y - 0.8 * size, left + width, self.y + 0.25 * size)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A line from the first point (x, y); each other one ends a straight part (x, y) or a Bezier curve (6 numbers)."""

    points: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle with round corners, about its centre; a circle if the radius is half of its sides."""

    x: float
    y: float
    width: float
    height: float
    radius: float


@dataclass(frozen=True, kw_only=True)
class Item:
    """Shapes and texts that belong together."""

    kind: Kind = "plain"
    about: tuple[str, ...] = ()  # lines of explanation, for a reader who asks
    inactive: bool = False
    curves: tuple[Curve, ...] = ()
    boxes: tuple[Box, ...] = ()
    texts: tuple[Text, ...] = ()


@dataclass(kw_only=True)
class Drawing:
    """A drawing, with the items in the order in which they are drawn."""

    width: float
    height: float = 0
    title: str
    description: str
    items: list[Item] = field(default_factory=list)

    @property
    def texts(self) -> tuple[Text, ...]:
        """All texts."""
        return tuple(text for item in self.items for text in item.texts)


def text_width(text: str, role: Role) -> float:
    """Return a width that a text does not exceed in the usual fonts without serifs."""
    return sum(map(_em, text)) * SIZES[role] * _BOLD.get(role, 1)


def _em(character: str) -> float:
    if character in _WIDTH_OF:
        return _WIDTH_OF[character]
    if character.isdigit() and character.isascii():
        return 0.64
    if character.isascii():
        return 0.79 if character.isupper() else 0.66
    return 1.1


def fitted(text: str, role: Role, width: float) -> str:
    """Return a text, shortened with three dots if it is wider than `width`.

    >>> fitted("neuron 0", "name", 60), fitted("a name that is long", "name", 60)
    ('neuron 0', 'a name t...')
    """
    if text_width(text, role) <= width:
        return text
    while text and text_width(f"{text}...", role) > width:
        text = text[:-1]
    return f"{text.rstrip()}..."


def wrapped(text: str, role: Role, width: float) -> list[str]:
    """Return the lines of a text that is wrapped between words."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and text_width(f"{lines[-1]} {word}", role) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
