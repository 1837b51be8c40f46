"""Notes on a result, for people at a terminal: what is computed as asked, and may still surprise."""

import sys
from collections.abc import Iterator, Sequence

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.precision import PRECISIONS
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.messages import counted, listed

_MOST_NAMED = 5


def are_wanted(*, quiet: bool) -> bool:
    """Tell whether notes are printed: only to a terminal."""
    return not quiet and sys.stderr is not None and sys.stderr.isatty()


def notes(solution: Solution, *, has_next: bool) -> Iterator[str]:
    """Yield the notes on a result, which has a problem for `--next` or not."""
    problem = solution.problem
    for i in range(len(problem.layers)):
        yield from _inactive_units(solution, i)
        if problem.dtype.kind == "f":
            yield from _near_kinks(solution, i)
    if isinstance(problem.upstream, np.ndarray):
        if problem.steps > 1:
            yield f"the same upstream flows back in each of {counted(problem.steps, 'step')}"
        if has_next:
            yield "the next problem keeps the upstream matrix: the same upstream flows again"


def _inactive_units(solution: Solution, i: int) -> Iterator[str]:
    inactive = solution.layers[i].inactive
    units = [] if inactive is None else np.flatnonzero(inactive.all(axis=0)).tolist()
    if units:
        where = f" of {solution.problem.layer_title(i)}" if solution.problem.layered else ""
        names = _named([f"neuron {j}" for j in units])
        verb, whose = ("is", "its") if len(units) == 1 else ("are", "their")
        yield f"{names}{where} {verb} inactive for every sample: {whose} gradients are zero"


def _near_kinks(solution: Solution, i: int) -> Iterator[str]:
    problem, layer = solution.problem, solution.problem.layers[i]
    z = solution.layers[i].computed.get("z")
    x = problem.inputs if i == 0 else solution.layers[i - 1].computed.get("outputs")
    if z is None or layer.z is not None or x is None or layer.weights is None:
        return
    z, x = problem.as_written("z", z), x if i == 0 else problem.as_written("outputs", x)
    for kink in layer.activation.kinks:
        near = [problem.entry(Node(i, "z"), index) for index in _within_rounding(problem, i, x, z - kink)]
        if near:
            verb, whose = ("is", "its") if len(near) == 1 else ("are", "their")
            yield (
                f"{_named(near)} {verb} within rounding of {kink:g}, where the derivative of {layer.activation.title}"
                f" jumps: rounding decides {whose} side"
            )


def _within_rounding(problem: Problem, i: int, x: Array, distance: Array) -> Sequence[tuple[int, int]]:
    """Return the entries of z whose distance (n_samples, n_neurons) to a kink may be a rounding error.

    Rounded are the numbers, x (n_samples, n_inputs) and weights, each product and each sum.
    """
    weights, biases = problem.layers[i].weights, problem.layers[i].biases
    assert weights is not None, "the caller has looked"  # noqa: S101
    biases = np.zeros(weights.shape[1]) if biases is None else np.abs(biases)
    unit = (len(weights) + 3) * PRECISIONS[problem.dtype.name].unit_roundoff
    most = np.max(np.abs(x)) * np.abs(weights).sum(axis=0) + biases
    found = []
    for n, j in np.argwhere(np.abs(distance) <= unit * most).tolist():
        size = np.abs(x[n]) @ np.abs(weights[:, j]) + biases[j]
        if size and abs(distance[n, j]) <= unit * size:
            found.append((n, j))
    return found


def _named(names: Sequence[str]) -> str:
    shown = list(names[:_MOST_NAMED])
    return listed(shown if len(names) <= _MOST_NAMED else [*shown, f"{len(names) - _MOST_NAMED} more"])
