"""Biases that are forgotten, or added twice."""

from collections.abc import Iterator
from dataclasses import replace

from backprop_cli.checks.candidates import BACKWARD, following, has_mask
from backprop_cli.checks.evidence import Candidate, Case
from backprop_cli.core.quantities import Node


def biases_forgotten(case: Case) -> Iterator[Candidate]:
    """Yield what follows from biases left out: in all layers, and in each alone."""
    yield from _with_biases(case, 0, "forgotten: z = inputs @ weights")


def biases_doubled(case: Case) -> Iterator[Candidate]:
    """Yield what follows from biases added twice: in all layers, and in each alone."""
    yield from _with_biases(case, 2, "added twice")


def _with_biases(case: Case, factor: int, what: str) -> Iterator[Candidate]:
    problem = case.solution.problem
    biased = [i for i, layer in enumerate(problem.layers) if layer.biases is not None and layer.z is None]
    if case.node.quantity in BACKWARD and not _shows(case):
        return
    changes = [biased, *([i] for i in biased if len(biased) > 1)]
    for changed in changes if biased else ():
        layers = tuple(
            replace(layer, biases=factor * layer.biases) if i in changed and layer.biases is not None else layer
            for i, layer in enumerate(problem.layers)
        )
        of = "" if len(problem.layers) == 1 or len(changed) > 1 else f" of layer {changed[0]}"
        yield from following(case, replace(problem, layers=layers), f"the biases{of} {what}")


def _shows(case: Case) -> bool:
    """Tell whether wrong biases lead to other gradients than any other change of the masks does.

    They do not in piecewise linear layers, but in what the outputs enter. If the right pre-activations are expected,
    the biases are in them.
    """
    problem, node = case.solution.problem, case.node
    if any(case.is_right(Node(i, "z")) for i in range(len(problem.layers))):
        return False
    if problem.loss is not None or isinstance(problem.upstream, str):
        return True
    is_smooth = any(layer.activation.reads and not has_mask(layer.activation) for layer in problem.layers[node.layer :])
    return is_smooth or (node.layer > 0 and node.quantity in ("dweights", "new_weights"))
