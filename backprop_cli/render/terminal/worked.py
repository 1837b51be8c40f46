"""The worked solution of a problem at a terminal: what is given, then each quantity in matrix form with an example."""

from collections.abc import Sequence

from backprop_cli.explanations.explanation import Explanation
from backprop_cli.explanations.worked import Matrix, Worked, WorkedStep
from backprop_cli.messages import listed
from backprop_cli.render.edges import GAP, edges
from backprop_cli.render.notes import conventions, left_out, signs
from backprop_cli.render.steps import equations, inactive_note, steps, tree
from backprop_cli.render.terminal.boxes import (
    Box,
    Unit,
    beside,
    cells_of_column,
    in_rows,
    matrix_box,
    side_by_side,
    width_of,
)
from backprop_cli.render.terminal.page import Column, Look, Page
from backprop_cli.render.terminal.result import heading

__all__ = ["worked"]

_GAP = "   "  # between two given matrices
_MOST_ROWS = 2  # of matrices with their operators; a longer rule is not filled in


def worked(found: Worked, look: Look, precision: int | None, max_rows: int) -> str:
    """Return the page that works through a problem, or through some of its quantities.

    `max_rows` is the most rows of a matrix to show; 0 shows all rows and columns.
    """
    sheet = _Sheet(found, look, precision, max_rows)
    sheet.given()
    told = ""
    for step in found.steps:
        title = heading(found.problem, step.layer, step.phase)
        if found.problem.layered and step.phase != "loss" and title != told:
            sheet.heading(title)
            told = title
        sheet.step(step)
    sheet.left_out()
    return sheet.page.text()


class _Sheet:
    """A page that is being written."""

    def __init__(self, found: Worked, look: Look, precision: int | None, max_rows: int) -> None:
        self.page = Page(look, found.title)
        self._found, self._width, self._precision, self._max_rows = found, look.width, precision, max_rows
        self._told: set[str] = set()  # what is said once

    def heading(self, title: str) -> None:
        self.page.line((title, "bold"))

    def given(self) -> None:
        """Print what the signs mean, and what the work begins with."""
        lines = [signs(self._found)]
        if self._found.problem.layered and self._found.problem.naming is None:
            lines.append("names without a layer are those of the layer in the heading")
        self._legend(*lines, *conventions(self._found), indent="")
        self.page.line()
        self.page.line(("given", "bold"))
        units: list[Unit] = []
        for matrix in self._found.given:
            gap = _GAP if units else ""
            unit = [[gap + f"{matrix.place} = "], matrix_box(matrix, self._precision, self._max_rows)]
            if in_rows([unit], self._width - 2) is not None:
                units.append(unit)
            else:
                self._rows("  ", units)
                units = []
                self.page.line(f"  {matrix.place} =")
                self._table(matrix)
        self._rows("  ", units)
        self._notes(self._found.given)
        self.page.line()

    def step(self, step: WorkedStep) -> None:
        """Print the rule of a quantity, its matrices with their numbers, and the entries term by term."""
        result = matrix_box(step.result, self._precision, self._max_rows)
        operands = self._operands(step)
        rule, equal = f" = {step.rule}", [" = "]
        filled = [*(operands or []), [equal, result]]
        in_one = [[step.node_place + rule], *([equal] * bool(operands)), *(box for unit in filled for box in unit)]
        if operands is not None and sum(map(width_of, in_one)) <= self._width:
            self._in_one(step.node_place, beside(in_one))
        else:
            self.page.line((step.node_place, "bold"), rule)
            if operands is None:
                names = listed(dict.fromkeys(operand.place for operand in step.operands))
                self._legend(f"the numbers of {names} stand above")
            self._below(step.result, operands or [], result)
        self._notes([step.result])
        for example in step.examples:
            self._example(example, "" if step.phase == "loss" else f"layers[{step.layer}].")
        self.page.line()

    def _in_one(self, name: str, box: Box) -> None:
        """Print a rule and its numbers in one row."""
        for k, line in enumerate(box):
            is_middle = k == (len(box) - 1) // 2
            self.page.line(*([(name, "bold"), line.removeprefix(name)] if is_middle else [line]))

    def _below(self, matrix: Matrix, operands: Sequence[Unit], result: Box) -> None:
        """Print the numbers of a rule below it."""
        if in_rows([[["= "], result]], self._width - 2) is None:
            self._table(matrix)
        elif operands:
            self._rows("  ", [[["= "], *operands[0]], *operands[1:], [[" = "], result]])
        else:
            self._rows("  ", [[["= "], result]])

    def _operands(self, step: WorkedStep) -> list[Unit] | None:
        """Return the rule with its numbers, in units; nothing where these are the result; None where it is too long."""
        if not step.fills_in:
            return []
        units = side_by_side(step.parts, self._precision, self._max_rows)
        rows = in_rows(units, self._width - 4)
        most = _MOST_ROWS if step.result.values.ndim else 1
        return None if rows is None or len(rows) > most else units

    def _rows(self, indent: str, units: Sequence[Unit]) -> None:
        """Print units side by side; an operator at the beginning of a row stands below the first sign."""
        for row in in_rows(units, self._width - len(indent)) or ():
            middle = row[(len(row) - 1) // 2]
            n_blanks = len(middle) - len(middle.lstrip())  # before the operator or name that the row begins with
            for line in row:
                self.page.line(indent + line[n_blanks:])

    def _table(self, matrix: Matrix) -> None:
        """Print a matrix that is wider than the page, in blocks of columns with the indices of each."""
        grid = matrix.grid
        rows, columns, _ = edges(grid.shape, self._max_rows)
        table = [Column(GAP if j is None else str(j), cells_of_column(grid, rows, j, self._precision)) for j in columns]
        self.page.table([f"    {GAP if i is None else i}" for i in rows], table)

    def _notes(self, matrices: Sequence[Matrix]) -> None:
        """Say which rows and columns of matrices are shown, where not all are."""
        for matrix in matrices:
            note = edges(matrix.grid.shape, self._max_rows).note
            if note:
                self._legend(f"{matrix.place} shows {note}; --rows 0 shows all")

    def _example(self, found: Explanation, of_layer: str) -> None:
        """Print the steps to an entry, as many in a line as fit; names of its layer stand without the layer."""
        *others, last = (text.replace(of_layer, "") for text in steps(found, self._precision, most_terms=None))
        entry = found.entry.removeprefix(of_layer)
        for line in equations(entry, [*others, last + inactive_note(found)], self._width - 2, packed=True):
            self.page.line(f"  {line}")
        if (chain := found.through_upstream) is not None:
            sides = [text.replace(of_layer, "") for text in steps(chain, self._precision, most_terms=None)]
            for line in equations(f"through upstream: {chain.entry.removeprefix(of_layer)}", sides, self._width - 4):
                self.page.line(f"    {line}")
        for line in tree(found.sources, self._precision, "    ", self._width):
            self.page.line(line)
        if found.passed_on:
            self._legend("z is a sum, which passes dz on unchanged to each of its terms")
        self._legend(*(line.replace(of_layer, "") for line in found.notation.where))

    def _legend(self, *lines: str, indent: str = "    ") -> None:
        for line in lines:
            if line not in self._told:
                self.page.line((f"{indent}({line})", "legend"))
        self._told.update(lines)

    def left_out(self) -> None:
        """Say what is not shown, and how to see it."""
        lines = left_out(self._found)
        if lines:
            self.page.line(("not shown", "bold"))
            for line in lines:
                self.page.line(f"  {line}")
            self.page.line()
        self.page.not_computed(self._found.not_computed)
