"""Finite differences of 64 samples x 784 x 128 x 10, against bare forward passes of the same network."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from backprop_cli.checks.gradcheck import Steps, check_gradients
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build
from tests.benchmarks.measuring import ratio

WIDTHS = (784, 128, 10)
PASSES = 1000


def network(n_samples: int = 64) -> dict[str, Any]:
    """Return a network of random numbers."""
    rng = np.random.default_rng(0)
    layers = [{"weights": rng.normal(size=(a, b)) / a**0.5, "biases": rng.normal(size=b)} for a, b in pairwise(WIDTHS)]
    inputs, upstream = (rng.normal(size=(n_samples, width)) for width in (WIDTHS[0], WIDTHS[-1]))
    return {"inputs": inputs, "layers": layers, "upstream": upstream}


def passes(draft: dict[str, Any]) -> Callable[[], None]:
    """Return an action that takes the forward pass `PASSES` times."""

    def run() -> None:
        for _ in range(PASSES):
            x = draft["inputs"]
            for layer in draft["layers"]:
                x = np.maximum(x @ layer["weights"] + layer["biases"], 0)

    return run


def main() -> None:
    """Print the ratios; targets are 10,000 passes for 9,418 entries, and 60,000 for all 151,946."""
    draft = network()
    solution = solve(build(draft))
    for samples, target in ((4000, 10), (None, 60)):
        name = f"check of {'all entries' if samples is None else '9,418 entries'} / {PASSES:,} forward passes"
        ratio(name, partial(check_gradients, solution, Steps(samples=samples)), passes(draft), target, 5)
