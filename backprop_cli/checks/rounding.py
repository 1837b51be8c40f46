"""Rounding errors of float64, for every entry of every quantity: their bound, and a likely size.

A sum of products that is computed with m roundings along its longest path has an error of at most

    gamma(m) * (the same sum of absolute values),    gamma(m) = m * u / (1 - m * u),    u = 2**-53

whatever the order of the sum (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, 2002, lemma 3.1
and section 3.5). The roundings add up from one formula to the next. The sums of absolute values come from the same
solver, on the absolute values of all numbers, with each activation replaced by its tangent. The bound holds if every
pre-activation is on the right side of the kinks of its activation.

In deep networks the bound is much larger than the errors, because rounding errors have random signs. The likely error
has the root of the sum of squares in place of the sum (section 2.8 of the same book), again from the same solver, on
the squares of all numbers. Tolerances use the likely error: with the bound, every value would pass in a deep network.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from backprop_cli.core.activations import Activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.missing import Missing
from backprop_cli.core.problem import Layer, Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.rules import Operand, operands, working_order
from backprop_cli.core.solution import LayerSolution, Solution
from backprop_cli.core.solve import solve

_UNIT_ROUNDOFF = 2.0**-53
_LARGEST = float(np.finfo(np.float64).max)
_SMALLEST = 5e-324  # the largest error of a product that underflows
_LIKELY = 16  # sums of up to 16**2 terms have no larger error, whatever the signs


def bounds(solution: Solution) -> Mapping[str, Array]:
    """Return by place a bound on the rounding error of each entry of every computed quantity, in the same shape.

    The numbers of the problem count as rounded once, from decimals.
    """
    return _allowed(solution, _sizes(solution))


def likely(solution: Solution) -> Mapping[str, Array]:
    """Return by place the likely rounding error of each entry of every computed quantity, in the same shape."""
    return _allowed(solution, _likely_sizes(solution), _LIKELY)


def _allowed(solution: Solution, sizes: Mapping[str, Array], factor: int = 1) -> Mapping[str, Array]:
    roundings = _roundings(solution.problem)
    return {
        place: factor * _gamma(roundings[node]) * sizes[place] + roundings[node] * _SMALLEST
        for place, node in _places(solution)
    }


def _sizes(solution: Solution) -> Mapping[str, Array]:
    """Return by place every computed quantity with the absolute value of each term.

    The sum may overflow though the quantity does not; then it is the largest float64.
    """
    return {
        place: np.nan_to_num(size, nan=_LARGEST, posinf=_LARGEST) for place, size in _solved(solution, np.abs).items()
    }


def _likely_sizes(solution: Solution) -> Mapping[str, Array]:
    """Return by place the root of the sum of squares of the terms of every computed quantity."""
    squares = _solved(solution, np.square)
    if all(np.isfinite(square).all() for square in squares.values()):
        return {place: np.sqrt(square) for place, square in squares.items()}
    sizes = _sizes(solution)  # squares overflow from 1e154 on: there the bound is used
    return {place: np.where(np.isfinite(square), np.sqrt(square), sizes[place]) for place, square in squares.items()}


def _solved(solution: Solution, positive: Callable[[Array], Array]) -> Mapping[str, Array]:
    """Return by place every computed quantity of the problem with `positive` of all its numbers."""
    with np.errstate(all="ignore"):
        positives, wanted = _positive_problem(solution, positive), [node for _, node in _places(solution)]
        # In one block, because the tangents are those of all samples.
        solved = solve(positives, wanted, may_overflow=True, block_rows=solution.problem.n_samples)
        return dict(solved.matrices())


def _places(solution: Solution) -> list[tuple[str, Node]]:
    return [
        (solution.problem.place(i, quantity), Node(i, quantity))
        for i, layer in enumerate(solution.layers)
        for quantity in layer.computed
    ]


def _positive_problem(solution: Solution, positive: Callable[[Array], Array]) -> Problem:
    problem = solution.problem

    def made_positive(array: Array | None) -> Array | None:
        return None if array is None else positive(array)

    rate = float(positive(np.array(float(problem.learning_rate))))
    return replace(
        problem,
        inputs=made_positive(problem.inputs),
        layers=tuple(
            replace(
                layer,
                weights=made_positive(layer.weights),
                biases=made_positive(layer.biases),
                z=made_positive(layer.z),
                activation=_tangent(layer, solved, positive),
            )
            for layer, solved in zip(problem.layers, solution.layers, strict=True)
        ),
        upstream=problem.upstream if isinstance(problem.upstream, str) else made_positive(problem.upstream),
        learning_rate=-rate,  # a step subtracts
    )


def _tangent(layer: Layer, solved: LayerSolution, positive: Callable[[Array], Array]) -> Activation:
    """Return the tangent of the activation at the layer's own z, with `positive` of its derivative and intercept."""
    z = solved.computed.get("z", np.zeros(()))  # z is unknown only where nothing that is computed depends on it
    derivative = layer.activation.derivative(z)
    intercept = positive(layer.activation.value(z) - derivative * z)
    derivative = positive(derivative)

    def times_derivative(values: Array) -> Array:
        return np.where(derivative == 0, 0, derivative * values)  # 0 also where a value is infinite

    return replace(
        layer.activation,
        value=lambda z, out=None: times_derivative(z) + intercept,  # noqa: ARG005
        backward=lambda upstream, z=None, outputs=None, out=None: times_derivative(upstream),  # noqa: ARG005
    )


def _gamma(m: int) -> float:
    return m * _UNIT_ROUNDOFF / (1 - m * _UNIT_ROUNDOFF)


def _roundings(problem: Problem) -> Mapping[Node, int]:
    """Return for every node how many roundings lead to one of its entries at most.

    The roundings of z do not count for dz, where z only selects the side of a kink.
    """
    roundings: dict[Node, int] = {}
    for node in working_order(len(problem.layers)):
        carried = (
            _roundings_of(operand, roundings)
            for operand in operands(problem, node)
            if not (node.quantity == "dz" and isinstance(operand, Node) and operand.quantity == "z")
        )
        given = problem.given(node) is not None
        roundings[node] = 1 if given else sum(carried) + _added_roundings(problem, node)
    return roundings


def _roundings_of(operand: Operand, roundings: Mapping[Node, int]) -> int:
    match operand:
        case Node():
            return roundings[operand]
        case Activation() | Missing():
            return 0
        case _:
            return 1  # a given number, rounded once from the decimal in the file


def _added_roundings(problem: Problem, node: Node) -> int:
    """Return how many roundings the formula of a node adds: products and sums on the longest path."""
    layer = problem.layers[node.layer]
    sizes = {"n": problem.n_samples, "i": layer.n_inputs, "j": layer.n_neurons}
    products = problem.products(node)
    longest = 0
    for product in products:
        if any(factor.function for factor in product.factors):
            multiplying = layer.activation.roundings
        else:
            multiplying = len(product.factors) - 1
        adding = sum((sizes[axis] or 1) - 1 for axis in product.summed)
        longest = max(longest, multiplying + adding)
    return longest + len(products) - 1
