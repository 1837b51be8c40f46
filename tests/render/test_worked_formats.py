"""A worked solution in every format: all entries are shown or named, and the numbers are those of the JSON."""

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.quantities import QUANTITIES
from backprop_cli.core.solve import solve
from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.worked import Worked, worked
from backprop_cli.load.schema import build
from backprop_cli.render import json as render_json
from backprop_cli.render import markdown
from backprop_cli.render.terminal import worked as table
from backprop_cli.render.terminal.page import Look
from tests.any_problem import any_problem

SEEDS = range(40)
AN_ENTRY = re.compile(rf"^  (?:{'|'.join(QUANTITIES)})(?:\[[\d,]+\])? = (?!\[)", re.MULTILINE)


def table_of(found: Worked, **look: Any) -> str:
    return table.worked(found, Look(**look), None, 20)


def counts(page: str) -> tuple[int, int]:
    """Return how many entries a page says that it leaves out, and how many there are; by its sentence, and by names."""
    part = page.lower().rpartition("not shown\n")[2].replace("\n      ", " ")
    said = re.search(r"the terms of (\d+) of (\d+) entr", part)
    named = sum(map(int, re.findall(r"(\d+) of [a-z_]+", part)))
    alone = sum(map(int, re.findall(r"^ *\w+ \((\d+) entr", part, re.MULTILINE)))
    if said is None:
        return alone, 0
    assert int(said[1]) == named
    return named + alone, int(said[2])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_entry_is_worked_out_or_named_as_left_out(seed: int) -> None:
    problem = build(any_problem(seed) | {"steps": 1 + seed % 2})
    found = worked(problem, Extent(depth=0))
    every = sum(matrix.size for _, matrix in solve(problem).matrices())
    tree = json.loads("".join(render_json.worked(found)))
    assert len(tree["walk"]) + sum(each["entries"] for each in tree["left_out"]) == every
    assert len(tree["walk"]) + tree["not_shown"] == every
    page, text = table_of(found, wraps=False), markdown.worked(found, None, 20)
    for shown, (left_out, total) in (
        (len(AN_ENTRY.findall(page)), counts(page)),
        (len(re.findall("^### `", text, re.MULTILINE)), counts(text.replace("```text\n", "").replace("\n\n", "\n"))),
    ):
        assert (shown, shown + left_out, total) == (len(tree["walk"]), every, every)


def parsed(tex: str) -> list[list[float]]:
    """Return the numbers of a bmatrix, or of a number alone."""
    body = re.sub(r"\\(begin|end)\{bmatrix\}", "", tex).replace(r" \times 10^{", "e").replace("}", "")
    return [[float(cell) for cell in row.split("&")] for row in body.split(r"\\")]


def bmatrices(page: str) -> Iterator[tuple[str, list[list[float]]]]:
    """Yield every matrix that is given or found, with its place."""
    number = r"\\begin\{bmatrix\}[^b]*\\end\{bmatrix\}|[-\d.]+(?: \\times 10\^\{-?\d+\})?"
    for place, formula in re.findall(r"^(?:## )?`([^`]+)`\n\n\$\$\n(.*?)\n\$\$", page, re.MULTILINE | re.DOTALL):
        result = re.search(rf"= ({number})(?:\n\\end\{{aligned\}})?$", formula)
        assert result is not None, formula
        yield place, parsed(result[1])


def equal_as_printed(printed: Any, value: Any) -> bool:
    """Tell whether numbers are others with 8 decimals, or 8 digits below 1."""
    printed, value = np.asarray(printed), np.asarray(value)
    size = np.abs(value)
    return bool((np.abs(printed - value) <= np.where(size < 1, 5.1e-8 * size, 5.1e-9 + 1e-16 * size)).all())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_numbers_of_markdown_are_those_of_json(seed: int) -> None:
    problem = build(any_problem(seed))
    found = worked(problem, Extent(depth=0))
    tree, page = json.loads("".join(render_json.worked(found))), markdown.worked(found, None, 20)
    matrices = {each["place"]: each["values"] for each in tree["matrices"]}
    printed = dict(bmatrices(page))
    assert printed.keys() == matrices.keys()
    for place, numbers in printed.items():
        assert equal_as_printed(np.ravel(numbers), np.ravel(matrices[place])), place
    values = {step["entry"]: step["value"] for step in tree["walk"]}
    shown = re.findall(r"^### `(.*)` = (.*)$", page, re.MULTILINE)
    assert [entry for entry, _ in shown] == list(values)
    for entry, number in shown:
        assert equal_as_printed(float(number), values[entry])


@pytest.mark.parametrize("seed", SEEDS)
def test_no_line_of_a_page_is_wider_than_80_columns(seed: int) -> None:
    found = worked(build(any_problem(seed)), Extent(depth=0))
    assert max(map(len, table_of(found, width=80).splitlines())) <= 80
    equations = re.findall(r"^ +[^ (].* = .*$", table_of(found, width=80, wraps=False), re.MULTILINE)
    assert max(map(len, equations)) <= 80  # they need no other lines


def test_a_number_that_is_not_of_the_json_is_noticed() -> None:
    assert equal_as_printed([0.12345679, 2.0, 0], [0.123456789, 2.000000001, 0])
    assert not equal_as_printed([0.1234567], [0.123456789])
    assert not equal_as_printed([2.00000001], [2.0])


HOSTILE = "<script>alert(1)</script> </style> $x$ \\end{document} \"q\" 'q' `c` **b** | \x1b[2J \u202e # [a](b)"


def test_a_title_is_text_in_every_format() -> None:
    found = worked(build({"title": HOSTILE, "z": [[1]]}), Extent())
    first = markdown.worked(found, None, 20).splitlines()[0]
    assert not re.search(r"[<>$`*|\[\]#{}_\\]", re.sub(r"\\[<>$`*|\[\]#{}_\\]", "", first.removeprefix("# ")))
    for page in (first, table_of(found)):
        assert not {"\x1b", "\u202e"} & set(page)
    assert table_of(found, wraps=False).startswith("<script>alert(1)</script> </style> $x$ \\end{document}")
    assert HOSTILE not in "".join(render_json.worked(found))
