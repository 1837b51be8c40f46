"""A progress bar on standard error, for terminals and computations of more than a second."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from backprop_cli.cli.interrupts import at_interrupt
from backprop_cli.core.progress import Progress, no_progress

if TYPE_CHECKING:
    from rich import progress as rich_progress

_DELAY = 1.0  # seconds before the bar appears
_INTERVAL = 0.1  # seconds between two updates


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Progress]:
    """Yield the progress callback for the work in the block, and erase the bar after it."""
    if quiet or sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield no_progress
        return
    bar = _Bar()
    with at_interrupt(bar.erase):
        try:
            yield bar.update
        finally:
            bar.erase()


class _Bar:
    def __init__(self) -> None:
        self._next = time.monotonic() + _DELAY
        self._shown: rich_progress.Progress | None = None
        self._tasks: dict[str, rich_progress.TaskID] = {}

    def update(self, what: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _INTERVAL
        with suppress(OSError):  # the terminal is gone, or takes no more just now
            if self._shown is None:
                self._shown = _started()
            if what not in self._tasks:
                self._tasks[what] = self._shown.add_task(what, total=total)
            self._shown.update(self._tasks[what], completed=done)
            self._shown.refresh()

    def erase(self) -> None:
        if self._shown is not None:
            with suppress(OSError):
                self._shown.stop()


def _started() -> "rich_progress.Progress":
    from rich import progress as rich_progress
    from rich.console import Console
    from rich.text import Text

    class Rate(rich_progress.ProgressColumn):
        def render(self, task: rich_progress.Task) -> Text:
            return Text(f"{task.speed:,.0f} a second" if task.speed else "")

    bar = rich_progress.Progress(
        rich_progress.TextColumn("{task.completed:,.0f} {task.description}", markup=False),
        rich_progress.BarColumn(),
        rich_progress.TaskProgressColumn(),
        Rate(),
        rich_progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        auto_refresh=False,  # no second thread: each update refreshes the bar
    )
    bar.start()
    return bar
