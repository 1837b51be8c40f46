"""Exercises in Markdown: question sheets with tables to fill in, and their answer keys."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from backprop_cli.exercises.exercise import Exercise
from backprop_cli.explanations.worked import Matrix
from backprop_cli.messages import clean
from backprop_cli.render import markdown
from backprop_cli.render.exercises.blocks import Block, blocks
from backprop_cli.render.numbers import number

__all__ = ["keys", "sheets"]

_MOST_NUMBERS, _MOST_BLANKS = 12, 8  # columns of a table that fit a page
_PADDING = "&emsp;" * 2  # on both sides of the index of a column, so that its cells are wide enough to write in


def sheets(exercises: Sequence[Exercise]) -> str:
    """Return question sheets, a section each: what is given, and tables to fill in."""
    is_one = len(exercises) == 1
    parts = [] if is_one else ["# Exercises"]
    for exercise in exercises:
        parts += _sheet(exercise, "#" if is_one else "##")
    return "\n\n".join(parts) + "\n"


def keys(exercises: Sequence[Exercise], precision: int | None, max_rows: int) -> str:
    """Return the worked solutions, a section each; of one exercise, what `explain` writes."""
    if len(exercises) == 1:
        return markdown.worked(exercises[0].solution, precision, max_rows)
    solutions = [replace(exercise.solution, title=exercise.title) for exercise in exercises]
    return "\n".join(["# Answer key\n", *(markdown.worked(each, precision, max_rows, level=2) for each in solutions)])


def _sheet(exercise: Exercise, level: str) -> Iterator[str]:
    yield f"{level} {_escaped(exercise.title)}"
    if exercise.source:
        yield f"Source: {_escaped(exercise.source)}"
    yield "\n".join(f"- {_escaped(sentence)}" for sentence in exercise.statement)
    yield f"{level}# Given"
    for matrix in exercise.given:
        if matrix.values.ndim:
            yield from _tables(matrix, _MOST_NUMBERS, is_blank=False)
        else:
            yield f"{_name(matrix)}: {number(matrix.grid.item(), None)}"
    yield f"{level}# Answers"
    for asked in exercise.asked:
        yield from _tables(asked.matrix, _MOST_BLANKS, is_blank=True)


def _tables(matrix: Matrix, most_columns: int, *, is_blank: bool) -> Iterator[str]:
    n_rows = matrix.grid.shape[0]
    for block in blocks(matrix.grid.shape, n_rows, most_columns):
        yield _name(matrix) + (f", {block.note}" if block.note else "") + ":"
        yield "\n".join(_table(matrix, block, is_blank=is_blank))


def _table(matrix: Matrix, block: Block, *, is_blank: bool) -> Iterator[str]:
    """Yield the lines of a table with the indices that the entries of the matrix have."""
    padding = _PADDING if is_blank else ""
    heads = [f"{padding}{j if matrix.has_column_index else ''}{padding}" for j in block.columns]
    yield _line([""] * matrix.has_row_index + heads)
    yield _line(["---:"] * matrix.has_row_index + [":---:" if is_blank else "---:"] * len(heads))
    for i in block.rows:
        cells = ["" if is_blank else number(matrix.grid[i, j], None) for j in block.columns]
        yield _line([f"**{i}**"] * matrix.has_row_index + cells)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _name(matrix: Matrix) -> str:
    return f"`{matrix.place}` (${matrix.symbol}$)"


def _escaped(text: str) -> str:
    return markdown.escaped(clean(text))
