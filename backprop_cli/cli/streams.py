"""Writing to standard output and standard error."""

import _thread
import contextlib
import sys
from collections.abc import Iterable
from typing import TextIO

from backprop_cli.errors import BackpropError, ClosedPipeError, OutputError
from backprop_cli.messages import clean, reason_of

redirecting = _thread.RLock()  # held while the streams of the process, for all its threads, are replaced


def write_stdout(text: str | Iterable[str], *, encoding: str | None = None) -> None:
    """Write text, whole or in parts, to standard output; characters that its encoding lacks are escaped.

    Formats that set an encoding have that one, in place of the one of standard output.

    Raises:
        OutputError: It could not be written.
        ClosedPipeError: The reader has closed the pipe.
    """
    with redirecting:
        stream = sys.stdout
    if stream is None:
        raise OutputError("cannot write: standard output is closed")
    try:
        stream.flush()
        for part in [text] if isinstance(text, str) else text:
            _write(stream, part, encoding)
    except BrokenPipeError:
        raise ClosedPipeError("the reader of standard output went away") from None
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write to standard output: {reason_of(error)}") from error


def _write(stream: TextIO, text: str, encoding: str | None = None) -> None:
    if not hasattr(stream, "buffer"):  # a program has replaced it by a text stream
        stream.write(text)
        return
    # Not through the buffer: Python flushes it at exit, and reports a failure a second time.
    raw = getattr(stream.buffer, "raw", stream.buffer)
    rest = memoryview(text.encode(encoding or stream.encoding, "backslashreplace"))
    while rest:
        taken = raw.write(rest)
        if taken is None:  # it is full, and set not to wait
            from select import select

            select([], [raw], [])
        rest = rest[taken or 0 :]


def write_stderr(line: str) -> None:
    """Write a line to standard error, and ignore a failure: the exit status still reports the error.

    GitHub's runner would take `##[` in a name for the begin of a command.
    """
    with redirecting:
        stream = sys.stderr
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
            _write(stream, line.replace("##[", r"##\x5b") + "\n")


def write_notes(notes: Iterable[str], *, quiet: bool) -> None:
    """Write notes on what was read to standard error, unless the user wants none."""
    for note in () if quiet else notes:
        write_stderr(clean(f"backprop: {note}"))


def write_error(error: BackpropError) -> None:
    """Write an error to standard error, as one line, and its hint, if any, as another."""
    write_stderr(f"backprop: {error}")
    if error.hint:
        write_stderr(f"hint: {clean(error.hint)}")
