"""Where bytes come from: a named file or standard input, and how they become text."""

import errno
import mmap
import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, TypeAlias

from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.errors import InputError
from backprop_cli.messages import clean, listed, reason_of

STDIN = "-"
_CHUNK = 2**20
_PIECE = 2**23  # large enough for what is done once for each of them to cost next to nothing
_MAGIC = {".npy": b"\x93NUMPY", ".npz": b"PK"}
_LONGEST_COMMENT = 2**16  # in an archive
_PATIENCE = 0.5  # seconds for somebody to begin to write to a named pipe


Data: TypeAlias = bytes | mmap.mmap


def shown(path: str) -> str:
    """Return how a path is called in messages."""
    return "<stdin>" if path == STDIN else path


def read(path: str, hint: str | None = None) -> bytes:
    """Return the bytes of a file, or of standard input where the path is `-`.

    What cannot be of its format is not read to its end, which it may not have: a text with a NUL in it, or an NPY or
    NPZ file that does not begin like one, or an NPZ file that does not end like one.

    Raises:
        InputError: It cannot be read, with the hint, if there is one for that; or it is a pipe to which nobody writes.
    """
    with _refusal_named(path, hint):
        if path != STDIN:
            with open(path, "rb", opener=_open_at_once) as file:
                return _read_file(file, path)
        if sys.stdin is None:
            raise InputError("cannot read: standard input is closed", file=shown(path))
        return _read_on(sys.stdin.buffer)


def pieces(path: str, hint: str | None = None, progress: Progress = no_progress) -> Iterator[bytes]:
    """Yield the bytes of a file, or of standard input where the path is `-`, some at a time; `progress` counts them.

    Raises:
        InputError: As `read` does.
    """
    with _refusal_named(path, hint):
        if path != STDIN:
            with open(path, "rb", opener=_open_at_once) as file:
                size = os.fstat(file.fileno()).st_size if _is_regular(file) else None
                yield from _counted(_pieces(file, _ready(file, path)), shown(path), size, progress)
        elif sys.stdin is None:
            raise InputError("cannot read: standard input is closed", file=shown(path))
        else:
            yield from _counted(_pieces(sys.stdin.buffer), shown(path), None, progress)


def mapped(path: str, hint: str | None = None) -> Data:
    """Return the bytes of a file, each of them read only when it is looked at, where the file is a regular one.

    Raises:
        InputError: As `read` does.
    """
    with _refusal_named(path, hint), open(path, "rb", opener=_open_at_once) as file:
        if _is_regular(file) and os.fstat(file.fileno()).st_size:  # nothing cannot be mapped
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return _read_file(file, path)


@contextmanager
def _refusal_named(path: str, hint: str | None) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError(f"cannot read: {reason_of(error)}", file=shown(path), hint=hint) from error


def _is_regular(file: BinaryIO) -> bool:
    return stat.S_ISREG(os.fstat(file.fileno()).st_mode)


def _ready(file: BinaryIO, path: str) -> bytes:
    """Make sure that a file can be read, and return what had to be read of it for that."""
    begin = b""
    if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
        begin = _first_bytes(file.fileno(), path)
    if hasattr(os, "O_NONBLOCK"):  # pragma: no branch (all but Windows have it)
        os.set_blocking(file.fileno(), True)
    return begin


def _pieces(file: BinaryIO, begin: bytes = b"") -> Iterator[bytes]:
    size = _CHUNK
    piece = begin + _read(file, size)
    while piece:
        yield piece
        # A short piece is the last: to ask a terminal for more would take another end of file.
        if len(piece) < size:
            return
        size = _PIECE
        piece = _read(file, size)


def _counted(some: Iterable[bytes], name: str, size: int | None, progress: Progress) -> Iterator[bytes]:
    done = 0
    for piece in some:
        done += len(piece)
        progress(f"bytes of {clean(name)}", done, size)
        yield piece


def _read_file(file: BinaryIO, path: str) -> bytes:
    begin = _ready(file, path)
    if suffix(path) == ".npz" and _is_regular(file) and not _ends_like_an_archive(file):
        return file.read(len(_MAGIC[".npz"]))
    return _read_on(file, _MAGIC.get(suffix(path)), begin)


def _ends_like_an_archive(file: BinaryIO) -> bool:
    """Tell whether the record with which an archive ends is there; nothing but a comment may follow it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _LONGEST_COMMENT - 22, 0))
    found = b"PK\5\6" in file.read()
    file.seek(0)
    return found


def _open_at_once(path: str, flags: int) -> int:
    return os.open(
        path, flags | getattr(os, "O_NONBLOCK", 0)
    )  # to open a pipe would wait for a writer, if need be for ever


def _first_bytes(pipe: int, path: str) -> bytes:
    """Return what somebody has written to a named pipe, which may be nothing yet."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            if begin := os.read(pipe, _CHUNK):
                return begin
        except BlockingIOError:  # somebody holds the other end
            return b""
        time.sleep(0.01)
    raise InputError(
        "cannot read: nobody writes to this pipe", file=path, hint="start what writes to it first, or beside it with &"
    )


def _read(file: BinaryIO, size: int) -> bytes:
    data: bytes | None = file.read(size)
    if data is None:  # standard input that somebody has set not to wait
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return data


def _read_on(file: BinaryIO, magic: bytes | None = None, begin: bytes = b"") -> bytes:
    chunks = [begin + _read(file, _CHUNK)]
    if magic is not None and not chunks[0].startswith(magic):
        return chunks[0]
    # A short chunk is the last: to ask a terminal for more would take another end of file.
    while len(chunks[-1]) >= _CHUNK and (magic is not None or b"\0" not in chunks[-1]):
        chunks.append(_read(file, _CHUNK))
    return b"".join(chunks)


def suffix(path: str) -> str:
    """Return the lower-case ending that names a file's format, or nothing, as for a pipe.

    >>> suffix("folder.d/weights.CSV"), suffix("-")
    ('.csv', '')
    """
    return os.path.splitext(path)[1].lower()


@contextmanager
def _named(path: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise error.at(shown(path)) from None


def _require_suffix(path: str, known: tuple[str, ...], hint: str | None) -> None:
    if suffix(path) not in ("", *known):
        raise InputError(f"unknown file type {suffix(path)!r} (expected {listed(known, 'or')})", hint=hint)
