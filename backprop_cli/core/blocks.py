"""The pass itself, over a block of samples at a time.

A sample's way through the network depends on no other sample's, so that forward and backward can be done for some rows
at a time, and only `dweights` and `dbiases`, which are sums over samples, are carried from block to block. Blocks small
enough for the cache cost less than whole matrices, whose intermediate results go through memory; and what is not asked
for is forgotten with its block, so that the number of samples is no matter for memory.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from backprop_cli.core.arrays import Array, all_finite, first_index, in_whole
from backprop_cli.core.problem import Problem
from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.core.quantities import AXES, LIKE_WEIGHTS, Node
from backprop_cli.core.rules import Rules, operands
from backprop_cli.core.scratch import forget, room
from backprop_cli.errors import InputError

# In the widest matrix of a block: what the products would gain by more, the rest would lose in the cache.
_BLOCK_NUMBERS = 2**21
_FEWEST_ROWS = 32
_SUMMED = ("dweights", "dbiases")

_Key = TypeVar("_Key")


class Found(NamedTuple):
    """What a pass has found: the values that were to be kept, and, by layer, where its activation is closed."""

    values: Mapping[Node, Array]
    closed: Mapping[int, Array]


def work(
    problem: Problem,
    order: Sequence[Node],
    kept: Collection[Node],
    rules: Rules,
    *,
    block_rows: int | None = None,
    may_overflow: bool = False,
    progress: Progress = no_progress,
) -> Found:
    """Evaluate nodes of a problem, and keep some of their values.

    Args:
        problem: The problem.
        order: What to evaluate, each node after its operands.
        kept: Which values to keep.
        rules: The formulas.
        block_rows: How many samples make a block; as many as fit the cache unless it is given.
        may_overflow: Whether infinity is a result, and not an error.
        progress: Called after each block with the number of samples done.

    Raises:
        InputError: A result overflows.
    """
    the_pass = _Pass(problem, order, kept, rules, may_overflow=may_overflow)
    n_samples, step = problem.n_samples or 0, block_rows or _fitting_rows(problem)
    with np.errstate(all="ignore"):  # judged on the results: a matmul with several threads loses the flags
        for start in range(0, n_samples, step):
            rows = slice(start, min(start + step, n_samples))
            the_pass.block(rows)
            progress("rows", rows.stop, n_samples)
        the_pass.finish()
    return Found({node: value for node, value in the_pass.values.items() if node in kept}, the_pass.closed)


class _Pass:
    """One pass over all samples: what it sums up and keeps."""

    def __init__(
        self, problem: Problem, order: Sequence[Node], kept: Collection[Node], rules: Rules, *, may_overflow: bool
    ) -> None:
        self.values: dict[Node, Array] = {}
        self.closed: dict[int, Array] = {}
        self._room: dict[Node, Array] = {}
        self._problem = problem
        self._order = order
        self._kept = kept
        self._shown_layers = {node.layer for node in kept if _is_per_sample(node)}
        self._rules = rules
        self._may_overflow = may_overflow

    def block(self, rows: slice) -> None:
        """Go forward and backward with some samples."""
        part = self._problem if rows == slice(0, self._problem.n_samples) else self._problem.samples(rows)
        values: dict[Node, Array] = {}
        for node in self._order:
            if _is_per_sample(node):
                values[node] = value = self._evaluate(part, node, values)
                if not (self._may_overflow or _selects(part, node)):
                    _require_no_overflow(part, node, value, rows.start)
                if node in self._kept:
                    self._keep(self.values, node, value, rows)
                if node.quantity == "z":
                    self._note_closed(node.layer, value, rows)
            elif node.quantity in _SUMMED:
                self._sum_up(node, self._evaluate(part, node, values))
        for array in _of_samples(self._problem):
            forget(array)

    def finish(self) -> None:
        """Do what takes the sums over all samples: judge them, and step."""
        for node in self._order:
            if _is_per_sample(node):
                continue
            if node.quantity not in _SUMMED:
                self.values[node] = self._evaluate(self._problem, node, self.values)
            if not self._may_overflow:
                _require_no_overflow(self._problem, node, self.values[node])

    def _evaluate(self, part: Problem, node: Node, values: Mapping[Node, Array]) -> Array:
        layer, rule = part.layers[node.layer], self._rules[node.quantity]
        if node.quantity == "z" and layer.z is not None:
            return layer.z
        takes = [
            values[operand] if isinstance(operand, Node) else operand for operand in operands(part, node, self._rules)
        ]
        if not (rule.takes_room and part is not self._problem):
            return rule.formula(*takes)
        # The room of the block before is taken again: to ask for new memory each time costs as much as the arithmetic.
        before = self._room.get(node)
        value = rule.formula(
            *takes, out=before[: part.n_samples] if _is_per_sample(node) and before is not None else before
        )
        if before is None and value.base is None:  # and not a view of what was given
            self._room[node] = value
        return value

    def _sum_up(self, node: Node, value: Array) -> None:
        if node in self.values:
            self.values[node] += value
        else:
            self.values[node] = value.copy()  # what comes next is put where this is

    def _note_closed(self, layer: int, z: Array, rows: slice) -> None:
        activation = self._problem.layers[layer].activation
        if layer in self._shown_layers and activation.needs_z:
            self._keep(self.closed, layer, activation.slope(z) == 0, rows)

    def _keep(self, kept: dict[_Key, Array], key: _Key, value: Array, rows: slice) -> None:
        n_samples = self._problem.n_samples or 0
        if rows == slice(0, n_samples):
            kept[key] = value
            return
        if key not in kept:
            kept[key] = room((n_samples, *value.shape[1:]), value.dtype)
        kept[key][rows] = value
        forget(kept[key])


def _is_per_sample(node: Node) -> bool:
    return AXES[node.quantity][0] == "n"


def _selects(problem: Problem, node: Node) -> bool:
    """Tell whether a node's entries are each an operand's or zero, so that nothing in it can overflow."""
    return node.quantity in ("outputs", "dz") and problem.layers[node.layer].activation.selects


def _of_samples(problem: Problem) -> list[Any]:
    return [problem.inputs, problem.upstream, *(layer.z for layer in problem.layers)]


def _fitting_rows(problem: Problem) -> int:
    widths = [size for layer in problem.layers for size in (layer.n_inputs, layer.n_neurons) if size is not None]
    return max(_BLOCK_NUMBERS // max(widths, default=1), _FEWEST_ROWS)


def _require_no_overflow(problem: Problem, node: Node, value: Array, first_row: int = 0) -> None:
    if value.dtype.kind == "f" and not all_finite(value):
        result = problem.laid_out(value) if node.quantity in LIKE_WEIGHTS else value
        index = first_index(~np.isfinite(result))
        if _is_per_sample(node):
            index = in_whole(index, first_row)
        raise InputError(
            f"overflows {result.dtype} (its largest number is about {np.finfo(result.dtype).max:.1e})",
            place=f"{problem.place(*node)}[{','.join(map(str, index))}]",
        )
