"""Answer keys: the answers in the tables of the sheet, then the worked solution, as `explain` writes it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from backprop_cli.exercises.exercise import Exercise
from backprop_cli.render.exercises import html, latex, markdown
from backprop_cli.render.exercises.html_style import ANSWERS as ANSWERS_STYLE
from tests.any_problem import any_problem
from tests.conftest import Run
from tests.render.exercises import readers
from tests.render.exercises.builder import NETWORK, SEVERAL, exercise, shown_of
from tests.render.exercises.readers import joined
from tests.render.html.reader import Element, page, terms, with_id

DRAFTS: list[dict[str, Any]] = [
    NETWORK,
    any_problem(3) | {"title": "Third"},
    any_problem(7) | {"title": "Seventh"},
    NETWORK | {"title": "Again"},
]


@pytest.fixture
def explained(backprop: Run, tmp_path: Path) -> Any:
    """Return what `explain` writes of a problem."""

    def run(draft: Mapping[str, Any], *options: str) -> str:
        path = tmp_path / "problem.json"
        path.write_text(json.dumps(draft))
        ran = backprop("explain", path, "-q", *options)
        assert (ran.status, ran.err) == (0, "")
        return ran.out

    return run


ANSWERS = {
    "markdown": re.compile(r"^#+ Answers\n.*?^#+ Worked solution\n\n", re.DOTALL | re.MULTILINE),
    "latex": re.compile(r"\\medskip\\textbf\{Answers\.\}.*?\n\\par\}\\bigskip\n", re.DOTALL),
    "html": re.compile(r'<section class="asked">.*?</section>\n', re.DOTALL),
}
THIRD = any_problem(3) | {"title": "Third"}


def without_answers(text: str, output: str) -> str:
    """Return a key without the answers at its beginning; a page also without their style."""
    left, n = ANSWERS[output].subn("", text)
    assert n
    return left.replace(ANSWERS_STYLE, "")


@pytest.mark.parametrize("draft", [NETWORK, THIRD], ids=["of a network", "of a layer"])
def test_below_the_answers_is_what_explain_writes(explained: Any, draft: dict[str, Any]) -> None:
    one = [exercise(draft)]
    written = {
        ("markdown",): markdown.keys(one, None, 20),
        ("latex",): latex.keys(one, None, 20, standalone=False),
        ("latex", "--standalone"): latex.keys(one, None, 20, standalone=True),
        ("html",): html.keys(one, [shown_of(one[0])], None),
    }
    for options, text in written.items():
        assert without_answers(text, options[0]) == explained(draft, "--format", *options)


READ = {
    "markdown": readers.answers_of_markdown,
    "latex": readers.answers_of_latex,
    "html": readers.answers_of_html,
}


def key(made: Sequence[Exercise], output: str) -> str:
    """Return the key of exercises; in LaTeX that for the narrowest lines."""
    match output:
        case "markdown":
            return markdown.keys(made, None, 20)
        case "latex":
            return latex.keys(made, None, 20, standalone=False)
        case _:
            return html.keys(made, list(map(shown_of, made)), None)


@pytest.mark.parametrize("output", READ)
@pytest.mark.parametrize("digits", [0, 3, 12])
def test_the_tables_of_a_key_have_every_answer_rounded(output: str, digits: int) -> None:
    several = [replace(made, digits=digits) for made in (*SEVERAL, exercise(NETWORK, ("loss",)))]
    texts = [key(several, output), key(several[:1], output)]
    for made, tables in zip([*several, several[0]], [t for text in texts for t in READ[output](text)], strict=True):
        for asked in made.asked:
            tables, cells = joined(tables, asked.matrix)
            answers = asked.answers.reshape(asked.matrix.grid.shape)
            for place, cell in cells.items():
                number = cell.replace("\N{MINUS SIGN}", "-")
                assert re.fullmatch(rf"-?\d+\.\d{{{digits}}}" if digits else r"-?\d+", number)
                assert Decimal(number) or not number.startswith("-")
                assert abs(Fraction(number) - answers[place]) <= Fraction(1, 2 * 10**digits)
        assert tables == []


@pytest.mark.parametrize("output", READ)
def test_a_key_answers_what_was_asked(output: str) -> None:
    """layers[0].z[0,1] is -1 - 0.75 + 8 - 6 = 0.25, halfway between two decimals, of which the even one is taken."""
    made = replace(exercise(NETWORK, ("z", "loss")), digits=1)
    text = key([made], output)
    (tables,) = READ[output](text)
    assert [table.place for table in tables] == ["layers[0].z", "layers[1].z", "loss"]
    assert tables[0].cells[0][1].replace("\N{MINUS SIGN}", "-") == "0.2"
    assert "Each answer is rounded to 1 decimal." in text
    assert "Each answer is rounded to a whole number." in key([replace(made, digits=0)], output)


def test_markdown_has_headings_one_level_down(explained: Any) -> None:
    several = list(map(exercise, DRAFTS))
    whole = [explained(draft, "--format", "markdown") for draft in DRAFTS]
    lower = [re.sub("^#", "##", text, flags=re.MULTILINE) for text in whole]
    text = markdown.keys(several, None, 20)
    assert without_answers(text, "markdown") == "\n".join(["# Answer key\n", *lower])
    assert text.count("\n### Answers\n") == text.count("\n### Worked solution\n") == len(DRAFTS)


def test_latex_has_each_solution(explained: Any) -> None:
    several = list(map(exercise, DRAFTS))
    bodies = [explained(draft, "--format", "latex").rstrip("\n") for draft in DRAFTS]
    text = latex.keys(several, None, 20, standalone=False)
    assert without_answers(text, "latex") == "\n\\clearpage\n".join(bodies) + "\n"
    whole = latex.keys(several, None, 20, standalone=True)
    assert whole.count(r"\begin{document}") == whole.count(r"\end{document}") == 1
    assert whole.count(r"\begingroup % a worked solution") == len(DRAFTS)


def test_a_problem_without_a_title_has_that_of_its_exercise() -> None:
    several = [exercise(NETWORK), exercise(any_problem(3), title="Exercise 2")]
    assert "\n## Exercise 2\n" in markdown.keys(several, None, 20)
    assert r"\section*{Exercise 2}" in latex.keys(several, None, 20, standalone=False)
    root = page(html.keys(several, list(map(shown_of, several)), None))
    assert [title.text for title in root.all("h1")] == ["Two layers", "Exercise 2"]


def test_html_has_each_solution_with_ids_of_its_own(explained: Any) -> None:
    several = list(map(exercise, DRAFTS))
    root = page(without_answers(html.keys(several, list(map(shown_of, several)), None), "html"))
    articles = list(root.all("article"))
    assert [link.attributes["href"] for link in root.one("nav").all("a")] == [
        f"#{article.attributes['id']}" for article in articles
    ]
    assert [link.text for link in root.one("nav").all("a")] == [draft["title"] for draft in DRAFTS]
    every: list[str] = []
    for article, draft in zip(articles, DRAFTS, strict=True):
        alone = page(explained(draft, "--format", "html"))
        prefix, names, own = prefix_of(article), ids(article), ids(alone)
        assert names == [prefix + name for name in own]
        assert links(article) == [f"#{prefix}{link.removeprefix('#')}" for link in links(alone)]
        assert set(links(article)) <= {f"#{name}" for name in names}
        assert article.one("svg").text == alone.one("svg").text
        assert article.text.strip() == alone.one("body").text.strip()
        every += names
    assert len(every) == len(set(every))


def test_a_number_of_each_problem_opens_its_own_terms() -> None:
    """Both networks have the same places; in the second, every input is doubled."""
    doubled = NETWORK | {"inputs": [[2 * x for x in row] for row in NETWORK["inputs"]]}
    several = [exercise(NETWORK), exercise(doubled)]
    root = page(html.keys(several, list(map(shown_of, several)), None))
    for article, factor in zip(root.all("article"), (1, 2), strict=True):
        prefix = prefix_of(article)
        (link,) = (each for each in article.all("a") if each.attributes.get("id") == f"{prefix}@layers[0].z[1,1]")
        opened = with_id(root, link.attributes["href"].removeprefix("#"))
        first, *_ = terms(opened)
        assert first[0] == "inputs[1,0] * layers[0].weights[0,1]"
        assert float(first[2]) == factor * 0.25 * -1


def prefix_of(article: Element) -> str:
    """Return what the ids of a problem begin with."""
    first = next(article.one("div", "given").all("div", "scroll"))
    return first.attributes["id"].partition(":")[0]


def ids(root: Element) -> list[str]:
    return [each.attributes["id"] for each in root.all() if "id" in each.attributes]


def links(root: Element) -> list[str]:
    names = [f"#{name}" for each in root.all() for name in each.attributes.get("aria-labelledby", "").split()]
    return [each.attributes["href"] for each in root.all("a")] + names
