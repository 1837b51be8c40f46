"""What people get wrong in backpropagation, one row for each mistake.

A row says which quantities the mistake can strike, and what it makes of one: either through the same solver with a
wrong formula in place of a right one, or from the right values. Where expected values are not the right ones, the rows
that lead to exactly the expected values explain them. Where none does, there is nothing to say.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from backprop_cli.checks.tolerance import Accepted
from backprop_cli.core.activations import Activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.quantities import CHAIN_RULE, Node
from backprop_cli.core.rules import RULES, Rule
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError

__all__ = ["MISTAKES", "Mistake", "explanations"]

_ENOUGH_EVIDENCE = 2.5  # decimal digits: about one chance in three hundred
_GRADIENTS = tuple(quantity.name for quantity in CHAIN_RULE.values() if quantity.is_gradient)
_STEPPED = tuple(name for name in CHAIN_RULE if name.startswith("new_"))
_BACKWARD = (*_GRADIENTS, *_STEPPED)
_MATRICES = tuple(name for name, quantity in CHAIN_RULE.items() if len(quantity.axes) == 2)


Candidates: TypeAlias = Callable[[Solution, Node, Accepted], Iterator[tuple[str, Array]]]


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One mistake: the quantities it can strike, and the values it leads to, each with what to say of it."""

    name: str
    strikes: tuple[str, ...]
    candidates: Candidates


def explanations(accepted: Accepted, node: Node, solution: Solution) -> tuple[str, ...]:
    """Return what was done wrong if the expected values of a quantity are what a mistake leads to.

    Args:
        accepted: Expected values that the right ones do not agree with.
        node: The quantity.
        solution: Everything that follows from the problem, in float64.
    """
    return tuple(
        words
        for mistake in MISTAKES
        if node.quantity in mistake.strikes
        for words, value in mistake.candidates(solution, node, accepted)
        if _agrees(accepted, value) and _evidence(accepted, node, solution) >= _ENOUGH_EVIDENCE
    )


def _agrees(accepted: Accepted, value: Array) -> bool:
    return value.shape == accepted.expected.shape and not accepted.wrong(value).any()


def _evidence(accepted: Accepted, node: Node, solution: Solution, without: tuple[int, ...] | None = None) -> float:
    """Return how many decimal digits it takes for a mistake to agree where the right values do not.

    The further the wrong entries are off, beside how far they may be, and the more there are of them, the less likely a
    mistake explains them by chance. The entry `without` does not count: something was fitted to it.
    """
    right = solution.layers[node.layer].computed[node.quantity]
    if right.shape != accepted.expected.shape:
        return np.inf
    wrong = accepted.wrong(right)
    if without is not None:
        wrong[without] = False
    with np.errstate(all="ignore"):
        digits = np.log10(np.abs(accepted.expected - right) / accepted.allowed(right))
    return float(digits[wrong].sum())


def _solved_with(words: str, *, out_in: str | None = None, **rules: Rule) -> Candidates:
    """Return what the solver makes of a problem with wrong formulas in place of the right ones.

    `out_in` are the words for weights in the other layout, where the formulas read differently. Words may name the
    activation that a mistake is about; where no layer has one with a kink, there is no such mistake.
    """

    def candidates(solution: Solution, node: Node, accepted: Accepted) -> Iterator[tuple[str, Array]]:
        del accepted
        problem = solution.problem
        kinked = [layer.activation for layer in problem.layers[node.layer :] if layer.activation.kinks]
        if "dz" in rules and not kinked:
            return
        try:
            wrong = solve(problem, [node], {**RULES, **rules}, block_rows=problem.n_samples)
        except (InputError, ValueError):  # the mistake needs more than was given, or makes shapes that do not fit
            return
        said = out_in if out_in and problem.weight_layout == "out-in" else words
        named = said.format(**_at_kink(kinked[0])) if kinked else said
        yield named, wrong.layers[node.layer].computed[node.quantity]

    return candidates


def _at_kink(activation: Activation) -> dict[str, object]:
    """Return how to speak of an activation and its derivative at its first kink, and beyond it."""
    kink = np.array(activation.kinks[0])
    here, beyond = (float(activation.derivative(z)) for z in (kink, _beyond_kinks(activation, kink)))
    mean = Fraction((here + beyond) / 2).limit_denominator(1000)
    return {"f": activation.name, "title": activation.title, "kink": f"{kink:g}"} | {
        "here": f"{here:g}",
        "beyond": f"{beyond:g}",
        "mean": mean,
    }


def _beyond_kinks(activation: Activation, z: Array) -> Array:
    """Return z (any shape) with entries at a kink moved to the smallest number beyond it."""
    for kink in activation.kinks:
        z = np.where(z == kink, np.nextafter(kink, np.inf), z)
    return z


def _scaled(words: str, factor: Callable[[int], int | Fraction]) -> Candidates:
    """Return the gradient, or the step with a gradient, multiplied by a factor of the number of samples."""

    def candidates(solution: Solution, node: Node, accepted: Accepted) -> Iterator[tuple[str, Array]]:
        del accepted
        n_samples = solution.problem.n_samples
        assert n_samples is not None, "a gradient that was computed has samples behind it"  # noqa: S101
        scale = float(factor(n_samples))
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
    name = node.quantity.removeprefix("new_")
    parameter: Array = solution.problem.as_written(name, solution.problem.given(Node(node.layer, name)))
    return parameter


def _transposed(solution: Solution, node: Node, accepted: Accepted) -> Iterator[tuple[str, Array]]:
    del accepted
    yield f"the transpose of {node.quantity}", solution.layers[node.layer].computed[node.quantity].T


def _of_another_layer(solution: Solution, node: Node, accepted: Accepted) -> Iterator[tuple[str, Array]]:
    del accepted
    for i, layer in enumerate(solution.layers):
        if i != node.layer and node.quantity in layer.computed:
            place = solution.problem.place(i, node.quantity)
            yield f"the values of another layer, {place}", layer.computed[node.quantity]


def _another_learning_rate(solution: Solution, node: Node, accepted: Accepted) -> Iterator[tuple[str, Array]]:
    """Find the learning rate that the entry with the largest gradient tells, and say so if it is beyond doubt.

    Any single entry fits some learning rate: others have to bear it out, or it has to have few digits.
    """
    parameter = _parameter(solution, node)
    gradient = solution.layers[node.layer].computed[node.quantity.replace("new_", "d")]
    if accepted.expected.shape != parameter.shape:
        return
    largest = tuple(map(int, np.unravel_index(int(np.argmax(np.abs(gradient))), gradient.shape)))
    right = float(solution.problem.learning_rate)
    with np.errstate(all="ignore"):
        told = (parameter[largest] - accepted.expected[largest]) / gradient[largest]
    if not np.isfinite(told) or told < 0:
        return
    everything, others = (_evidence(accepted, node, solution, without=index) for index in (None, largest))
    for digits in (*range(1, 7), 17):
        rate = float(f"{told:.{digits}g}")
        value = parameter - rate * gradient
        if rate != right and _agrees(accepted, value):
            # The digits of the rate are fitted to the largest entry, and are no evidence; those of the others are.
            if max(others, everything - digits) >= _ENOUGH_EVIDENCE:
                yield f"a step with the learning rate {rate:g}, not {right:g}", value
            return


def _backward_with(wrong: Callable[[Activation, Array, Array], Array]) -> Rule:
    """Return a rule that takes upstream through activations with kinks in a wrong way, and through others rightly."""

    def formula(activation: Activation, upstream: Array, *read: Array) -> Array:
        if not activation.kinks:
            return RULES["dz"].formula(activation, upstream, *read)
        (z,) = read
        return wrong(activation, upstream, z)

    return Rule(("activation", "upstream", "z"), formula)


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
        candidates=_solved_with("dbiases not summed over samples: it is dz", dbiases=Rule(("dz",), lambda dz: dz)),
    ),
    Mistake(
        name="wrong axis",
        strikes=("dbiases", "new_biases"),
        candidates=_solved_with(
            "dbiases summed over neurons, not over samples", dbiases=Rule(("dz",), lambda dz: dz.sum(axis=1))
        ),
    ),
    Mistake(
        name="mask forgotten",
        strikes=_BACKWARD,
        candidates=_solved_with(
            "the {title}'s mask forgotten (or taken from outputs >= {kink}, which always holds)",
            dz=_backward_with(lambda _f, upstream, _z: upstream),
        ),
    ),
    Mistake(
        name="mask from upstream",
        strikes=_BACKWARD,
        candidates=_solved_with(
            "the {title}'s mask taken from the upstream gradient, not from z",
            dz=_backward_with(lambda f, upstream, _z: upstream * f.derivative(upstream)),
        ),
    ),
    Mistake(
        name="derivative beyond the kink",
        strikes=_BACKWARD,
        candidates=_solved_with(
            "{f}'({kink}) = {beyond}, where it is {here}: z >= {kink} in place of z > {kink}",
            dz=_backward_with(lambda f, upstream, z: upstream * f.derivative(_beyond_kinks(f, z))),
        ),
    ),
    Mistake(
        name="mean derivative at the kink",
        strikes=_BACKWARD,
        candidates=_solved_with(
            "{f}'({kink}) = {mean}, where it is {here}",
            dz=_backward_with(
                lambda f, upstream, z: upstream * (f.derivative(z) + f.derivative(_beyond_kinks(f, z))) / 2
            ),
        ),
    ),
    Mistake(
        name="weights untransposed",
        strikes=_BACKWARD,
        candidates=_solved_with(
            "dinputs as dz @ weights, not dz @ weights.T (square weights fit both ways)",
            out_in="dinputs as dz @ weights.T, not dz @ weights (square weights fit both ways)",
            dinputs=Rule(("dz", "weights"), lambda dz, weights: dz @ weights),
        ),
    ),
    Mistake(
        name="weights after the update",
        strikes=_BACKWARD,
        candidates=_solved_with(
            "dinputs with the weights after the step, not before it",
            dinputs=Rule(("dz", "weights", "inputs", "learning_rate"), _update_first),
        ),
    ),
    Mistake(name="another learning rate", strikes=_STEPPED, candidates=_another_learning_rate),
    Mistake(name="another layer", strikes=_BACKWARD, candidates=_of_another_layer),
)
