"""Answer keys: the worked solutions of several problems in one document, each as `explain` writes it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from backprop_cli.render.exercises import html, latex, markdown
from tests.any_problem import any_problem
from tests.conftest import Run
from tests.render.exercises.builder import NETWORK, exercise, shown_of
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


@pytest.mark.parametrize("draft", [NETWORK, any_problem(3)], ids=["with a title", "without"])
def test_the_key_of_one_exercise_is_what_explain_writes(explained: Any, draft: dict[str, Any]) -> None:
    one = [exercise(draft)]
    assert markdown.keys(one, None, 20) == explained(draft, "--format", "markdown")
    assert latex.keys(one, None, 20, standalone=False) == explained(draft, "--format", "latex")
    assert latex.keys(one, None, 20, standalone=True) == explained(draft, "--format", "latex", "--standalone")
    assert html.keys(one, [shown_of(one[0])], None) == explained(draft, "--format", "html")


def test_markdown_has_headings_one_level_down(explained: Any) -> None:
    several = list(map(exercise, DRAFTS))
    whole = [explained(draft, "--format", "markdown") for draft in DRAFTS]
    lower = [re.sub("^#", "##", text, flags=re.MULTILINE) for text in whole]
    assert markdown.keys(several, None, 20) == "\n".join(["# Answer key\n", *lower])


def test_latex_has_each_solution(explained: Any) -> None:
    several = list(map(exercise, DRAFTS))
    bodies = [explained(draft, "--format", "latex").rstrip("\n") for draft in DRAFTS]
    assert latex.keys(several, None, 20, standalone=False) == "\n\\clearpage\n".join(bodies) + "\n"
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
    root = page(html.keys(several, list(map(shown_of, several)), None))
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
