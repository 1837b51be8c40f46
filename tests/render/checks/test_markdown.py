"""The report as GitHub shows it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from backprop_cli.checks.verdict import Verdict
from backprop_cli.errors import InputError
from backprop_cli.messages import clean
from backprop_cli.render.checks.markdown import report
from tests.render.checks.gfm import plain, read
from tests.render.checks.verdicts import HOSTILE, VERDICTS, WRONG

KINDS = ("ok", "wrong", "wrong gradients", "open", "empty", "error elsewhere", "error")


@pytest.mark.parametrize(
    ("text", "shown"),
    [(r"a\*b\_", "a*b_"), ("`a*` **b**", "a* b"), ("n_samples", "n_samples"), ("<code>&#96;&#64;</code>", "`@")],
)
def test_the_reader_takes_text(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize("text", ["a*b", "_a", "<b>", "a ` b", "@a", "**a", "&lt;", "x|y"])
def test_the_reader_refuses_markup(text: str) -> None:
    with pytest.raises(AssertionError):
        plain(text)


def test_a_page_has_a_table_of_problems_and_the_details_of_those_that_are_wrong() -> None:
    found = [replace(VERDICTS[kind], file=f"{kind}.json") for kind in KINDS]
    page = read(report(found))
    assert page.headings == [
        "backprop check: 7 problems: 1 passed, 2 failed, 1 open, 1 tested nothing, 2 could not be checked",
        "wrong.json",
        "wrong gradients.json",
    ]
    problems, entries, slopes = page.tables
    assert problems.heads == ["", "problem", "found"]
    assert [row[0].partition(" ")[2] for row in problems.rows] == ["ok", "FAIL", "FAIL", "OPEN", "EMPTY"] + [
        "error"
    ] * 2
    assert [row[1] for row in problems.rows] == [f"{kind}.json" for kind in KINDS]
    assert [row[2] for row in problems.rows][-2:] == [
        "golden.csv:3:2: no numbers in it",
        "p.json: layers[0]: unknown key 'wieghts' (hint: did you mean 'weights'?)",
    ]
    assert entries.heads == ["", "yours", "correct", "difference", "relative", "allowed"]
    assert entries.rows == [
        ["dweights[0,0]", "2", "4", "2", "0.5", "1e-07"],
        ["dweights[0,1]", "2", "5", "3", "0.6", "1e-07"],
        ["dweights[0,2]", "2", "6", "4", "0.667", "1e-07"],
    ]
    assert entries.bold == [False, False, True]
    assert (slopes.heads, len(slopes.rows)) == (["", "gradient", "finite difference", "difference", "allowed"], 10)
    assert page.paragraphs == [
        "dweights is wrong in 5 of 6 entries; the first is dweights[0,0]: yours 2, correct 4",
        "likely, as all 6 entries agree: the gradient divided by n_samples = 2: a mean, not a sum; or the sign",
        "Bold: the largest difference. And 2 more.",
        "Right for your dweights: new_weights",
        "(for numbers of few digits, from a book or worked by hand, use --rounded)",
        "12 gradients of 9 not the slope of the loss",
        "And 2 more.",
    ]


def test_the_error_of_a_file_does_not_name_it_twice() -> None:
    page = read(report([VERDICTS["error"]]))
    assert page.tables[0].rows[0][1:] == [
        "p.json",
        "layers[0]: unknown key 'wieghts' (hint: did you mean 'weights'?)",
    ]


@pytest.mark.parametrize("kind", VERDICTS)
def test_every_verdict_can_be_read(kind: str) -> None:
    page = read(report([VERDICTS[kind]]))
    assert len(page.headings) == 1 + kind.startswith("wrong")
    assert page.tables[0].heads[1] == ("problem" if VERDICTS[kind].problem is None else "submission")


def rendered(text: str) -> list[str]:
    """Return the text of each block as another reader of Markdown has it, which Rich brings along."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    blocks = [token.children or [] for token in tokens if token.type == "inline"]
    kinds = {child.type: child.content for block in blocks for child in block}
    assert {*kinds} <= {"text", "text_special", "code_inline", "strong_open", "strong_close", "html_inline"}
    html = {child.content for block in blocks for child in block if child.type == "html_inline"}
    assert html <= {"<code>", "</code>"}
    return ["".join(child.content for child in block if child.type != "html_inline") for block in blocks]


def names_stay(name: str) -> None:
    error = InputError(f"a{name}", place="p", file="f", hint=f"h{name}")
    for kind in ("ok", "wrong", "error"):
        verdict = replace(VERDICTS[kind], file=name, error=VERDICTS[kind].error and error)
        text = report([verdict])
        page = read(text)
        cells = [cell for table in page.tables for row in (table.heads, *table.rows) for cell in row]
        others = rendered(text)
        assert sorted(others) == sorted([*page.headings, *cells, *page.paragraphs])
        assert page.tables[0].rows[0][1].strip() == clean(name).strip()
        if kind == "wrong":
            assert page.headings[1].strip() == clean(name).strip()
        if kind == "error":
            file = "" if name == "f" else "f: "  # which the line begins with already
            assert page.tables[0].rows[0][2] == f"{file}p: a{clean(name)} (hint: h{clean(name)})"


@pytest.mark.parametrize("text", ["a <b> | c", "$x$ ~~y~~ &lt; `z` *w* \\", "_a_ n_samples __b"])
def test_no_words_are_markup(text: str) -> None:
    check = replace(WRONG, place="dz", problem=text, explanations=(text, "dz"))
    read_back = read(page := report([Verdict(file="p.json", expected=(check,))]))
    assert read_back.paragraphs[:2] == [f"dz: {text}", f"likely, as all 6 entries agree: {text}; or dz"]
    assert f"dz: {text}" in rendered(page)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_no_name_is_markup(name: str) -> None:
    names_stay(name)


@given(st.text(st.sampled_from("`|\\<>&*_ @#:~$[]()!a\n"), min_size=1) | st.text(min_size=1))
def test_no_text_is_markup(name: str) -> None:
    names_stay(name)


@pytest.mark.parametrize("most", [10_000, 100_000, 2**20])
@pytest.mark.parametrize("n", [10, 1000])
def test_a_report_is_as_short_as_it_has_to_be(n: int, most: int) -> None:
    every = [replace(VERDICTS["ok" if k % 2 else "wrong"], file=f"goldens/{k:05}.json") for k in range(n)]
    text = report(every, most)
    page = read(text)
    assert len(text.encode()) <= most
    n_rows, n_details = len(page.tables[0].rows), len(page.headings) - 1
    names = [row[1] for row in page.tables[0].rows]
    wrong = [verdict.file for verdict in every if not verdict.passed]
    if n == 10:
        assert (names, page.headings[1:]) == ([verdict.file for verdict in every], wrong)
    else:
        assert len(report(every).encode()) > most or most == 2**20
        assert (names == wrong[:n_rows] and n_rows < n) == (most < 2**20)
        assert (f"The table leaves out {n - n_rows} problems." in page.paragraphs) == (n_rows < n)
        assert (f"The details of {n // 2 - n_details} more problems are left out." in page.paragraphs) == (
            n_details < n // 2
        )
        assert n_details > 3
    assert page.headings[1:] == wrong[:n_details]


def test_a_report_that_has_no_room_says_what_is_left_out() -> None:
    assert read(report([VERDICTS["wrong"]], 0)).paragraphs == [
        "The table leaves out 1 problem.",
        "The details of 1 more problem are left out.",
    ]
