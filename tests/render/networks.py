"""Networks to draw; the numbers in a picture by entry, and the results that they have to equal."""

import json
import random
import re
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from backprop_cli.explanations.picture import Picture, picture
from backprop_cli.load.schema import build
from tests.any_problem import any_problem
from tests.conftest import Run


class Case(NamedTuple):
    sizes: tuple[int, ...]
    activation: str = "tanh"
    samples: int = 1
    decimals: int = 2
    scale: float = 1.0
    loss: str = "half_squared_error"


CASES = {
    "2-3-1": Case((2, 3, 1)),
    "3-4-2": Case((3, 4, 2), "relu", samples=3),
    "4-5-3": Case((4, 5, 3), "relu", loss="squared_error"),
    "small numbers": Case((4, 5, 3), "gelu", decimals=17, scale=1e-3),
    "large numbers": Case((2, 2, 2), "linear", decimals=9, scale=1e6),
    "long names": Case((2, 2, 2), "leaky_relu(0.3333)", loss="binary_cross_entropy_with_logits"),
    "deep": Case((2, 3, 3, 3, 1), "relu"),
    "without numbers at lines": Case((12, 10, 3), "relu"),
    "boxes": Case((20, 30, 10)),
    "many boxes": Case((2, *[3] * 40, 1)),
}


def draft(case: Case) -> dict[str, Any]:
    """Return a problem with numbers that depend on nothing but its sizes."""
    rng = random.Random(1)

    def matrix(rows: int, columns: int) -> list[list[float]]:
        return [
            [round(case.scale * (2 * rng.random() - 1), case.decimals) for _ in range(columns)] for _ in range(rows)
        ]

    layers = [
        {"weights": matrix(a, b), "biases": matrix(1, b)[0], "activation": case.activation}
        for a, b in pairwise(case.sizes)
    ]
    inputs, targets = (matrix(case.samples, size) for size in (case.sizes[0], case.sizes[-1]))
    if case.loss.startswith("binary"):
        targets = [[0.25 for _ in row] for row in targets]
    return {
        "title": f"A {'-'.join(map(str, case.sizes))[:30]} network",
        "inputs": inputs,
        "layers": layers,
        "targets": targets,
        "loss": case.loss,
    }


def pictured(problem: dict[str, Any], sample: int = 0) -> Picture:
    return picture(build(problem), sample)


class AnyProblem(NamedTuple):
    path: Path
    sample: int
    entries: dict[str, float]  # all that a picture of the sample has, by name


def write_any(seed: int, folder: Path, backprop: Run) -> AnyProblem:
    """Write a random problem, and return the entries of one of its samples, as `run` computes them."""
    problem = any_problem(seed)
    path = folder / f"{seed}.json"
    path.write_text(json.dumps(problem), encoding="utf-8")
    tree = json.loads(backprop("run", path, "--format", "json").out)
    in_columns = problem["samples"] == "columns"
    n_samples = len(problem["inputs"][0] if in_columns else problem["inputs"])
    sample = seed % n_samples
    given = {key: problem[key] for key in ("inputs", "targets")}
    if isinstance(given["targets"][0], int):  # class numbers: the picture has a 1 and zeros for them
        n_neurons = len(tree["layers"][-1]["dbiases"])
        rows = [[float(j == target) for j in range(n_neurons)] for target in given["targets"]]
        given["targets"] = [list(column) for column in zip(*rows, strict=True)] if in_columns else rows
    places = {**given, **{key: tree[key] for key in ("loss", "upstream")}}
    for i, (layer, found) in enumerate(zip(problem["layers"], tree["layers"], strict=True)):
        for name, value in {**layer, **found}.items():
            if not name.startswith("new_") and name != "activation" and (name != "dbiases" or "biases" in layer):
                places[f"layers[{i}].{name}"] = value
    entries = {}
    for place, value in places.items():
        for index, number in _numbers(value):
            name = place.rpartition(".")[2]
            per_sample = name not in ("weights", "biases", "dweights", "dbiases", "loss")
            if not per_sample or index[-1 if in_columns else 0] == sample:
                entries[f"{place}[{','.join(map(str, index))}]" if index else place] = number
    return AnyProblem(path, sample, entries)


def _numbers(value: Any, index: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], float]]:
    if isinstance(value, list):
        return [found for k, item in enumerate(value) for found in _numbers(item, (*index, k))]
    return [(index, float(value))]


def from_tikz(text: str) -> dict[str, str]:
    """Return the numbers that are drawn in TikZ by the names of their entries."""
    found = re.findall(r"^\\node\[.*?\] at \(.*?\) \{(.*)\}; % (\S+)$", text, re.MULTILINE)
    return {entry: number.replace("$-$", "-") for number, entry in found}
