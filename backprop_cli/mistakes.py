"""What people get wrong in backpropagation, one row for each mistake.

A row says which quantities the mistake can strike, and what it makes of one: either through the same solver with a
wrong formula in place of a right one, or from the right values. Where expected values are not the right ones, the rows
that lead to exactly the expected values explain them. Where none does, there is nothing to say.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

import numpy as np

from backprop_cli.activations import Activation, Array
from backprop_cli.errors import InputError
from backprop_cli.names import Node
from backprop_cli.rules import RULES, Rule
from backprop_cli.solve import Solution, solve

_GRADIENTS = ("dz", "dinputs", "dweights", "dbiases")
_STEPPED = ("new_weights", "new_biases")
_BACKWARD = (*_GRADIENTS, *_STEPPED)
_MATRICES = ("z", "outputs", "dz", "dinputs", "dweights", "new_weights")


class Target(Protocol):
    """Expected values, which know whether other values agree with them."""

    expected: Array

    def agrees(self, value: Array) -> bool:
        """Tell whether values have the expected shape and are as expected in every entry."""


Candidates: TypeAlias = Callable[[Solution, Node, Target], Iterator[tuple[str, Array]]]


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One mistake: the quantities it can strike, and the values it leads to, each with what to say of it."""

    name: str
    strikes: tuple[str, ...]
    candidates: Candidates


def explanations(target: Target, node: Node, solution: Solution) -> tuple[str, ...]:
    """Return what was done wrong if the expected values of a quantity are what a mistake leads to.

    Args:
        target: Expected values that the right ones do not agree with.
        node: The quantity.
        solution: Everything that follows from the problem.
    """
    return tuple(
        words
        for mistake in MISTAKES
        if node.quantity in mistake.strikes
        for words, value in mistake.candidates(solution, node, target)
        if target.agrees(value)
    )


def _solved_with(words: str, **rules: Rule) -> Candidates:
    """Return what the solver makes of a problem with wrong formulas in place of the right ones."""

    def candidates(solution: Solution, node: Node, target: Target) -> Iterator[tuple[str, Array]]:
        del target
        try:
            wrong = solve(solution.problem, [node], {**RULES, **rules})
        except (InputError, ValueError):  # the mistake needs more than was given, or makes shapes that do not fit
            return
        yield words, wrong.layers[node.layer].computed[node.quantity]

    return candidates


def _scaled(words: str, factor: Callable[[int], int | Fraction]) -> Candidates:
    """Return the gradient, or the step with a gradient, multiplied by a factor of the number of samples."""

    def candidates(solution: Solution, node: Node, target: Target) -> Iterator[tuple[str, Array]]:
        del target
        n_samples = solution.problem.n_samples
        if n_samples is None:
            return
        exact_scale = Fraction(factor(n_samples))
        scale = exact_scale if solution.problem.exact else float(exact_scale)
        value = solution.layers[node.layer].computed[node.quantity]
        if node.quantity in _STEPPED:
            parameter = _parameter(solution, node)
            value = parameter + scale * (value - parameter)
        else:
            value = scale * value
        yield words.format(n=n_samples), value

    return candidates


def _parameter(solution: Solution, node: Node) -> Array:
    """Return the weights or biases that a stepped quantity started from, laid out as it is."""
    layer = solution.problem.layers[node.layer]
    array = layer.biases if node.quantity == "new_biases" else solution.problem.laid_out(_given(layer.weights))
    return _given(array)


def _given(array: Array | None) -> Array:
    assert array is not None, "a parameter that was stepped was given"  # noqa: S101
    return array


def _transposed(solution: Solution, node: Node, target: Target) -> Iterator[tuple[str, Array]]:
    del target
    yield f"the transpose of {node.quantity}", solution.layers[node.layer].computed[node.quantity].T


def _of_another_layer(solution: Solution, node: Node, target: Target) -> Iterator[tuple[str, Array]]:
    del target
    for i, layer in enumerate(solution.layers):
        if i != node.layer and node.quantity in layer.computed:
            place = solution.problem.place(i, node.quantity)
            yield f"the values of another layer, {place}", layer.computed[node.quantity]


def _another_learning_rate(solution: Solution, node: Node, target: Target) -> Iterator[tuple[str, Array]]:
    """Find the learning rate that the entry with the largest gradient tells, and say so if it is beyond doubt.

    Any single entry fits some learning rate: it takes a second one, or a rate of few digits, to mean anything.
    """
    parameter = _parameter(solution, node)
    gradient = solution.layers[node.layer].computed[node.quantity.replace("new_", "d")]
    if target.expected.shape != parameter.shape:
        return
    largest = np.unravel_index(int(np.argmax(np.abs(gradient))), gradient.shape)
    if not gradient[largest]:
        return
    told = float((parameter[largest] - target.expected[largest]) / gradient[largest])
    right = float(solution.problem.learning_rate)
    for digits in (*range(1, 7), 17):
        rate = float(f"{told:.{digits}g}")
        value = parameter - type(solution.problem.learning_rate)(repr(rate)) * gradient
        if rate > 0 and rate != right and target.agrees(value):
            if digits <= 3 or np.count_nonzero(gradient) > 1:
                yield f"a step with the learning rate {rate:g}, not {right:g}", value
            return


def _masked(mask: Callable[[Array, Array], Array]) -> Rule:
    """Return a rule that lets the upstream gradient through a ReLU in a wrong way; other layers stay as they are."""

    def formula(activation: Activation, upstream: Array, z: Array | None = None) -> Array:
        return mask(upstream, z) if activation.needs_z and z is not None else upstream

    return Rule(("activation", "upstream", "z"), formula, "")


def _update_first(dz: Array, weights: Array, inputs: Array, learning_rate: Any) -> Array:
    result: Array = dz @ (weights - learning_rate * (inputs.T @ dz)).T
    return result


MISTAKES = (
    Mistake(name="transposed", strikes=_MATRICES, candidates=_transposed),
    Mistake(name="sign", strikes=_GRADIENTS, candidates=_scaled("the sign is turned round", lambda _n: -1)),
    Mistake(
        name="uphill",
        strikes=_STEPPED,
        candidates=_scaled("a step uphill: the gradient added, not subtracted", lambda _n: -1),
    ),
    Mistake(
        name="doubled",
        strikes=_BACKWARD,
        candidates=_scaled("the gradient doubled, as when it is accumulated twice and not reset", lambda _n: 2),
    ),
    Mistake(
        name="divided by n_samples",
        strikes=_BACKWARD,
        candidates=_scaled("the gradient divided by n_samples = {n}: a mean, not a sum", lambda n: Fraction(1, n)),
    ),
    Mistake(
        name="multiplied by n_samples",
        strikes=_BACKWARD,
        candidates=_scaled("the gradient multiplied by n_samples = {n}", lambda n: n),
    ),
    Mistake(
        name="not summed",
        strikes=("dbiases", "new_biases"),
        candidates=_solved_with("dbiases not summed over samples: it is dz", dbiases=Rule(("dz",), lambda dz: dz, "")),
    ),
    Mistake(
        name="wrong axis",
        strikes=("dbiases", "new_biases"),
        candidates=_solved_with(
            "dbiases summed over neurons, not over samples", dbiases=Rule(("dz",), lambda dz: dz.sum(axis=1), "")
        ),
    ),
    Mistake(
        name="mask forgotten",
        strikes=_BACKWARD,
        candidates=_solved_with(
            "the ReLU's mask forgotten (or taken from outputs >= 0, which always holds)",
            dz=_masked(lambda upstream, _z: upstream),
        ),
    ),
    Mistake(
        name="mask from upstream",
        strikes=_BACKWARD,
        candidates=_solved_with(
            "the ReLU's mask taken from the upstream gradient, not from z",
            dz=_masked(lambda upstream, _z: np.where(upstream > 0, upstream, 0)),
        ),
    ),
    Mistake(
        name="slope 1 at zero",
        strikes=_BACKWARD,
        candidates=_solved_with(
            "relu'(0) = 1, where it is 0: z >= 0 in place of z > 0",
            dz=_masked(lambda upstream, z: np.where(z >= 0, upstream, 0)),
        ),
    ),
    Mistake(
        name="slope 1/2 at zero",
        strikes=_BACKWARD,
        candidates=_solved_with(
            "relu'(0) = 1/2, where it is 0",
            dz=_masked(lambda upstream, z: np.where(z > 0, upstream, np.where(z == 0, upstream / 2, 0))),
        ),
    ),
    Mistake(
        name="weights untransposed",
        strikes=_BACKWARD,
        candidates=_solved_with(
            "dinputs as dz @ weights, not dz @ weights.T (square weights fit both ways)",
            dinputs=Rule(("dz", "weights"), lambda dz, weights: dz @ weights, ""),
        ),
    ),
    Mistake(
        name="weights after the update",
        strikes=_BACKWARD,
        candidates=_solved_with(
            "dinputs with the weights after the step, not before it",
            dinputs=Rule(("dz", "weights", "inputs", "learning_rate"), _update_first, ""),
        ),
    ),
    Mistake(name="another learning rate", strikes=_STEPPED, candidates=_another_learning_rate),
    Mistake(name="another layer", strikes=_BACKWARD, candidates=_of_another_layer),
)
