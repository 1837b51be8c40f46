"""Read bytes from a named file or from standard input."""

import errno
import mmap
import os
import re
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, Literal, TypeAlias

from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.errors import InputError
from backprop_cli.messages import clean, listed, reason_of

STDIN = "-"
PROBLEM_SUFFIXES = (".json", ".npz", ".safetensors")  # of results, too
MATRIX_SUFFIXES = (".csv", ".tsv", ".json", ".npy", ".safetensors")
# What the first line of a table is: a header if it has only names, numbers, or a line that is passed over unread.
HeaderMode: TypeAlias = Literal["auto", "none", "skip"]

FIRST_CHUNK = 2**20  # bytes
CHUNK = 2**23  # large enough that the work done once for each chunk costs next to nothing
# How binary files begin: safetensors with the length of a header, less than 4 GB, and the header.
BEGINS = {".npy": rb"\x93NUMPY", ".npz": rb"PK", ".safetensors": rb"(?s:.{4})\0{4}\{"}
_PIPE_TIMEOUT = 0.5  # seconds until a writer must have opened a named pipe


class Mapped(mmap.mmap):
    """A file in memory that `zipfile` reads like an open file."""

    def seekable(self) -> bool:
        """Tell that it is; Python has this method from 3.13 on."""
        return True

    def seek(self, position: int, whence: Any = os.SEEK_SET) -> Any:
        """Go to a position; one outside of the file is an OSError, as it is for a file."""
        try:
            return super().seek(position, whence)
        except ValueError as error:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL)) from error


Data: TypeAlias = bytes | Mapped


def shown(path: str) -> str:
    """Return the name of a file for messages."""
    return "<stdin>" if path == STDIN else path


def suffix(path: str) -> str:
    """Return the lower-case ending that names a file's format, or nothing, as for a pipe.

    >>> suffix("folder.d/weights.CSV"), suffix("-")
    ('.csv', '')
    """
    return os.path.splitext(path)[1].lower()


def is_pipe(path: str) -> bool:
    """Tell whether a path is standard input, a pipe or a device, which can be read once only."""
    if path == STDIN:
        return True
    with suppress(OSError, ValueError):  # the error is raised when the file is read
        mode = os.stat(path).st_mode
        return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
    return False


def require_suffix(path: str, known: tuple[str, ...], hint: str | None) -> None:
    """Check that a file has one of the known endings, or none.

    Raises:
        InputError: It has another ending.
    """
    if suffix(path) not in ("", *known):
        raise InputError(f"unknown file type {suffix(path)!r} (expected {listed(known, 'or')})", hint=hint)


@contextmanager
def named(path: str) -> Iterator[None]:
    """Add the name of a file to every InputError of the block that names no file yet."""
    try:
        yield
    except InputError as error:
        raise error.at(shown(path)) from None


def read(path: str, hint: str | None = None) -> Data:
    """Return the bytes of a file, or of standard input if the path is `-`; a binary file is memory-mapped.

    Reading stops early when the content cannot be of the file's format: a pipe of a binary format with a wrong begin,
    or a text with a NUL. So a file without an end, such as /dev/zero, is refused too.

    Raises:
        InputError: The file cannot be read (with the hint), or it is a pipe without a writer.
    """
    begins = BEGINS.get(suffix(path))
    with _opened(path, hint) as (file, begin):
        if begins and _regular_size(file):  # an empty file cannot be mapped
            return Mapped(file.fileno(), 0, access=mmap.ACCESS_READ)
        content: list[bytes] = []
        for chunk in _chunks(file, begin):
            content.append(chunk)
            if not re.match(begins, content[0]) if begins else b"\0" in chunk:
                break
        return b"".join(content)


def mapped(path: str) -> Data:
    """Return the bytes of a regular file, which is memory-mapped.

    Raises:
        InputError: The file cannot be read, or is a pipe or a device.
    """
    with _opened(path, None) as (file, _):
        size = _regular_size(file)
        if size is None:
            raise InputError("expected a regular file", file=path)
        return Mapped(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""  # an empty file cannot be mapped


def chunks(path: str, hint: str | None = None, progress: Progress = no_progress) -> Iterator[bytes]:
    """Yield the bytes of a file, or of standard input if the path is `-`, in chunks; report progress to `progress`.

    Raises:
        InputError: As `read` does.
    """
    with _opened(path, hint) as (file, begin):
        size = None if path == STDIN else _regular_size(file)
        done = 0
        for chunk in _chunks(file, begin):
            done += len(chunk)
            progress(f"bytes of {clean(shown(path))}", done, size)
            yield chunk


def until_nul(content: Iterable[bytes]) -> bytes:
    """Return the bytes of a text; reading stops at a NUL, which no text has: it may be a device without an end."""
    read: list[bytes] = []
    for chunk in content:
        read.append(chunk)
        if b"\0" in chunk:
            break
    return b"".join(read)


@contextmanager
def _opened(path: str, hint: str | None) -> Iterator[tuple[BinaryIO, bytes]]:
    """Open a file or standard input, and yield it with the bytes that have been read from it already."""
    try:
        if path != STDIN:
            with open(path, "rb", opener=_open_without_waiting) as file:
                yield file, _first_bytes(file, path)
        elif sys.stdin is None:
            raise InputError("cannot read: standard input is closed", file=shown(path))
        else:
            yield sys.stdin.buffer, b""
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError(f"cannot read: {reason_of(error)}", file=shown(path), hint=hint) from error


def _open_without_waiting(path: str, flags: int) -> int:
    # Without O_NONBLOCK, opening a named pipe waits for a writer, possibly for ever.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _first_bytes(file: BinaryIO, path: str) -> bytes:
    """Wait for the writer of a named pipe, and return the bytes that it has written; later reads wait for data."""
    begin = b""
    if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
        end = time.monotonic() + _PIPE_TIMEOUT
        with suppress(BlockingIOError):  # a writer has opened the other end
            while not (begin := os.read(file.fileno(), FIRST_CHUNK)):
                if time.monotonic() > end:
                    hint = "start what writes to it first, or beside it with &"
                    raise InputError("cannot read: nobody writes to this pipe", file=path, hint=hint)
                time.sleep(0.01)
    if hasattr(os, "O_NONBLOCK"):  # pragma: no branch (all but Windows have it)
        os.set_blocking(file.fileno(), True)
    return begin


def _regular_size(file: BinaryIO) -> int | None:
    """Return the size of a regular file, or None for a pipe or a device."""
    status = os.fstat(file.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _chunks(file: BinaryIO, begin: bytes) -> Iterator[bytes]:
    """Yield what has been read already and the rest of a file, in chunks of one size; the last one is shorter."""
    raw = getattr(file, "raw", file)  # not buffered: that would make the end of the file look like a pause in a pipe
    parts, missing = [begin], FIRST_CHUNK - len(begin)
    while True:
        while missing and (data := _some_bytes(raw, missing)):
            parts.append(data)
            missing -= len(data)
        if any(parts):
            yield _joined(parts)
        if missing:
            return
        parts, missing = [], CHUNK


def _joined(parts: list[bytes]) -> bytes:
    """Join parts, and release them."""
    whole = b"".join(parts)
    parts.clear()
    return whole


def _some_bytes(raw: Any, size: int) -> bytes:
    """Wait for at least one byte, and return at most `size`, or none at the end of the file."""
    while (data := raw.read(size)) is None:  # there are none yet, and the file is set not to wait
        from select import select

        select([raw], [], [])
    return bytes(data)
