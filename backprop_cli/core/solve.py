"""The solver: computes what is wanted of a problem, and says of the rest what it would need.

It walks the table of rules in working order. It knows nothing of files, options or colours, and works on any numeric
dtype, so that exact arithmetic needs no second copy of the maths.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from backprop_cli.core.activations import ACTIVATIONS
from backprop_cli.core.arrays import Array
from backprop_cli.core.blocks import work
from backprop_cli.core.missing import Missing
from backprop_cli.core.problem import Problem
from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.core.quantities import LIKE_WEIGHTS, QUANTITIES, Node
from backprop_cli.core.rules import RULES, Rules, operands, working_order
from backprop_cli.core.solution import LayerSolution, Solution
from backprop_cli.errors import InputError


def solve(
    problem: Problem,
    wanted: Sequence[Node],
    rules: Rules = RULES,
    *,
    may_overflow: bool = False,
    block_rows: int | None = None,
    progress: Progress = no_progress,
) -> Solution:
    """Compute what is wanted of a problem, and nothing that it does not need.

    Args:
        problem: The problem.
        wanted: What to compute.
        rules: The formulas; others than the right ones show what a mistake leads to.
        may_overflow: Whether infinity is a result, and not an error.
        block_rows: How many samples to work on at a time, where that is not to be left to what fits the cache.
        progress: Called after each block of samples.

    Raises:
        InputError: A result overflows, or nothing of what is wanted follows from what was given.
    """
    needed = needed_for(problem, wanted, rules)
    order = [node for node in working_order(len(problem.layers)) if node in needed]
    missing = _missing(problem, order, rules)
    computable = [node for node in order if node not in missing]
    found = work(
        problem, computable, set(wanted), rules, block_rows=block_rows, may_overflow=may_overflow, progress=progress
    )
    layers = tuple(
        LayerSolution(
            computed={
                quantity: _laid_out(problem, node, found.values[node])
                for quantity in QUANTITIES
                if (node := Node(i, quantity)) in found.values
            },
            not_computed={
                quantity: missing[node].words()
                for quantity in QUANTITIES
                if (node := Node(i, quantity)) in missing and node in wanted
            },
            closed=found.closed.get(i),
        )
        for i in range(len(problem.layers))
    )
    return Solution(problem=problem, layers=layers).only(wanted)


def needed_for(problem: Problem, wanted: Sequence[Node], rules: Rules = RULES) -> set[Node]:
    """Return what has to be computed for what is wanted, that included."""
    needed: set[Node] = set()
    pending = list(wanted)
    while pending:
        node = pending.pop()
        if node not in needed:
            needed.add(node)
            pending += [operand for operand in operands(problem, node, rules) if isinstance(operand, Node)]
    return needed


def _missing(problem: Problem, order: Sequence[Node], rules: Rules) -> Mapping[Node, Missing]:
    """Return, of nodes in working order, those that do not follow from what was given, each with what it lacks."""
    missing: dict[Node, Missing] = {}
    for node in order:
        lacking = [
            operand if isinstance(operand, Missing) else missing[operand].behind(operand, problem)
            for operand in operands(problem, node, rules)
            if isinstance(operand, Missing) or (isinstance(operand, Node) and operand in missing)
        ]
        if lacking:
            missing[node] = Missing.of_all(lacking)
    return missing


def _laid_out(problem: Problem, node: Node, value: Array) -> Array:
    return problem.laid_out(value) if node.quantity in LIKE_WEIGHTS else value


def _too_little(solution: Solution, wanted: Sequence[Node]) -> InputError:
    lacking = solution.not_computed()
    place = min(lacking, key=lambda place: len(lacking[place]))
    hint = None
    if _follows_without_activations(solution.problem, wanted):
        option = "" if solution.problem.layered else "--activation linear, or "
        hint = f'a linear layer needs no z: {option}"activation": "linear", says that it is one'
    return InputError(f"too little was given: {place} needs {lacking[place]}", hint=hint)


def _follows_without_activations(problem: Problem, wanted: Sequence[Node]) -> bool:
    linear = tuple(replace(layer, activation=ACTIVATIONS["linear"]) for layer in problem.layers)
    if all(layer.activation is other.activation for layer, other in zip(problem.layers, linear, strict=True)):
        return False
    try:
        solve(replace(problem, layers=linear), wanted)
    except InputError:
        return False
    return True
