"""The whole process of a small run, against the notebook's last cell as a script that reads the same file."""

import sys
import tempfile
from pathlib import Path

from tests.benchmarks.measuring import BACKPROP, ROOT, process, ratio

NOTEBOOK = """\
import json, sys
import numpy as np

with open(sys.argv[1]) as file:
    problem = json.load(file)
inputs, weights, biases = (np.array(problem[name]) for name in ("inputs", "weights", "biases"))
layer_outputs = np.dot(inputs, weights) + biases
relu_outputs = np.maximum(0, layer_outputs)
relu_dvalues = relu_outputs.copy()
relu_dvalues[layer_outputs <= 0] = 0
dinputs = np.dot(relu_dvalues, weights.T)
dweights = np.dot(inputs.T, relu_dvalues)
dbiases = np.sum(relu_dvalues, axis=0, keepdims=True)
weights += -0.001 * dweights
biases = biases + -0.001 * dbiases
print(weights)
print(biases)
"""
SAMPLE = ROOT / "samples" / "dense_relu.json"


def main() -> None:
    """Print the ratios."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "notebook.py"
        script.write_text(NOTEBOOK)
        bare = process(sys.executable, script, SAMPLE)
        ratio(
            "a small run, JSON / the notebook's cell",
            process(*BACKPROP, "run", SAMPLE, "--format", "json"),
            bare,
            1.3,
            21,
        )
        ratio("a small run, tables / the notebook's cell", process(*BACKPROP, "run", SAMPLE), bare, 1.8, 21)
        typer = process(sys.executable, "-c", "import typer")
        ratio("--version / import typer", process(*BACKPROP, "--version"), typer, 1.1, 21)
