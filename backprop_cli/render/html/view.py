"""How much of a worked solution a page shows, so that the page of a large network stays small."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backprop_cli.explanations.explanation import Explanation
from backprop_cli.explanations.opened import Cell
from backprop_cli.explanations.picture import Picture
from backprop_cli.explanations.worked import Matrix, Worked, WorkedStep
from backprop_cli.render.html.matrices import matrix_edges

__all__ = ["Shown", "View", "view"]

_MOST_NUMBERS = 15_000
_MOST_PARTS = 3_900  # some 170 bytes each, so that the page has less than a megabyte
_OPERAND_ROWS = 10
_LESS = (12, 8, 6, 4)


@dataclass(frozen=True, kw_only=True)
class View:
    """How many rows and columns of matrices are shown, and whether each number of a result can be opened."""

    rows: int  # 0 for all
    is_open: bool

    @property
    def operand_rows(self) -> int:
        """The most rows and columns of a matrix inside a formula."""
        return min(self.rows, _OPERAND_ROWS)

    def cells(self, step: WorkedStep) -> Sequence[Cell]:
        """Return the entries of the result of a step that are shown."""
        shown = matrix_edges(step.result, self.rows)
        return [(i, j) for i in shown.rows for j in shown.columns if i is not None and j is not None]

    def opened(self, found: Worked) -> Mapping[str, Sequence[Cell]]:
        """Return the entries that can be opened, by the place of their matrix."""
        return {step.node_place: self.cells(step) if self.is_open else [] for step in found.steps}


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """What a page shows of a problem."""

    found: Worked
    view: View
    opened: Mapping[str, Mapping[Cell, Explanation]]  # the entries that can be opened, by the place of their matrix
    picture: Picture | None = None


def view(found: Worked, max_rows: int) -> View:
    """Return how much to show: of matrices at most `max_rows` rows and columns, 0 for all; less if there are many.

    With 0, every number can be opened.
    """
    if not max_rows:
        return View(rows=0, is_open=True)
    tried = [View(rows=rows, is_open=True) for rows in (max_rows, *(less for less in _LESS if less < max_rows))]
    fitting = (each for each in tried if _numbers(found, each) <= _MOST_NUMBERS and _parts(found, each) <= _MOST_PARTS)
    return next(fitting, View(rows=tried[-1].rows, is_open=False))


def _numbers(found: Worked, view: View) -> int:
    """Return how many numbers of matrices a page has."""
    operands = [operand for step in found.steps for operand in step.operands]
    results = [*found.given, *(step.result for step in found.steps)]
    return _sizes(operands, view.operand_rows) + _sizes(results, view.rows)


def _sizes(matrices: Sequence[Matrix], rows: int) -> int:
    return sum(matrix_edges(matrix, rows).entries for matrix in matrices)


def _parts(found: Worked, view: View) -> int:
    """Return about how many terms a page has, an entry without its terms being worth two."""
    return sum(len(view.cells(step)) * (2 + len(step.example.terms)) for step in found.steps if step.examples)
