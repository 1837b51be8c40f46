"""A walk through a whole problem: its entries explained in the order in which they are worked by hand."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, CHAIN_RULE, FORWARD, OF_THE_LOSS, Node, Position
from backprop_cli.explanations.explainer import explanation
from backprop_cli.explanations.explanation import Explanation, Extent, Factor, Walk
from backprop_cli.explanations.terms import Entries

_FEW_ENTRIES = 30  # every entry of a problem with no more is explained


def walk(problem: Problem, extent: Extent) -> Walk:
    """Explain a problem in the order in which it is worked by hand: forward, backward, step.

    Every entry of a small problem is explained; of a larger problem one entry of each quantity, if possible one that no
    inactive unit makes zero.

    Raises:
        InputError: Nothing follows from what was given, or a result overflows.
    """
    last = len(problem.layers) - 1
    in_one_step = () if problem.matched(last) is None else (Node(last, "upstream"),)  # dz needs none
    left_out = (*in_one_step, Node(last, "losses"))
    entries = Entries(problem, [node for node in problem.nodes if node not in left_out])
    computed = sum(matrix.size for node, matrix in entries.values.items() if problem.has(node))
    steps = tuple(
        _step(entries, node, at, extent)
        for node in _working_order(len(problem.layers))
        if node in entries.values and problem.has(node)
        for at in _positions(entries, node, every=computed <= _FEW_ENTRIES)
    )
    return Walk(title=problem.title, steps=steps, not_computed=entries.not_computed, entries=computed)


def _step(entries: Entries, node: Node, at: Position, extent: Extent) -> Explanation:
    step = explanation(entries, node, at, replace(extent, depth=0), set())
    if node.quantity != "dz":
        return step
    # z is a sum, which passes dz on unchanged to each of its terms.
    z = Node(node.layer, "z")
    sums = entries.sums(z, at) if entries.problem.given(z) is None and z in entries.values else ()
    names = [" * ".join(ref.name for ref in part.part(k).factors) for part in sums for k in range(len(part.terms))]
    passed_on = tuple(Factor(name=name, value=step.value) for name in names[: extent.terms])
    return replace(step, passed_on=passed_on, more_passed_on=len(names) - len(passed_on))


def _positions(entries: Entries, node: Node, *, every: bool) -> Iterator[Position]:
    """Yield every position of a quantity, or only one."""
    if every:
        for index in np.ndindex(entries.values[node].shape):
            yield Position(**dict(zip(AXES[node.quantity], index, strict=True)))
    else:
        # A sample and a neuron whose gradient is not zero, and an input whose gradient in the layer before is not zero.
        n, j = _nonzero(entries, node.layer)
        yield Position(n, _nonzero(entries, node.layer - 1)[1] if node.layer else 0, j)


def _nonzero(entries: Entries, layer: int) -> tuple[int, int]:
    """Return the first sample and neuron whose dz is not zero, or (0, 0)."""
    dz = entries.values.get(Node(layer, "dz"))
    found = [] if dz is None else np.argwhere(dz)[:1].tolist()
    return (found[0][0], found[0][1]) if found else (0, 0)


def _working_order(n_layers: int) -> Iterator[Node]:
    layers = range(n_layers)
    # Gradients that a sum passes on unchanged come before those of products.
    gradients = {
        name: quantity.products[0]
        for name, quantity in CHAIN_RULE.items()
        if quantity.is_gradient and name not in OF_THE_LOSS
    }
    backward = sorted(gradients, key=lambda name: (bool(gradients[name].summed), len(gradients[name].factors)))
    yield from (Node(i, quantity) for i in layers for quantity in FORWARD)
    yield from (Node(n_layers - 1, quantity) for quantity in OF_THE_LOSS)
    yield from (Node(i, quantity) for i in reversed(layers) for quantity in backward)
    yield from (
        Node(i, quantity)
        for i in layers
        for quantity in CHAIN_RULE
        if quantity not in (*FORWARD, *OF_THE_LOSS, *backward)
    )
