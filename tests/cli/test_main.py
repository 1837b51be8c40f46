"""The process starts and ends as a shell expects: an interrupt gives status 130, unless SIGINT is ignored."""

import atexit
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backprop_cli.__main__ import run_process
from backprop_cli.cli import app as cli


@pytest.fixture(autouse=True)
def _keep_handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def status(main: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(cli, "main", main)
    monkeypatch.setattr(atexit, "_run_exitfuncs", lambda: None)
    monkeypatch.setattr(os, "_exit", sys.exit)
    with pytest.raises(SystemExit) as end:
        run_process()
    assert isinstance(end.value.code, int)
    return end.value.code


def test_the_status_is_that_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    assert status(lambda **_: 3, monkeypatch) == 3


def test_an_uncaught_interrupt_gives_status_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(**_: Any) -> int:
        raise KeyboardInterrupt

    assert status(interrupted, monkeypatch) == 130


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN], ids=["default", "ignored"])
def test_the_command_keeps_the_handler_of_sigint(handler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    signal.signal(signal.SIGINT, handler)
    during: list[Any] = []

    def main(loaded: Callable[[], object]) -> int:
        during.append(signal.getsignal(signal.SIGINT))
        loaded()
        during.append(signal.getsignal(signal.SIGINT))
        return 0

    assert status(main, monkeypatch) == 0
    assert during[1] == handler
    assert (during[0] == handler) == (
        handler == signal.SIG_IGN
    )  # while modules are loaded, an interrupt ends it at once
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # the command is complete


def test_closed_streams_do_not_change_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert status(lambda **_: 4, monkeypatch) == 4
