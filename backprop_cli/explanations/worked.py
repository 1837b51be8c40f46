"""The worked solution of a problem: what is given, and each quantity in the order in which it is worked by hand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.formulas import Operand, matrix_form, matrix_parts, operand_name
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, FORWARD, OF_THE_LOSS, Node
from backprop_cli.core.training import at_last_step
from backprop_cli.explanations.examples import EVERYTHING, Examples, Scope
from backprop_cli.explanations.explanation import Explanation, Extent
from backprop_cli.explanations.symbols import symbol
from backprop_cli.explanations.terms import Entries

__all__ = ["EVERYTHING", "LeftOut", "Matrix", "Part", "Scope", "Worked", "WorkedStep", "matrix", "worked"]

_BACKWARD = ("dz", "dweights", "dbiases", "dinputs")
_STEP = ("new_weights", "new_biases")
_OF_UNITS = ("outputs", "dz")  # zero where a unit is inactive


@dataclass(frozen=True, kw_only=True, eq=False)
class Matrix:
    """One matrix, list or number of a worked solution."""

    place: str  # `weights`, `layers[0].dz`; that of z where this is the derivative of an activation
    name: str  # in a rule: `weights.T`, `dz`, `(z > 0)`
    symbol: str  # in TeX: `W^{\top}`
    values: Array  # with its axes as the author writes them, or transposed where the name says so; () for a number
    is_column: bool = False  # whether a list stands as a column: biases where samples are columns
    inactive: Array | None = None  # which entries an inactive unit makes zero, in the shape of `grid`

    @property
    def grid(self) -> Array:
        """The values (n_rows, n_columns): a list is one row or one column, a number one entry."""
        return _grid(self.values, is_column=self.is_column)

    @property
    def has_row_index(self) -> bool:
        """Whether the name of an entry has the index of its row."""
        return self.values.ndim == 2 or self.is_column

    @property
    def has_column_index(self) -> bool:
        """Whether the name of an entry has the index of its column."""
        return bool(self.values.ndim) and not self.is_column

    def entry(self, row: int, column: int) -> str:
        """Return the name of the entry that stands in a row and a column, of a matrix that is not transposed."""
        index = (row,) * self.has_row_index + (column,) * self.has_column_index
        return f"{self.place}[{','.join(map(str, index))}]" if index else self.place


Part: TypeAlias = str | Matrix


@dataclass(frozen=True, kw_only=True, eq=False)
class WorkedStep:
    """One quantity: its rule, and some of its entries term by term."""

    node_place: str  # the quantity: `layers[0].dz`
    layer: int
    quantity: str  # as it is named here: `dz`
    phase: str  # forward, loss, backward or step
    rule: str  # in matrix form: `dz @ weights.T`
    rule_tex: str  # the same in symbols
    parts: tuple[Part, ...]  # the texts of the rule and its matrices
    tex_parts: tuple[Part, ...]
    result: Matrix
    examples: tuple[Explanation, ...]  # at least one where the quantity has an entry

    @property
    def operands(self) -> tuple[Matrix, ...]:
        """The matrices of the rule in its order."""
        return tuple(part for part in self.parts if isinstance(part, Matrix))

    @property
    def fills_in(self) -> bool:
        """Whether the rule has numbers that are not simply those of the result."""
        operands = self.operands
        is_same = len(operands) == 1 and np.array_equal(operands[0].grid, self.result.grid)
        return bool(operands) and not is_same

    @property
    def example(self) -> Explanation:
        """A representative entry, term by term: if possible one that no inactive unit makes zero."""
        return self.examples[0]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Entries of a quantity that are not worked out term by term."""

    place: str
    entries: int
    of: int  # how many the quantity has
    shown_by: str  # an entry that `explain` takes, to see them: `dweights`


@dataclass(frozen=True, kw_only=True, eq=False)
class Worked:
    """The worked solution of a problem, or of some of its quantities."""

    title: str | None
    source: str | None
    given: tuple[Matrix, ...]  # what the steps begin with
    steps: tuple[WorkedStep, ...]  # in the order of work: forward, loss, backward, step
    not_computed: Mapping[str, str]  # by place, what each quantity that was not computed needs
    left_out: tuple[LeftOut, ...]
    problem: Problem  # at the step that is worked out
    is_whole: bool  # whether this is the whole problem

    @property
    def entries(self) -> int:
        """How many entries were computed."""
        return self.not_shown + sum(len(step.examples) for step in self.steps)

    @property
    def not_shown(self) -> int:
        """How many computed entries are not worked out term by term."""
        return sum(each.entries for each in self.left_out)


def worked(problem: Problem, extent: Extent, scope: Scope = EVERYTHING) -> Worked:
    """Work through a problem as by hand, at its last step: forward, loss, backward, step; or through a part of it.

    One entry of each quantity is worked out term by term, or each one if the extent says so. Of quantities that the
    scope names it is each one, or the first `MOST_ENTRIES`.

    Raises:
        UsageError: The scope names a row or a column that there is not.
        InputError: Nothing follows from what was given, a result overflows, or the steps are not possible.
    """
    problem, last = at_last_step(problem, with_losses=False), len(problem.layers) - 1
    in_one_step = () if problem.matched(last) is None else (Node(last, "upstream"),)  # dz needs none
    has_loss = problem.targets is not None
    unasked = [node for node in (*in_one_step, Node(last, "losses")) if problem.has(node) and has_loss]
    nodes = scope.nodes
    if not nodes:
        nodes = tuple(node for node in problem.nodes if node not in unasked and scope.layer in (None, node.layer))
    entries = Entries(problem, nodes, whole=True)
    examples = Examples(entries, extent, scope)
    wanted = set(nodes)
    order = [node for node in working_order(last + 1) if node in wanted and entries.array(node) is not None]
    if not scope.nodes:
        order = [node for node in order if problem.given(node) is None]
    steps = tuple(_step(entries, node, examples) for node in order)
    left_out = [_left_out(step) for step in steps]
    if not scope.nodes and scope.layer in (None, last):
        left_out += [_unasked(problem, node) for node in unasked]
    return Worked(
        title=problem.title,
        source=problem.source,
        given=_given(entries, order) if scope == EVERYTHING else _operands_of_others(entries, order),
        steps=steps,
        not_computed=entries.not_computed,
        left_out=tuple(each for each in left_out if each.entries),
        problem=problem,
        is_whole=scope == EVERYTHING,
    )


def working_order(n_layers: int) -> Iterator[Node]:
    """Yield every node in the order of work by hand."""
    layers = range(n_layers)
    yield from (Node(i, quantity) for i in layers for quantity in FORWARD)
    yield from (Node(n_layers - 1, quantity) for quantity in OF_THE_LOSS)
    yield from (Node(i, quantity) for i in reversed(layers) for quantity in _BACKWARD)
    yield from (Node(i, quantity) for i in layers for quantity in _STEP)


def _step(entries: Entries, node: Node, examples: Examples) -> WorkedStep:
    problem = entries.problem

    def filled(parts: Sequence[str | Operand]) -> tuple[Part, ...]:
        return tuple(part if isinstance(part, str) else _operand(entries, node, part) for part in parts)

    parts, tex_parts = (filled(matrix_parts(problem, node, tex=tex)) for tex in (False, True))
    return WorkedStep(
        node_place=problem.place(*node),
        layer=node.layer,
        quantity=node.quantity,
        phase=_phase(node),
        rule=matrix_form(problem, node),
        rule_tex="".join(part if isinstance(part, str) else part.symbol for part in tex_parts),
        parts=parts,
        tex_parts=tex_parts,
        result=_matrix(entries, node, node.quantity if problem.naming is None else problem.place(*node)),
        examples=tuple(examples.of(node)),
    )


def _phase(node: Node) -> str:
    if node.quantity in OF_THE_LOSS:
        return "loss"
    return "forward" if node.quantity in FORWARD else "step" if node.quantity in _STEP else "backward"


def _matrix(entries: Entries, node: Node, name: str) -> Matrix:
    inactive = entries.inactive_units(node.layer) if node.quantity in _OF_UNITS else None
    return matrix(entries.problem, node, np.asarray(entries.array(node)), name, inactive)


def matrix(problem: Problem, node: Node, values: Array, name: str, inactive: Array | None = None) -> Matrix:
    """Return the matrix of a node.

    Args:
        problem: The problem.
        node: The quantity, or what was given.
        values: Its values, with their axes in the order of `AXES`: (n_inputs, n_neurons) for dweights.
        name: Its name in rules.
        inactive: Which entries an inactive unit makes zero, in the same shape.
    """
    return Matrix(
        place=problem.place(*node),
        name=name,
        symbol=symbol(problem, node),
        values=problem.as_written(node.quantity, values),
        is_column=AXES[node.quantity] == ("j",) and problem.axes("z") != AXES["z"],
        inactive=None if inactive is None else problem.as_written(node.quantity, inactive),
    )


def _operand(entries: Entries, node: Node, operand: Operand) -> Matrix:
    """Return an operand of the rule of a node: a matrix, its transpose, or the derivative of an activation there."""
    problem = entries.problem
    plain = _matrix(entries, operand.node, operand_name(problem, node, operand))
    values, tex = plain.values, plain.symbol
    if operand.is_derivative:
        f = problem.layers[node.layer].activation
        with np.errstate(all="ignore"):
            values, tex = f.derivative(values), f.derivative_tex.format(z=tex)
    elif operand.transposed:
        values, tex = values.T, _transposed(tex)
    is_plain = not (operand.is_derivative or operand.transposed)
    return Matrix(
        place=plain.place,
        name=plain.name,
        symbol=tex,
        values=values,
        is_column=plain.is_column,
        inactive=plain.inactive if is_plain else None,
    )


def _transposed(tex: str) -> str:
    if tex.startswith(r"\frac"):
        tex = rf"\left( {tex} \right)"
    return rf"{{{tex}}}^{{\top}}" if "^{(" in tex and not tex.startswith(r"\left") else rf"{tex}^{{\top}}"


def _given(entries: Entries, order: Sequence[Node]) -> tuple[Matrix, ...]:
    """Return everything that was given: the learning rate only where a step takes it."""
    problem, last = entries.problem, len(entries.problem.layers) - 1
    of_layers = [Node(i, name) for i in range(last + 1) for name in ("weights", "biases", "z")]
    nodes = [Node(0, "inputs"), *of_layers, Node(last, "upstream"), Node(last, "targets")]
    if any(node.quantity in _STEP for node in order):
        nodes.append(Node(last, "learning_rate"))
    return tuple(_matrix(entries, node, problem.place(*node)) for node in nodes if problem.given(node) is not None)


def _operands_of_others(entries: Entries, order: Sequence[Node]) -> tuple[Matrix, ...]:
    """Return what the nodes in order are computed from and none of them is, each once."""
    problem = entries.problem
    parts = [part for node in order for part in matrix_parts(problem, node)]
    operands = dict.fromkeys(part.node for part in parts if isinstance(part, Operand))
    return tuple(_matrix(entries, node, problem.place(*node)) for node in operands if node not in order)


def _left_out(step: WorkedStep) -> LeftOut:
    n = step.result.values.size
    return LeftOut(place=step.node_place, entries=n - len(step.examples), of=n, shown_by=step.node_place)


def _unasked(problem: Problem, node: Node) -> LeftOut:
    """Return the entries of a quantity that the work by hand does without."""
    n, first = problem.steps, "losses[0]"
    if node.quantity == "upstream":
        n, first = np.asarray(problem.targets).size, "upstream[0,0]"
    return LeftOut(place=node.quantity, entries=n, of=n, shown_by=first)


def _grid(values: Array, *, is_column: bool) -> Array:
    return values.reshape(-1, 1) if is_column else np.atleast_2d(values)
