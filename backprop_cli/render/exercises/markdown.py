"""Exercises in Markdown: question sheets with tables to fill in, and their answer keys."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from backprop_cli.exercises.exercise import Exercise
from backprop_cli.exercises.statement import to_digits
from backprop_cli.explanations.worked import Matrix
from backprop_cli.messages import clean
from backprop_cli.render import markdown
from backprop_cli.render.exercises.blocks import Block, Cells, blocks, filled
from backprop_cli.render.numbers import number

__all__ = ["keys", "sheets"]

_MOST_NUMBERS, _MOST_ANSWERS = 12, 8  # columns of a table that fit a page
_PADDING = "&emsp;" * 2  # on both sides of the index of a column, so that its cells are wide enough to write in


def sheets(exercises: Sequence[Exercise]) -> str:
    """Return question sheets, a section each: what is given, and tables to fill in."""
    is_one = len(exercises) == 1
    parts = [] if is_one else ["# Exercises"]
    for exercise in exercises:
        parts += _sheet(exercise, "#" if is_one else "##")
    return "\n\n".join(parts) + "\n"


def keys(exercises: Sequence[Exercise], precision: int | None, max_rows: int) -> str:
    """Return the answers and the worked solutions, a section for each exercise."""
    level = 1 if len(exercises) == 1 else 2
    parts = [] if level == 1 else ["# Answer key\n"]
    for exercise in exercises:
        solution = replace(exercise.solution, title=exercise.title)
        parts.append(markdown.worked(solution, precision, max_rows, level=level, before=[*_key(exercise, "#" * level)]))
    return "\n".join(parts)


def _key(exercise: Exercise, level: str) -> Iterator[str]:
    yield f"{level}# Answers"
    yield f"Each answer is rounded to {to_digits(exercise.digits)}."
    for asked in exercise.asked:
        yield from _tables(asked.matrix, filled(asked, exercise.digits), _MOST_ANSWERS)
    yield f"{level}# Worked solution"


def _sheet(exercise: Exercise, level: str) -> Iterator[str]:
    yield f"{level} {_escaped(exercise.title)}"
    if exercise.source:
        yield f"Source: {_escaped(exercise.source)}"
    yield "\n".join(f"- {_escaped(sentence)}" for sentence in exercise.statement)
    yield f"{level}# Given"
    for matrix in exercise.given:
        if matrix.values.ndim:
            numbers = [[number(value, None) for value in row] for row in matrix.grid]
            yield from _tables(matrix, numbers, _MOST_NUMBERS)
        else:
            yield f"{_name(matrix)}: {number(matrix.grid.item(), None)}"
    yield f"{level}# Answers"
    for asked in exercise.asked:
        yield from _tables(asked.matrix, None, _MOST_ANSWERS)


def _tables(matrix: Matrix, numbers: Cells | None, most_columns: int) -> Iterator[str]:
    """Yield tables of the numbers of a matrix, or empty ones for None."""
    n_rows = matrix.grid.shape[0]
    for block in blocks(matrix.grid.shape, n_rows, most_columns):
        yield _name(matrix) + (f", {block.note}" if block.note else "") + ":"
        yield "\n".join(_table(matrix, numbers, block))


def _table(matrix: Matrix, numbers: Cells | None, block: Block) -> Iterator[str]:
    """Yield the lines of a table with the indices that the entries of the matrix have."""
    padding, align = (_PADDING, ":---:") if numbers is None else ("", "---:")
    heads = [f"{padding}{j if matrix.has_column_index else ''}{padding}" for j in block.columns]
    yield _line([""] * matrix.has_row_index + heads)
    yield _line(["---:"] * matrix.has_row_index + [align] * len(heads))
    for i in block.rows:
        cells = ["" if numbers is None else numbers[i][j] for j in block.columns]
        yield _line([f"**{i}**"] * matrix.has_row_index + cells)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _name(matrix: Matrix) -> str:
    return f"`{matrix.place}` (${matrix.symbol}$)"


def _escaped(text: str) -> str:
    return markdown.escaped(clean(text))
