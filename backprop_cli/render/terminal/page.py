"""A page of text for people, laid out with Rich.

Every text is a `Text`, so that Rich never takes what a file or a user wrote for markup. Lines wrap between words, never
inside one. Tables lose no digit and no column: a table that is too wide is split into blocks of columns, as in NumPy; a
word or a column that is wider still makes the page wider.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from backprop_cli.messages import clean

_ASCII_HEAD = box.Box("\n".join(["    ", "    ", " -- ", "    ", "    ", " -- ", "    ", "    "]) + "\n", ascii=True)
_UNBOUNDED = 10**9
_BETWEEN = 3  # columns of the terminal between two columns of a table
# Colours of about the same contrast, 4 to 5, on black and on white. No meaning is told by colour alone.
_STYLES = {
    "wrong": "color(161)",
    "right": "color(28)",
    "open": "color(130)",
    "negative": "color(161)",
    "positive": "color(28)",
    "inactive": "color(243)",
    "legend": "color(243)",
}


@dataclass(frozen=True, kw_only=True)
class Look:
    """The look of a page."""

    width: int = 80  # in columns of the terminal
    wraps: bool = True  # lines at that width; else only tables are split
    color: bool = False
    ascii_only: bool = False  # no box-drawing characters


class Column(NamedTuple):
    """A column of a table; cells are right-aligned."""

    heading: str
    cells: Sequence[str]
    styles: Sequence[str] = ()  # one for each cell, or none

    @property
    def width(self) -> int:
        """The width on the terminal."""
        return max(map(cell_len, [self.heading, *self.cells]))


class Page:
    """The text of one page; a Rich console of its own lays it out."""

    def __init__(self, look: Look, title: str | None = None) -> None:
        """Begin a page, with a title if there is one."""
        self._look = look
        self._file = io.StringIO()
        self._console = Console(
            file=self._file,
            width=_UNBOUNDED,  # `table` splits wide tables; a console would cut them off
            height=100,
            force_terminal=look.color,
            color_system="256" if look.color else None,
            theme=Theme(_STYLES),
            no_color=not look.color,
            legacy_windows=False,
        )
        if title:
            self.line((clean(title), "bold"))
            self.line()

    def text(self) -> str:
        """Return the page so far, without blanks at the ends of lines."""
        lines = self._file.getvalue().rstrip("\n").split("\n")
        return "\n".join(line.rstrip() for line in lines) + "\n"

    def line(self, *parts: str | tuple[str, str], indent: int | None = None) -> None:
        """Print a line of parts, each plain or with its style, and wrap it under `indent` (or its own, and 4 more)."""
        text = Text.assemble(*parts)
        own = len(text.plain) - len(text.plain.lstrip()) + 4
        hanging = " " * min(own if indent is None else indent, self._look.width // 2)
        for number, row in enumerate(self._rows(text, len(hanging))):
            self._console.print(Text.assemble(hanging if number else "", row), soft_wrap=True)

    def _rows(self, text: Text, indent: int) -> Iterator[Text]:
        """Yield the rows of a text, the first as wide as the page, the others narrower by the indent."""
        start, width = 0, self._look.width if self._look.wraps else _UNBOUNDED
        for word in re.finditer(r"\S+", text.plain):
            row = text.plain[start : word.start()]
            if row.strip() and cell_len(text.plain[start : word.end()]) > width:
                yield text[start : word.start()]
                start, width = word.start(), self._look.width - indent
        yield text[start:]

    def not_computed(self, needs: Mapping[str, str]) -> None:
        """Print what each quantity that was not computed needs, by place."""
        if needs:
            self.line(("not computed", "bold"))
        for place, needed in needs.items():
            self.line(f"  {place} needs {needed}")

    def fits(self, labels: Sequence[str], columns: Sequence[Column], *, whole: bool) -> bool:
        """Tell whether a table fits the width of the page, or, if not as a `whole`, each column with the labels."""
        widths = [_BETWEEN + column.width for column in columns]
        return max(map(cell_len, labels)) + (sum(widths) if whole else max(widths)) <= self._look.width

    def table(self, labels: Sequence[str], columns: Sequence[Column]) -> None:
        """Print a table with a label for each row, in blocks of columns that fit the width of the page."""
        base = max(map(cell_len, labels))
        block: list[Column] = []
        used = base
        for column in columns:
            width = _BETWEEN + column.width
            if block and used + width > self._look.width:
                self._block(labels, block)
                block, used = [], base
            block.append(column)
            used += width
        self._block(labels, block)

    def _block(self, labels: Sequence[str], columns: Sequence[Column]) -> None:
        table = Table(box=_ASCII_HEAD if self._look.ascii_only else box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        table.add_column(no_wrap=True)
        cells = [list(map(Text, labels))]
        for column in columns:
            table.add_column(Text(column.heading, justify="right"), no_wrap=True)
            width, styles = column.width, column.styles or [""] * len(labels)
            cells.append([Text(cell.rjust(width), style) for cell, style in zip(column.cells, styles, strict=True)])
        for row in zip(*cells, strict=True):
            table.add_row(*row)
        self._console.print(table)
