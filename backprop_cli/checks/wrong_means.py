"""Factors that a mean in place of a sum, or another definition of the loss, puts into a gradient or a loss."""

from collections.abc import Iterator

from backprop_cli.checks.candidates import STEPPED, times
from backprop_cli.checks.evidence import Candidate, Case
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import OF_THE_LOSS, Node

_OTHER_PARAMETER = {"weights": "biases", "biases": "weights"}
_PARAMETERS = ("dweights", "dbiases", *STEPPED)


def _what(case: Case) -> str:
    return "loss" if case.node.quantity == "loss" else "gradient"


def _n_samples(problem: Problem) -> int:
    n_samples = problem.n_samples
    assert n_samples is not None, "a gradient or loss is a sum over samples"  # noqa: S101
    return n_samples


def _is_mean(case: Case) -> bool:
    """Tell whether the right values are means over samples."""
    problem, quantity = case.solution.problem, case.node.quantity
    if problem.mean_gradients:
        return quantity == "loss" or quantity in _PARAMETERS
    return problem.loss is not None and problem.reduction != "sum"


def _other_parameter(case: Case) -> Node | None:
    """Return the weights (or biases) of the same layer and kind, if they are expected and right."""
    prefix, _, name = case.node.quantity.rpartition("_")
    if case.node.quantity not in _PARAMETERS:
        return None
    start, name = (f"{prefix}_", name) if prefix else ("d", name[1:])
    other = Node(case.node.layer, start + _OTHER_PARAMETER[name])
    return other if case.is_right(other) else None


def divided(case: Case) -> Iterator[Candidate]:
    """Yield a mean over samples in place of a sum."""
    n = _n_samples(case.solution.problem)
    if n > 1 and not _is_mean(case) and _other_parameter(case) is None:
        yield times(case, 1 / n, f"the {_what(case)} divided by n_samples = {n}: a mean, not a sum")


def multiplied(case: Case) -> Iterator[Candidate]:
    """Yield a sum over samples in place of a mean, or the gradient multiplied by their number."""
    n, is_mean = _n_samples(case.solution.problem), _is_mean(case)
    if n > 1 and not (is_mean and _other_parameter(case)):
        end = ": a sum, not a mean" if is_mean else ""
        yield times(case, n, f"the {_what(case)} multiplied by n_samples = {n}{end}")


def mean_in_one(case: Case) -> Iterator[Candidate]:
    """Yield a mean over samples for one of weights and biases, where the other one is expected, right and a sum."""
    n, other = _n_samples(case.solution.problem), _other_parameter(case)
    if n > 1 and other is not None:
        here, there = ("sum", "mean") if _is_mean(case) else ("mean", "sum")
        text = f"a {here} over the n_samples = {n} in {case.node.quantity} alone, a {there} in {other.quantity}"
        yield times(case, n if _is_mean(case) else 1 / n, text)


def divided_again(case: Case) -> Iterator[Candidate]:
    """Yield the gradient divided by the number of samples more than once: in upstream or dz of some layers, too."""
    problem, n = case.solution.problem, _n_samples(case.solution.problem)
    already = int(_is_mean(case))
    at_most = 2 + (len(problem.layers) - 1 - case.node.layer if case.node.quantity not in OF_THE_LOSS else 0)
    for k in range(2, at_most + 1 + already) if n > 1 else ():
        again = k - already
        yield times(case, n**-again, f"1/n_samples {k} times in the {_what(case)}, divided by {n}^{again} too often")


def doubled(case: Case) -> Iterator[Candidate]:
    """Yield the gradient doubled; of half squared errors, `factor_of_squares` says so."""
    loss = case.solution.problem.loss
    if loss is None or loss.name != "half_squared_error":
        yield times(case, 2, "the gradient doubled, as when it is accumulated twice and not reset")


def factor_of_squares(case: Case) -> Iterator[Candidate]:
    """Yield the loss and the gradients of half squared error where squared error is right, and the reverse."""
    loss, is_loss = case.solution.problem.loss, case.node.quantity == "loss"
    name = None if loss is None else loss.name
    if name == "squared_error":
        text = "half squared error: (y - t)^2 / 2 with the derivative y - t, not (y - t)^2"
        yield times(case, 0.5, text, is_slip=not is_loss)
    elif name == "half_squared_error":
        text = "squared error: (y - t)^2 with the derivative 2 (y - t), not (y - t)^2 / 2"
        doubled_too = "" if is_loss else " (or the gradient doubled, as when it is accumulated twice and not reset)"
        yield times(case, 2, text + doubled_too, is_slip=not is_loss)


def other_mean(case: Case) -> Iterator[Candidate]:
    """Yield a mean over entries in place of a mean or sum over samples, and the reverse."""
    problem = case.solution.problem
    k = problem.layers[-1].n_neurons
    if problem.loss is None or k is None or k < 2:
        return
    is_mean = problem.reduction == "mean" and not problem.loss.per_sample
    if is_mean:
        yield times(case, k, f"the {_what(case)} multiplied by n_neurons = {k}: summed over neurons, not their mean")
    else:
        yield times(case, 1 / k, f"the {_what(case)} divided by n_neurons = {k}: a mean over neurons, not their sum")
