"""Lines wrap between words, and colours are readable on black and on white."""

import re

import pytest
from rich.color import Color
from rich.text import Text

from backprop_cli.render.terminal import page as pages
from backprop_cli.render.terminal.page import Column, Look, Page

WORDS = "  one two-three  four.five layers[0].dweights[12,34] * 0.000123456789 six seven\u4e2d\u6587 eight nine ten"


@pytest.mark.parametrize("width", [1, 2, 10, 20, 33, 60, 80, 200])
@pytest.mark.parametrize("indent", [None, 0, 12, 70])
def test_a_line_wraps_between_words_and_loses_none(width: int, indent: int | None) -> None:
    page = Page(Look(width=width))
    page.line("  one two-three  four.five ", (" ".join(WORDS.split()[3:]), "bold"), indent=indent)
    rows = page.text().splitlines()
    assert " ".join(rows).split() == WORDS.split()
    for row in rows:
        assert Text(row).cell_len <= width or len(row.split()) == 1, "only a word that is wider alone is wider"
    assert rows[0].startswith("  one")
    if width >= 20:
        hanging = min(6 if indent is None else indent, width // 2)
        assert {len(row) - len(row.lstrip()) for row in rows[1:]} <= {hanging}


def test_a_line_that_fits_is_one_row() -> None:
    page = Page(Look(width=len("exactly as wide")))
    page.line("exactly as wide")
    assert page.text() == "exactly as wide\n"


def test_without_wrapping_a_line_stays_whole() -> None:
    page = Page(Look(width=10, wraps=False))
    page.line("many words on a line of one page")
    assert page.text() == "many words on a line of one page\n"


def test_styles_go_on_after_a_break() -> None:
    page = Page(Look(width=12, color=True))
    page.line("a plain and ", ("a wrong word", "wrong"))
    rows = page.text().splitlines()
    assert [re.sub(r"\x1b\[[\d;]*m", "", row).strip() for row in rows] == ["a plain and", "a wrong", "word"]
    assert ["\x1b[38;5;161m" in row for row in rows] == [False, True, True]


def luminance(style: str) -> float:
    """Return the relative luminance of a colour as WCAG 2 defines it."""
    channels = [value / 255 for value in Color.parse(style).get_truecolor()]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("style", sorted(set(pages._STYLES.values())))
def test_a_colour_is_readable_on_black_and_on_white(style: str) -> None:
    """WCAG asks for a contrast of 3 for large text and 4.5 for small; no colour has 4.5 on both but greys near this."""
    assert (luminance(style) + 0.05) / 0.05 >= 3.9
    assert 1.05 / (luminance(style) + 0.05) >= 3.9


def test_a_word_that_is_wider_than_the_page_is_whole_in_a_table_too() -> None:
    page = Page(Look(width=10))
    page.table(["a label of many words"], [Column("heading", ["1.2345678901234"])])
    assert "a label of many words   1.2345678901234" in page.text()
