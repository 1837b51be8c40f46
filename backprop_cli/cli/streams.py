"""What the process writes to standard output and standard error."""

import contextlib
import sys
from collections.abc import Iterable
from typing import TextIO

from backprop_cli.errors import BackpropError, ClosedPipeError, OutputError
from backprop_cli.messages import clean, reason_of


def write_stdout(text: str | Iterable[str]) -> None:
    """Write text, whole or in pieces, to standard output, what its encoding lacks as escapes, and see it through.

    Raises:
        OutputError: It could not be written.
        ClosedPipeError: The reader went away.
    """
    stream = sys.stdout
    if stream is None:
        raise OutputError("cannot write: standard output is closed")
    try:
        stream.flush()
        for piece in [text] if isinstance(text, str) else text:
            _write_piece(stream, piece)
    except BrokenPipeError:
        raise ClosedPipeError("the reader of standard output went away") from None
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write to standard output: {reason_of(error)}") from error


def _write_piece(stream: TextIO, piece: str) -> None:
    if not hasattr(stream, "buffer"):  # a text stream that a program has put in its place
        stream.write(piece)
        return
    # Below the buffer, which would try once more at exit, and fail there with a message of its own.
    raw = getattr(stream.buffer, "raw", stream.buffer)
    rest = memoryview(piece.encode(stream.encoding, "backslashreplace"))
    while rest:
        rest = rest[raw.write(rest) or 0 :]


def write_stderr(line: str) -> None:
    """Write a line to standard error, if there is one: where messages cannot go, the exit status still speaks."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()


def write_error(error: BackpropError) -> None:
    """Say on standard error what is wrong, in one line, and a hint in another if there is one."""
    write_stderr(f"backprop: {error}")
    if error.hint:
        write_stderr(f"hint: {clean(error.hint)}")
