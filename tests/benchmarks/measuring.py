"""Paired measurements: two ways of doing the same, in turn, so that a busy machine slows both."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
SCRIPT = Path(sys.executable).with_name("backprop")
BACKPROP = [str(SCRIPT)] if SCRIPT.exists() else [sys.executable, "-m", "backprop_cli"]  # as users start it
RUNS = 9


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def process(*command: object) -> Callable[[], object]:
    """Return an action that runs a command and throws away what it prints."""
    words = [str(word) for word in command]
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}  # as it is for users
    return lambda: subprocess.run(words, env=env, check=True, stdout=subprocess.DEVNULL)


def ratio(name: str, ours: Callable[[], object], theirs: Callable[[], object], target: float, runs: int = RUNS) -> None:
    """Print the ratio of paired runs: median, minimum and maximum, and the medians of both in milliseconds."""
    ours(), theirs()  # what is done once (bytecode, caches) is no part of it
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(runs)]
    ratios = [mine / other for mine, other in pairs]
    mine, other = (1000 * median(times) for times in zip(*pairs, strict=True))
    print(
        f"{name:<66} {median(ratios):5.2f} ({min(ratios):.2f} to {max(ratios):.2f}), target {target};"
        f" {mine:,.0f} ms against {other:,.0f} ms",
        flush=True,
    )


def peak_megabytes(command: Sequence[object]) -> float:
    """Return the most memory that a process had at a time.

    It is started by a small one: until a process becomes a program of its own, it is charged with what its parent has.
    """
    launcher = (
        "import os, sys; pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ,"
        " file_actions=[(os.POSIX_SPAWN_OPEN, 1, '/dev/null', os.O_WRONLY, 0)]);"
        " _, status, used = os.wait4(pid, 0);"
        " print(used.ru_maxrss / 1024); sys.exit(os.waitstatus_to_exitcode(status))"
    )
    words = [sys.executable, "-c", launcher, *(str(word) for word in command)]
    return float(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)
