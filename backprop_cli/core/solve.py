"""The solver: computes what is wanted of a problem, and says what the rest needs.

It works on any numeric dtype, so that exact arithmetic needs no second copy of the maths.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from backprop_cli.core.arrays import Array
from backprop_cli.core.blocks import evaluate
from backprop_cli.core.digits import require_short
from backprop_cli.core.plan import plan, require_any
from backprop_cli.core.problem import Problem
from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.core.quantities import OF_THE_LOSS, QUANTITIES, Node
from backprop_cli.core.rules import RULES, Rules
from backprop_cli.core.solution import LayerSolution, Solution

__all__ = ["solve"]

_Value = TypeVar("_Value")


def solve(
    problem: Problem,
    wanted: Sequence[Node] | None = None,
    rules: Rules = RULES,
    *,
    block_rows: int | None = None,
    may_overflow: bool = False,
    progress: Progress = no_progress,
) -> Solution:
    """Return everything wanted that follows from a problem, and what the rest needs.

    Args:
        problem: The problem.
        wanted: The quantities to keep; all that the problem has for None.
        rules: The formulas; wrong ones give the values that a mistake leads to.
        block_rows: The number of samples in a block; by default as many as fit the cache.
        may_overflow: Whether infinity is a result, and not an error.
        progress: Called after each block with the number of samples done.

    Raises:
        InputError: A result overflows, exact arithmetic would take too long, or nothing of what is wanted follows from
            what was given.
    """
    wanted = problem.nodes if wanted is None else wanted
    planned = plan(problem, wanted, rules)
    require_any(problem, wanted, planned)
    if problem.exact:
        require_short(problem, planned.order)
    values, inactive = _evaluate(problem)(
        problem, planned.order, set(wanted), rules, block_rows=block_rows, may_overflow=may_overflow, progress=progress
    )
    computed = {node: problem.as_written(node.quantity, value) for node, value in values.items()}
    lacking = {
        node: planned.missing[node].words()
        for node in wanted
        if node in planned.missing and (problem.has(node) or node.quantity in OF_THE_LOSS)
    }
    layers = tuple(
        LayerSolution(computed=_of_layer(i, computed), not_computed=_of_layer(i, lacking), inactive=inactive.get(i))
        for i in range(len(problem.layers))
    )
    return Solution(problem=problem, layers=layers)


def _evaluate(problem: Problem) -> Callable[..., tuple[Mapping[Node, Array], Mapping[int, Array]]]:
    if problem.digits is None:
        return evaluate
    from backprop_cli.core.decimals import evaluate_in_decimals  # slow to import

    return evaluate_in_decimals


def _of_layer(layer: int, found: Mapping[Node, _Value]) -> Mapping[str, _Value]:
    return {quantity: found[node] for quantity in QUANTITIES if (node := Node(layer, quantity)) in found}
