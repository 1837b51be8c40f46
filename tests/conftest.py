"""Fixtures for every test: the command line in this process, and as a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import settings

from backprop_cli.cli.app import main
from tests.json_schemas import require_valid

ROOT = Path(__file__).parent.parent

# Threads of NumPy do not help with small matrices, and to start them takes 30 ms in each process.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def sized(name: str, small: int, full: int) -> pytest.MarkDecorator:
    """Run a test with a small size always, and with the full size under `pytest -m full`."""
    sizes = [pytest.param(small, id=f"{small}"), pytest.param(full, id=f"{full}", marks=pytest.mark.full)]
    return pytest.mark.parametrize(name, sizes)


settings.register_profile("ci", derandomize=True)  # the gate must give the same answer twice
if os.environ.get("CI"):
    settings.load_profile("ci")


class Ran(NamedTuple):
    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(autouse=True, scope="session")
def _interruptible() -> Iterator[None]:
    """Handle SIGINT as in a terminal, here and in started processes, even if it is ignored (as under `nohup`)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def backprop(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process, as a pipe sees it: 80 columns wide, without colour, and lines not wrapped.

    What it prints as JSON has to follow the schema that it names.
    """

    def no_terminal(*_: object) -> None:
        raise OSError

    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "BACKPROP_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(os, "get_terminal_size", no_terminal)

    def run(*argv: object) -> Ran:
        capsys.readouterr()
        status = main([str(arg) for arg in argv])
        ran = Ran(status, *capsys.readouterr())
        require_valid(ran.out)
        return ran

    return run


@pytest.fixture
def process() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """The command line as a real process; `env` is added to its environment."""

    def run(*argv: object, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[bytes]:
        settings: Any = {"capture_output": True} | options
        if "input" not in settings:
            settings.setdefault("stdin", subprocess.DEVNULL)
        command = [sys.executable, "-m", "backprop_cli", *map(str, argv)]
        return subprocess.run(command, env=clean_environment(env), timeout=60, check=False, **settings)

    return run


@pytest.fixture
def without_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start processes without measuring coverage, which takes time and memory."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without the variables that change what the command prints."""
    unwanted = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "BACKPROP_DEBUG", "PYTHONUNBUFFERED")
    return {key: value for key, value in os.environ.items() if key not in unwanted} | dict(extra or {})
