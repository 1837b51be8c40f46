"""Exercises in LaTeX: question sheets with tables to fill in, and their answer keys.

A fragment compiles inside `article` with amsmath. Each exercise begins on a new page.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from backprop_cli.exercises.exercise import Exercise
from backprop_cli.exercises.statement import to_digits
from backprop_cli.explanations.worked import Matrix
from backprop_cli.render import latex
from backprop_cli.render.exercises.blocks import Block, Cells, blocks, filled
from backprop_cli.render.latex_matrices import Matrices, number
from backprop_cli.render.tex_lines import width
from backprop_cli.render.tex_texts import code, document, escaped

__all__ = ["keys", "sheets"]

# The width of a line in em, and how many cells fit it: of `article` on A4 paper at 12 pt, where that is least, and of a
# document of its own.
_OF_ARTICLE, _OF_DOCUMENT = (32.5, 6), (50.5, 8)
_BESIDE_MATRIX = 4.0  # em of a line that are left to the symbol of a matrix
_MOST_ROWS, _MOST_BLANK_ROWS = 30, 16  # of a matrix, and of a table to fill in, that a page has place for
_BEGIN = (
    r"\begingroup % exercises: need \usepackage{amsmath}",
    r"\raggedright \parindent=0pt \hyphenpenalty=10000",
    r"\def\blank{\rule[-3.2mm]{0pt}{9mm}} % the height of a row to write in",
)
_BLANK, _NUMBER = "p{17mm}|", "r|"  # a column
_BESIDE_NUMBER = 1.3  # em of a column
_FIGURES = r"{\lineskip=14pt \lineskiplimit=4pt"  # begins a paragraph of these, with space between its lines


def sheets(exercises: Sequence[Exercise], *, standalone: bool) -> str:
    """Return question sheets: what is given, and tables to fill in."""
    parts = ["\n".join(_sheet(exercise, standalone=standalone)) for exercise in exercises]
    body = "\n".join([*_BEGIN, "\n\\clearpage\n".join(parts), r"\endgroup"])
    return document(["amsmath"], body) if standalone else f"{body}\n"


def keys(exercises: Sequence[Exercise], precision: int | None, max_rows: int, *, standalone: bool) -> str:
    """Return the answers and the worked solutions."""
    solutions = [replace(exercise.solution, title=exercise.title) for exercise in exercises]
    before = ["\n".join(_key(exercise, standalone=standalone)) for exercise in exercises]
    return latex.solutions(solutions, precision, max_rows, standalone=standalone, before=before)


def _key(exercise: Exercise, *, standalone: bool) -> Iterator[str]:
    line, n_columns = _OF_DOCUMENT if standalone else _OF_ARTICLE
    rounded_to = f"Each answer is rounded to {to_digits(exercise.digits)}."
    yield rf"\medskip\textbf{{Answers.}} {rounded_to}\par\nobreak\medskip{_FIGURES}"
    for asked in exercise.asked:
        cells = [[f"${text}$" for text in row] for row in filled(asked, exercise.digits)]
        widest = max(width(cell) for row in cells for cell in row) + _BESIDE_NUMBER
        yield from _tables(asked.matrix, cells, max(min(n_columns, int((line - _BESIDE_MATRIX) / widest)), 1))
    yield r"\par}\bigskip"


def _sheet(exercise: Exercise, *, standalone: bool) -> Iterator[str]:
    line, n_columns = _OF_DOCUMENT if standalone else _OF_ARTICLE
    if standalone:
        yield r"{\raggedleft Name \rule[-1mm]{55mm}{0.4pt}\par}"
    yield rf"\section*{{{escaped(exercise.title)}}}"
    if exercise.source:
        yield rf"{{\small Source: {escaped(exercise.source)}\par}}"
    items = [rf"\item {escaped(sentence)}" for sentence in exercise.statement]
    yield "\n".join([r"\begin{itemize}\itemsep=0pt \parskip=0pt", *items, r"\end{itemize}"])
    yield rf"\medskip\textbf{{Given}}\par\nobreak\medskip{_FIGURES}"
    for matrix in exercise.given:
        yield from _given(matrix, line - _BESIDE_MATRIX)
    yield rf"\par}}\bigskip\textbf{{Answers}}\par\nobreak\medskip{_FIGURES}"
    for asked in exercise.asked:
        yield from _tables(asked.matrix, None, n_columns)
    yield r"\par}"


def _given(matrix: Matrix, most: float) -> Iterator[str]:
    """Yield a matrix with its numbers, of a wide one the columns that fit a line of `most` em, and then the next."""
    name = code(matrix.place)
    if not matrix.values.ndim:
        yield _figure(name, rf"${matrix.symbol} = {number(matrix.grid.item(), None)}$")
        return
    matrices = Matrices(most, None, 0)
    n = matrix.grid.shape[1]
    while True:
        parts = [
            (block.note, matrices.part(matrix, block.rows, block.columns))
            for block in blocks(matrix.grid.shape, _MOST_ROWS, n)
        ]
        widest = max(part.width for _, part in parts)
        if n == 1 or widest <= most:
            break
        n = max(min(n - 1, int(n * most / widest)), 1)
    for note, part in parts:
        if note:
            yield _figure(f"{name}, ${matrix.symbol}$ ({note})", f"${part.tex}$")
        else:
            yield _figure(name, f"${matrix.symbol} = {part.tex}$")


def _tables(matrix: Matrix, cells: Cells | None, most_columns: int) -> Iterator[str]:
    """Yield tables of a matrix, with its cells in TeX, or empty ones for None."""
    for block in blocks(matrix.grid.shape, _MOST_BLANK_ROWS if cells is None else _MOST_ROWS, most_columns):
        note = f" ({block.note})" if block.note else ""
        yield _figure(f"{code(matrix.place)}, ${matrix.symbol}${note}", "\n".join(_table(matrix, cells, block)))


def _figure(name: str, body: str) -> str:
    """Return a body below its name, which stand beside others in a line if there is place."""
    lines = [r"\begin{tabular}[t]{@{}l@{}}", rf"{name} \\[3pt]", body, r"\end{tabular}\hspace{7mm}"]
    return "\n".join(lines)


def _table(matrix: Matrix, cells: Cells | None, block: Block) -> Iterator[str]:
    """Yield a table with the indices that the entries of the matrix have."""
    has_rows, n = matrix.has_row_index, len(block.columns)
    line = rf"\cline{{{1 + has_rows}-{n + has_rows}}}"
    column = _BLANK if cells is None else _NUMBER
    yield rf"\begin{{tabular}}{{@{{}}{'r' * has_rows}|*{{{n}}}{{{column}}}}}"
    if matrix.has_column_index:
        corner = [r"\multicolumn{1}{@{}r}{}"] * has_rows
        heads = [rf"\multicolumn{{1}}{{c}}{{\footnotesize {j}}}" for j in block.columns]
        yield rf"{' & '.join(corner + heads)} \\"
    yield line
    for i in block.rows:
        head = [rf"\footnotesize {i}"] * has_rows
        numbers = [r"\blank" if cells is None else cells[i][j] for j in block.columns]
        yield rf"{' & '.join(head + numbers)} \\ {line}"
    yield r"\end{tabular}"
