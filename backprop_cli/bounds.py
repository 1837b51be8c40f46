"""How far float64 may be from exact arithmetic: a bound for every entry of every quantity.

A sum of products that is computed with m roundings along its longest path is off by at most

    gamma(m) * (the same sum with every term made positive),    gamma(m) = m * u / (1 - m * u),    u = 2**-53

whatever the order of the sum (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, 2002, lemma 3.1
and section 3.5). The roundings add up from one formula to the next. The positive sums come from the same solver, on
the same problem with every number made positive and every activation open. The bound holds as long as no
pre-activation is on the wrong side of a kink.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from backprop_cli.activations import ACTIVATIONS, Activation, Array
from backprop_cli.errors import InputError
from backprop_cli.names import Node
from backprop_cli.problem import Layer, Problem
from backprop_cli.rules import Missing, Operand, operands, working_order
from backprop_cli.solve import Solution, solve

_UNIT_ROUNDOFF = 2.0**-53


def bounds(solution: Solution) -> Mapping[str, Array]:
    """Return, by place, for every computed quantity how far each entry may be from its exact value.

    The numbers of the problem count as rounded once themselves, from decimals.
    """
    sizes = magnitudes(solution)
    roundings = _roundings(solution.problem)
    return {place: _gamma(roundings[node]) * sizes[place] for place, node in _places(solution)}


def magnitudes(solution: Solution) -> Mapping[str, Array]:
    """Return, by place, every computed quantity of the problem with all its terms made positive."""
    wanted = [node for _, node in _places(solution)]
    try:
        return dict(solve(_all_positive(solution.problem), wanted).matrices())
    except InputError:  # where the terms overflow though their sum does not, the values must do
        return {place: np.abs(matrix) for place, matrix in solution.matrices()}


def _places(solution: Solution) -> list[tuple[str, Node]]:
    return [
        (solution.problem.place(i, quantity), Node(i, quantity))
        for i, layer in enumerate(solution.layers)
        for quantity in layer.computed
    ]


def _all_positive(problem: Problem) -> Problem:
    def positive(layer: Layer) -> Layer:
        return replace(
            layer,
            weights=_positive(layer.weights),
            biases=_positive(layer.biases),
            z=_positive(layer.z),
            activation=ACTIVATIONS["linear"],
        )

    return replace(
        problem,
        inputs=_positive(problem.inputs),
        layers=tuple(map(positive, problem.layers)),
        upstream=problem.upstream if isinstance(problem.upstream, str) else _positive(problem.upstream),
        learning_rate=-abs(float(problem.learning_rate)),  # a step subtracts
    )


def _positive(array: Array | None) -> Array | None:
    return None if array is None else np.abs(array)


def _gamma(m: int) -> float:
    return m * _UNIT_ROUNDOFF / (1 - m * _UNIT_ROUNDOFF)


def _roundings(problem: Problem) -> Mapping[Node, int]:
    """Return, for every node, a number of roundings that none of its entries has more of behind it.

    For dz, z only opens and closes.
    """
    roundings: dict[Node, int] = {}
    for node in working_order(len(problem.layers)):
        carried = (
            _behind(operand, roundings)
            for operand in operands(problem, node)
            if not (node.quantity == "dz" and isinstance(operand, Node) and operand.quantity == "z")
        )
        roundings[node] = sum(carried) + _own(problem, node)
    return roundings


def _behind(operand: Operand, roundings: Mapping[Node, int]) -> int:
    match operand:
        case Node():
            return roundings[operand]
        case Activation() | Missing():
            return 0
        case _:
            return 1  # a given number, rounded once from what was written


def _own(problem: Problem, node: Node) -> int:
    """Return how many roundings the formula of a node adds: one for each product and each sum on the longest path."""
    layer = problem.layers[node.layer]
    match node.quantity:
        case "z" if layer.z is not None:
            return 1
        case "z":
            return (layer.n_inputs or 0) + 1
        case "dinputs":
            return layer.n_neurons or 0
        case "dweights" | "dbiases":
            return problem.n_samples or 0
        case "new_weights" | "new_biases":
            return 2
        case _:
            return 0
