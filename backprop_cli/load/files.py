"""Read bytes from a named file or from standard input."""

import errno
import mmap
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, TypeAlias

from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.errors import InputError
from backprop_cli.messages import clean, listed, reason_of

STDIN = "-"
FIRST_CHUNK = 2**20  # bytes
CHUNK = 2**23  # large enough that the work done once for each chunk costs next to nothing
_MAGIC = {".npy": b"\x93NUMPY", ".npz": b"PK"}
_LONGEST_ARCHIVE_COMMENT = 2**16
_PIPE_TIMEOUT = 0.5  # seconds until a writer must have opened a named pipe


Data: TypeAlias = bytes | mmap.mmap


def shown(path: str) -> str:
    """Return the name of a file for messages."""
    return "<stdin>" if path == STDIN else path


def suffix(path: str) -> str:
    """Return the lower-case ending that names a file's format, or nothing, as for a pipe.

    >>> suffix("folder.d/weights.CSV"), suffix("-")
    ('.csv', '')
    """
    return os.path.splitext(path)[1].lower()


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


def read(path: str, hint: str | None = None) -> bytes:
    """Return the bytes of a file, or of standard input if the path is `-`.

    Reading stops early when the content cannot be of the file's format: an NPY or NPZ file with a wrong begin, an NPZ
    file with a wrong end, or a text with a NUL. So a file without an end, such as /dev/zero, is refused too.

    Raises:
        InputError: The file cannot be read (with the hint), or it is a pipe without a writer.
    """
    with _opened(path, hint) as (file, begin):
        if suffix(path) == ".npz" and _is_regular(file) and not _ends_like_an_archive(file):
            return file.read(len(_MAGIC[".npz"]))
        return _content(file, path, begin)


def mapped(path: str, hint: str | None = None) -> Data:
    """Return the bytes of a file: memory-mapped if it is a regular file, read as `read` does otherwise.

    Raises:
        InputError: As `read` does.
    """
    with _opened(path, hint) as (file, begin):
        if _is_regular(file) and os.fstat(file.fileno()).st_size:  # an empty file cannot be mapped
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return _content(file, path, begin)


def chunks(path: str, hint: str | None = None, progress: Progress = no_progress) -> Iterator[bytes]:
    """Yield the bytes of a file, or of standard input if the path is `-`, in chunks; report progress to `progress`.

    Raises:
        InputError: As `read` does.
    """
    with _opened(path, hint) as (file, begin):
        size = os.fstat(file.fileno()).st_size if path != STDIN and _is_regular(file) else None
        done = 0
        for chunk in _chunks(file, begin):
            done += len(chunk)
            progress(f"bytes of {clean(shown(path))}", done, size)
            yield chunk


@contextmanager
def _opened(path: str, hint: str | None) -> Iterator[tuple[BinaryIO, bytes]]:
    """Open a file or standard input, and yield it with the bytes that have been read from it already."""
    try:
        if path != STDIN:
            with open(path, "rb", opener=_open_without_waiting) as file:
                yield file, _wait_for_writer(file, path)
        elif sys.stdin is None:
            raise InputError("cannot read: standard input is closed", file=shown(path))
        else:
            yield sys.stdin.buffer, b""
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError(f"cannot read: {reason_of(error)}", file=shown(path), hint=hint) from error


def _open_without_waiting(path: str, flags: int) -> int:
    # Without O_NONBLOCK, opening a named pipe waits for a writer, possibly for ever.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _wait_for_writer(file: BinaryIO, path: str) -> bytes:
    """Return the first bytes of a named pipe, or nothing if the file is no pipe; make further reads wait for data."""
    begin = b""
    if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
        begin = _first_bytes(file.fileno(), path)
    if hasattr(os, "O_NONBLOCK"):  # pragma: no branch (all but Windows have it)
        os.set_blocking(file.fileno(), True)
    return begin


def _first_bytes(pipe: int, path: str) -> bytes:
    """Return the bytes that are in a named pipe: possibly none, if a writer has opened it."""
    end = time.monotonic() + _PIPE_TIMEOUT
    while time.monotonic() < end:
        try:
            if begin := os.read(pipe, FIRST_CHUNK):
                return begin
        except BlockingIOError:  # a writer has opened the other end
            return b""
        time.sleep(0.01)
    raise InputError(
        "cannot read: nobody writes to this pipe", file=path, hint="start what writes to it first, or beside it with &"
    )


def _is_regular(file: BinaryIO) -> bool:
    return stat.S_ISREG(os.fstat(file.fileno()).st_mode)


def _ends_like_an_archive(file: BinaryIO) -> bool:
    """Tell whether an archive's end record is there; only a comment may follow it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _LONGEST_ARCHIVE_COMMENT - 22, 0))
    found = b"PK\5\6" in file.read()
    file.seek(0)
    return found


def _content(file: BinaryIO, path: str, begin: bytes) -> bytes:
    """Return the bytes of a file, or their begin if they cannot be of its format."""
    magic = _MAGIC.get(suffix(path))
    content: list[bytes] = []
    for chunk in _chunks(file, begin):
        content.append(chunk)
        if b"\0" in chunk if magic is None else not content[0].startswith(magic):
            break
    return b"".join(content)


def _chunks(file: BinaryIO, begin: bytes) -> Iterator[bytes]:
    size = FIRST_CHUNK
    chunk = begin + _read(file, size)
    while chunk:
        yield chunk
        # A short chunk is the last: a terminal would need a second end of file.
        if len(chunk) < size:
            return
        size = CHUNK
        chunk = _read(file, size)


def _read(file: BinaryIO, size: int) -> bytes:
    data: bytes | None = file.read(size)
    if data is None:  # standard input is non-blocking and has no data
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return data
