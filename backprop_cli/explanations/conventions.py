"""Sentences on the conventions of a problem: what a reader has to know before its first rule."""

from collections.abc import Iterable, Sequence

from backprop_cli.core.problem import Problem

__all__ = ["conventions", "signs"]

_SIGNS = {"@": "@ matrix product", ".T": ".T transpose", " * ": "* entry by entry"}


def signs(rules: Iterable[str]) -> str:
    """Return what the signs in rules mean.

    >>> signs(["inputs.T @ dz"])
    '@ matrix product, .T transpose, indices count from 0'
    """
    text = " ".join(rules)
    return ", ".join([*(meaning for sign, meaning in _SIGNS.items() if sign in text), "indices count from 0"])


def conventions(problem: Problem) -> Sequence[str]:
    """Return the conventions of a problem at its last step that are not the usual ones."""
    lines = []
    if problem.samples_in == "columns":
        lines.append("each column of inputs, outputs and their gradients is a sample")
    if problem.mean_gradients:
        lines.append("upstream, dz and dinputs are gradients of the loss of each sample; dweights and dbiases, means")
    if problem.steps > 1:
        lines.append(f"step {problem.at_step} of {problem.steps}: weights and biases are those before this step")
    return lines
