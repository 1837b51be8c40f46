"""Tables of a solution, one for each quantity, with labelled rows and columns and aligned numbers."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from backprop_cli.core.formulas import matrix_form
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, FORWARD, NOUNS, OF_THE_LOSS, Node
from backprop_cli.core.solution import Solution
from backprop_cli.messages import clean, counted, listed
from backprop_cli.render.edges import GAP, Shown, edges
from backprop_cli.render.numbers import aligned, number
from backprop_cli.render.terminal.losses import print_losses
from backprop_cli.render.terminal.page import Column, Look, Page

_OF_UNITS = ("outputs", "dz")  # zero where a unit is inactive


def tables(solution: Solution, look: Look, precision: int | None, max_rows: int) -> str:
    """Return a page with the tables of a solution, and with what each quantity that was not computed needs.

    `max_rows` is the most rows of a matrix to show; 0 shows all rows and columns.
    """
    problem = solution.problem
    page = Page(look, problem.title)
    if problem.binary:
        page.line(f"exact values of the binary numbers in {listed(problem.binary)}, where no decimals were written")
        page.line()
    if problem.dtype == np.float32:
        page.line("computed in float32")
        page.line()
    for title, nodes in _parts(solution):
        if title:
            page.line((title, "bold"))
            page.line()
        for node in nodes:
            if node.quantity == "losses":
                print_losses(page, look, node.quantity, solution.layers[node.layer].computed["losses"], precision)
            elif AXES[node.quantity]:
                _matrix(page, solution, node, precision, max_rows)
            else:
                _number(page, solution, node, precision)
            page.line()
    page.not_computed(solution.not_computed())
    return page.text()


def _parts(solution: Solution) -> Iterator[tuple[str, Sequence[Node]]]:
    """Yield what was computed in the order of work, in parts with a heading for each; one layer alone is one part.

    Work goes forward through the layers to the loss, then backward through them; a step changes all of them.
    """
    computed = [Node(i, quantity) for i, layer in enumerate(solution.layers) for quantity in layer.computed]
    if not solution.problem.layered:
        yield "", computed
        return
    layers = range(len(solution.layers))
    for phase, order in (("forward", layers), ("loss", layers[-1:]), ("backward", layers[::-1]), ("step", layers)):
        for i in order:
            if nodes := [node for node in computed if node.layer == i and _phase(node) == phase]:
                yield phase if phase == "loss" else heading(solution.problem, i, phase), nodes


def _phase(node: Node) -> str:
    if node.quantity in OF_THE_LOSS:
        return "loss"
    return "forward" if node.quantity in FORWARD else "step" if node.quantity.startswith("new_") else "backward"


def heading(problem: Problem, i: int, phase: str) -> str:
    """Return the heading of the work on one layer."""
    layer = problem.layers[i]
    sizes = ((layer.n_inputs, "input"), (layer.n_neurons, "neuron"))
    known = [counted(n, noun) for n, noun in sizes if n is not None]
    return f"{problem.layer_title(i)}, {phase}: " + ", ".join([layer.activation.name, *known])


def _number(page: Page, solution: Solution, node: Node, precision: int | None) -> None:
    """Print a quantity that is one number, such as the loss, with its formula."""
    value = solution.layers[node.layer].computed[node.quantity].item()
    name, formula = solution.problem.place(*node), matrix_form(solution.problem, node)
    page.line((f"{name} = {number(value, precision)}", "bold"), f" = {formula}")


def _matrix(page: Page, solution: Solution, node: Node, precision: int | None, max_rows: int) -> None:
    """Print a matrix under its heading."""
    problem, layer = solution.problem, solution.layers[node.layer]
    array = layer.computed[node.quantity]
    page.line((f"{problem.place(*node)} {array.shape} = {matrix_form(problem, node)}", "bold"))
    matrix = np.atleast_2d(array)
    inactive = None
    if node.quantity in _OF_UNITS and layer.inactive is not None:
        inactive = problem.as_written(node.quantity, layer.inactive)
    rows, columns, note = edges(matrix.shape, max_rows)
    if note:
        page.line(f"  shows {note} (--rows 0 shows all)")

    *row_axis, column_axis = problem.axes(node.quantity)  # a list has one axis, and its row no label
    row_labels = _labels(problem, node.layer, row_axis[0], rows) if row_axis else [""]
    table = []
    for j, label in zip(columns, _labels(problem, node.layer, column_axis, columns), strict=True):
        cells, styles = [GAP] * len(rows), [""] * len(rows)
        for k, i in enumerate(rows):
            if i is not None and j is not None:
                cells[k] = number(_as_float64(matrix[i, j]), precision)
                styles[k] = _style(matrix[i, j], inactive is not None and inactive[i, j])
        table.append(Column(label, aligned(cells), styles))
    page.table(row_labels, table)


def _labels(problem: Problem, layer: int, axis: str, shown: Shown) -> list[str]:
    """Return the labels of rows or columns: the names in the header of a file, or else `neuron 2`."""
    layers = problem.layers
    input_names = layers[layer - 1].neuron_names if layer else problem.input_names
    names = {"i": input_names, "j": layers[layer].neuron_names}.get(axis)
    return [
        GAP if k is None else clean(names[k]) if names and names[k] else f"{NOUNS[axis]} {k}"  # a name may be empty
        for k in shown
    ]


def _as_float64(value: Any) -> Any:
    """Return a float32 number as the float64 number with the same few digits."""
    return float(str(value)) if isinstance(value, np.float32) else value


def _style(value: Any, is_inactive: Any) -> str:
    if is_inactive:
        return "inactive"
    return "negative" if value < 0 else "positive" if value > 0 else ""
