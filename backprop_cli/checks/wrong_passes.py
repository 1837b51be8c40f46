"""A pass of a wrong problem, or with wrong rules: a small one, for many are tried."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.missing import Missing
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, FORWARD, Node
from backprop_cli.core.rules import RULES, Rules, operands, working_order
from backprop_cli.core.solution import LayerSolution, Solution


def value_of(
    problem: Problem, node: Node, rules: Rules | None = None, known: Mapping[Node, Array] | None = None
) -> Array | None:
    """Return a quantity of a wrong problem or with wrong rules, shaped like the right one; None if it has none.

    `known` has values that need not be computed, as the formulas take them: (n_samples, n_neurons) for z.
    """
    found = dict(known or {})
    with np.errstate(all="ignore"):
        value = _value(problem, node, {**RULES, **(rules or {})}, found)
    return None if value is None or not np.isfinite(value).all() else problem.as_written(node.quantity, value)


def solution_of(problem: Problem, rules: Rules, known: Mapping[Node, Array]) -> Solution:
    """Return everything finite that follows from a wrong problem, or from wrong rules.

    `known` has values that need not be computed, as the formulas take them: (n_samples, n_neurons) for z.
    """
    found, rules = dict(known), {**RULES, **rules}
    layers: list[dict[str, Array]] = [{} for _ in problem.layers]
    with np.errstate(all="ignore"):
        for node in working_order(len(problem.layers)):
            value = _value(problem, node, rules, found) if problem.has(node) and problem.given(node) is None else None
            if value is not None and np.isfinite(value).all():
                layers[node.layer][node.quantity] = problem.as_written(node.quantity, value)
    solved = (LayerSolution(computed=computed, not_computed={}, inactive=None) for computed in layers)
    return Solution(problem=problem, layers=tuple(solved))


def known_forward(solution: Solution, problem: Problem) -> Mapping[Node, Array]:
    """Return the values of the forward pass, each (n_samples, n_neurons), if a wrong problem has the same."""
    right = solution.problem
    if problem.inputs is not right.inputs or any(
        one.weights is not other.weights
        or one.biases is not other.biases
        or one.z is not other.z
        or one.activation.value is not other.activation.value
        for one, other in zip(problem.layers, right.layers, strict=True)
    ):
        return {}
    return {
        Node(i, quantity): right.as_written(quantity, layer.computed[quantity])
        for i, layer in enumerate(solution.layers)
        for quantity in FORWARD
        if quantity in layer.computed
    }


def _value(problem: Problem, node: Node, rules: Rules, found: dict[Node, Array]) -> Array | None:
    """Return the value of a node, and keep those of its operands; None if they lack something, or do not fit.

    An operand of another shape than the right one does not fit, even where NumPy spreads it.
    """
    if node in found:
        return found[node]
    given = problem.given(node)
    if given is not None:
        return np.asarray(given)
    taken = []
    for operand in operands(problem, node, rules):
        value: Any = _value(problem, operand, rules, found) if isinstance(operand, Node) else operand
        if value is None or isinstance(value, Missing):
            return None
        if isinstance(operand, Node) and not _fits(problem, operand, np.shape(value)):
            return None
        taken.append(value)
    try:
        result = rules[node.quantity].formula(*taken)
    except Exception:  # noqa: BLE001 (a wrong formula may fail in any way; then the mistake leads to no values)
        return None
    divisor = problem.divisor(node)
    found[node] = result if divisor == 1 else result / divisor
    return found[node]


def _fits(problem: Problem, node: Node, shape: tuple[int, ...]) -> bool:
    """Tell whether a value, as the formulas take it, has the shape of its quantity; unknown sizes fit.

    Gradients of biases that are not summed, (n_samples, n_neurons), fit too: NumPy spreads the biases in a step.
    """
    layer, axes = problem.layers[node.layer], AXES[node.quantity]
    sizes = {"n": problem.n_samples, "i": layer.n_inputs, "j": layer.n_neurons}
    if node.quantity == "dbiases" and len(shape) > len(axes):
        axes = ("n", *axes)
    wanted = [sizes[axis] for axis in axes]
    return len(shape) == len(wanted) and all(size in (None, n) for size, n in zip(wanted, shape, strict=True))
