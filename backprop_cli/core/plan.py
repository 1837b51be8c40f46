"""The plan of a computation: what to compute, in which order, and what cannot be computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from backprop_cli.core.activations import activation
from backprop_cli.core.missing import Missing
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.rules import RULES, Rules, operands, working_order
from backprop_cli.errors import InputError

__all__ = ["Plan", "plan", "require_any"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to compute what is wanted."""

    order: tuple[Node, ...]  # what to compute, each node after its operands
    missing: Mapping[Node, Missing]  # what cannot be computed, and what it lacks


def plan(problem: Problem, wanted: Sequence[Node], rules: Rules = RULES) -> Plan:
    """Return how to compute what is wanted of a problem."""
    needed = _needed_for(problem, wanted, rules)
    order, missing = [], dict[Node, Missing]()
    for node in working_order(len(problem.layers)):
        if node not in needed:
            continue
        lacking = [
            operand if isinstance(operand, Missing) else missing[operand].passed_on(operand, node, problem)
            for operand in operands(problem, node, rules)
            if isinstance(operand, Missing) or (isinstance(operand, Node) and operand in missing)
        ]
        if lacking:
            missing[node] = Missing.of_all(lacking)
        else:
            order.append(node)
    return Plan(order=tuple(order), missing=missing)


def require_any(problem: Problem, wanted: Sequence[Node], planned: Plan) -> None:
    """Refuse a problem if nothing that is wanted can be computed from it.

    Raises:
        InputError: The message names the quantity that lacks least, and what it needs.
    """
    if any(node not in planned.missing for node in wanted):
        return
    nearest = min(wanted, key=lambda node: len(planned.missing[node].words()))
    hint = None
    linear = tuple(replace(layer, activation=activation("linear")) for layer in problem.layers)
    if not set(wanted) <= plan(replace(problem, layers=linear), wanted).missing.keys():
        option = "" if problem.layered else "--activation linear, or "
        hint = f'a linear layer needs no z: {option}"activation": "linear", says that it is one'
    needs = planned.missing[nearest].words()
    raise InputError(f"too little was given: {problem.place(*nearest)} needs {needs}", hint=hint)


def _needed_for(problem: Problem, wanted: Sequence[Node], rules: Rules) -> set[Node]:
    """Return the wanted nodes and everything that they are computed from."""
    needed: set[Node] = set()
    pending = list(wanted)
    while pending:
        node = pending.pop()
        if node not in needed:
            needed.add(node)
            pending += [operand for operand in operands(problem, node, rules) if isinstance(operand, Node)]
    return needed
