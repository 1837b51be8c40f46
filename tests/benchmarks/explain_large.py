"""What it costs to explain one entry of dweights in a problem of many samples, against one forward pass.

Run it as `python tests/benchmarks/explain_large.py [SAMPLES] [RUNS]`. It prints the ratio of the time to explain
dweights[0,0] of SAMPLES x 784 inputs through 512 ReLU neurons to that of a forward pass written in NumPy, as median,
minimum and maximum over paired runs.
"""

import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from backprop_cli.core.quantities import Node
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Extent
from backprop_cli.load.schema import build


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main(n_samples: int = 10_000, n_runs: int = 9) -> None:
    rng = np.random.default_rng(1)
    inputs, weights, biases = rng.normal(size=(n_samples, 784)), rng.normal(size=(784, 512)), rng.normal(size=512)
    upstream = rng.normal(size=(n_samples, 512))
    problem = build({"inputs": inputs, "weights": weights, "biases": biases, "upstream": upstream})

    def forward() -> object:
        return np.maximum(inputs @ weights + biases, 0)

    def explanation() -> object:
        return explain(problem, Node(0, "dweights"), (0, 0), Extent())

    forward()
    ratios = []
    for _ in range(n_runs):
        ratios.append(seconds(explanation) / seconds(forward))
    print(f"explain dweights[0,0] of {n_samples} samples / a forward pass:")
    print(f"median {median(ratios):.2f}, min {min(ratios):.2f}, max {max(ratios):.2f} of {n_runs} runs")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
