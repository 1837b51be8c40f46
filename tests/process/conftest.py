"""What the tests of the real process start with: processes, shells, pipes, terminals, and files for them."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import clean_environment
from tests.process.command import NEURON, Process, Started, Terminal, close


@pytest.fixture(autouse=True, scope="module")
def _interruptible() -> Iterator[None]:
    """A shell that runs the tests in the background has them ignore Ctrl-C, and with them all that they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the runs: no threads for NumPy to start, and coverage only where other tests cannot have it."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    if not {"started", "pipe", "redirection"} & set(request.fixturenames):
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a matrix whose text is far larger than a pipe holds."""
    folder = tmp_path_factory.mktemp("large")
    np.save(folder / "large.npy", np.arange(15_000).reshape(5_000, 3) / 7)
    return folder


@pytest.fixture
def neuron(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The problem of one neuron, as p.json in an otherwise empty current directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "p.json"
    path.write_text(json.dumps(NEURON))
    return path


@pytest.fixture
def shell(tmp_path: Path) -> Process:
    """A shell in an empty folder, whose `backprop` is the one under test."""
    if shutil.which("bash") is None:
        pytest.skip("there is no bash here")

    def run(script: str, env: Mapping[str, str] | None = None, cwd: Path = tmp_path) -> Any:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "-c", script],
            cwd=cwd,
            env=clean_environment({"PATH": path, **(env or {})}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def patched() -> Process:
    """The command line in a fresh process, after some code has planted a fault in it."""

    def run(code: str, *argv: object, env: Mapping[str, str] | None = None) -> Any:
        whole = f"import sys\n{code}\nfrom backprop_cli.cli.app import main\nsys.exit(main(sys.argv[1:]))\n"
        return subprocess.run(
            [sys.executable, "-c", whole, *map(str, argv)],
            env=clean_environment(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def started() -> Iterator[Started]:
    """The command line as a process that is left running, until the test is over at the latest."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*argv: object, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
        streams: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-m", "backprop_cli", *map(str, argv)],
            env=clean_environment(env),
            **streams | options,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The reading and the writing end of a pipe, both open until the test is over."""
    ends = os.pipe()
    yield ends
    close(*ends)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """The two ends of a terminal: the one a person sees and types at, and the one that a process is given."""
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    try:
        ends: Terminal = pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminal can be opened here: {error}")
    yield ends
    close(*ends)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A problem whose texts and names no narrow encoding holds."""
    folder = tmp_path_factory.mktemp("foreign")
    problem = {**NEURON, "title": "∂L/∂w … café ✓ 🙂", "weights": [[1 / 3], [-2 / 3]]}
    (folder / "p.json").write_text(json.dumps(problem))
    (folder / "∂inputs.csv").write_text("größe,文字\n0.1,0.25\n", encoding="utf-8")
    return folder
