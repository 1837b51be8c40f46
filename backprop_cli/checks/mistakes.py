"""Common mistakes in backpropagation, one row for each.

A row has the quantities that the mistake can change, and computes their wrong values: with the same solver and a wrong
formula in place of a right one, or from the right values. A mistake explains expected values if it leads to exactly
them, within the tolerance. The comment above a row says where the mistake was seen, if that is public.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from backprop_cli.checks.tolerance import Accepted
from backprop_cli.core.activations import Activation
from backprop_cli.core.arrays import Array, unraveled
from backprop_cli.core.quantities import CHAIN_RULE, Node
from backprop_cli.core.rules import RULES, Rule
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError

_ENOUGH_EVIDENCE = 2.5  # decimal digits: wrong values agree by chance about once in 300
_GRADIENTS = tuple(quantity.name for quantity in CHAIN_RULE.values() if quantity.is_gradient)
_STEPPED = tuple(name for name in CHAIN_RULE if name.startswith("new_"))
_BACKWARD = (*_GRADIENTS, *_STEPPED)
_MATRICES = tuple(name for name, quantity in CHAIN_RULE.items() if len(quantity.axes) == 2)
_BIASES = ("dbiases", "new_biases")


@dataclass(frozen=True, kw_only=True)
class _Case:
    """Expected values of a quantity that differ from the right ones."""

    solution: Solution  # everything that follows from the problem, in float64
    node: Node
    accepted: Accepted

    @property
    def right(self) -> Array:
        """The right values, in the shape of the quantity."""
        return self.solution.layers[self.node.layer].computed[self.node.quantity]

    def agrees(self, value: Array) -> bool:
        """Tell whether values (of any shape) are the expected ones, within the tolerance."""
        return value.shape == self.accepted.expected.shape and not self.accepted.wrong(value).any()

    def evidence(self, without: tuple[int, ...] | None = None) -> float:
        """Return how many decimal digits a mistake must get right to agree where the right values differ.

        Chance agreement is less likely the more entries differ, and the more they exceed the tolerance. The entry
        `without` does not count, because a parameter was fitted to it.
        """
        if self.right.shape != self.accepted.expected.shape:
            return np.inf
        wrong = self.accepted.wrong(self.right)
        if without is not None:
            wrong[without] = False
        with np.errstate(all="ignore"):
            digits = np.log10(np.abs(self.accepted.expected - self.right) / self.accepted.allowed(self.right))
        return float(digits[wrong].sum())

    def parameter(self) -> Array:
        """Return the weights or biases before the step, in the shape of the quantity."""
        problem, name = self.solution.problem, self.node.quantity.removeprefix("new_")
        parameter: Array = problem.as_written(name, problem.given(Node(self.node.layer, name)))
        return parameter


_Candidates: TypeAlias = Callable[[_Case], Iterator[tuple[str, Array]]]


class Mistake(NamedTuple):
    """One mistake: the quantities that it can change, and the wrong values with a description of each."""

    name: str
    strikes: tuple[str, ...]
    candidates: _Candidates


def matching_mistakes(accepted: Accepted, node: Node, solution: Solution) -> tuple[str, ...]:
    """Return descriptions of the mistakes that lead to the expected values of a quantity.

    Args:
        accepted: Expected values that differ from the right ones.
        node: The quantity.
        solution: Everything that follows from the problem, in float64.
    """
    case = _Case(solution=solution, node=node, accepted=accepted)
    return tuple(
        description
        for mistake in MISTAKES
        if node.quantity in mistake.strikes
        for description, value in mistake.candidates(case)
        if case.agrees(value) and case.evidence() >= _ENOUGH_EVIDENCE
    )


def _solved_with(description: str, *, out_in: str | None = None, **rules: Rule) -> _Candidates:
    """Return the candidates of a mistake that is a wrong formula: what the solver computes with it.

    `out_in` is the description for the other weight layout, where the formulas differ. A description may have the
    fields of `_at_kink`. A wrong formula of dz is a mistake only if a layer has an activation with a kink.
    """

    def candidates(case: _Case) -> Iterator[tuple[str, Array]]:
        problem, (layer, quantity) = case.solution.problem, case.node
        kinked = [later.activation for later in problem.layers[layer:] if later.activation.kinks]
        if "dz" in rules and not kinked:
            return
        try:
            wrong = solve(problem, [case.node], {**RULES, **rules}, block_rows=problem.n_samples)
        except (InputError, ValueError):  # the mistake needs more than was given, or makes shapes that do not fit
            return
        text = out_in if out_in and problem.weight_layout == "out-in" else description
        yield text.format(**_at_kink(kinked[0])) if kinked else text, wrong.layers[layer].computed[quantity]

    return candidates


def _at_kink(activation: Activation) -> dict[str, object]:
    """Return the fields of a description: the activation's names, and its derivative at and beyond its first kink."""
    kink = np.array(activation.kinks[0])
    here, beyond = (float(activation.derivative(z)) for z in (kink, _beyond_kinks(activation, kink)))
    mean = Fraction((here + beyond) / 2).limit_denominator(1000)
    numbers = {"kink": f"{kink:g}", "here": f"{here:g}", "beyond": f"{beyond:g}", "mean": mean}
    return {"f": activation.name, "title": activation.title, **numbers}


def _beyond_kinks(activation: Activation, z: Array) -> Array:
    """Return z (any shape) with entries at a kink moved to the smallest number beyond it."""
    for kink in activation.kinks:
        z = np.where(z == kink, np.nextafter(kink, np.inf), z)
    return z


def _scaled(description: str, factor: Callable[[int], float]) -> _Candidates:
    """Return the candidates of a mistake that multiplies the gradient by a factor, given the number of samples."""

    def candidates(case: _Case) -> Iterator[tuple[str, Array]]:
        n_samples = case.solution.problem.n_samples
        assert n_samples is not None, "a gradient is a sum over samples"  # noqa: S101
        start = case.parameter() if case.node.quantity in _STEPPED else 0.0
        yield description.format(n=n_samples), start + factor(n_samples) * (case.right - start)

    return candidates


def _transposed(case: _Case) -> Iterator[tuple[str, Array]]:
    yield f"the transpose of {case.node.quantity}", case.right.T


def _of_another_layer(case: _Case) -> Iterator[tuple[str, Array]]:
    for i, layer in enumerate(case.solution.layers):
        if i != case.node.layer and case.node.quantity in layer.computed:
            place = case.solution.problem.place(i, case.node.quantity)
            yield f"the values of another layer, {place}", layer.computed[case.node.quantity]


def _another_learning_rate(case: _Case) -> Iterator[tuple[str, Array]]:
    """Yield a step with the learning rate that fits the entry with the largest gradient.

    Some learning rate fits any single entry. Other entries must confirm it, or it must have few digits.
    """
    parameter, expected = case.parameter(), case.accepted.expected
    gradient = case.solution.layers[case.node.layer].computed[case.node.quantity.replace("new_", "d")]
    if expected.shape != parameter.shape:
        return
    told = np.where(case.accepted.is_open, 0, np.abs(gradient))
    largest = unraveled(int(np.argmax(told)), gradient.shape)
    right = float(case.solution.problem.learning_rate)
    with np.errstate(all="ignore"):
        fitted = (parameter[largest] - expected[largest]) / gradient[largest]
    if not np.isfinite(fitted) or fitted < 0:
        return
    for digits in (*range(1, 7), 17):
        rate = float(f"{fitted:.{digits}g}")
        value = parameter - rate * gradient
        if rate != right and case.agrees(value):
            # The digits of the rate were fitted to the largest entry, so they are no evidence.
            if max(case.evidence(without=largest), case.evidence() - digits) >= _ENOUGH_EVIDENCE:
                yield f"a step with the learning rate {rate:g}, not {right:g}", value
            return


def _backward_with(description: str, wrong: Callable[[Activation, Array, Array], Array]) -> _Candidates:
    """Return the candidates of a wrong dz of activations with kinks; the others have the right one."""

    def formula(activation: Activation, upstream: Array, *read: Array) -> Array:
        if not activation.kinks:
            return RULES["dz"].formula(activation, upstream, *read)
        (z,) = read
        return wrong(activation, upstream, z)

    return _solved_with(description, dz=Rule(("activation", "upstream", "z"), formula))


def _update_first(dz: Array, weights: Array, inputs: Array, learning_rate: Any) -> Array:
    result: Array = dz @ (weights - learning_rate * (inputs.T @ dz)).T
    return result


MISTAKES = (
    # torch.nn.Linear stores weights and their gradients as (n_neurons, n_inputs).
    Mistake("transposed", _MATRICES, _transposed),
    # This and the next: Udacity's course takes target - output and adds the step, where others subtract it.
    Mistake("sign", _GRADIENTS, _scaled("the sign is turned round", lambda _n: -1)),
    Mistake("uphill", _STEPPED, _scaled("a step uphill: the gradient added, not subtracted", lambda _n: -1)),
    # D. V. Godoy, "Deep Learning with PyTorch Step-by-Step", p. 87: exactly twice after a second backward().
    Mistake(
        "doubled",
        _BACKWARD,
        _scaled("the gradient doubled, as when it is accumulated twice and not reset", lambda _n: 2),
    ),
    # DeepLearning.AI forum, topic 63071 (1/m in dZ1 and again in dW1); kvfrans/notes, issue 5 (d_b1 only).
    Mistake(
        "divided by n_samples",
        _BACKWARD,
        _scaled("the gradient divided by n_samples = {n}: a mean, not a sum", lambda n: 1 / n),
    ),
    Mistake("multiplied by n_samples", _BACKWARD, _scaled("the gradient multiplied by n_samples = {n}", lambda n: n)),
    Mistake(
        "not summed",
        _BIASES,
        _solved_with("dbiases not summed over samples: it is dz", dbiases=Rule(("dz",), lambda dz: dz)),
    ),
    Mistake(
        "wrong axis",
        _BIASES,
        _solved_with("dbiases summed over neurons, not over samples", dbiases=Rule(("dz",), lambda dz: dz.sum(axis=1))),
    ),
    Mistake(
        "mask forgotten",
        _BACKWARD,
        _backward_with(
            "the {title}'s mask forgotten (or taken from outputs >= {kink}, which always holds)",
            lambda _f, upstream, _z: upstream,
        ),
    ),
    Mistake(
        "mask from upstream",
        _BACKWARD,
        _backward_with(
            "the {title}'s mask taken from the upstream gradient, not from z",
            lambda f, upstream, _z: upstream * f.derivative(upstream),
        ),
    ),
    # Implementations differ in relu'(0): Bertoin et al., "Numerical influence of ReLU'(0) on backpropagation", 2021.
    Mistake(
        "derivative beyond the kink",
        _BACKWARD,
        _backward_with(
            "{f}'({kink}) = {beyond}, where it is {here}: z >= {kink} in place of z > {kink}",
            lambda f, upstream, z: upstream * f.derivative(_beyond_kinks(f, z)),
        ),
    ),
    # torch.maximum(z, 0), which gives half of the gradient to each of two equal arguments.
    Mistake(
        "mean derivative at the kink",
        _BACKWARD,
        _backward_with(
            "{f}'({kink}) = {mean}, where it is {here}",
            lambda f, upstream, z: upstream * (f.derivative(z) + f.derivative(_beyond_kinks(f, z))) / 2,
        ),
    ),
    Mistake(
        "weights untransposed",
        _BACKWARD,
        _solved_with(
            "dinputs as dz @ weights, not dz @ weights.T (square weights fit both ways)",
            out_in="dinputs as dz @ weights.T, not dz @ weights (square weights fit both ways)",
            dinputs=Rule(("dz", "weights"), lambda dz, weights: dz @ weights),
        ),
    ),
    # Stack Overflow, question 6013429; a worked example of RGU (Robert Gordon University) uses the new weights.
    Mistake(
        "weights after the update",
        _BACKWARD,
        _solved_with(
            "dinputs with the weights after the step, not before it",
            dinputs=Rule(("dz", "weights", "inputs", "learning_rate"), _update_first),
        ),
    ),
    Mistake("another learning rate", _STEPPED, _another_learning_rate),
    Mistake("another layer", _BACKWARD, _of_another_layer),
)
