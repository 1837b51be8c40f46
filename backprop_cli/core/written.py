"""How the formulas of a loss and of means are written: parts that matrices, entries and terms have in common."""

from typing import NamedTuple

from backprop_cli.core.activations import Activation, activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.loss_domains import with_sum_one
from backprop_cli.core.losses import Loss
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node

__all__ = ["Difference", "difference", "divided", "is_sum", "sums_to_one", "value_in_one"]


class Difference(NamedTuple):
    """The derivative of a loss that is a probability minus a target: dz of a matched pair, or upstream of logits."""

    probability: Activation  # p; where it couples neurons, p is multiplied by the sum of the targets of the sample
    of: str  # what p is a function of: z or outputs
    is_outputs: bool  # whether p(z) is the outputs themselves
    targets: Array  # (n_samples, n_neurons)


def difference(problem: Problem, node: Node) -> Difference | None:
    """Return the probability that a node is computed from, minus the targets; None for any other node."""
    matched, loss, targets = problem.matched(node.layer), problem.loss, problem.targets
    if targets is None:
        return None
    if node.quantity == "dz" and matched is not None:
        is_outputs = problem.layers[node.layer].activation.name == matched.probability
        return Difference(activation(matched.probability), "z", is_outputs, targets)
    if node.quantity == "upstream" and loss is not None and loss.probability:
        return Difference(activation(loss.probability), "outputs", False, targets)
    return None


def sums_to_one(targets: Array) -> bool:
    """Tell whether the targets (n_samples, n_neurons) of each sample sum to 1, but for rounding."""
    return bool(with_sum_one(targets).all())


def value_in_one(loss: Loss) -> str:
    """Return the template of a loss, or its name with arguments where the template has two cases."""
    if " if " not in loss.value_written:
        return loss.value_written
    name, _, parameter = loss.name.removesuffix(")").partition("(")
    return f"{name}({{y}} - {{t}}, {parameter})"


def divided(text: str, by: object) -> str:
    """Return a formula divided by something, in brackets where it is a sum.

    >>> divided("dz @ inputs.T", 3), divided("outputs - targets", 3)
    ('dz @ inputs.T / 3', '(outputs - targets) / 3')
    """
    return f"({text}) / {by}" if is_sum(text) else f"{text} / {by}"


def is_sum(text: str) -> bool:
    """Tell whether a formula has a sum, a difference or a condition outside all brackets.

    >>> is_sum("sum over n of a"), is_sum("a - b"), is_sum("-(a - b) * c")
    (True, True, False)
    """
    depth = 0
    for k, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and text.startswith((" + ", " - ", " if ", "sum "), k):
            return True
    return False
