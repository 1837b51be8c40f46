"""How long Ctrl-C takes to end a long run: 100 interrupts, spread evenly over six kinds of run."""

import signal
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np

from tests.benchmarks.measuring import BACKPROP, process, seconds

INTERRUPTS = 100


def runs(folder: Path) -> dict[str, list[object]]:
    """Write the problems, and return the command line of each run."""
    rng = np.random.default_rng(0)

    def problem(name: str, n_rows: int, n_inputs: int, n_neurons: int, *, packed: bool = False) -> Path:
        shapes = {"inputs": (n_rows, n_inputs), "weights": (n_inputs, n_neurons), "biases": (n_neurons,)}
        arrays: dict[str, Any] = {key: rng.normal(size=shape) for key, shape in shapes.items()}
        (np.savez_compressed if packed else np.savez)(folder / name, **arrays, upstream=np.array("outputs"))
        return folder / name

    table = folder / "table.csv"
    np.savetxt(table, rng.normal(size=(200_000, 10)), delimiter=",")
    text = folder / "text.json"
    rows = ",".join(f"[{','.join(map(repr, row.tolist()))}]" for row in rng.normal(size=(100_000, 10)))
    text.write_text(f'{{"upstream": [{rows}], "activation": "linear"}}')
    dz = ["--activation", "linear", "--only", "dz", "--format"]
    return {
        "6000 x 6000 weights": ["run", problem("square.npz", 8, 6000, 6000), "--only", "dweights,dinputs"],
        "check of 200,000 rows": ["check", problem("rows.npz", 200_000, 5, 2), "--samples", "4"],
        "unpacking an NPZ": ["run", problem("packed.npz", 200_000, 60, 2, packed=True), "--only", "dweights"],
        "reading a CSV": ["run", "--upstream", table, *dz, "table"],
        "reading JSON": ["run", text, "--only", "dz"],
        "writing a folder": ["run", "--upstream", table, *dz, "csv", "--save", folder / "new"],
    }


def latency(command: list[object], delay: float) -> float:
    """Return the seconds from Ctrl-C until the end of a run that has gone on for a while."""
    ran = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(delay)
    ran.send_signal(signal.SIGINT)
    took = seconds(ran.wait)
    if ran.returncode not in (130, 0):
        print(f"status {ran.returncode} after {delay:.2f} s", flush=True)
    return took


def main() -> None:
    """Print the latencies of each run, and of all."""
    took: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        kinds = runs(Path(name))
        for number, (kind, argv) in enumerate(kinds.items()):
            command = [*BACKPROP, *argv]
            whole = seconds(process(*command))
            count = INTERRUPTS * (number + 1) // len(kinds) - INTERRUPTS * number // len(kinds)
            delays = [0.1 + (place + 0.5) / count * (whole - 0.1) for place in range(count)]
            ours = [latency(command, delay) for delay in delays]
            took += ours
            print(f"{kind}, {whole:.1f} s: {1000 * max(ours):.0f} ms at most", flush=True)
    high = quantiles(took, n=100, method="inclusive")[98]
    print(f"99th of {len(took)} interrupts: {1000 * high:.0f} ms (target: below 300)", flush=True)
