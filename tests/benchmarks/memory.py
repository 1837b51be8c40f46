"""The most memory that gradients of the weights take, from files of very different size."""

import tempfile
from pathlib import Path

import numpy as np

from tests.benchmarks.measuring import BACKPROP, peak_megabytes
from tests.benchmarks.tables import write_layer, write_table


def write_npy(path: Path, gigabytes: float, n_columns: int) -> None:
    """Write rows of random numbers."""
    rng = np.random.default_rng(0)
    n_rows = int(gigabytes * 2**30) // (8 * n_columns)
    array = np.lib.format.open_memmap(path, "w+", np.float64, (n_rows, n_columns))
    some = rng.normal(size=(4096, n_columns))
    for start in range(0, n_rows, 4096):
        array[start : start + 4096] = some[: n_rows - start]


def main() -> None:
    """Print the peaks."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tail = ["--only", "dweights", "--format", "csv"]
        layer = write_layer(folder, 784, 512)
        for upstream in ("ones", "outputs"):
            inputs = folder / "inputs.npy"
            write_npy(inputs, 2, 784)
            peak = peak_megabytes([*BACKPROP, "run", "--inputs", inputs, *layer[:-1], upstream, *tail])
            print(f"2 GB of NPY, --upstream {upstream}: {peak:.0f} MB (target: as below)", flush=True)
            inputs.unlink()
        for gigabytes in (0.5, 2, 8):
            inputs = folder / "inputs.npy"
            write_npy(inputs, gigabytes, 784)
            peak = peak_megabytes([*BACKPROP, "run", "--inputs", inputs, *layer, *tail])
            print(f"{gigabytes} GB of NPY: {peak:.0f} MB (target: within 5 % of each other, below 200)", flush=True)
            inputs.unlink()
        layer = write_layer(folder)
        for megabytes in (200, 800):
            inputs = folder / "inputs.csv"
            write_table(inputs, megabytes)
            peak = peak_megabytes([*BACKPROP, "run", "--inputs", inputs, *layer, *tail])
            print(f"{megabytes} MB of CSV: {peak:.0f} MB (target: within 5 % of each other)", flush=True)
            inputs.unlink()
