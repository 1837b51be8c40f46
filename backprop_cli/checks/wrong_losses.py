"""Wrong problems: another loss, other targets, another upstream, and wrong derivatives of the activation."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from backprop_cli.checks.candidates import (
    backward_with,
    chained,
    following,
    has_mask,
    with_upstream,
    z_in_place_of_outputs,
)
from backprop_cli.checks.evidence import Candidate, Case
from backprop_cli.core.activations import ACTIVATIONS, Activation
from backprop_cli.core.losses import LOSSES
from backprop_cli.core.problem import Problem

_WITH_LOGITS = {name: f"{name}_with_logits" for name in ("cross_entropy", "binary_cross_entropy")}
_OF_LOGITS = {"cross_entropy_with_logits": "softmax", "binary_cross_entropy_with_logits": "sigmoid"}


def _not_ones(candidates: Iterator[Candidate]) -> Iterator[Candidate]:
    """Yield candidates but those of 1 in every entry, which many causes lead to."""
    return (candidate for candidate in candidates if not (candidate.value == 1).all())


def _last_with(problem: Problem, activation: str) -> Problem:
    """Return the problem with another activation of the last layer."""
    return replace(
        problem, layers=(*problem.layers[:-1], replace(problem.layers[-1], activation=ACTIVATIONS[activation]))
    )


def _bends(activation: Activation) -> bool:
    return bool(activation.reads)


def last_derivative_forgotten(case: Case) -> Iterator[Candidate]:
    """Yield dz = upstream in the last layer, or in all; forgotten masks have a row of their own."""
    later = [layer.activation for layer in case.solution.problem.layers[case.node.layer :]]
    bent = [activation for activation in later if _bends(activation)]
    masks = [activation for activation in bent if has_mask(activation)]
    if not (has_mask(later[-1]) and len(masks) == 1):
        text = "the derivative of the last activation ({title}) forgotten: dz = upstream"
        yield from backward_with(text, lambda _f, upstream, _z: upstream, _bends, last_only=True)(case)
    if len(bent) > len(masks) and bent != later[-1:]:
        text = "the derivatives of the activations forgotten in all layers: dz = upstream"
        yield from backward_with(text, lambda _f, upstream, _z: upstream, _bends)(case)


derivative_at_outputs = backward_with(
    "the derivative of {f} taken at the outputs, not at z",
    lambda f, upstream, z: f.backward(upstream, f.value(z), f.value(f.value(z))),
    _bends,
)
z_for_outputs = backward_with(
    "z in place of outputs in the derivative of {f}",
    z_in_place_of_outputs,
    lambda f: f.backward_of_outputs is not None,
)
outputs_for_derivative = backward_with(
    "the outputs in place of the derivative of {f}: dz = upstream * outputs",
    lambda f, upstream, z: upstream * f.value(z),
    _bends,
)
diagonal_alone = backward_with(
    "the derivatives of {f} by other neurons forgotten: the diagonal of its Jacobian matrix alone",
    lambda f, upstream, z: upstream * np.einsum("njj->nj", f.coupled_derivative(z)),
    lambda f: f.couples,
)


def combined_twice(case: Case) -> Iterator[Candidate]:
    """Yield what follows if dz of a loss and its activation is taken for upstream, and goes through it again."""
    problem, last = case.solution.problem, len(case.solution.problem.layers) - 1
    activation = problem.layers[last].activation.name
    text = "the derivative with respect to z taken for upstream, and sent through {} once more"
    if problem.matched(last) is not None:
        dz = problem.as_written("dz", case.solution.layers[last].computed["dz"])
        yield from following(case, with_upstream(problem, dz), text.format(activation))
    elif problem.loss is not None and problem.loss.name in _OF_LOGITS and activation == "linear":
        of_logits, chain = _OF_LOGITS[problem.loss.name], chained(case)
        wrong = None if chain is None else _last_with(chain, of_logits)
        yield from following(case, wrong, f"upstream sent through {of_logits}, which {problem.loss.name} contains")


def applied_twice(case: Case) -> Iterator[Candidate]:
    """Yield a loss with logits of what is a probability already: softmax or sigmoid twice."""
    problem = case.solution.problem
    name, activation = "" if problem.loss is None else problem.loss.name, problem.layers[-1].activation.name
    if name in _WITH_LOGITS and problem.matched(len(problem.layers) - 1) is not None:
        wrong = replace(problem, loss=LOSSES[_WITH_LOGITS[name]])
        yield from following(case, wrong, f"{activation} twice: {_WITH_LOGITS[name]} of probabilities")
    elif name in _OF_LOGITS and activation == "linear":
        text = f"{_OF_LOGITS[name]} twice: {name} of probabilities"
        yield from following(case, _last_with(problem, _OF_LOGITS[name]), text)


def no_logarithm(case: Case) -> Iterator[Candidate]:
    """Yield the negative likelihood in place of its logarithm."""
    problem = case.solution.problem
    name, activation = "" if problem.loss is None else problem.loss.name, problem.layers[-1].activation.name
    text = "the logarithm forgotten: nll of {}, the loss -t * y"
    if name == "cross_entropy":
        yield from following(case, replace(problem, loss=LOSSES["nll"]), text.format("probabilities"))
    elif name == "nll" and activation == "log_softmax":
        yield from following(case, _last_with(problem, "softmax"), text.format("probabilities"))
    elif name == "cross_entropy_with_logits" and activation == "linear":
        unlogged = replace(problem, loss=LOSSES["nll"])
        yield from following(case, unlogged, text.format("logits"))
        yield from following(case, _last_with(unlogged, "softmax"), text.format("probabilities"))


def shifted_classes(case: Case) -> Iterator[Candidate]:
    """Yield the class numbers one too small (-1 is the last class in NumPy), or one too large, where they exist."""
    problem = case.solution.problem
    if not problem.has_classes or problem.targets is None:
        return
    for shift, too in ((-1, "small"), (1, "large")):
        if shift < 0 or not problem.targets[:, -1].any():
            wrong = replace(problem, targets=np.roll(problem.targets, shift, axis=1))
            yield from following(case, wrong, f"class numbers one too {too}: they count from 0 here")


def loss_forgotten(case: Case) -> Iterator[Candidate]:
    """Yield what follows if the outputs, or the targets, flow back in place of the gradient of the loss."""
    problem, last = case.solution.problem, case.solution.layers[-1]
    if problem.loss is None or problem.targets is None or "outputs" not in last.computed:
        return
    outputs = problem.as_written("outputs", last.computed["outputs"])
    yield from _not_ones(following(case, with_upstream(problem, outputs), "the loss forgotten: upstream = outputs"))
    if problem.loss.name != "nll" or problem.reduction != "sum":  # else it is the sign that is turned round
        yield from _not_ones(
            following(case, with_upstream(problem, problem.targets), "the loss forgotten: upstream = targets")
        )


def of_outputs(case: Case) -> Iterator[Candidate]:
    """Yield the gradient of the sum of outputs."""
    problem, n_neurons = case.solution.problem, case.solution.problem.layers[-1].n_neurons
    if (
        problem.n_samples is None
        or n_neurons is None
        or (isinstance(problem.upstream, str) and problem.upstream == "ones")
    ):
        return
    text = "the derivative of the outputs, not of the loss: upstream left out"
    yield from _not_ones(following(case, with_upstream(problem, np.ones((problem.n_samples, n_neurons))), text))
