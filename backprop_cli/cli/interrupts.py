"""Ctrl-C ends the process at once, with status 130, and leaves nothing half-written.

Python calls a signal handler between two steps of the main thread, which is too late in a long call of NumPy. Therefore
a second thread waits for the signal too, and ends the process when the main thread does not.
"""

import _thread
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from backprop_cli.core.memory import is_limited
from backprop_cli.errors import ExitStatus

_PATIENCE = 0.05  # seconds that the second thread leaves to the main one

# Taken by what decides how the process ends, an interrupt or the replacement of files; not released afterwards.
_outcome = _thread.allocate_lock()
_actions: list[Callable[[], object]] = []


def install() -> None:
    """Let SIGINT end the process from now on; only the main thread of a process of our own may call this."""
    signal.signal(signal.SIGINT, _interrupted)
    if os.name == "posix" and not is_limited():  # the C library maps 64 MB for a thread
        with suppress(OSError, RuntimeError):  # no more descriptors or threads: the same
            reading, writing = os.pipe()
            os.set_blocking(writing, False)
            signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
            _thread.start_new_thread(_watch, (reading,))


@contextmanager
def at_interrupt(action: Callable[[], object]) -> Iterator[None]:
    """Call an action if Ctrl-C ends the process in the block."""
    _actions.append(action)
    try:
        yield
    finally:
        _actions.remove(action)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C in the block; after `install` also from then on, as the block is the last that the process does."""
    before: Any = None
    with suppress(ValueError):  # only the main thread can
        before = signal.signal(signal.SIGINT, ignored)
    if before is _interrupted:
        _outcome.acquire()  # waits for ever if the second thread is ending the process
    try:
        yield
    finally:
        if before not in (None, _interrupted):
            signal.signal(signal.SIGINT, before)


def end(status: int) -> None:
    """End the process like `sys.exit`, without the clean-up of the interpreter."""
    import atexit

    atexit._run_exitfuncs()
    os._exit(status)


def ignored(*_: object) -> None:
    """Handle a signal by doing nothing; after SIG_IGN, Python would report one that has come just before."""


def _interrupted(*_: object) -> None:
    _outcome.acquire()
    for action in reversed(_actions):
        with suppress(Exception):
            action()
    end(ExitStatus.INTERRUPTED)


def _watch(reading: int) -> None:
    while os.read(reading, 1) != bytes([signal.SIGINT]):
        pass
    time.sleep(_PATIENCE)
    _interrupted()
