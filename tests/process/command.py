"""The command lines that tests of the real process run, and helpers to examine the outcome.

Where only the message of a refusal matters, the command line runs in the test's own process. Output is tested with
Python's buffering and without, for a result that fits into the buffer of a pipe and for one that does not.
"""

import array
import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.conftest import ROOT, Ran

Process: TypeAlias = Callable[..., subprocess.CompletedProcess[bytes]]
Started: TypeAlias = Callable[..., subprocess.Popen[bytes]]
Terminal: TypeAlias = tuple[int, int]

ESC = b"\x1b"
STATUSES = ["0", "1", "2", "3", "4", "70", "130", "141"]
LAYER = ROOT / "samples" / "dense_relu.json"
SMALL = ["run", str(LAYER), "--format", "json"]
LARGE = ["run", "--z", "large.npy", "--only", "z", "--format", "csv"]  # four times the buffer of a pipe

# One linear neuron, to be calculated by hand: z = 1*3 + 2*4 + 5 = 16.
NEURON = {
    "inputs": [[1, 2]],
    "weights": [[3], [4]],
    "biases": [5],
    "activation": "linear",
    "upstream": [[1]],
    "learning_rate": 1,
}

# A name with control characters, markup and an emoji code of Rich, and how it must be shown.
NASTY = "[red]\x1b[2J:smile:[b]\x9b31m\u202e"
NASTY_SHOWN = r"[red]\x1b[2J:smile:[b]\x9b31m\u202e"


buffering = pytest.mark.parametrize("env", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
PRINTED = {
    "small": SMALL,
    "large": LARGE,
    "table": ["run", str(LAYER)],
    "verdict": ["check", str(LAYER)],
    "verdict in JSON": ["check", str(LAYER), "--format", "json"],
    "annotations": ["check", str(LAYER), "--format", "github"],
    "JUnit": ["check", str(LAYER), "--format", "junit"],
    "verdict in Markdown": ["check", str(LAYER), "--format", "markdown"],
    "explanation": ["explain", str(LAYER)],
    "Markdown": ["explain", str(LAYER), "--format", "markdown"],
    "help": ["--help"],
    "version": ["--version"],
}
everything_printed = pytest.mark.parametrize("argv", PRINTED.values(), ids=PRINTED)
everything_printed_and_buffering = pytest.mark.parametrize(
    ("argv", "env"),
    [
        *(pytest.param(argv, {}, id=name) for name, argv in PRINTED.items()),
        *(
            pytest.param(PRINTED[name], {"PYTHONUNBUFFERED": "1"}, id=f"{name} unbuffered")
            for name in ("small", "large", "table", "help")
        ),
    ],
)


def close(*descriptors: int) -> None:
    for descriptor in descriptors:
        with suppress(OSError):
            os.close(descriptor)


def screen(terminal: Terminal, process: subprocess.Popen[bytes]) -> bytes:
    """Wait for a process to end, and return what it has written to a terminal."""
    seen, given = terminal
    os.close(given)
    shown = b""
    with suppress(OSError):  # on Linux, reading fails when the other end is closed
        while chunk := os.read(seen, 65536):
            shown += chunk
    process.wait(timeout=30)
    return shown


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline, "it did not happen within 30 s"
        time.sleep(0.002)


def unread(descriptor: int) -> int:
    """Return how many bytes wait in a pipe."""
    import fcntl
    import termios

    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]


def waits(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a process waits in a system call; a signal that comes just before would not interrupt the call."""
    try:
        state = Path(f"/proc/{process.pid}/stat").read_text()
    except OSError:  # there is no /proc here
        time.sleep(0.05)
        return True
    return state.rpartition(") ")[2].startswith("S")


def refusal(ran: subprocess.CompletedProcess[bytes] | Ran, status: int) -> str:
    """Return the error of a run: one line, perhaps a hint, and nothing on standard output."""
    if isinstance(ran, Ran):
        ran = subprocess.CompletedProcess([], ran.status, ran.out.encode(), ran.err.encode())
    assert ran.stdout == b""
    lines = ran.stderr.decode().splitlines()
    assert [line.split(": ")[0] for line in lines] in (["backprop"], ["backprop", "hint"])
    assert ran.stderr.endswith(b"\n")
    assert ran.returncode == status
    return "\n".join(lines)


def success(ran: subprocess.CompletedProcess[bytes]) -> str:
    """Return the standard output of a run that wrote nothing to standard error."""
    assert (ran.returncode, ran.stderr) == (0, b"")
    return ran.stdout.decode()


def contents(folder: Path) -> dict[str, bytes | None]:
    """Return every path below a folder, with the bytes of regular files."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}
