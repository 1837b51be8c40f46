"""What every test may use: the command line in this process, and as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import settings

from backprop_cli.cli.app import main

ROOT = Path(__file__).parent.parent


def sized(name: str, small: int, full: int) -> pytest.MarkDecorator:
    """Give a test its argument twice: small, as in every run, and in full, for `pytest -m full`."""
    sizes = [pytest.param(small, id=f"{small}"), pytest.param(full, id=f"{full}", marks=pytest.mark.full)]
    return pytest.mark.parametrize(name, sizes)


settings.register_profile("ci", derandomize=True)  # a gate has to give the same answer twice
if os.environ.get("CI"):
    settings.load_profile("ci")


class Ran(NamedTuple):
    status: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def backprop(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process, as a terminal 80 columns wide and without colour would see it."""
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "BACKPROP_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*argv: object) -> Ran:
        capsys.readouterr()
        status = main([str(arg) for arg in argv])
        return Ran(status, *capsys.readouterr())

    return run


@pytest.fixture
def process() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """The command line as a real process, with an environment of its own where one is given."""

    def run(*argv: object, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[bytes]:
        settings: Any = {"capture_output": True} | options
        if "input" not in settings:
            settings.setdefault("stdin", subprocess.DEVNULL)
        command = [sys.executable, "-m", "backprop_cli", *map(str, argv)]
        return subprocess.run(command, env=clean_environment(env), timeout=60, check=False, **settings)

    return run


@pytest.fixture
def without_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are started without coverage, which takes time and memory of its own."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what would change how the command line prints."""
    unwanted = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "BACKPROP_DEBUG", "PYTHONUNBUFFERED")
    return {key: value for key, value in os.environ.items() if key not in unwanted} | dict(extra or {})
