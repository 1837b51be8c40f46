"""Steps of gradient descent that go wrong: another learning rate, signs alone, weights that are new too early."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from backprop_cli.checks.candidates import chained, following, solved_with
from backprop_cli.checks.evidence import Candidate, Case
from backprop_cli.core.arrays import Array, unraveled
from backprop_cli.core.quantities import Node
from backprop_cli.core.rules import Rule


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


def weights_after_update(case: Case) -> Iterator[Candidate]:
    """Yield dinputs, and what follows from it, computed with the weights after the step."""
    divisor = case.solution.problem.divisor(Node(case.node.layer, "dweights"))

    def dinputs(dz: Array, weights: Array, inputs: Array, learning_rate: Any) -> Array:
        result: Array = dz @ (weights - learning_rate * (inputs.T @ dz) / divisor).T
        return result

    text = "dinputs with the weights after the step, not before it"
    yield from solved_with(text, dinputs=Rule(("dz", "weights", "inputs", "learning_rate"), dinputs))(case)


def signs_alone(case: Case) -> Iterator[Candidate]:
    """Yield a step by the signs of the gradient alone, as the first step of Adam is."""
    name = case.node.quantity.removeprefix("new_")
    rule = Rule(
        (name, "learning_rate", f"d{name}"),
        lambda parameter, learning_rate, gradient: parameter - learning_rate * np.sign(gradient),
    )
    text = "each entry moved by the learning rate, whatever its gradient: the first step of Adam, or a step of signs"
    yield from following(case, chained(case), text, {case.node.quantity: rule})
