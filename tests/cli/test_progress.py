"""The bar is for a terminal, for long work, and gone in the end."""

import io
import sys

import pytest

from backprop_cli.cli import progress
from backprop_cli.cli.progress import watching
from backprop_cli.core.progress import unwatched


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return what standard error is from now on; not as a fixture, after which pytest would put its own in place."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return stream


def test_nothing_is_shown_of_short_work(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    with watching(quiet=False) as watch:
        watch("rows", 1, 2)
    assert terminal.getvalue() == ""


def test_long_work_is_shown_and_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    monkeypatch.setattr(progress, "_BETWEEN", 0)
    with watching(quiet=False) as watch:
        for done in (1000, 2000, 4000):
            watch("bytes of a[b].csv", done, None)
        watch("rows", 5, 10)
        watch("rows", 10, 10)
    shown = terminal.getvalue()
    for words in ("4,000 bytes of a[b].csv", "10 rows", "100%", "a second"):
        assert words in shown
    assert shown.endswith("\x1b[2K")


@pytest.mark.parametrize("why", ["quiet", "no terminal", "no stream", "dumb"])
def test_nobody_watches(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    terminal = a_terminal(monkeypatch)
    if why == "no terminal":
        monkeypatch.setattr(sys, "stderr", io.StringIO())
    elif why == "no stream":
        monkeypatch.setattr(sys, "stderr", None)
    elif why == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    with watching(quiet=why == "quiet") as watch:
        assert watch is unwatched
        watch("rows", 1, 2)
    assert terminal.getvalue() == ""
