"""Forward and backward, one block of samples at a time.

The values of one sample depend on no other sample. Only `dweights` and `dbiases`, which are sums over samples, are
carried from block to block. Those of float32 are carried in float64 and rounded at the end: a long sum of float32
numbers would lose digits with every block. Blocks that fit the cache take less time than whole matrices, whose
intermediate results go through memory. Values that are not asked for are dropped with their block, so that memory does
not grow with the number of samples.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np

from backprop_cli.core.arrays import Array, all_finite, first_index, in_whole
from backprop_cli.core.places import entry_place
from backprop_cli.core.problem import Problem
from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.core.quantities import AXES, OF_THE_LOSS, SUMMED_OVER_SAMPLES, Node
from backprop_cli.core.rules import Rules, operands
from backprop_cli.core.scratch import release, scratch_array
from backprop_cli.errors import InputError

__all__ = ["BLOCK_ROWS", "Evaluated", "evaluate", "fits_one_block", "may_overflow"]

BLOCK_ROWS = 2048  # of float64, and twice as many of float32: with more, intermediate results leave the cache
_BLOCK_NUMBERS = 2**21  # at most, in the widest matrix of a block
_FEWEST_ROWS = 32

_Key = TypeVar("_Key")


class Evaluated(NamedTuple):
    """What was evaluated."""

    values: Mapping[Node, Array]
    inactive: Mapping[int, Array]  # by layer, (n_samples, n_neurons)
    beyond: Mapping[Node, str]  # the nodes that overflow although nothing else takes them, each with its first entry


@np.errstate(all="ignore")  # results are checked instead: a matmul with several threads loses the flags
def evaluate(
    problem: Problem,
    order: Sequence[Node],
    kept: Collection[Node],
    rules: Rules,
    *,
    block_rows: int | None = None,
    may_overflow: bool = False,
    progress: Progress = no_progress,
) -> Evaluated:
    """Return the values of nodes of a problem, and by layer which units are inactive.

    Shapes of values: (n_inputs, n_neurons) for dweights and new_weights, else those of `LayerSolution`.

    Args:
        problem: The problem.
        order: What to evaluate, each node after its operands.
        kept: Which values to return.
        rules: The formulas.
        block_rows: As for `solve`.
        may_overflow: As for `solve`.
        progress: As for `solve`.

    Raises:
        InputError: A result overflows, or the loss is not defined for an output.
    """
    the_pass = _Pass(problem=problem, order=order, kept=kept, rules=rules, may_overflow=may_overflow)
    n_samples, step = problem.n_samples or 0, block_rows or _fitting_rows(problem)
    for start in range(0, n_samples, step):
        rows = slice(start, min(start + step, n_samples))
        the_pass.block(rows)
        progress("rows", rows.stop, n_samples)
    the_pass.finish()
    values = {node: value for node, value in the_pass.values.items() if node in kept and node not in the_pass.beyond}
    return Evaluated(values, the_pass.inactive, the_pass.beyond)


@dataclass(kw_only=True, eq=False, repr=False)
class _Pass:
    """One pass over all samples, with the values that it keeps and sums."""

    problem: Problem
    order: Sequence[Node]
    kept: Collection[Node]
    rules: Rules
    may_overflow: bool
    values: dict[Node, Array] = field(default_factory=dict)
    inactive: dict[int, Array] = field(default_factory=dict)
    beyond: dict[Node, str] = field(default_factory=dict)
    buffers: dict[Node, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shown = {node.layer for node in self.kept if _is_per_sample(node)}
        is_judged = self.problem.loss is not None and self.problem.matched(len(self.problem.layers) - 1) is None
        of_loss = [node for node in self.order if node.quantity in OF_THE_LOSS]
        self.first_of_loss = of_loss[0] if is_judged and of_loss else None

    def block(self, rows: slice) -> None:
        """Evaluate what belongs to some samples, and add their part to the sums over samples."""
        part = self.problem if rows == slice(0, self.problem.n_samples) else self.problem.samples(rows)
        values: dict[Node, Array] = {}
        for node in self.order:
            if node == self.first_of_loss and not self.may_overflow:
                _require_accepted(part, values, rows.start)
            if _is_per_sample(node):
                values[node] = value = self._evaluate(part, node, values)
                if not self.may_overflow and may_overflow(part, node):
                    self._require_no_overflow(part, node, value, rows.start)
                if node in self.kept:
                    self._keep(self.values, node, value, rows)
                if node.quantity == "z":
                    self._note_inactive(node.layer, value, rows)
            elif node.quantity in SUMMED_OVER_SAMPLES:
                self._sum_up(node, self._evaluate(part, node, values))
        given = (self.problem.inputs, self.problem.upstream, self.problem.targets)
        for array in (*given, *(layer.z for layer in self.problem.layers)):
            release(array if isinstance(array, np.ndarray) else None)

    def _require_no_overflow(self, part: Problem, node: Node, value: Array, first_row: int) -> None:
        if node.quantity != "upstream" or part.matched(node.layer) is None:
            _require_no_overflow(part, node, value, first_row)
        elif node not in self.beyond and (index := _overflow(part, node, value, first_row)) is not None:
            self.beyond[node] = entry_place(node.quantity, index)

    def finish(self) -> None:
        """Check the sums over all samples, and evaluate what takes them: the new parameters."""
        for node in self.order:
            if _is_per_sample(node):
                continue
            if node.quantity not in SUMMED_OVER_SAMPLES:
                self.values[node] = self._evaluate(self.problem, node, self.values)
            else:
                self.values[node] = self._divided(node, self.values[node])
                if self.values[node].dtype.kind == "f":
                    self.values[node] = self.values[node].astype(self.problem.dtype, copy=False)
            if not self.may_overflow:
                _require_no_overflow(self.problem, node, self.values[node])

    def _evaluate(self, part: Problem, node: Node, values: Mapping[Node, Array]) -> Array:
        given: Array | None = part.given(node)
        if given is not None:
            return given
        if node.quantity == "upstream" and part.loss is None:  # its rule is another quantity
            return values[part.origin(node.layer, node.quantity)]
        rule = self.rules[node.quantity]
        takes = [
            values[operand] if isinstance(operand, Node) else operand for operand in operands(part, node, self.rules)
        ]
        if part is self.problem:
            return self._in_mean(node, rule.formula(*takes))
        # Buffers are used again in the next block: to allocate memory each time takes as long as the arithmetic.
        owner = self._buffer_owner(node)
        buffer = self.buffers.get(owner)
        if buffer is not None and _is_per_sample(node):
            buffer = buffer[: part.n_samples]  # the last block may be smaller
        value = self._in_mean(node, rule.formula(*takes, out=buffer))
        if buffer is None and value.base is None:  # a view would be of an array that was given
            self.buffers[owner] = value
        return value

    def _in_mean(self, node: Node, value: Array) -> Array:
        """Divide the value of one block, unless it is a part of a sum that is divided at the end."""
        return self._divided(node, value) if _is_per_sample(node) else value

    def _divided(self, node: Node, value: Array) -> Array:
        divisor = self.problem.divisor(node)
        if divisor > 1:
            number = type(self.problem.learning_rate)  # float, Fraction or Decimal, as are the problem's other numbers
            value /= number(divisor)  # an integer among fractions, divided by another integer, would become a float
        return value

    def _buffer_owner(self, node: Node) -> Node:
        """Return the node whose buffer a node's value is written to.

        Where the activation allows it, outputs are written over z, and dz over both. That is safe because everything
        else that takes the outputs comes before dz in working order.
        """
        in_place = node.quantity in ("outputs", "dz") and self.problem.layers[node.layer].activation.in_place
        return Node(node.layer, "z") if in_place else node

    def _sum_up(self, node: Node, value: Array) -> None:
        so_far = self.values.get(node)
        if so_far is None:
            self.values[node] = value.copy()  # the next block's value is put into the same buffer
        elif so_far.dtype == np.float32:
            self.values[node] = np.add(so_far, value, dtype=np.float64)
        else:
            so_far += value

    def _note_inactive(self, layer: int, z: Array, rows: slice) -> None:
        inactive = self.problem.layers[layer].activation.inactive
        if layer in self.shown and inactive is not None:
            self._keep(self.inactive, layer, inactive(z), rows)

    def _keep(self, kept: dict[_Key, Array], key: _Key, value: Array, rows: slice) -> None:
        n_samples = self.problem.n_samples or 0
        if rows == slice(0, n_samples):
            kept[key] = value
            return
        if key not in kept:
            kept[key] = scratch_array((n_samples, *value.shape[1:]), value.dtype)
        kept[key][rows] = value
        release(kept[key])


def _is_per_sample(node: Node) -> bool:
    return "n" in AXES[node.quantity]


def fits_one_block(problem: Problem) -> bool:
    """Tell whether all samples are evaluated in one block."""
    return (problem.n_samples or 0) <= _fitting_rows(problem)


def may_overflow(problem: Problem, node: Node) -> bool:
    """Tell whether entries of a node may be larger than those of its operands, so that they may overflow."""
    return node.quantity not in ("outputs", "dz") or problem.layers[node.layer].activation.grows


def _fitting_rows(problem: Problem) -> int:
    widths = [size for layer in problem.layers for size in (layer.n_inputs, layer.n_neurons) if size is not None]
    of_float64 = min(BLOCK_ROWS, max(_BLOCK_NUMBERS // max(widths, default=1), _FEWEST_ROWS))
    return of_float64 * 8 // problem.dtype.itemsize


def _require_no_overflow(problem: Problem, node: Node, value: Array, first_row: int = 0) -> None:
    index = _overflow(problem, node, value, first_row)
    if index is not None:
        raise InputError(
            f"overflows {value.dtype} (its largest number is about {np.finfo(value.dtype).max:.1e})",
            place=entry_place(problem.place(*node), index),
        )


def _overflow(problem: Problem, node: Node, value: Array, first_row: int) -> tuple[int, ...] | None:
    """Return the index of the first entry that is infinite or NaN, as the problem's author writes it."""
    if value.dtype.kind != "f" or _is_surely_finite(value) or all_finite(value):
        return None
    index = first_index(~np.isfinite(value))
    if _is_per_sample(node):
        index = in_whole(index, first_row)
    return index[::-1] if problem.axes(node.quantity) != AXES[node.quantity] else index


def _require_accepted(problem: Problem, values: Mapping[Node, Array], first_row: int) -> None:
    """Check that the loss is defined for all outputs of the last layer.

    Raises:
        InputError: It is not; the place is that of the first such output.
    """
    node = Node(len(problem.layers) - 1, "outputs")
    loss, targets = problem.loss, problem.targets
    assert loss is not None and targets is not None, "the loss is computed from both"  # noqa: S101, PT018
    refused = loss.refused(values[node], targets)
    if refused is not None:
        index, reason = refused
        raise InputError(reason, place=problem.entry(node, in_whole(index, first_row)))


def _is_surely_finite(value: Array) -> bool:
    """Tell whether all row sums are finite: a faster first test, for sums of finite entries may overflow, too."""
    return value.ndim > 0 and all_finite(value @ np.ones(value.shape[-1], value.dtype))
