"""The solver: computes what is wanted of a problem, and says what the rest needs.

It works on any numeric dtype, so that exact arithmetic needs no second copy of the maths.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from backprop_cli.core.blocks import Evaluated, evaluate
from backprop_cli.core.digits import require_short
from backprop_cli.core.plan import Plan, plan, require_any
from backprop_cli.core.problem import Problem
from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.core.quantities import QUANTITIES, Node
from backprop_cli.core.rules import RULES, Rules
from backprop_cli.core.solution import LayerSolution, Solution
from backprop_cli.core.training import at_last_step, named_step
from backprop_cli.errors import InputError

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

    Of several steps, it is what the last one computes, and the problem of the solution has the parameters before it.
    The upstream of a matched pair, which nothing else takes, may overflow: it then counts as not computed.

    Args:
        problem: The problem.
        wanted: The quantities to keep; all that the problem has for None.
        rules: The formulas; wrong ones give the values that a mistake leads to.
        block_rows: The number of samples in a block; by default as many as fit the cache.
        may_overflow: Whether infinity is a result, and not an error.
        progress: Called after each block with the number of samples done.

    Raises:
        InputError: A result overflows, the loss is not defined for an output, exact arithmetic would take too long, or
            nothing of what is wanted follows from what was given.
    """
    wanted = problem.nodes if wanted is None else wanted
    planned = plan(problem, wanted, rules)
    require_any(problem, wanted, planned)
    options: dict[str, Any] = {"block_rows": block_rows, "may_overflow": may_overflow, "progress": progress}
    with_losses = any(node.quantity == "losses" for node in wanted)

    def passed(problem: Problem, rules: Rules, stepping: Rules = RULES) -> tuple[Problem, Evaluated]:
        problem = at_last_step(problem, stepping, with_losses=with_losses, progress=progress)
        return problem, _last_pass(problem, wanted, rules, **options)

    if problem.digits is None:
        problem, found = passed(problem, rules)
    else:
        from backprop_cli.core.decimals import solve_in_decimals  # slow to import

        require_short(problem, planned.order)
        problem, found = solve_in_decimals(problem, rules, passed)
    _require_any_left(problem, wanted, found.beyond)
    return _solution(problem, found, _lacking(problem, wanted, planned, found))


def _last_pass(problem: Problem, wanted: Sequence[Node], rules: Rules, **options: Any) -> Evaluated:
    order = plan(problem, wanted, rules).order
    with named_step(problem, problem.at_step):
        if problem.exact:
            require_short(problem, order)
        return evaluate(problem, order, set(wanted), rules, **options)


def _require_any_left(problem: Problem, wanted: Sequence[Node], beyond: Mapping[Node, str]) -> None:
    if beyond and set(wanted) <= beyond.keys():
        raise InputError(f"overflows {problem.dtype}", place=next(iter(beyond.values())))


def _lacking(problem: Problem, wanted: Sequence[Node], planned: Plan, found: Evaluated) -> Mapping[Node, str]:
    """Return what each wanted node needs that was not computed."""
    missing = {node: planned.missing[node].words() for node in wanted if node in planned.missing}
    beyond = {
        node: f"more than {problem.dtype}: {entry} overflows, or an output is rounded to 0 or 1"
        for node, entry in found.beyond.items()
        if node in wanted
    }
    return missing | beyond


def _solution(problem: Problem, found: Evaluated, lacking: Mapping[Node, str]) -> Solution:
    computed = {node: problem.as_written(node.quantity, value) for node, value in found.values.items()}
    layers = []
    for i in range(len(problem.layers)):
        of_layer, lacking_in_layer = _of_layer(i, computed), _of_layer(i, lacking)
        layers.append(LayerSolution(computed=of_layer, not_computed=lacking_in_layer, inactive=found.inactive.get(i)))
    return Solution(problem=problem, layers=tuple(layers))


def _of_layer(layer: int, found: Mapping[Node, _Value]) -> Mapping[str, _Value]:
    return {quantity: found[node] for quantity in QUANTITIES if (node := Node(layer, quantity)) in found}
