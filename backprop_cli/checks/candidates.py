"""The values that a mistake leads to: computed with the same solver and a wrong formula, or from the right values."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from backprop_cli.checks.evidence import Candidate, Case
from backprop_cli.core.activations import Activation
from backprop_cli.core.arrays import Array, unraveled
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import CHAIN_RULE, OF_A_LAYER, Node
from backprop_cli.core.rules import RULES, Rule, Rules
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError

GRADIENTS = tuple(
    quantity.name for quantity in CHAIN_RULE.values() if quantity.is_gradient and quantity.name in OF_A_LAYER
)
UPSTREAM = ("upstream",)
STEPPED = tuple(name for name in CHAIN_RULE if name.startswith("new_"))
BACKWARD = (*GRADIENTS, *STEPPED)
MATRICES = tuple(name for name, quantity in CHAIN_RULE.items() if len(quantity.axes) == 2)
BIASES = ("dbiases", "new_biases")

Candidates: TypeAlias = Callable[[Case], Iterator[Candidate]]


def solved_with(description: str, *, out_in: str | None = None, **rules: Rule) -> Candidates:
    """Return the candidates of a mistake that is a wrong formula: what the solver computes with it.

    `out_in` is the description for the other weight layout, where the formulas differ.
    """

    def candidates(case: Case) -> Iterator[Candidate]:
        value = _solved(case, rules)
        if value is not None:
            text = out_in if out_in and case.solution.problem.weight_layout == "out-in" else description
            yield Candidate(description=text, value=value)

    return candidates


def _solved(case: Case, rules: Rules) -> Array | None:
    """Return the quantity (in its shape) as it follows from wrong rules; None if they need more, or do not fit."""
    problem = chained(case)
    return None if problem is None else value_of(problem, case.node, rules)


def value_of(problem: Problem, node: Node, rules: Rules | None = None) -> Array | None:
    """Return a quantity of a wrong problem or with wrong rules, shaped like the right one; None if it has none."""
    given = problem.given(node)
    if given is not None:
        return problem.as_written(node.quantity, given)
    try:
        wrong = solve(problem, [node], {**RULES, **(rules or {})}, block_rows=problem.n_samples)
    except (InputError, ValueError):
        return None
    return wrong.layers[node.layer].computed[node.quantity]


def chained(case: Case) -> Problem | None:
    """Return the problem with its computed upstream in place of its loss: then the chain rule leads through dz.

    None if upstream could not be computed.
    """
    problem, last = case.solution.problem, case.solution.layers[-1]
    if problem.loss is None:
        return problem
    if "upstream" not in last.computed:
        return None
    return with_upstream(problem, problem.as_written("upstream", last.computed["upstream"]))


def with_upstream(problem: Problem, upstream: Array) -> Problem:
    """Return the problem with an upstream (n_samples, n_neurons) in place of its loss."""
    return replace(problem, loss=None, targets=None, upstream=upstream)


def _fields(activation: Activation) -> dict[str, object]:
    """Return the fields of a description: the activation's names, and its derivative at and beyond its first kink."""
    fields: dict[str, object] = {"f": activation.name, "title": activation.title}
    if activation.kinks:
        kink = np.array(activation.kinks[0])
        here, beyond = (float(activation.derivative(z)) for z in (kink, beyond_kinks(activation, kink)))
        fields |= {"kink": f"{kink:g}", "here": f"{here:g}", "beyond": f"{beyond:g}"}
        fields["mean"] = Fraction((here + beyond) / 2).limit_denominator(1000)
        fields["derivative"] = activation.derivative_named.format(z=f"{kink:g}")
        always = f" (or taken from outputs >= {kink:g}, which always holds)"
        fields["always"] = "" if activation.inactive is None else always
    return fields


def beyond_kinks(activation: Activation, z: Array) -> Array:
    """Return z, of any shape such as (n,), with entries at a kink moved to the smallest number beyond it."""
    for kink in activation.kinks:
        z = np.where(z == kink, np.nextafter(kink, np.inf), z)
    return z


def times(case: Case, factor: float, description: str, *, is_slip: bool = True) -> Candidate:
    """Return the candidate of a mistake that multiplies the gradient or the loss by a factor."""
    start = case.parameter() if case.node.quantity in STEPPED else 0.0
    return Candidate(description=description, value=start + factor * (case.right - start), may_be_slip=is_slip)


def scaled(description: str, factor: float) -> Candidates:
    """Return the candidates of a mistake that multiplies the gradient by a factor."""

    def candidates(case: Case) -> Iterator[Candidate]:
        yield times(case, factor, description)

    return candidates


def transposed(case: Case) -> Iterator[Candidate]:
    """Yield the transpose of a matrix."""
    yield Candidate(description=f"the transpose of {case.node.quantity}", value=case.right.T)


def of_another_layer(case: Case) -> Iterator[Candidate]:
    """Yield the same quantity of each other layer."""
    for i, layer in enumerate(case.solution.layers):
        if i != case.node.layer and case.node.quantity in layer.computed:
            place = case.solution.problem.place(i, case.node.quantity)
            value = layer.computed[case.node.quantity]
            yield Candidate(description=f"the values of another layer, {place}", value=value)


def another_learning_rate(case: Case) -> Iterator[Candidate]:
    """Yield a step with the learning rate that fits the entry with the largest gradient, or no step.

    Some learning rate fits any single entry: the others must confirm it.
    """
    parameter, expected = case.parameter(), case.accepted.expected
    gradient = case.solution.layers[case.node.layer].computed[case.node.quantity.replace("new_", "d")]
    right = float(case.solution.problem.learning_rate)
    text = f"a step with the learning rate {{:g}}, not {right:g}"
    if case.agrees(parameter):
        yield Candidate(description=text.format(0), value=parameter, flipped=_inactivated(case), needs_z=True)
    elif expected.shape == parameter.shape:
        told = np.where(case.accepted.is_open, 0, np.abs(gradient))
        largest = unraveled(int(np.argmax(told)), gradient.shape)
        with np.errstate(all="ignore"):
            fitted = (parameter[largest] - expected[largest]) / gradient[largest]
        for digits in (*range(1, 7), 17) if np.isfinite(fitted) and fitted > 0 else ():
            rate = float(f"{fitted:.{digits}g}")
            value = parameter - rate * gradient
            if rate != right and case.agrees(value):
                yield Candidate(description=text.format(rate), value=value, fitted=largest, fitted_digits=digits)
                return


def _inactivated(case: Case) -> Mapping[int, Array]:
    """Return by layer the derivatives, (n_samples, n_neurons), without which inputs or upstream gradients are 0."""
    problem, solved = case.solution.problem, case.solution.layers
    return {
        i: layer.activation.derivative(solved[i].computed["z"]) != 0
        for i, layer in enumerate(problem.layers)
        if layer.activation.kinks and "z" in solved[i].computed
    }


def has_kinks(activation: Activation) -> bool:
    """Tell whether the derivative of an activation jumps."""
    return bool(activation.kinks)


def has_mask(activation: Activation) -> bool:
    """Tell whether the derivative of an activation jumps between two numbers, and is one of them everywhere."""
    if not activation.kinks:
        return False
    left, further_left = activation.derivative(np.array(activation.kinks[0]) - np.array([1.0, 2.0]))
    return bool(left == further_left)


def backward_with(
    description: str,
    wrong: Callable[..., Array],
    strikes: Callable[[Activation], bool] = has_kinks,
    *,
    last_only: bool = False,
) -> Candidates:
    """Return the candidates of a wrong dz, (n_samples, n_neurons), of the activations that a mistake strikes.

    Args:
        description: What the mistake is; it may have the fields of `_fields`.
        wrong: The wrong formula: `wrong(activation, upstream, z)`, all arrays (n_samples, n_neurons).
        strikes: Which activations it strikes. They read z.
        last_only: Whether it strikes the last layer alone.
    """

    def candidates(case: Case) -> Iterator[Candidate]:
        last = len(case.solution.problem.layers) - 1
        changed: list[Array] = []

        def formula(activation: Activation, upstream: Array, *read: Array) -> Array:
            right = RULES["dz"].formula(activation, upstream, *read)
            is_struck = strikes(activation) and not (last_only and changed)
            dz = wrong(activation, upstream, read[0]) if is_struck else right
            changed.append((dz != right) & bool(activation.kinks))
            return dz

        later = case.solution.problem.layers[last if last_only else case.node.layer :]
        struck = [layer.activation for layer in later if strikes(layer.activation)]
        value = _solved(case, {"dz": Rule(("activation", "upstream", "z"), formula)}) if struck else None
        if value is not None:
            text = description.format(**_fields(struck[0]))
            # The solver works from the last layer to this one.
            flipped = {last - k: flips for k, flips in enumerate(changed)} if any(map(has_kinks, struck)) else None
            yield Candidate(description=text, value=value, flipped=flipped)

    return candidates


def other_biases(case: Case) -> Iterator[Array | None]:
    """Yield the quantity (in its shape) as it follows from biases left out, or added twice.

    In all layers, and in each alone. The shape is that of the quantity, such as (n_neurons,); None if it overflows.
    """
    n_layers = len(case.solution.problem.layers)
    for factor in (0, 2):
        for changed in (range(n_layers), *([layer] for layer in range(n_layers if n_layers > 1 else 0))):
            layers = iter(range(n_layers))  # the solver works from the first layer to the last

            def affine(inputs: Array, weights: Array, biases: Array | None = None) -> Array:
                k = factor if next(layers) in changed else 1  # noqa: B023 (called before the next round)
                return inputs @ weights + (0 if biases is None else k * biases)

            rules = {"z": Rule(("inputs", "weights", "biases"), affine)}
            yield value_of(case.solution.problem, case.node, rules)


def weights_after_update(case: Case) -> Iterator[Candidate]:
    """Yield dinputs, and what follows from it, computed with the weights after the step."""
    divisor = case.solution.problem.divisor(Node(case.node.layer, "dweights"))

    def dinputs(dz: Array, weights: Array, inputs: Array, learning_rate: Any) -> Array:
        result: Array = dz @ (weights - learning_rate * (inputs.T @ dz) / divisor).T
        return result

    text = "dinputs with the weights after the step, not before it"
    yield from solved_with(text, dinputs=Rule(("dz", "weights", "inputs", "learning_rate"), dinputs))(case)
