"""The values that a mistake leads to: computed with the same solver and a wrong formula, or from the right values."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from backprop_cli.checks.evidence import Candidate, Case
from backprop_cli.checks.wrong_passes import known_forward, value_of
from backprop_cli.core.activations import Activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import CHAIN_RULE, OF_A_LAYER
from backprop_cli.core.rules import Rule, Rules

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
        text = out_in if out_in and case.solution.problem.weight_layout == "out-in" else description
        yield from following(case, chained(case), text, rules)

    return candidates


def following(
    case: Case, problem: Problem | None, description: str, rules: Rules | None = None, **more: Any
) -> Iterator[Candidate]:
    """Yield the quantity (in its shape) as it follows from a wrong problem or wrong rules, if it can be computed.

    `more` is what else the candidate has.
    """
    rules = {**case.rules, **(rules or {})}
    if problem is None:
        return
    value = value_of(problem, case.node, rules, known_forward(case.solution, problem))
    if value is not None:
        yield Candidate(description=description, value=value, problem=problem, rules=rules, **more)


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
        layers = case.solution.problem.layers
        first = len(layers) - 1 if last_only else case.node.layer
        struck = {i: layer.activation for i, layer in enumerate(layers) if i >= first and strikes(layer.activation)}
        formulas = {i: partial(wrong, activation) for i, activation in struck.items()}
        for activation in list(struck.values())[:1]:
            yield from with_backward(case, description.format(**_fields(activation)), formulas)

    return candidates


def with_backward(
    case: Case, description: str, wrong: Mapping[int, Callable[[Array, Array], Array]]
) -> Iterator[Candidate]:
    """Yield what follows from a wrong dz in some layers: by layer `wrong(upstream, z)`, all (n_samples, n_neurons)."""
    problem = chained(case)
    if problem is None:
        return
    flips: dict[int, Array] = {}
    layers = tuple(
        replace(layer, activation=_with_backward(layer.activation, wrong[i], i, flips)) if i in wrong else layer
        for i, layer in enumerate(problem.layers)
    )
    for found in following(case, replace(problem, layers=layers), description):
        flipped = dict(flips) if any(has_kinks(problem.layers[i].activation) for i in wrong) else None
        yield replace(found, flipped=flipped)


def _with_backward(
    right: Activation, wrong: Callable[[Array, Array], Array], layer: int, flips: dict[int, Array]
) -> Activation:
    """Return an activation with a wrong dz, (n_samples, n_neurons), which notes where it is another one at a kink."""

    def backward(upstream: Array, z: Array, outputs: Array | None = None, out: Array | None = None) -> Array:
        del outputs, out
        dz = wrong(upstream, z)
        if right.kinks:
            flips[layer] = dz != right.backward(upstream, z, right.value(z))
        return dz

    return replace(right, backward=backward, reads=("z",), in_place=False)


def other_biases(case: Case) -> Iterator[Array | None]:
    """Yield the quantity (in its shape) as it follows from biases left out, added twice, or subtracted.

    In all layers, and in each alone. The shape is that of the quantity, such as (n_neurons,); None if it overflows.
    """
    n_layers = len(case.solution.problem.layers)
    for factor in (0, 2, -1):
        for changed in (range(n_layers), *([layer] for layer in range(n_layers if n_layers > 1 else 0))):
            layers = iter(range(n_layers))  # the solver works from the first layer to the last

            def affine(inputs: Array, weights: Array, biases: Array | None = None) -> Array:
                k = factor if next(layers) in changed else 1  # noqa: B023 (called before the next round)
                return inputs @ weights + (0 if biases is None else k * biases)

            rules = {"z": Rule(("inputs", "weights", "biases"), affine)}
            yield value_of(case.solution.problem, case.node, rules)


def z_in_place_of_outputs(activation: Activation, upstream: Array, z: Array) -> Array:
    """Return dz, in the shape of z (n_samples, n_neurons), by the formula for outputs, which was given z."""
    assert activation.backward_of_outputs is not None, "the mistake is tried where there is one"  # noqa: S101
    return activation.backward_of_outputs(upstream, z)
