"""Properties of standard output: colour by NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE, width, characters."""

import io
import sys
from typing import Any

import pytest

from backprop_cli.cli.terminal import look, takes_ascii_only, wants_color


class Stream(io.TextIOWrapper):
    def __init__(self, *, terminal: bool = True, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.parametrize(
    ("option", "env", "on_terminal", "off_terminal"),
    [
        ("auto", {}, True, False),
        ("auto", {"TERM": "dumb"}, False, False),
        ("auto", {"NO_COLOR": "1"}, False, False),
        ("auto", {"NO_COLOR": ""}, True, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
        ("auto", {"FORCE_COLOR": "1"}, True, True),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"FORCE_COLOR": "false"}, False, False),
        ("auto", {"FORCE_COLOR": ""}, True, False),
        ("auto", {"FORCE_COLOR": "0", "CLICOLOR_FORCE": "1"}, False, False),
        ("auto", {"CLICOLOR_FORCE": "1"}, True, True),
        ("auto", {"CLICOLOR_FORCE": "0"}, True, False),
        ("auto", {"CLICOLOR_FORCE": ""}, True, False),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, True, True),
        ("never", {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}, False, False),
    ],
    ids=str,
)
def test_color_is_decided_by_option_environment_and_terminal(
    monkeypatch: pytest.MonkeyPatch, option: Any, env: dict[str, str], on_terminal: bool, off_terminal: bool
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    for terminal, colored in ((True, on_terminal), (False, off_terminal)):
        monkeypatch.setattr(sys, "stdout", Stream(terminal=terminal))
        assert wants_color(option) is colored


def test_no_color_without_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert wants_color("auto") is False
    assert takes_ascii_only() is True


@pytest.mark.parametrize(
    ("encoding", "ascii_only"),
    [("utf-8", False), ("ascii", True), ("latin-1", True), ("cp1252", True), ("cp437", False)],
)
def test_lines_are_drawn_if_the_encoding_has_them(
    monkeypatch: pytest.MonkeyPatch, encoding: str, ascii_only: bool
) -> None:
    monkeypatch.setattr(sys, "stdout", Stream(encoding=encoding))
    assert takes_ascii_only() is ascii_only


def test_a_stream_without_an_encoding_is_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert takes_ascii_only() is True


def test_columns_sets_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "123")
    assert look("never").width == 123
