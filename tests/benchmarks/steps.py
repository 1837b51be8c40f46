"""10,000 gradient steps of a small network, against the same arithmetic as a bare loop of NumPy calls."""

from collections.abc import Callable
from typing import Any

import numpy as np

from backprop_cli.core.training import at_last_step
from backprop_cli.load.schema import build
from tests.benchmarks.measuring import ratio

STEPS = 10_000


def network() -> dict[str, Any]:
    """Return two sigmoid layers, 4 x 3 x 4 x 1, as on iamtrask.github.io/2015/07/12/basic-python-network."""
    rng = np.random.default_rng(1)
    layers = [{"weights": 2 * rng.random(shape) - 1, "activation": "sigmoid"} for shape in ((3, 4), (4, 1))]
    inputs = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], float)
    targets = np.array([[0], [1], [1], [0]], float)
    return {"inputs": inputs, "targets": targets, "loss": "half_squared_error", "learning_rate": 1.0, "layers": layers}


def ours(draft: dict[str, Any]) -> Callable[[], Any]:
    """Return an action that makes all steps."""
    problem = build({**draft, "steps": STEPS})
    return lambda: at_last_step(problem)


# The formulas of `core.activation_functions` and `core.losses`, without a buffer, a check or a choice.
def sigmoid(z: Any) -> Any:
    """Return the sigmoid of z."""
    result = 1 / (1 + np.exp(-z))
    return np.where(z < -700, np.exp(z), result) if z.min() < -700 else result


def sigmoid_backward(upstream: Any, z: Any) -> Any:
    """Return upstream times the derivative of the sigmoid at z."""
    small = np.exp(np.abs(z) * -0.5)
    root = small / (1 + small * small)
    return (upstream * root) * root


def bare_loop(draft: dict[str, Any]) -> Callable[[], Any]:
    """Return an action that makes all steps."""
    x, t, rate = draft["inputs"], draft["targets"], draft["learning_rate"]
    first, second = (layer["weights"] for layer in draft["layers"])

    def run() -> Any:
        w1, w2, losses = first, second, []
        for _ in range(STEPS - 1):
            z1 = x @ w1
            y1 = sigmoid(z1)
            z2 = y1 @ w2
            y2 = sigmoid(z2)
            difference = y2 - t
            losses.append((difference * (difference / 2)).sum())
            dz2 = sigmoid_backward(y2 - t, z2)
            dz1 = sigmoid_backward(dz2 @ w2.T, z1)
            w2 = w2 - rate * (y1.T @ dz2)
            w1 = w1 - rate * (x.T @ dz1)
        return w1, w2, losses

    return run


def naive_loop(draft: dict[str, Any]) -> Callable[[], Any]:
    """Return an action that makes all steps as that page does, with the derivative y * (1 - y)."""
    x, t, rate = draft["inputs"], draft["targets"], draft["learning_rate"]
    first, second = (layer["weights"] for layer in draft["layers"])

    def run() -> Any:
        w1, w2, losses = first, second, []
        for _ in range(STEPS - 1):
            y1 = 1 / (1 + np.exp(-(x @ w1)))
            y2 = 1 / (1 + np.exp(-(y1 @ w2)))
            error = y2 - t
            losses.append((error * error).sum() / 2)
            dz2 = error * (y2 * (1 - y2))
            dz1 = (dz2 @ w2.T) * (y1 * (1 - y1))
            w2 = w2 - rate * (y1.T @ dz2)
            w1 = w1 - rate * (x.T @ dz1)
        return w1, w2, losses

    return run


def main() -> None:
    """Print the ratios."""
    draft = network()
    ratio("10,000 steps of 4 x 3 x 4 x 1 / the same arithmetic in NumPy", ours(draft), bare_loop(draft), 2.0)
    ratio("10,000 steps of 4 x 3 x 4 x 1 / y * (1 - y) in NumPy", ours(draft), naive_loop(draft), 2.0)
