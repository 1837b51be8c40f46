"""Exercises in HTML: a page of question sheets to print and fill in, and one of their answer keys.

Each exercise begins on a new sheet of paper. A page needs no script, no font and no request.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from backprop_cli.exercises.exercise import Exercise
from backprop_cli.exercises.statement import to_digits
from backprop_cli.explanations.worked import Matrix
from backprop_cli.render.exercises.blocks import Block, Cells, blocks, filled
from backprop_cli.render.exercises.html_style import ANSWERS, SHEETS
from backprop_cli.render.html.document import document
from backprop_cli.render.html.matrices import alignment, single, width_of
from backprop_cli.render.html.page import solutions, worked
from backprop_cli.render.html.style import SEVERAL
from backprop_cli.render.html.text import code, figure, minus, safe
from backprop_cli.render.html.view import Shown
from backprop_cli.render.mathml import mathml

__all__ = ["keys", "sheets"]

_MOST_DIGITS = 88  # beside each other: more are too small on paper
_MOST_BLANKS, _MOST_BLANK_ROWS = 8, 16  # of a table to fill in, which a page has place for
_BETWEEN = 2  # widths of a digit between numbers


def sheets(exercises: Sequence[Exercise]) -> str:
    """Return a page of question sheets: what is given, and tables to fill in."""
    parts = ["<main>"]
    for exercise in exercises:
        parts += _sheet(exercise)
    title = exercises[0].title if len(exercises) == 1 else "Exercises"
    return document(title, "\n".join([*parts, "</main>"]), SEVERAL + SHEETS)


def keys(exercises: Sequence[Exercise], shown: Sequence[Shown], precision: int | None) -> str:
    """Return a page of the answers and the worked solution of each exercise.

    `shown` has what the page shows of the solution of each exercise.
    """
    titled = [
        replace(each, found=replace(each.found, title=exercise.title))
        for exercise, each in zip(exercises, shown, strict=True)
    ]
    answers = ["\n".join(_key(exercise)) for exercise in exercises]
    if len(titled) == 1:
        return worked(titled[0], precision, answers[0], ANSWERS)
    return solutions("Answer key", titled, precision, answers, ANSWERS)


def _key(exercise: Exercise) -> Iterator[str]:
    yield '<section class="asked">\n<h2>Answers</h2>'
    yield f"<p>Each answer is rounded to {to_digits(exercise.digits)}.</p>"
    yield '<div class="row">'
    for asked in exercise.asked:
        yield from _answers(asked.matrix, filled(asked, exercise.digits))
    yield "</div>\n</section>"


def _sheet(exercise: Exercise) -> Iterator[str]:
    yield f'<article>\n<header>\n<p class="student">Name</p>\n<h1>{safe(exercise.title)}</h1>'
    if exercise.source:
        yield f'<p class="source">{safe(exercise.source)}</p>'
    yield "</header>"
    yield f'<ul class="statement">{"".join(f"<li>{safe(sentence)}</li>" for sentence in exercise.statement)}</ul>'
    yield '<section>\n<h2>Given</h2>\n<div class="row given">'
    for matrix in exercise.given:
        yield from _given(matrix)
    yield "</div>\n</section>"
    yield '<section class="asked">\n<h2>Answers</h2>\n<div class="row">'
    for asked in exercise.asked:
        yield from _blanks(asked.matrix)
    yield "</div>\n</section>\n</article>"


def _given(matrix: Matrix) -> Iterator[str]:
    """Yield a matrix with its numbers, of a wide one the columns that fit a page, and then the next ones."""
    name = _name(matrix)
    if not matrix.values.ndim:
        yield f'<div class="number">{name} = {single(matrix, None)}</div>'
        return
    n_rows, n_columns = matrix.grid.shape
    most = max(_MOST_DIGITS * n_columns // width_of(matrix, None, 0), 1)
    for block in blocks((n_rows, n_columns), n_rows, most):
        columns = [_numbers(matrix, block, j) for j in block.columns]
        yield from _table("matrix", matrix, block, [list(row) for row in zip(*columns, strict=True)])


def _numbers(matrix: Matrix, block: Block, j: int) -> Sequence[str]:
    """Return the cells of a column, with decimal points below each other."""
    texts = [figure(matrix.grid[i, j], None) for i in block.rows]
    return [f'<td class="{pad}">{text}</td>' for pad, text in zip(alignment(texts), texts, strict=True)]


def _blanks(matrix: Matrix) -> Iterator[str]:
    """Yield empty tables of a matrix."""
    for block in blocks(matrix.grid.shape, _MOST_BLANK_ROWS, _MOST_BLANKS):
        row = ['<td class="blank"></td>'] * len(block.columns)
        yield from _table("blanks", matrix, block, [row] * len(block.rows))


def _answers(matrix: Matrix, cells: Cells) -> Iterator[str]:
    """Yield tables of the answers."""
    widest = max(len(text) for row in cells for text in row) + _BETWEEN
    most = max(min(_MOST_BLANKS, _MOST_DIGITS // widest), 1)
    for block in blocks(matrix.grid.shape, _MOST_BLANK_ROWS, most):
        rows = [[f"<td>{minus(cells[i][j])}</td>" for j in block.columns] for i in block.rows]
        yield from _table("filled", matrix, block, rows)


def _table(kind: str, matrix: Matrix, block: Block, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table of cells with the indices that its entries have."""
    note = f' <span class="note">{block.note}</span>' if block.note else ""
    yield f'<figure>\n<figcaption>{_name(matrix)}{note}</figcaption>\n<table class="{kind}">'
    if matrix.has_column_index:
        corner = "<td></td>" * matrix.has_row_index
        heads = "".join(f'<th scope="col">{j}</th>' for j in block.columns)
        yield f"<thead><tr>{corner}{heads}</tr></thead>"
    yield "<tbody>"
    for i, cells in zip(block.rows, rows, strict=True):
        head = f'<th scope="row">{i}</th>' * matrix.has_row_index
        yield f"<tr>{head}{''.join(cells)}</tr>"
    yield "</tbody>\n</table>\n</figure>"


def _name(matrix: Matrix) -> str:
    return f"{mathml(matrix.symbol)} {code(matrix.place)}"
