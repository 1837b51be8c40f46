"""The solver: computes what is wanted of a problem, and says what the rest needs.

It works on any numeric dtype, so that exact arithmetic needs no second copy of the maths.
"""

from collections.abc import Sequence

from backprop_cli.core.blocks import evaluate
from backprop_cli.core.plan import plan, require_any
from backprop_cli.core.problem import Problem
from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.core.quantities import QUANTITIES, Node
from backprop_cli.core.rules import RULES, Rules
from backprop_cli.core.solution import LayerSolution, Solution

__all__ = ["solve"]


def solve(
    problem: Problem,
    wanted: Sequence[Node],
    rules: Rules = RULES,
    *,
    block_rows: int | None = None,
    may_overflow: bool = False,
    progress: Progress = no_progress,
) -> Solution:
    """Return everything wanted that follows from a problem, and what the rest needs.

    Args:
        problem: The problem.
        wanted: The quantities to keep.
        rules: The formulas; wrong ones give the values that a mistake leads to.
        block_rows: The number of samples in a block; by default as many as fit the cache.
        may_overflow: Whether infinity is a result, and not an error.
        progress: Called after each block with the number of samples done.

    Raises:
        InputError: A result overflows, or nothing of what is wanted follows from what was given.
    """
    planned = plan(problem, wanted, rules)
    require_any(problem, wanted, planned)
    values, inactive = evaluate(
        problem, planned.order, set(wanted), rules, block_rows=block_rows, may_overflow=may_overflow, progress=progress
    )
    layers = tuple(
        LayerSolution(
            computed={
                quantity: problem.as_written(quantity, values[node])
                for quantity in QUANTITIES
                if (node := Node(i, quantity)) in values
            },
            not_computed={
                quantity: planned.missing[node].words()
                for quantity in QUANTITIES
                if (node := Node(i, quantity)) in planned.missing and node in wanted and problem.has(node)
            },
            inactive=inactive.get(i),
        )
        for i in range(len(problem.layers))
    )
    return Solution(problem=problem, layers=layers)
