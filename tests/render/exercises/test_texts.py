"""Titles and sources come from anybody: on sheets and keys they are texts, and pages stay well formed."""

import re
from dataclasses import replace

import pytest

from backprop_cli.exercises.exercise import Exercise
from backprop_cli.render.exercises import html, latex, markdown
from tests.any_problem import any_problem
from tests.render.compiler import Compile, article, needs_pdflatex
from tests.render.exercises.builder import NETWORK, SEVERAL, exercise, shown_of, wide
from tests.render.html.reader import page
from tests.render.tex import faults

HOSTILE = (
    "$ \\ { } _ % # & ~ ^ \" ' ` < > | -- --- <script>alert(1)</script></style> &copy; ~~a~~ [a](b) ![c](d) ]]>"
    " \x1b[2J \x00 \u202e \u2028 \\input{/etc/passwd} \\end{document} Łódź αβ∂ " + "x" * 200
)
ESCAPED = HOSTILE.translate({0x1B: "\\x1b", 0: "\\x00", 0x202E: "\\u202e", 0x2028: "\\u2028"})
PROBLEMS = [exercise(NETWORK, title=HOSTILE, source=HOSTILE, statement=(HOSTILE,)), exercise(NETWORK, title=HOSTILE)]


@pytest.mark.parametrize("n", [1, 2])
def test_markdown_has_no_markup_of_a_text(n: int) -> None:
    for text in (markdown.sheets(PROBLEMS[:n]), markdown.keys(PROBLEMS, None, 20)):
        assert not re.search("[\x00-\x09\x0b-\x1f\u202e\u2028]", text)
        for line in re.findall(r"^(?:##? |Source: |- )(.*etc/passwd.*)$", text, re.MULTILINE):
            assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", line) == ESCAPED
            assert not re.search(r"(?<!\\)(?:\\\\)*[`*_{}\[\]<>#|$&~]", line)


def test_html_has_no_elements_of_a_text() -> None:
    for text in (html.sheets(PROBLEMS), html.keys(PROBLEMS, list(map(shown_of, PROBLEMS)), None)):
        assert text.isascii()
        root = page(text)
        assert not list(root.all("script"))
        assert [title.text.replace("-", "\N{MINUS SIGN}") for title in root.all("h1")] == [
            ESCAPED.replace("-", "\N{MINUS SIGN}")
        ] * 2
    assert page(html.sheets(PROBLEMS[:1])).one("title").text == ESCAPED
    assert page(html.sheets(PROBLEMS[:1])).one("ul", "statement").text == ESCAPED


@pytest.mark.parametrize("made", [*SEVERAL, *PROBLEMS], ids=lambda made: made.title[:9])
def test_latex_is_well_formed(made: Exercise) -> None:
    for standalone in (False, True):
        text = latex.sheets([made, made], standalone=standalone)
        assert faults(text) == []
        assert text.startswith(r"\documentclass" if standalone else r"\begingroup")
        assert text.endswith("\\end{document}\n" if standalone else "\\endgroup\n")
        assert text.count(r"\clearpage") == 1
        assert faults(latex.keys([made, made], None, 20, standalone=standalone)) == []


def test_a_page_needs_nothing_else() -> None:
    """A policy forbids scripts and requests, and there are none."""
    for text in (html.sheets(SEVERAL), html.keys(SEVERAL, list(map(shown_of, SEVERAL)), None)):
        assert "default-src 'none'" in text
        assert not re.search(
            r"<(?:script|link|img|iframe)|\bon\w+=|\bsrc=|@import|url\(|https?:(?!//www\.w3\.org)", text
        )
        root = page(text)
        assert len(list(root.all("article"))) == len(SEVERAL)
        names = [each.attributes["id"] for each in root.all() if "id" in each.attributes]
        assert len(names) == len(set(names))


@needs_pdflatex
def test_sheets_compile(compiles: Compile) -> None:
    every = [*SEVERAL, *PROBLEMS, exercise(wide(35, 3, 1)), exercise(wide(2, 40, 2))]
    assert compiles(latex.sheets(every, standalone=True)) >= len(every)
    assert compiles(article(latex.sheets(every, standalone=False), 12)) >= len(every)


@needs_pdflatex
def test_each_sheet_begins_on_a_page(compiles: Compile) -> None:
    small = [exercise(any_problem(7), title=f"Variant {k}") for k in range(5)]
    assert compiles(latex.sheets(small, standalone=True)) == 5
    assert compiles(article(latex.sheets(small, standalone=False), 12)) == 5


@needs_pdflatex
def test_keys_compile(compiles: Compile) -> None:
    assert compiles(latex.keys(SEVERAL[:4], None, 20, standalone=True)) >= 4
    compiles(article(latex.keys([*SEVERAL[:2], *PROBLEMS], None, 20, standalone=False), 12))
    long = [replace(SEVERAL[0], digits=15), replace(exercise(wide(2, 8, 16, 4)), digits=12)]
    assert compiles(latex.keys(long, None, 20, standalone=True)) >= 2
    compiles(article(latex.keys(long, None, 20, standalone=False), 12))
