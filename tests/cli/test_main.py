"""The process starts and ends as a shell expects: an interrupt gives status 130, unless SIGINT is ignored.

What the second thread does to a process is tested in tests/process.
"""

import _thread
import atexit
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from backprop_cli.__main__ import run_process
from backprop_cli.cli import app as cli
from backprop_cli.cli import interrupts


@pytest.fixture(autouse=True)
def _keep_handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(_thread, "start_new_thread", lambda *_: None)
    monkeypatch.setattr(interrupts, "_outcome", _thread.allocate_lock())
    yield
    descriptor = signal.set_wakeup_fd(-1)
    if descriptor >= 0:
        os.close(descriptor)
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
    assert status(lambda: 3, monkeypatch) == 3


def test_an_interrupt_gives_status_130_after_the_actions_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The action that was added last comes first, and one that fails does not keep the others."""
    done: list[int] = []

    def interrupted() -> int:
        with (
            interrupts.at_interrupt(lambda: done.append(0)),
            interrupts.at_interrupt(lambda: 1 // 0),
            interrupts.at_interrupt(lambda: done.append(1)),
        ):
            with interrupts.at_interrupt(lambda: done.append(2)):
                pass
            signal.raise_signal(signal.SIGINT)
        return 0

    assert status(interrupted, monkeypatch) == 130
    assert done == [1, 0]


def test_an_interrupt_while_files_are_replaced_or_after_it_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    def completed() -> int:
        with interrupts.uninterrupted():
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        return 0

    assert status(completed, monkeypatch) == 0


def test_an_ignored_interrupt_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is under nohup."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def interrupted() -> int:
        signal.raise_signal(signal.SIGINT)
        with interrupts.uninterrupted():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        return 0

    assert status(interrupted, monkeypatch) == 0


def test_closed_streams_do_not_change_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert status(lambda: 4, monkeypatch) == 4


@pytest.mark.parametrize("limited", [True, False])
def test_a_second_thread_waits_for_the_signal_unless_memory_is_limited(
    monkeypatch: pytest.MonkeyPatch, limited: bool
) -> None:
    """It takes bytes that are no signal for none."""
    started: list[Any] = []
    monkeypatch.setattr(_thread, "start_new_thread", lambda *call: started.append(call))
    monkeypatch.setattr(interrupts, "is_limited", lambda: limited)
    monkeypatch.setattr(interrupts, "_PATIENCE", 0)
    monkeypatch.setattr(interrupts, "end", started.append)
    interrupts.install()
    assert len(started) == (not limited)
    for watch, (reading,) in tuple(started):
        writing = signal.set_wakeup_fd(-1)
        os.write(writing, b"ab" + bytes([signal.SIGINT]))
        watch(reading)
        os.close(writing)
        os.close(reading)
        assert started[1:] == [130]
