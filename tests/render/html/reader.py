"""Reads a page back: its elements, matrices and terms."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_ALONE = {"meta", "link", "img", "br", "hr", "input", "mspace", "path", "rect", "circle", "line"}
# What an open element ends before, as the standard says; cells and rows of `terms` have no end tags.
_ENDS = {"td": ("td", "tr"), "th": ("th", "tbody"), "tr": ("tr", "tbody"), "thead": ("tbody",), "tbody": ()}


@dataclass
class Element:
    """An element with its attributes, and the texts and elements in it."""

    tag: str
    attributes: dict[str, str]
    children: list["Element | str"] = field(default_factory=list)

    def all(self, tag: str = "", css: str = "") -> Iterator["Element"]:
        """Yield the elements inside, with a tag and a class."""
        waiting = self.children[::-1]
        while waiting:
            child = waiting.pop()
            if isinstance(child, Element):
                if tag in ("", child.tag) and css in ("", *child.attributes.get("class", "").split()):
                    yield child
                waiting += child.children[::-1]

    def one(self, tag: str = "", css: str = "") -> "Element":
        """Return the only such element."""
        (found,) = self.all(tag, css)
        return found

    @property
    def text(self) -> str:
        """All text inside, with a hyphen for a minus sign."""
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        return "".join(parts).replace("\N{MINUS SIGN}", "-").strip("\n")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while tag in _ENDS.get(self.open[-1].tag, ()):
            self.open.pop()
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in _ALONE:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in _ALONE:
            return
        while self.open[-1].tag in _ENDS and self.open[-1].tag != tag:
            self.open.pop()
        assert self.open[-1].tag == tag, f"</{tag}> ends {self.open[-1]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def page(text: str) -> Element:
    """Return a page as a tree, its formulas without their parts; each element has to end as the standard says."""
    reader = _Reader()
    reader.feed(re.sub("(<math[^>]*>).*?(</math>)", r"\1\2", text))
    reader.close()
    assert len(reader.open) == 1, f"{reader.open[-1].tag} has no end"
    return reader.open[0]


def with_id(root: Element, name: str) -> Element:
    """Return the element with an id."""
    (found,) = (each for each in root.all() if each.attributes.get("id") == name)
    return found


def matrix(table: Element) -> list[list[str]]:
    """Return the texts of a matrix, row by row."""
    return [[cell.text for cell in row.all("td")] for row in table.one("tbody").all("tr")]


def terms(entry: Element) -> list[list[str]]:
    """Return the terms of an entry: the names, the numbers, the value, and the sum so far where there are several."""
    rows = [list(row.all("td")) for table in entry.all("table") for row in table.one("tbody").all("tr")]
    for line in entry.all("p", "term"):
        names, *others, value = line.text.replace(" (inactive)", "").split(" = ")
        return [[names, *(others or [""]), value]]
    found = []
    for words, *numbers in rows:
        names, _, figures = words.text.removesuffix(" (inactive)").partition(" = ")
        found.append([names, figures, *(number.text for number in numbers)])
    return found
