"""How the cost of a pass grows with rows, features, neurons and layers, one at a time."""

from itertools import pairwise
from typing import Any

import numpy as np

from backprop_cli.core.blocks import evaluate
from backprop_cli.core.plan import plan
from backprop_cli.core.quantities import Node
from backprop_cli.core.rules import RULES
from backprop_cli.load.schema import build
from tests.benchmarks.measuring import RUNS, seconds

BASE = {"rows": 10_000, "features": 64, "neurons": 64, "layers": 1}
STEPS = {
    "rows": (10**3, 10**4, 10**5, 10**6, 10**7),
    "features": (16, 64, 256, 1024),
    "neurons": (16, 64, 256, 1024),
    "layers": (1, 2, 4, 8, 16),
}


def one(rows: int, features: int, neurons: int, layers: int) -> float:
    """Return the seconds of one pass, the least of several."""
    rng = np.random.default_rng(0)
    widths = [features, *[neurons] * layers]
    parts: list[dict[str, Any]] = [
        {"weights": rng.normal(size=(a, b)) / a**0.5, "biases": rng.normal(size=b)} for a, b in pairwise(widths)
    ]
    some = rng.normal(size=(1000, features))
    inputs = np.broadcast_to(some, (rows // 1000, 1000, features)).reshape(rows, features)
    problem = build({"inputs": inputs, "layers": parts, "upstream": "outputs"})
    kept = [Node(layer, name) for layer in range(layers) for name in ("dweights", "dbiases")]

    def run() -> None:
        evaluate(problem, plan(problem, problem.nodes).order, kept, RULES)

    return min(seconds(run) for _ in range(3 if rows > 10**6 else RUNS))


def main() -> None:
    """Print a row for each size."""
    print("| rows | features | neurons | layers | one pass | a row |")
    print("| --- | --- | --- | --- | --- | --- |")
    for axis, sizes in STEPS.items():
        for size in sizes:
            shape = {**BASE, axis: size}
            took = one(**shape)
            cells = [f"{n:,}" for n in shape.values()]
            print(f"| {' | '.join(cells)} | {1000 * took:,.1f} ms | {1e6 * took / shape['rows']:.2f} µs |", flush=True)
