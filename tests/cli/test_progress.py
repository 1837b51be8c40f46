"""The progress bar: only at a terminal, only for long work, erased at the end."""

import io
import re
import sys
from types import SimpleNamespace

import pytest

from backprop_cli.cli import interrupts, progress
from backprop_cli.cli.progress import progress_bar
from backprop_cli.core.progress import no_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Replace standard error by a terminal; a fixture cannot, for pytest replaces it again before the test."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return stream


def test_short_work_shows_no_bar_and_long_work_one_that_changes_ten_times_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal, clock = a_terminal(monkeypatch), SimpleNamespace(now=100.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: clock.now))
    with progress_bar(quiet=False) as report:
        for now, shown in ((100.0, 0), (100.99, 0), (101.01, 1), (101.1, 1), (101.12, 2), (101.21, 2), (101.23, 3)):
            clock.now = now
            report("rows", round(100 * now), None)
            assert len(set(re.findall(r"10,\d+ rows", terminal.getvalue()))) == shown


def test_long_work_shows_a_bar_and_erases_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    monkeypatch.setattr(progress, "_DELAY", 0)
    monkeypatch.setattr(progress, "_INTERVAL", 0)
    with progress_bar(quiet=False) as report:
        for done in (1000, 2000, 4000):
            report("bytes of a[b].csv", done, None)
        report("rows", 5, 10)
        report("rows", 10, 10)
    shown = terminal.getvalue()
    for words in ("4,000 bytes of a[b].csv", "10 rows", "100%", "a second"):
        assert words in shown
    assert shown.endswith("\x1b[2K")


@pytest.mark.parametrize("why", ["quiet", "no terminal", "no stream", "dumb"])
def test_no_bar_without_a_reader(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    terminal = a_terminal(monkeypatch)
    if why == "no terminal":
        monkeypatch.setattr(sys, "stderr", io.StringIO())
    elif why == "no stream":
        monkeypatch.setattr(sys, "stderr", None)
    elif why == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    with progress_bar(quiet=why == "quiet") as report:
        assert report is no_progress
        report("rows", 1, 2)
    assert terminal.getvalue() == ""


def test_a_terminal_that_takes_no_more_does_not_end_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(Terminal):
        def write(self, _: str) -> int:
            raise BlockingIOError

    a_terminal(monkeypatch)
    monkeypatch.setattr(sys, "stderr", Full())
    monkeypatch.setattr(progress, "_DELAY", 0)
    monkeypatch.setattr(progress, "_INTERVAL", 0)
    with progress_bar(quiet=False) as report:
        for done in (1, 2, 3):
            report("rows", done, 3)


def test_ctrl_c_erases_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends without leaving the block."""
    terminal = a_terminal(monkeypatch)
    monkeypatch.setattr(progress, "_DELAY", 0)
    with progress_bar(quiet=False) as report:
        report("rows", 1, 2)
        assert not terminal.getvalue().endswith("\x1b[2K")
        for action in interrupts._actions:
            action()
        assert terminal.getvalue().endswith("\x1b[2K")
