"""The page of a worked solution: its numbers, terms, links and texts, and how large it gets."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from backprop_cli.explanations.explanation import Explanation, Extent
from backprop_cli.explanations.opened import Cell
from backprop_cli.explanations.picture import picture
from backprop_cli.explanations.worked import worked as solution
from backprop_cli.load.schema import build
from backprop_cli.render.html.page import worked
from backprop_cli.render.html.view import Shown, view
from backprop_cli.render.numbers import number
from tests.any_problem import any_problem
from tests.conftest import ROOT, Run
from tests.render.html.reader import Element, matrix, page, terms, with_id

SAMPLES = ROOT / "samples"
HOSTILE = """<script>alert(1)</script></style><!-- "quotes" 'single' & &amp; $x$ \\ \x1b[2J \u202e \ud800 \u2028"""
ESCAPED = HOSTILE.translate({0x1B: "\\x1b", 0x202E: "\\u202e", 0xD800: "\\ud800", 0x2028: "\\u2028"})


@pytest.fixture
def explain(backprop: Run, tmp_path: Path) -> Any:
    """Run `explain` on a draft, or on a file."""

    def run(problem: Any, *options: str) -> str:
        path = problem
        if not isinstance(problem, Path):
            path = tmp_path / "problem.json"
            path.write_text(json.dumps(problem))
        ran = backprop("explain", path, "-q", *options)
        assert (ran.status, ran.err) == (0, "")
        return ran.out

    return run


def network(n_samples: int, *sizes: int) -> dict[str, Any]:
    """Return a network of eighths, which float64 holds."""

    def numbers(n_rows: int, n_columns: int, start: int) -> list[list[float]]:
        return [[((start + 7 * i + 5 * j) % 23 - 11) / 8 for j in range(n_columns)] for i in range(n_rows)]

    layers = [
        {"weights": numbers(a, b, k), "biases": numbers(1, b, k)[0], "activation": "leaky_relu(0.5)"}
        for k, (a, b) in enumerate(pairwise(sizes))
    ]
    inputs, targets = numbers(n_samples, sizes[0], 3), numbers(n_samples, sizes[-1], 4)
    return {"inputs": inputs, "layers": layers, "targets": targets, "loss": "mse"}


def broken_links(root: Element) -> list[str]:
    """Return the links that lead nowhere, and the names that two elements have."""
    names = [each.attributes["id"] for each in root.all() if "id" in each.attributes]
    links = [link.attributes["href"] for link in root.all("a")]
    twice = [name for name in names if names.count(name) > 1] if len(set(names)) < len(names) else []
    return [*twice, *(link for link in links if not link.startswith("#") or link[1:] not in names)]


def steps(root: Element) -> Iterator[tuple[str, Element]]:
    """Yield every step with the place of its result."""
    for step in root.all("section", "step"):
        yield step.one("h3").text, step


def as_printed(record: dict[str, Any], precision: int = 8) -> list[list[str]]:
    """Return the numbers of a matrix in JSON as they are printed, row by row; of a list, as one row."""
    rows = record["values"] if len(record["shape"]) == 2 else [record["values"]]
    return [[number(float(value), precision) for value in row] for row in rows]


def in_one_row(rows: list[list[str]]) -> list[list[str]]:
    """Return a column as a row."""
    return [[row[0] for row in rows]] if all(len(row) == 1 for row in rows) else rows


def test_every_number_is_that_of_the_json(explain: Any) -> None:
    """Matrices of 40 problems, given and found, and their transposes inside formulas."""
    n = 0
    for seed in range(40):
        draft = any_problem(seed)
        records = {each["place"]: each for each in json.loads(explain(draft, "--format", "json"))["matrices"]}
        root = page(explain(draft, "--format", "html"))
        assert broken_links(root) == []
        expected = {place: as_printed(each) for place, each in records.items() if each["shape"]}
        shown = {
            each.attributes["id"].removeprefix(":"): each for each in root.one("div", "given").all("div", "scroll")
        }
        for place, step in steps(root):
            if place in expected:
                shown[place] = step.one("div", "result")
            else:
                assert step.one("strong").text == number(float(records[place]["values"]), 8)
            for operand in step.all("div", "operand"):
                found, link = matrix(operand.one("table")), next(operand.one("caption").all("a"), None)
                source = expected.get(link.attributes["href"].removeprefix("#:")) if link else None
                if source and operand.one("caption").text.endswith(".T"):
                    assert found == [list(column) for column in zip(*source, strict=True)]
                    n += 1
                elif source and "(" not in operand.one("caption").text:
                    assert in_one_row(found) == in_one_row(source)
                    n += 1
        for place, rows in expected.items():
            assert in_one_row(matrix(shown.pop(place).one("table"))) == in_one_row(rows)
        assert {place for place in shown if records[place]["shape"]} == set()
    assert n > 500


def test_a_number_opens_the_terms_that_explain_prints(explain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each number that is a link leads to its entry, with the terms, factors and values of `explain PROBLEM ENTRY`."""
    monkeypatch.setenv("COLUMNS", "1000")
    n = 0
    for seed in range(0, 40, 3):
        draft = any_problem(seed)
        root = page(explain(draft, "--format", "html"))
        links = [
            link
            for cell in root.all()
            if cell.tag in ("td", "strong")
            for link in cell.all("a")
            if link.attributes.get("id")
        ]
        for link in links[:: 1 + len(links) // 12]:
            name = link.attributes["href"].removeprefix("#")
            assert link.attributes["id"] == f"@{name}"
            entry = with_id(root, name)
            assert entry.one("h4").text == f"{name} = {link.text}"
            assert entry.one("a", "back").attributes["href"] == f"#@{name}"
            expected = json.loads(explain(draft, name, "--format", "json"))
            assert number(expected["value"], 8) == link.text
            found = terms(entry)
            assert [term[2] for term in found] == [number(term["value"], 8) for term in expected["terms"]]
            printed = explain(draft, name)
            for names, figures, *_ in found:
                assert names in printed
                assert figures.replace("\N{MULTIPLICATION SIGN}", "*") in printed
                n += 1
    assert n > 300


def test_every_number_of_a_result_is_a_link(explain: Any) -> None:
    for path in SAMPLES.glob("*.json"):
        root = page(explain(path, "--format", "html"))
        for _, step in steps(root):
            for cell in (*step.all("strong"), *(cell for each in step.all("div", "result") for cell in each.all("td"))):
                assert cell.attributes.get("class") == "sr" or not cell.text or len(list(cell.all("a"))) == 1


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.stem)
@pytest.mark.parametrize("entry", [False, True])
def test_a_page_needs_nothing_else(explain: Any, path: Path, entry: bool) -> None:
    """No script, no file, no request; links lead to places in the page, of which each has one name."""
    name = json.loads(explain(path, "--format", "json"))["walk"][-1]["entry"]
    text = explain(path, *[name] * entry, "--format", "html", "--depth", "all")
    assert text.isascii()
    assert text == explain(path, *[name] * entry, "--format", "html", "--depth", "all")
    root = page(text)
    (policy,) = (each for each in root.all("meta") if "http-equiv" in each.attributes)
    assert policy.attributes["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert root.one("html").attributes["lang"] == "en"
    assert broken_links(root) == []
    for each in root.all():
        assert each.tag not in ("script", "link", "img", "iframe", "object", "base", "form")
        assert not {"src", "srcset", "action", "data", "background"} & set(each.attributes)
        assert not any(attribute.startswith("on") for attribute in each.attributes)
    styles = "".join(each.text for each in root.all("style"))
    assert not re.search(r"url\(|@import|@font-face|expression\(", styles)
    levels = [int(each.tag[1]) for each in root.all() if re.fullmatch("h[1-6]", each.tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("key", ["title", "source"])
def test_texts_of_a_file_are_texts(explain: Any, key: str) -> None:
    draft = {"weights": [[1]], "inputs": [[1]], "upstream": [[1]], key: HOSTILE}
    plain = explain(draft | {key: "A text"}, "--format", "html")
    text = explain(draft, "--format", "html")
    root, other = page(text), page(plain)
    assert [each.tag for each in root.all()] == [each.tag for each in other.all()]
    where = root.one("p", "source") if key == "source" else root.one("h1")
    assert where.text == ESCAPED
    assert not set(map(chr, (*range(10), *range(11, 32), 127))) & set(text)


def test_tables_name_their_rows_and_columns(explain: Any) -> None:
    root = page(explain(SAMPLES / "dense_relu.json", "--format", "html"))
    for table in root.all("table"):
        scopes = [cell.attributes["scope"] for cell in table.all("th")]
        assert set(scopes) <= {"row", "col"}
        assert "col" in scopes
        if table.attributes["class"] == "matrix":
            rows, head = list(table.one("tbody").all("tr")), list(table.one("thead").all("th"))
            assert [row.one("th").text for row in rows] == [f"{i}" for i in range(len(rows))]
            assert [cell.text for cell in head] == [f"{j}" for j in range(len(list(rows[0].all("td"))))]
            assert table.one("caption").text


def test_zeros_of_inactive_units_are_marked(explain: Any) -> None:
    root = page(explain(SAMPLES / "relu_mask.json", "--format", "html"))
    by_place = dict(steps(root))
    marked = [cell.text for cell in by_place["dz"].one("div", "result").all("td", "inactive")]
    z = json.loads((SAMPLES / "relu_mask.json").read_text())["z"]
    assert marked == ["0"] * sum(value <= 0 for row in z for value in row)
    assert "(inactive)" in with_id(root, "dz[0,2]").text


@pytest.mark.parametrize(("options", "precision"), [(("--precision", "3"), 3), (("--precision", "12"), 12)])
def test_precision(explain: Any, options: tuple[str, ...], precision: int) -> None:
    path = SAMPLES / "mazur_sigmoid.json"
    root = page(explain(path, "--format", "html", *options))
    records = {each["place"]: each for each in json.loads(explain(path, "--format", "json"))["matrices"]}
    by_place = dict(steps(root))
    place = "layers[1].new_weights"
    assert matrix(by_place[place].one("div", "result").one("table")) == as_printed(records[place], precision)


def test_exact_numbers_and_fewer_terms(explain: Any) -> None:
    draft = {"inputs": [[0.1, 0.2, 0.3]], "weights": [[0.1], [0.2], [0.3]], "upstream": [[1]]}
    root = page(explain(draft, "--format", "html", "--exact", "--terms", "2"))
    assert terms(with_id(root, "z[0,0]")) == [
        ["inputs[0,1] * weights[1,0]", "0.2 \N{MULTIPLICATION SIGN} 0.2", "0.04", "0.04"],
        ["inputs[0,2] * weights[2,0]", "0.3 \N{MULTIPLICATION SIGN} 0.3", "0.09", "0.13"],
        ["1 other term", "", "0.01", "0.14"],
    ]
    assert "the smaller terms of long sums: --terms N shows more" in root.text


def test_factors_lead_to_their_own_terms(explain: Any) -> None:
    root = page(explain(SAMPLES / "two_layers.json", "--format", "html"))
    entry = with_id(root, "layers[1].dweights[0,1]")
    links = [link.attributes["href"] for link in entry.one("p", "term").all("a")]
    assert links == ["#layers[0].outputs[0,0]", "#layers[1].dz[0,1]"]


def test_a_mean_says_what_it_is_divided_by(explain: Any) -> None:
    root = page(explain(SAMPLES / "softmax_classifier.json", "--format", "html"))
    sentence = "The 9 terms add up to 1.51189378; divided by 3 (n_samples), that is loss = 0.50396459."
    assert sentence in with_id(root, "loss").text


def test_sources_are_shown_where_they_are_asked_for(explain: Any) -> None:
    path = SAMPLES / "softmax_classifier.json"
    for options, is_shown in (((), False), (("--depth", "1"), True)):
        entry = with_id(page(explain(path, "--format", "html", *options)), "dz[0,0]")
        assert bool(list(entry.all("ul", "tree"))) == is_shown
        assert ("The same by the chain rule, through upstream:" in entry.text) == is_shown


def test_one_entry_of_each_quantity_is_open(explain: Any) -> None:
    """The others are shown when their number is followed; with --every-entry, all are."""
    path = SAMPLES / "dense_relu.json"
    walk = [each["entry"] for each in json.loads(explain(path, "--format", "json"))["walk"]]
    for options, is_every in (((), False), (("--every-entry",), True)):
        root = page(explain(path, "--format", "html", *options))
        entries = list(root.all("section", "entry"))
        shown = [each.attributes["id"] for each in entries if "shown" in each.attributes["class"]]
        assert len(entries) == 69
        assert shown == ([each.attributes["id"] for each in entries] if is_every else walk)


def entries_and_left_out(root: Element) -> tuple[int, int]:
    """Return how many entries have their terms, and how many are named as left out."""
    found = re.search(r"the terms of (\d+) of", root.text)
    whole = re.findall(r"\((\d+) entr(?:y|ies)\): backprop explain", root.text)
    return len(list(root.all("section", "entry"))), int(found[1]) * bool(found) if found else sum(map(int, whole))


@pytest.mark.parametrize(
    ("sizes", "options", "are_links"),
    [
        ((3, 2, 3, 2), (), True),
        ((4, 10, 20, 5), (), True),
        ((20, 10, 20, 5), (), True),
        ((3, 30, 4), (), True),
        ((3, 30, 4), ("--rows", "5"), True),
        ((3, 30, 4), ("--rows", "0"), True),
        ((2, *[20] * 14), (), False),
    ],
    ids=str,
)
def test_what_is_not_shown_is_named(
    explain: Any, sizes: tuple[int, ...], options: tuple[str, ...], are_links: bool
) -> None:
    draft = network(*sizes)
    record = json.loads(explain(draft, "--format", "json"))
    n = sum(
        len(row) if isinstance(row, list) else 1
        for each in record["matrices"]
        if "rule" in each
        for row in (each["values"] if isinstance(each["values"], list) else [each["values"]])
    )
    text = explain(draft, "--format", "html", *options)
    root = page(text)
    shown, left_out = entries_and_left_out(root)
    assert shown + left_out == n
    assert len(text) < 1_000_000
    gaps = list(root.all("td", "gap"))
    assert bool(gaps) == ("the middle of large matrices: --rows 0 shows all of them" in root.text)
    links = [link for link in root.all("a") if link.attributes.get("id")]
    assert len(links) == shown
    assert (len(links) > len(list(steps(root)))) == are_links


def test_the_edges_of_large_matrices_are_shown(explain: Any) -> None:
    root = page(explain(network(2, 30, 3), "--format", "html", "--rows", "4"))
    by_place = {place: step.one("div", "result") for place, step in steps(root) if list(step.all("div", "result"))}
    place = next(place for place in by_place if place.endswith("dweights"))
    rows = [row.one("th").text for row in by_place[place].one("tbody").all("tr")]
    assert rows == ["0", "1", "\N{HORIZONTAL ELLIPSIS}", "28", "29"]
    assert by_place[place].one("caption").text == "dweights (rows 0 to 1 and 28 to 29 of 30)"


def test_what_is_not_computed_says_what_it_needs(explain: Any) -> None:
    root = page(explain({"activation": "linear", "upstream": [[1]]}, "--format", "html"))
    assert "dweights needs inputs" in root.text


def test_a_picture_stands_beside_what_is_given() -> None:
    problem = build({"z": [[1]], "upstream": [[1]]})
    found = solution(problem, Extent())
    opened: Mapping[str, Mapping[Cell, Explanation]] = {"outputs": {}, "dz": {}, "dbiases": {}}
    shown = Shown(found=found, view=view(found, 20), opened=opened, picture=picture(problem, 0))
    front = page(worked(shown, None)).one("div", "front")
    assert [each.tag for each in front.all() if each.tag in ("svg", "h2")] == ["svg", "h2"]


def test_the_picture_of_a_whole_problem_has_no_title_of_its_own(explain: Any) -> None:
    path = SAMPLES / "two_layers.json"
    svg = page(explain(path, "--format", "html")).one("svg")
    assert "2.28" in svg.text
    assert "Two layers: " not in "".join(each.text for each in svg.all("text"))
    assert not list(page(explain(path, "layers[0]", "--format", "html")).all("svg"))


def test_what_is_given_may_be_asked_for(explain: Any) -> None:
    root = page(explain(SAMPLES / "two_layers.json", "upstream", "--format", "html"))
    assert [place for place, _ in steps(root)] == ["upstream"]
    assert "upstream = as given" in root.text
    assert not list(root.all("section", "given"))


@pytest.mark.parametrize(
    ("entry", "places"),
    [
        ("dweights", ["dweights"]),
        ("dweights[2,:]", ["dweights"]),
        ("layers[0]", ["z", "outputs", "dz", "dweights", "dbiases", "dinputs", "new_weights", "new_biases"]),
    ],
)
def test_a_part_of_a_problem(explain: Any, entry: str, places: list[str]) -> None:
    root = page(explain(SAMPLES / "dense_relu.json", entry, "--format", "html"))
    assert broken_links(root) == []
    assert [place for place, _ in steps(root)] == places
    shown = [each.attributes["id"] for each in root.all("section", "shown")]
    assert len(shown) == {"dweights": 12, "dweights[2,:]": 3, "layers[0]": 8}[entry]
