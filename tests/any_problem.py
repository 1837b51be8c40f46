"""Random problems of every kind: activations, losses, reductions, layouts, samples in columns, means.

They depend on the seed alone: `random.Random.random` gives the same numbers on every platform and version of Python.
"""

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

HIDDEN: tuple[str, ...] = ("relu", "leaky_relu", "leaky_relu(0.3)", "linear", "sigmoid", "tanh", "softplus")
HIDDEN += ("elu", "elu(1.5)", "silu", "gelu", "softmax", "log_softmax")
# The activations of the last layer whose outputs a loss takes; None: any
LOSSES: dict[str, tuple[str, ...] | None] = {
    "squared_error": None,
    "half_squared_error": None,
    "absolute_error": None,
    "huber": None,
    "huber(0.25)": None,
    "binary_cross_entropy": ("sigmoid", "softmax"),
    "binary_cross_entropy_with_logits": None,
    "cross_entropy": ("softmax", "sigmoid", "softplus"),
    "cross_entropy_with_logits": None,
    "nll": None,
}
OF_SAMPLES = ("cross_entropy", "cross_entropy_with_logits", "nll")
Matrix = list[list[float]]


def any_problem(seed: int) -> dict[str, Any]:
    """Return a problem with a loss, as a problem file holds it."""
    rng = random.Random(seed)
    n_samples, sizes = 1 + _below(rng, 4), [1 + _below(rng, 3) for _ in range(2 + _below(rng, 3))]
    loss = _one(rng, tuple(LOSSES))
    sizes[-1] = max(sizes[-1], 1 if LOSSES[loss] is None and loss not in OF_SAMPLES else 2)
    in_columns, out_in = rng.random() < 0.3, rng.random() < 0.5
    layers = []
    for i, (n_inputs, n_neurons) in enumerate(pairwise(sizes)):
        is_last = i == len(sizes) - 2
        layer = {
            "weights": _written(_matrix(rng, n_inputs, n_neurons), transposed=out_in),
            "biases": _matrix(rng, 1, n_neurons)[0],
            "activation": _one(rng, (LOSSES[loss] or HIDDEN) if is_last else HIDDEN),
        }
        if rng.random() < 0.2:
            del layer["biases"]
        layers.append(layer)
    problem: dict[str, Any] = {
        "inputs": _written(_matrix(rng, n_samples, sizes[0]), transposed=in_columns),
        "layers": layers,
        "targets": _targets(rng, loss, n_samples, sizes[-1], in_columns=in_columns),
        "loss": loss,
        "reduction": _one(rng, ("sum", "mean", "batch_mean")),
        "weight_layout": "out-in" if out_in else "in-out",
        "samples": "columns" if in_columns else "rows",
        "mean_gradients": rng.random() < 0.3,
    }
    return problem


def _targets(rng: random.Random, loss: str, n_samples: int, n_neurons: int, *, in_columns: bool) -> Any:
    """Return targets that the loss takes: class numbers now and then where it takes them."""
    if loss in OF_SAMPLES and n_samples > 1 and rng.random() < 0.5:
        return [_below(rng, n_neurons) for _ in range(n_samples)]
    if loss in OF_SAMPLES or loss.startswith("binary"):
        return _written([[rng.random() for _ in range(n_neurons)] for _ in range(n_samples)], transposed=in_columns)
    return _written(_matrix(rng, n_samples, n_neurons), transposed=in_columns)


def _below(rng: random.Random, n: int) -> int:
    return int(rng.random() * n)


def _one(rng: random.Random, choices: Sequence[str]) -> str:
    return choices[_below(rng, len(choices))]


def _matrix(rng: random.Random, n_rows: int, n_columns: int) -> Matrix:
    """Return numbers with a mean of 0 and a variance of 1."""
    return [[3**0.5 * (2 * rng.random() - 1) for _ in range(n_columns)] for _ in range(n_rows)]


def _written(matrix: Matrix, *, transposed: bool) -> Matrix:
    return [list(column) for column in zip(*matrix, strict=True)] if transposed else matrix
