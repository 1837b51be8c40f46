"""The values that a mistake leads to: computed with the same solver and a wrong formula, or from the right values."""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from backprop_cli.checks.evidence import Candidate, Case
from backprop_cli.core.activations import Activation
from backprop_cli.core.arrays import Array, unraveled
from backprop_cli.core.quantities import CHAIN_RULE, OF_A_LAYER
from backprop_cli.core.rules import RULES, Rule, Rules
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError

GRADIENTS = tuple(
    quantity.name for quantity in CHAIN_RULE.values() if quantity.is_gradient and quantity.name in OF_A_LAYER
)
STEPPED = tuple(name for name in CHAIN_RULE if name.startswith("new_"))
BACKWARD = (*GRADIENTS, *STEPPED)
MATRICES = tuple(name for name in OF_A_LAYER if len(CHAIN_RULE[name].axes) == 2)
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
    problem, (layer, quantity) = case.solution.problem, case.node
    try:
        wrong = solve(problem, [case.node], {**RULES, **rules}, block_rows=problem.n_samples)
    except (InputError, ValueError):
        return None
    return wrong.layers[layer].computed[quantity]


def _at_kink(activation: Activation) -> dict[str, object]:
    """Return the fields of a description: the activation's names, and its derivative at and beyond its first kink."""
    kink = np.array(activation.kinks[0])
    here, beyond = (float(activation.derivative(z)) for z in (kink, beyond_kinks(activation, kink)))
    mean = Fraction((here + beyond) / 2).limit_denominator(1000)
    numbers = {"kink": f"{kink:g}", "here": f"{here:g}", "beyond": f"{beyond:g}", "mean": mean}
    return {"f": activation.name, "title": activation.title, **numbers}


def beyond_kinks(activation: Activation, z: Array) -> Array:
    """Return z, of any shape such as (n,), with entries at a kink moved to the smallest number beyond it."""
    for kink in activation.kinks:
        z = np.where(z == kink, np.nextafter(kink, np.inf), z)
    return z


def scaled(description: str, factor: Callable[[int], float]) -> Candidates:
    """Return the candidates of a mistake that multiplies the gradient by a factor, given the number of samples."""

    def candidates(case: Case) -> Iterator[Candidate]:
        n_samples = case.solution.problem.n_samples
        assert n_samples is not None, "a gradient is a sum over samples"  # noqa: S101
        start = case.parameter() if case.node.quantity in STEPPED else 0.0
        value = start + factor(n_samples) * (case.right - start)
        yield Candidate(description=description.format(n=n_samples), value=value)

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


def backward_with(description: str, wrong: Callable[[Activation, Array, Array], Array]) -> Candidates:
    """Return the candidates of a wrong dz, (n_samples, n_neurons), of activations with kinks.

    It is a mistake only if a layer has an activation with a kink. The description may have the fields of `_at_kink`.
    """

    def candidates(case: Case) -> Iterator[Candidate]:
        last = len(case.solution.problem.layers) - 1
        changed: list[Array] = []

        def formula(activation: Activation, upstream: Array, *read: Array) -> Array:
            right = RULES["dz"].formula(activation, upstream, *read)
            dz = wrong(activation, upstream, *read) if activation.kinks else right
            changed.append(dz != right)
            return dz

        kinked = [
            later.activation for later in case.solution.problem.layers[case.node.layer :] if later.activation.kinks
        ]
        value = _solved(case, {"dz": Rule(("activation", "upstream", "z"), formula)}) if kinked else None
        if value is not None:
            text = description.format(**_at_kink(kinked[0]))
            # The solver works from the last layer to this one.
            flipped = {last - k: flips for k, flips in enumerate(changed)}
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

            yield _solved(case, {"z": Rule(("inputs", "weights", "biases"), affine)})


def update_first(dz: Array, weights: Array, inputs: Array, learning_rate: Any) -> Array:
    """Return dinputs (n_samples, n_inputs), computed with the weights after the step."""
    result: Array = dz @ (weights - learning_rate * (inputs.T @ dz)).T
    return result
