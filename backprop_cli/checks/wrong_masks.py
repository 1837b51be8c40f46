"""Wrong derivatives of an activation with two slopes: the mask alone, inverted, applied twice, or of something else."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from backprop_cli.checks.candidates import backward_with, has_mask, with_backward
from backprop_cli.checks.evidence import Candidate, Case
from backprop_cli.core.activations import Activation
from backprop_cli.core.arrays import Array


def _bends_alone(activation: Activation) -> bool:
    return bool(activation.reads) and not activation.couples


def _alone(activation: Activation, upstream: Array, z: Array) -> Array:
    del upstream
    return activation.derivative(z)


def _inverted(activation: Activation, upstream: Array, z: Array) -> Array:
    left, right = activation.derivative(np.array(activation.kinks[0]) + np.array([-1.0, 1.0]))
    inverted: Array = upstream * (left + right - activation.derivative(z))
    return inverted


def _applied(activation: Activation, upstream: Array, z: Array) -> Array:
    return activation.value(upstream * activation.derivative(z))


def mask_alone(case: Case) -> Iterator[Candidate]:
    """Yield dz as the derivative alone, upstream left out; not of 1 in every entry, which many causes lead to."""
    text = "dz as {derivative} alone: the derivative, not multiplied by upstream"
    for found in backward_with(text.format(derivative="{title}'(z)"), _alone, _bends_alone)(case):
        if not (found.value == 1).all():
            yield found


inverted_mask = backward_with("the {title}'s mask inverted: z <= {kink} in place of z > {kink}", _inverted, has_mask)
applied_to_dz = backward_with(
    "the {title} applied to dz, which makes negative entries 0 or smaller", _applied, has_mask
)


def mask_of_inputs(case: Case) -> Iterator[Candidate]:
    """Yield dz with the mask of the layer's inputs, where their shape fits."""
    problem, wrong = case.solution.problem, dict[int, Callable[[Array, Array], Array]]()
    for i, layer in enumerate(problem.layers):
        inputs = _inputs(case, i)
        if (
            i >= case.node.layer
            and has_mask(layer.activation)
            and inputs is not None
            and layer.n_inputs == layer.n_neurons
        ):
            wrong[i] = partial(_times_derivative, layer.activation, inputs)
    titles = [problem.layers[i].activation.title for i in wrong]
    if titles:
        yield from with_backward(case, f"the {titles[0]}'s mask taken from the inputs, not from z", wrong)


def _times_derivative(activation: Activation, at: Array, upstream: Array, z: Array) -> Array:
    del z
    product: Array = upstream * activation.derivative(at)
    return product


def _inputs(case: Case, layer: int) -> Array | None:
    """Return the inputs of a layer, (n_samples, n_inputs), if they are known."""
    problem = case.solution.problem
    if layer == 0:
        return problem.inputs
    outputs = case.solution.layers[layer - 1].computed.get("outputs")
    return None if outputs is None else problem.as_written("outputs", outputs)


def _last(case: Case, text: str, formula: Callable[[Activation, Array], Array]) -> Iterator[Candidate]:
    """Yield what follows if values of the forward pass stand for dz in one layer: the one of the quantity."""
    layer = case.node.layer
    activation = case.solution.problem.layers[layer].activation
    if "z" in case.solution.layers[layer].computed or case.solution.problem.layers[layer].z is not None:
        yield from with_backward(case, text, {layer: lambda _upstream, z: formula(activation, z)})


def outputs_for_dz(case: Case) -> Iterator[Candidate]:
    """Yield the outputs in place of dz."""
    yield from _last(case, "the outputs in place of dz", lambda activation, z: activation.value(z))


def z_for_dz(case: Case) -> Iterator[Candidate]:
    """Yield the pre-activations in place of dz; those of a linear layer are its outputs."""
    if case.solution.problem.layers[case.node.layer].activation.reads:
        yield from _last(case, "the pre-activations z in place of dz", lambda _activation, z: z)
