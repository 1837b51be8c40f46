"""A page of text for people, laid out piece by piece with Rich.

All text is laid out as `Text`, so that nothing a file or a user wrote is taken for markup. No digit and no column of a
table is ever cut off: one that is too wide is split into blocks of columns, as NumPy does, and the page is widened for
a column that is wider still.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_ASCII_HEAD = box.Box("\n".join(["    ", "    ", " -- ", "    ", "    ", " -- ", "    ", "    "]) + "\n", ascii=True)
_UNBOUNDED = 10**9


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a page is to look: its width in columns, colours or none, and whether it may draw lines."""

    width: int = 80
    color: bool = False
    ascii_only: bool = False


class Column(NamedTuple):
    """A column of a table: its heading, and its cells, already padded to the same width."""

    heading: str
    cells: Sequence[Text]


class Page:
    """Text as it is laid out, through a console of its own."""

    def __init__(self, look: Look) -> None:
        """Begin an empty page."""
        self._look = look
        self._file = io.StringIO()
        self._console = Console(
            file=self._file,
            width=_UNBOUNDED,  # `table` sees to the width; a console would cut what is wider
            height=100,
            force_terminal=look.color,
            color_system="standard" if look.color else None,
            no_color=not look.color,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def text(self) -> str:
        """Return the page so far, without blanks at the ends of lines."""
        lines = self._file.getvalue().rstrip("\n").split("\n")
        return "\n".join(line.rstrip() for line in lines) + "\n"

    def line(self, *parts: str | tuple[str, str]) -> None:
        """Print a line of parts, each plain or with its style."""
        self._console.print(Text.assemble(*parts), soft_wrap=True)

    def table(self, labels: Sequence[str], columns: Sequence[Column]) -> None:
        """Print a table with a label for each row, in as many blocks of columns as the width asks for."""
        widest = max(labels, key=width_of)
        base = self._width_of(widest, [])
        fitting: list[Column] = []
        used = base
        for column in columns:
            width = self._width_of(widest, [column]) - base
            if fitting and used + width > self._look.width:
                self._console.print(self._block(labels, fitting))
                fitting, used = [], base
            fitting.append(column)
            used += width
        self._console.print(self._block(labels, fitting))

    def _block(self, labels: Sequence[str], columns: Sequence[Column]) -> Table:
        table = Table(box=_ASCII_HEAD if self._look.ascii_only else box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        table.add_column(no_wrap=True)
        for column in columns:
            table.add_column(Text(column.heading, justify="right"), no_wrap=True)
        for k, label in enumerate(labels):
            table.add_row(Text(label), *(column.cells[k] for column in columns))
        return table

    def _width_of(self, label: str, columns: Sequence[Column]) -> int:
        """Return the width of a table, from one row of it: the cells of a column are all as wide."""
        table = self._block([label], [column._replace(cells=column.cells[:1]) for column in columns])
        return Measurement.get(self._console, self._console.options, table).maximum


def width_of(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return cell_len(text)
