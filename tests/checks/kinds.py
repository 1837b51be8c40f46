"""Random problems of all kinds: every activation, loss, reduction, layout, and convention of a course."""

from itertools import pairwise
from typing import Any

import numpy as np

from backprop_cli.core.activations import ACTIVATIONS
from backprop_cli.core.arrays import Array
from backprop_cli.core.losses import LOSSES, REDUCTIONS

ACTIVATION_NAMES = (*ACTIVATIONS, "leaky_relu(0.2)", "elu(1.5)")
LOSS_NAMES = (*LOSSES, "huber(0.5)")
_MATCHED = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid", "nll": "log_softmax"}
_POSITIVE = ("softmax", "sigmoid", "softplus")


def _last_activation(rng: np.random.Generator, loss: str, name: str) -> str:
    """Return an activation whose outputs the loss takes, in most cases that of the matched pair."""
    if loss in _MATCHED and rng.random() < 0.6:
        return _MATCHED[loss]
    if loss == "cross_entropy":
        return str(rng.choice(_POSITIVE))
    return "sigmoid" if loss == "binary_cross_entropy" else name


def _targets(rng: np.random.Generator, loss: str, shape: tuple[int, int], numbers: Array) -> Array:
    """Return targets that the loss takes; class numbers are flat."""
    is_hard = rng.random() < 0.5
    if loss.startswith("binary"):
        return rng.integers(0, 2, shape).astype(float) if is_hard else rng.random(shape)
    if loss not in ("cross_entropy", "cross_entropy_with_logits", "nll"):
        return numbers
    if is_hard and min(shape) > 1:
        return rng.integers(0, shape[1], shape[0])
    targets = rng.random(shape)
    return targets / targets.sum(axis=1, keepdims=True) if rng.random() < 0.6 else targets


def random_problem(seed: int) -> dict[str, Any]:
    """Return a problem of 1 to 3 layers, with whole or short numbers in some, and saturated units in some."""
    rng = np.random.default_rng(seed)
    n_samples, widths = int(rng.integers(1, 6)), rng.integers(1, 6, int(rng.integers(2, 5))).tolist()
    loss = str(rng.choice(LOSS_NAMES)) if rng.random() < 0.85 else None
    scale, digits = float(rng.choice([0.3, 1, 1, 1, 5, 30])), int(rng.choice([0, 1, 17]))
    is_turned = {"samples": bool(rng.random() < 0.3)}
    is_turned["weights"] = is_turned["samples"] or bool(rng.random() < 0.3)

    def numbers(*shape: int) -> Array:
        return np.round(2 * scale * rng.normal(size=shape), digits) / 2

    def laid_out(array: Array, what: str) -> Array:
        return array.T if is_turned[what] else array

    layers: list[dict[str, Any]] = []
    for shape in pairwise(widths):
        layer = {"weights": laid_out(numbers(*shape), "weights"), "activation": str(rng.choice(ACTIVATION_NAMES))}
        layers.append(layer | ({"biases": numbers(shape[1])} if rng.random() < 0.7 else {}))
    draft: dict[str, Any] = {
        "inputs": laid_out(numbers(n_samples, widths[0]), "samples"),
        "layers": layers,
        "weight_layout": "out-in" if is_turned["weights"] else "in-out",
        "samples": "columns" if is_turned["samples"] else "rows",
        "mean_gradients": bool(rng.random() < 0.3),
    }
    at_end = numbers(n_samples, widths[-1])
    if loss is None:
        given = laid_out(at_end, "samples")
        return draft | {"upstream": given if rng.random() < 0.7 else str(rng.choice(["ones", "outputs"]))}
    layers[-1]["activation"] = _last_activation(rng, loss, layers[-1]["activation"])
    targets = laid_out(_targets(rng, loss, (n_samples, widths[-1]), at_end), "samples")
    return draft | {"loss": loss, "reduction": str(rng.choice(REDUCTIONS)), "targets": targets}
