"""Reads Markdown as GitHub does (GitHub Flavored Markdown), strictly: what could be markup and is not is an error."""

import re
from html import unescape
from typing import NamedTuple

_TOKEN = re.compile(
    r"""\\(?P<escaped>[!-/:-@[-`{-~])
    |(?P<ticks>`+)(?P<code>(?:(?!(?<!`)(?P=ticks)(?!`)).)+)(?<!`)(?P=ticks)(?!`)
    |<code>(?P<html>[^<`]*)</code>
    |(?P<bold>\*\*)
    |(?P<plain>.)""",
    re.DOTALL | re.VERBOSE,
)


class Table(NamedTuple):
    heads: list[str]
    rows: list[list[str]]
    bold: list[bool]  # whether the first cell of a row is


class Page(NamedTuple):
    headings: list[str]
    tables: list[Table]
    paragraphs: list[str]


def read(text: str) -> Page:
    """Return the headings, tables and paragraphs of a page as plain text."""
    page = Page([], [], [])
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    for block in text[:-1].split("\n\n"):
        assert block.strip()
        if block.startswith("|"):
            page.tables.append(_table(block.split("\n")))
        else:
            assert "\n" not in block
            heading = re.match("#{2,3} ", block)
            (page.headings if heading else page.paragraphs).append(plain(block[heading.end() if heading else 0 :]))
    return page


def _table(lines: list[str]) -> Table:
    heads, dashes, *rows = map(_cells, lines)
    assert all(re.fullmatch("---:?", cell) for cell in dashes)
    assert {len(row) for row in (heads, dashes, *rows)} == {len(heads)}
    bold = [row[0].startswith("**") for row in rows]
    return Table([plain(cell) for cell in heads], [[plain(cell) for cell in row] for row in rows], bold)


def _cells(line: str) -> list[str]:
    """Return the cells of a row: a pipe ends one, also in code, unless a backslash stands before it."""
    assert line.startswith("|")
    assert line.endswith("|")
    cells = re.split(r"(?<!\\)\|", line[1:-1])
    return [cell.strip().replace(r"\|", "|") if "`" in cell else cell.strip() for cell in cells]


def plain(text: str) -> str:
    """Return the text of one line."""
    parts = []
    for found in _TOKEN.finditer(text):
        if found["code"] is not None:
            parts.append(found["code"])
        elif found["html"] is not None:
            parts.append(unescape(found["html"]))
        elif found["escaped"] or found["plain"]:
            parts.append(found["escaped"] or found["plain"])
        if found["plain"]:
            before, after = text[: found.start()][-1:], text[found.end() :][:1]
            is_inside = bool(re.match(r"\w", before) and re.match(r"\w", after))
            assert found["plain"] not in r"`<>*~$|&\@#" or (found["plain"] == "_" and is_inside), text
            assert found["plain"] != "_" or is_inside, text
    assert sum(found["bold"] is not None for found in _TOKEN.finditer(text)) % 2 == 0, text
    return "".join(parts)
