"""The terms of a loss and of its derivatives."""

from typing import TYPE_CHECKING

import numpy as np

from backprop_cli.core.losses import Loss
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node, Position
from backprop_cli.core.written import Difference, sums_to_one
from backprop_cli.explanations.coupled import probability
from backprop_cli.explanations.explanation import Term
from backprop_cli.explanations.sums import Part, Ref, Sum

if TYPE_CHECKING:
    from backprop_cli.explanations.terms import Entries

__all__ = ["difference_sum", "gradient_sum", "is_saturated", "probability_written", "value_sum"]

_LOST = 1e-9  # the relative error of a term computed from saturated outputs that is worth a note


def loss_of(problem: Problem) -> Loss:
    """Return the loss of a problem that has one."""
    assert problem.loss is not None, "only the quantities of a loss ask for it"  # noqa: S101
    return problem.loss


def probability_written(loss: Loss) -> str:
    """Return how the templates of a loss write a probability that couples neurons: "" where there is none."""
    return "softmax({y})" if loss.couples else ""


def value_sum(entries: "Entries", node: Node, at: Position) -> Sum:
    """Return the terms of the loss, one for each sample and neuron."""
    problem, loss = entries.problem, loss_of(entries.problem)
    outputs, targets = (Node(node.layer, name) for name in ("outputs", "targets"))
    y, t, matched = entries.array(outputs), entries.array(targets), problem.matched(node.layer)
    terms = loss.value(y, t) if matched is None else matched.value(entries.array(Node(node.layer, "z")), t)

    def part(k: int) -> Part:
        where = at._replace(n=k // t.shape[1], j=k % t.shape[1])
        first, second = entries.ref(outputs, where), entries.ref(targets, where)
        reads: tuple[Ref, ...] = ()
        written = _case(loss, first.value, second.value)
        if loss.couples:
            first, reads = probability(entries, loss.probability, outputs, where)
            written = written.replace(probability_written(loss), "{y}")
        record = Term(function=written.format(y="{0}", t="{1}"), arguments=("y", "t"))
        return Part((first, second), record, reads)

    return Sum(terms.ravel(), np.zeros(terms.size, bool), part)


def is_saturated(entries: "Entries", node: Node) -> bool:
    """Tell whether a loss that is computed from z differs from that of the rounded outputs."""
    matched = entries.problem.matched(node.layer)
    if matched is None:
        return False
    y, z, t = (entries.array(Node(node.layer, name)) for name in ("outputs", "z", "targets"))
    from_z = matched.value(z, t)
    return not bool((np.abs(loss_of(entries.problem).value(y, t) - from_z) <= _LOST * np.abs(from_z)).all())


def gradient_sum(entries: "Entries", node: Node, at: Position) -> Sum:
    """Return the one term of an entry of upstream."""
    loss = loss_of(entries.problem)
    outputs, targets = (Node(node.layer, name) for name in ("outputs", "targets"))
    y, t = entries.array(outputs), entries.array(targets)
    rows = slice(at.n, at.n + 1)
    record = Term(function=loss.gradient_written.format(y="{0}", t="{1}"), arguments=("y", "t"))
    part = Part((entries.ref(outputs, at), entries.ref(targets, at)), record)
    return Sum(loss.gradient(y[rows], t[rows])[:, at.j], np.zeros(1, bool), lambda _: part)


def difference_sum(entries: "Entries", node: Node, at: Position, found: Difference) -> Sum:
    """Return the two terms of a probability minus a target."""
    targets = Node(node.layer, "targets")
    p, reads = entries.ref(Node(node.layer, "outputs"), at), tuple[Ref, ...]()
    if not found.is_outputs:
        p, reads = probability(entries, found.probability.name, Node(node.layer, found.of), at)
    t, row = entries.ref(targets, at), entries.array(targets)[at.n : at.n + 1]
    factors, term = tuple[Ref, ...]((p,)), p.value
    if found.probability.couples and not sums_to_one(row):
        total = Ref(f"(sum over k of {entries.problem.entry(targets, (at.n, 'k'))})", row.sum())
        factors, term = (p, total), p.value * total.value
    parts = (Part(factors, reads=reads), Part((t,), Term(coefficient=-1)))
    return Sum(np.array([term, -t.value]), np.zeros(2, bool), lambda k: parts[k])


def _case(loss: Loss, y: float, t: float) -> str:
    """Return the template of a loss; of one with two cases, as Huber's, the one that applies."""
    case, _, rest = loss.value_written.partition(" if ")
    condition, _, other = rest.partition(" else ")
    limit = condition.rpartition("<= ")[2]
    return case if not limit or abs(y - t) <= type(y)(limit) else other
