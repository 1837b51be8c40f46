"""Fixtures for tests of the real process: processes, shells, pipes, terminals and files."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import clean_environment
from tests.process.command import NEURON, Process, Started, Terminal, close


@pytest.fixture(autouse=True)
def _coverage_where_needed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure the coverage of processes only where no test in this process reaches the code."""
    if not {"started", "pipe", "with_coverage"} & set(request.fixturenames):
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture
def with_coverage() -> None:
    """Measure the coverage of the processes of a test."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a matrix whose text is several times as large as the buffer of a pipe."""
    folder = tmp_path_factory.mktemp("large")
    np.save(folder / "large.npy", np.arange(15_000).reshape(5_000, 3) / 7)
    return folder


@pytest.fixture
def neuron(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The problem of one neuron as p.json, alone in the current directory."""
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
    """The command line in a fresh process, after some code that plants a fault."""

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
    """The command line as a running process, after some code that plants a fault; it is killed when the test ends."""
    running: list[subprocess.Popen[bytes]] = []

    def start(
        *argv: object, env: Mapping[str, str] | None = None, planted: str | None = None, **options: Any
    ) -> subprocess.Popen[bytes]:
        code = ["-c", f"{planted}\nfrom backprop_cli.__main__ import run_process\nrun_process()\n"]
        streams: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, *(["-m", "backprop_cli"] if planted is None else code), *map(str, argv)],
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
    """The reading and the writing end of a pipe."""
    ends = os.pipe()
    yield ends
    close(*ends)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """The two ends of a pseudo-terminal: the person's and the process's."""
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    try:
        ends: Terminal = pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminal can be opened here: {error}")
    yield ends
    close(*ends)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a problem whose texts and file names need Unicode."""
    folder = tmp_path_factory.mktemp("foreign")
    problem = {**NEURON, "title": "∂L/∂w … café ✓ 🙂", "weights": [[1 / 3], [-2 / 3]]}
    (folder / "p.json").write_text(json.dumps(problem))
    (folder / "∂inputs.csv").write_text("größe,文字\n0.1,0.25\n", encoding="utf-8")
    return folder
