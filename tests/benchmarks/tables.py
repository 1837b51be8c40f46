"""A CSV file of 200 MB through `run`, against scripts that do the same with NumPy's and with pandas' reader."""

import importlib.util
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.benchmarks.measuring import BACKPROP, process, ratio

MEGABYTES = 200
SCRIPT = """\
import sys
import numpy as np

folder = sys.argv[1]
{read}
weights, biases = np.load(folder + "/weights.npy"), np.load(folder + "/biases.npy")
z = inputs @ weights + biases
outputs = np.maximum(z, 0)
dz = np.where(z > 0, outputs, 0)
dweights = inputs.T @ dz
np.savetxt(sys.stdout, dweights, delimiter=",", fmt="%r")
"""
READERS = {
    "np.loadtxt": ('inputs = np.loadtxt(folder + "/inputs.csv", delimiter=",")', 0.6),
    "pandas.read_csv": ('import pandas\ninputs = pandas.read_csv(folder + "/inputs.csv", header=None).to_numpy()', 1.0),
}


def write_table(path: Path, megabytes: int, n_columns: int = 100) -> None:
    """Write rows of random numbers, each with all its digits."""
    rng = np.random.default_rng(0)
    with path.open("w") as file:
        while file.tell() < megabytes * 1e6:
            file.write("".join(",".join(map(repr, row)) + "\n" for row in rng.normal(size=(1000, n_columns)).tolist()))


def write_layer(folder: Path, n_inputs: int = 100, n_neurons: int = 50) -> list[str]:
    """Write weights and biases, and return the options that name them."""
    rng = np.random.default_rng(1)
    np.save(folder / "weights.npy", rng.normal(size=(n_inputs, n_neurons)) / n_inputs**0.5)
    np.save(folder / "biases.npy", rng.normal(size=n_neurons))
    return ["--weights", f"{folder}/weights.npy", "--biases", f"{folder}/biases.npy", "--upstream", "outputs"]


def main() -> None:
    """Print the ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_table(folder / "inputs.csv", MEGABYTES)
        argv = ["run", "--inputs", folder / "inputs.csv", *write_layer(folder), "--only", "dweights", "--format", "csv"]
        for reader, (read, target) in READERS.items():
            if importlib.util.find_spec(reader.partition(".")[0].replace("np", "numpy")):
                script = folder / "script.py"
                script.write_text(SCRIPT.format(read=read))
                name = f"{MEGABYTES} MB of CSV / a script with {reader}"
                ratio(name, process(*BACKPROP, *argv), process(sys.executable, script, folder), target)
