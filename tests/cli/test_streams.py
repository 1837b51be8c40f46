"""Standard output and standard error: everything is written, or an error says why not."""

import io
import select
import sys
from typing import Any

import pytest

from backprop_cli.cli import streams
from backprop_cli.errors import ClosedPipeError, InputError, OutputError


class Raw(io.RawIOBase):
    """A stream that takes three bytes at a time, or fails."""

    def __init__(self, refusal: OSError | None = None) -> None:
        self.taken = b""
        self._refusal = refusal

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self._refusal is not None:
            raise self._refusal
        self.taken += bytes(data[:3])
        return len(data[:3])


def replace_stdout(monkeypatch: pytest.MonkeyPatch, raw: Raw, encoding: str = "utf-8") -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding))


def test_all_of_a_text_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = Raw()
    replace_stdout(monkeypatch, raw, "ascii")
    streams.write_stdout("∂L and more\n")
    assert raw.taken == b"\\u2202L and more\n"


@pytest.mark.parametrize(
    ("refusal", "error", "said"),
    [
        (BrokenPipeError(), ClosedPipeError, "the reader of standard output went away"),
        (OSError(28, "No space left on device"), OutputError, "standard output: no space left on device"),
    ],
)
def test_a_failing_stream_is_an_error(
    monkeypatch: pytest.MonkeyPatch, refusal: OSError, error: type[Exception], said: str
) -> None:
    replace_stdout(monkeypatch, Raw(refusal))
    with pytest.raises(error, match=said):
        streams.write_stdout("text")


def test_a_missing_stdout_is_an_error_and_a_missing_stderr_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OutputError, match="standard output is closed"):
        streams.write_stdout("text")
    monkeypatch.setattr(sys, "stderr", None)
    streams.write_error(InputError("bad", hint="good"))


def test_an_error_without_a_hint_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    streams.write_error(InputError("bad"))
    streams.write_error(InputError("bad", hint="a\nb"))
    assert capsys.readouterr().err == "backprop: bad\nbackprop: bad\nhint: a\\nb\n"


def test_a_full_stream_that_is_set_not_to_wait_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written to only when it is ready: trying again and again would keep a processor busy."""
    told: list[str] = []

    class Full(Raw):
        def write(self, data: Any) -> int | None:  # type: ignore[override]
            told.append("write")
            return super().write(data) if told[-2:] == ["ready", "write"] else None

    monkeypatch.setattr(select, "select", lambda *_: told.append("ready"))
    raw = Full()
    replace_stdout(monkeypatch, raw)
    streams.write_stdout("abc\n")
    assert raw.taken == b"abc\n"
    assert told == ["write", "ready", "write"] * 2
