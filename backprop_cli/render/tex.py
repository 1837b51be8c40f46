"""Whole matrices and rules in TeX, for Markdown and LaTeX."""

import re
from collections.abc import Sequence

from backprop_cli.explanations.worked import Matrix, Part, WorkedStep
from backprop_cli.render.edges import edges
from backprop_cli.render.numbers import tex_number

__all__ = ["aligned_rule", "bmatrix", "filled"]


def bmatrix(matrix: Matrix, precision: int | None, max_rows: int) -> str:
    """Return a matrix as a `bmatrix`, of a large one its edges; a number as such."""
    grid = matrix.grid
    if not matrix.values.ndim:
        return tex_number(grid.item(), precision)
    rows, columns, _ = edges(grid.shape, max_rows, square=True)
    lines = []
    for i in rows:
        dots = r"\vdots" if i is None else r"\cdots"
        gap = r"\ddots" if i is None else dots
        cells = [gap if j is None else dots if i is None else tex_number(grid[i, j], precision) for j in columns]
        lines.append(" & ".join(cells))
    return r"\begin{bmatrix} " + r" \\ ".join(lines) + r" \end{bmatrix}"


def aligned_rule(step: WorkedStep, precision: int | None, max_rows: int) -> str:
    """Return the lines of a step in an `aligned` environment: its rule in symbols, in numbers, and the result."""
    sides = [step.rule_tex]
    if step.fills_in:
        sides.append(filled(step.tex_parts, precision, max_rows))
    sides.append(bmatrix(step.result, precision, max_rows))
    lines = [rf"{step.result.symbol} &= {sides[0]}", *(f"&= {side}" for side in sides[1:])]
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def filled(parts: Sequence[Part], precision: int | None, max_rows: int) -> str:
    """Return a rule with the numbers of its matrices; brackets grow with what they hold."""
    texts = [part if isinstance(part, str) else "\0" for part in parts]
    growing = re.sub(r"\\text\{[^}]*\}|(?<!\\left)\(|(?<!\\right)\)", _growing, "".join(texts)).split("\0")
    matrices = [bmatrix(part, precision, max_rows) for part in parts if not isinstance(part, str)]
    return "".join(text + matrix for text, matrix in zip(growing, [*matrices, ""], strict=True))


def _growing(found: re.Match[str]) -> str:
    return {"(": r"\left(", ")": r"\right)"}.get(found[0], found[0])
