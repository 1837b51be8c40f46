"""Question sheets: what they give, what they ask, and that nothing of them is an answer."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from backprop_cli.exercises.exercise import Exercise
from backprop_cli.explanations.worked import Matrix
from backprop_cli.render.exercises import html, latex, markdown
from backprop_cli.render.numbers import number
from tests.render.exercises import readers
from tests.render.exercises.builder import NETWORK, SEVERAL, STATEMENT, exact, exercise, wide, with_other_answers
from tests.render.exercises.readers import Table, joined, of_note

Sheets = Callable[[Sequence[Exercise]], str]
Read = Callable[[str], Iterator[tuple[list[Table], list[Table]]]]

FORMATS: dict[str, tuple[Sheets, Read]] = {
    "markdown": (markdown.sheets, readers.of_markdown),
    "latex": (partial(latex.sheets, standalone=True), readers.of_latex),
    "a part of LaTeX": (partial(latex.sheets, standalone=False), readers.of_latex),
    "html": (html.sheets, readers.of_html),
}
every_format = pytest.mark.parametrize("name", FORMATS)


def heads(matrix: Matrix) -> tuple[bool, bool]:
    """Tell whether entries of a matrix have an index of a row, and of a column."""
    return {0: (False, False), 1: (matrix.is_column, not matrix.is_column)}.get(matrix.values.ndim, (True, True))


@every_format
def test_every_given_number_is_on_the_sheet(name: str) -> None:
    write, read = FORMATS[name]
    for made, (tables, _) in zip(SEVERAL, read(write(SEVERAL)), strict=True):
        for matrix in made.given:
            tables, cells = joined(tables, matrix)
            for (i, j), cell in cells.items():
                assert cell == number(matrix.grid[i, j], None), matrix.place
        assert tables == []


@every_format
def test_there_is_a_blank_for_every_entry_that_is_asked_for(name: str) -> None:
    write, read = FORMATS[name]
    for made, (_, tables) in zip(SEVERAL, read(write(SEVERAL)), strict=True):
        n = 0
        for asked in made.asked:
            tables, cells = joined(tables, asked.matrix)
            assert set(cells.values()) == {""}
            n += len(cells)
        assert tables == []
        assert n == sum(asked.answers.size for asked in made.asked)


@every_format
def test_rows_and_columns_have_the_indices_of_their_entries(name: str) -> None:
    write, read = FORMATS[name]
    for made, (_, tables) in zip(SEVERAL, read(write(SEVERAL)), strict=True):
        matrices = {asked.matrix.place: asked.matrix for asked in made.asked}
        for table in tables:
            matrix = matrices[table.place]
            has_rows, has_columns = heads(matrix)
            rows = of_note(table.note, "row", matrix.grid.shape[0])
            columns = of_note(table.note, "column", matrix.grid.shape[1])
            assert table.rows == ([str(i) for i in rows] if has_rows else [])
            assert [head for head in table.columns if head] == ([str(j) for j in columns] if has_columns else [])


@every_format
@pytest.mark.parametrize("k", range(len(SEVERAL)))
def test_nothing_of_a_sheet_is_an_answer(name: str, k: int) -> None:
    write, _ = FORMATS[name]
    assert write([SEVERAL[k]]) == write([with_other_answers(SEVERAL[k])])


@every_format
def test_sentences_titles_and_sources_are_on_the_sheet(name: str) -> None:
    write, _ = FORMATS[name]
    texts = [f"Variant {letter}" for letter in "ABC"]
    page = write([exercise(NETWORK, title=text, source=f"{text} of a book") for text in texts])
    for text in texts:
        assert len(re.findall(rf"^.*{text}(?! of).*$", page, re.MULTILINE)) == 1
        assert page.count(f"{text} of a book") == 1
    for sentence in STATEMENT:
        assert page.count(sentence) == 3
    assert "a book" not in write([exercise(NETWORK, source=None)])
    assert "ource" not in write([exercise(NETWORK, source=None)]).rpartition("</style>")[2]


@every_format
def test_exact_numbers_have_every_digit(name: str) -> None:
    write, read = FORMATS[name]
    made = exercise(NETWORK)
    (inputs, *others) = made.given
    inputs = replace(inputs, values=exact(np.array([[1 / 1024, -0.5], [3, 2**-20]])))
    ((tables, _),) = read(write([replace(made, given=(inputs, *others))]))
    assert tables[0].cells == [["0.0009765625", "-0.5"], ["3", "9.5367431640625e-07"]]


def test_a_sheet_in_markdown() -> None:
    draft = {
        "inputs": [[1, -2]],
        "weights": [[0.5], [3]],
        "biases": [-1],
        "activation": "linear",
        "targets": [[2]],
        "loss": "squared_error",
        "samples": "columns",
    }
    draft |= {"inputs": [[1], [-2]], "weight_layout": "out-in", "weights": [[0.5, 3]]}
    made = exercise(draft, ("z", "loss", "dweights", "dbiases"), title="*One* neuron", statement=("Do it_.", "Now."))
    assert (
        markdown.sheets([made])
        == r"""# \*One\* neuron

- Do it\_.
- Now.

## Given

`inputs` ($X$):

|  | 0 |
| ---: | ---: |
| **0** | 1 |
| **1** | -2 |

`weights` ($W$):

|  | 0 | 1 |
| ---: | ---: | ---: |
| **0** | 0.5 | 3 |

`biases` ($b$):

|  |  |
| ---: | ---: |
| **0** | -1 |

`targets` ($T$):

|  | 0 |
| ---: | ---: |
| **0** | 2 |

`learning_rate` ($\eta$): 0.001

## Answers

`z` ($Z$):

|  | &emsp;&emsp;0&emsp;&emsp; |
| ---: | :---: |
| **0** |  |

`loss` ($L$):

| &emsp;&emsp;&emsp;&emsp; |
| :---: |
|  |

`dweights` ($\frac{\partial L}{\partial W}$):

|  | &emsp;&emsp;0&emsp;&emsp; | &emsp;&emsp;1&emsp;&emsp; |
| ---: | :---: | :---: |
| **0** |  |  |

`dbiases` ($\frac{\partial L}{\partial b}$):

|  | &emsp;&emsp;&emsp;&emsp; |
| ---: | :---: |
| **0** |  |
"""
    )


def test_a_wide_matrix_is_cut_so_that_no_number_is_too_small_to_read() -> None:
    page = html.sheets([exercise(wide(2, 8, 16, 4))])
    given, asked = next(readers.of_html(page))
    cut = [table for table in given if table.place == "layers[0].weights"]
    assert [table.note for table in cut] == ["columns 0 to 7 of 16", "columns 8 to 15 of 16"]
    blank = [table.note for table in asked if table.place == "layers[1].dweights"]
    assert blank == [""]


def test_several_exercises_have_a_heading_of_their_own() -> None:
    page = markdown.sheets([exercise(NETWORK), exercise(NETWORK, title="Second")])
    assert re.findall("^#+ .*", page, re.MULTILINE) == [
        "# Exercises",
        *("## Two layers", "### Given", "### Answers"),
        *("## Second", "### Given", "### Answers"),
    ]
