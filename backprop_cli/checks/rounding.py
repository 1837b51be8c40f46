"""How far float64 may be from exact arithmetic: for every entry of every quantity, at worst and in all likelihood.

A sum of products that is computed with m roundings along its longest path is off by at most

    gamma(m) * (the same sum with every term made positive),    gamma(m) = m * u / (1 - m * u),    u = 2**-53

whatever the order of the sum (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd edition, 2002, lemma 3.1
and section 3.5). The roundings add up from one formula to the next. The positive sums come from the same solver, on
the same problem with every number made positive and the derivative of every activation held as it is. The bound holds
as long as every pre-activation is on the right side of the kinks of its activation.

Layer upon layer, the worst case grows far beyond what happens, because rounding errors have random signs. The likely
error takes the root of the sum of squares in place of the sum (section 2.8, there): again from the same solver, on the
squares of all numbers. A tolerance has to be of that kind, or in a deep network every value would pass.
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

UNIT_ROUNDOFF = 2.0**-53
_LARGEST = float(np.finfo(np.float64).max)
_SMALLEST = 5e-324  # what a product that underflows may be off by
_LIKELY = 16  # sums of up to 16**2 terms cannot be further off, whatever the signs of their errors


def bounds(solution: Solution) -> Mapping[str, Array]:
    """Return, by place, for every computed quantity how far each entry may be from its exact value at worst.

    The numbers of the problem count as rounded once themselves, from decimals. Shapes: as the quantity, (n_samples,
    n_neurons) for one.
    """
    return _allowed(solution, _sizes(solution))


def likely(solution: Solution) -> Mapping[str, Array]:
    """Return, by place, for every computed quantity how far entries are from their exact values in all likelihood.

    Shapes: as the quantity, (n_samples, n_neurons) for one.
    """
    return _allowed(solution, _likely_sizes(solution), _LIKELY)


def _allowed(solution: Solution, sizes: Mapping[str, Array], factor: int = 1) -> Mapping[str, Array]:
    roundings = _roundings(solution.problem)
    return {
        place: factor * _gamma(roundings[node]) * sizes[place] + roundings[node] * _SMALLEST
        for place, node in _places(solution)
    }


def _sizes(solution: Solution) -> Mapping[str, Array]:
    """Return, by place, every computed quantity with every term made positive.

    Terms may add up to more than float64 holds, though the quantity does not: its largest number then stands for more.
    """
    return {
        place: np.nan_to_num(size, nan=_LARGEST, posinf=_LARGEST) for place, size in _solved(solution, np.abs).items()
    }


def _likely_sizes(solution: Solution) -> Mapping[str, Array]:
    """Return, by place, the root of the sum of squares of the terms of every computed quantity."""
    squares = _solved(solution, np.square)
    if all(np.isfinite(square).all() for square in squares.values()):
        return {place: np.sqrt(square) for place, square in squares.items()}
    sizes = _sizes(solution)  # squares overflow from 1e154 on: there the worst case must do
    return {place: np.where(np.isfinite(square), np.sqrt(square), sizes[place]) for place, square in squares.items()}


def _solved(solution: Solution, positive: Callable[[Array], Array]) -> Mapping[str, Array]:
    """Return, by place, every computed quantity of the problem with `positive` of all its numbers."""
    with np.errstate(all="ignore"):
        made, wanted = _made_positive(solution, positive), [node for _, node in _places(solution)]
        # In one block: the derivatives that are held are those of all samples.
        solved = solve(made, wanted, may_overflow=True, block_rows=solution.problem.n_samples)
        return dict(solved.matrices())


def _places(solution: Solution) -> list[tuple[str, Node]]:
    return [
        (solution.problem.place(i, quantity), Node(i, quantity))
        for i, layer in enumerate(solution.layers)
        for quantity in layer.computed
    ]


def _made_positive(solution: Solution, positive: Callable[[Array], Array]) -> Problem:
    problem = solution.problem

    def of(array: Array | None) -> Array | None:
        return None if array is None else positive(array)

    rate = float(positive(np.array(float(problem.learning_rate))))
    return replace(
        problem,
        inputs=of(problem.inputs),
        layers=tuple(
            replace(
                layer,
                weights=of(layer.weights),
                biases=of(layer.biases),
                z=of(layer.z),
                activation=_held(layer, solved, positive),
            )
            for layer, solved in zip(problem.layers, solution.layers, strict=True)
        ),
        upstream=problem.upstream if isinstance(problem.upstream, str) else of(problem.upstream),
        learning_rate=-rate,  # a step subtracts
    )


def _held(layer: Layer, solved: LayerSolution, positive: Callable[[Array], Array]) -> Activation:
    """Return the line that the activation is near the layer's own z, with `positive` of its slope and intercept."""
    z = solved.computed.get("z", np.zeros(()))  # not known only where no derivative that depends on it is wanted
    derivative = layer.activation.derivative(z)
    intercept = positive(layer.activation.value(z) - derivative * z)
    derivative = positive(derivative)

    def times_derivative(values: Array) -> Array:
        return np.where(derivative == 0, 0, derivative * values)  # and not nan, where a value is infinite

    return replace(
        layer.activation,
        value=lambda z, out=None: times_derivative(z) + intercept,  # noqa: ARG005
        backward=lambda upstream, z=None, outputs=None, out=None: times_derivative(upstream),  # noqa: ARG005
    )


def _gamma(m: int) -> float:
    return m * UNIT_ROUNDOFF / (1 - m * UNIT_ROUNDOFF)


def _roundings(problem: Problem) -> Mapping[Node, int]:
    """Return, for every node, a number of roundings that none of its entries has more of behind it.

    The roundings of z do not count for dz, where they only decide on which side of a kink it is.
    """
    roundings: dict[Node, int] = {}
    for node in working_order(len(problem.layers)):
        carried = (
            _behind(operand, roundings)
            for operand in operands(problem, node)
            if not (node.quantity == "dz" and isinstance(operand, Node) and operand.quantity == "z")
        )
        given = problem.given(node) is not None
        roundings[node] = 1 if given else sum(carried) + _own(problem, node)
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
