"""Where bytes come from: a named file or standard input, and how they become text."""

import errno
import mmap
import os
import re
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, TypeAlias

from backprop_cli.core.progress import Watch, unwatched
from backprop_cli.errors import InputError
from backprop_cli.messages import clean, reason_of, suffix

STDIN = "-"
_CHUNK = 2**20
_PIECE = 2**23  # large enough for what is done once for each of them to cost next to nothing
_MAGIC = {".npy": b"\x93NUMPY", ".npz": b"PK"}
_LONGEST_CELL = 2**17  # which is as far as the csv module reads for the end of a quote
_LONGEST_COMMENT = 2**16  # in an archive
_PATIENCE = 0.5  # seconds for somebody to begin to write to a named pipe
_ENCODINGS_BY_MARK = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


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


def pieces(path: str, hint: str | None = None, watch: Watch = unwatched) -> Iterator[bytes]:
    """Yield the bytes of a file, or of standard input where the path is `-`, some at a time, and tell `watch` of it.

    Raises:
        InputError: As `read` does.
    """
    with _refusal_named(path, hint):
        if path != STDIN:
            with open(path, "rb", opener=_open_at_once) as file:
                size = os.fstat(file.fileno()).st_size if _is_regular(file) else None
                yield from _watched(_pieces(file, _ready(file, path)), shown(path), size, watch)
        elif sys.stdin is None:
            raise InputError("cannot read: standard input is closed", file=shown(path))
        else:
            yield from _watched(_pieces(sys.stdin.buffer), shown(path), None, watch)


def whole_rows(some: Iterable[bytes], delimiter: str) -> Iterator[bytes]:
    """Yield the same bytes cut between rows of CSV: at the end of a line that is in no quotes, before empty lines.

    A NUL, which no text has, is yielded as soon as it is found, and so is a quoted cell that is longer than any may be.
    """
    between = re.escape(delimiter.encode())
    quoted = re.compile(rb'(?:\A|(?<=\A\xef\xbb\xbf)|(?<=[\r\n%s]))"[^"]*(?:""[^"]*)*("?)' % between)
    rest = b""  # empty lines and the begin of a row, so that unquoted rows end in the next piece
    for piece in some:
        if b"\0" in piece:
            yield rest + piece
            return
        has_quotes = b'"' in piece or b'"' in rest
        end = 0 if has_quotes else _before_empty_lines(piece, piece.rfind(b"\n") + 1)
        if end:
            yield b"".join((rest, memoryview(piece)[:end]))  # one copy, where slices would be two
            rest = piece[end:]
            continue
        data = rest + piece
        end = _before_empty_lines(data, _end_of_rows(data, quoted))
        if end:
            yield data[:end]
        rest = data[end:]
    if rest:
        yield rest


def _before_empty_lines(data: bytes, end: int) -> int:
    """Return where the last line before `end` ends that is not empty, whatever its end is."""
    while end and data[end - 1] in b"\r\n":
        begin = max(end - 2**16, 0)
        end = begin + len(data[begin:end].rstrip(b"\r\n"))
    if not end:
        return 0
    return end + (2 if data.startswith(b"\r\n", end) else 1)


def _end_of_rows(data: bytes, quoted: re.Pattern[bytes]) -> int:
    """Return where the last line ends that is in no quotes; data begins with a row."""
    end = data.rfind(b"\n") + 1
    cells = list(quoted.finditer(data)) if end and b'"' in data else []  # to look for them takes long
    for cell in reversed(cells):
        is_open = not cell[1]
        if is_open and cell.end() - cell.start() > _LONGEST_CELL:
            return end  # and let the error be found
        if cell.start() < end and (end <= cell.end() or is_open):
            end = data.rfind(b"\n", 0, cell.start()) + 1
        elif cell.end() < end:
            break
    return end


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


def _watched(some: Iterable[bytes], name: str, size: int | None, watch: Watch) -> Iterator[bytes]:
    done = 0
    for piece in some:
        done += len(piece)
        watch(f"bytes of {clean(name)}", done, size)
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


def normalized(data: bytes, first_line: int = 1) -> bytes:
    """Return the bytes of a UTF-8 file without a byte order mark, every line end made a newline.

    Raises:
        InputError: As `decode` does.
    """
    if data.isascii() and b"\0" not in data and b"\r" not in data:
        return data  # which most tables are, and a long one need not become text for it
    return decode(data, first_line).encode()


def decode(data: bytes, first_line: int = 1) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark, every line end made a newline.

    What begins with another line than the first is a part of a file, where no mark is looked for.

    Raises:
        InputError: It is not UTF-8 text, at the line and byte column named.
    """
    begins = first_line == 1
    marked = next((name for mark, name in _ENCODINGS_BY_MARK.items() if data.startswith(mark)), None)
    if begins and marked:
        raise InputError(f"expected UTF-8 text, got {marked}", hint=f"iconv -f {marked} -t UTF-8 converts it")
    try:
        text = data.decode("utf-8-sig" if begins else "utf-8")
    except UnicodeDecodeError as error:
        hint = "iconv -f LATIN1 -t UTF-8 may convert it"
        raise _not_text(error.object, error.start, first_line, hint) from None
    if "\0" in text:
        raise _not_text(data, data.index(0), first_line)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _not_text(data: bytes, at: int, first_line: int, hint: str | None = None) -> InputError:
    before = data[:at].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return InputError(
        f"expected UTF-8 text, got the byte 0x{data[at]:02x}",
        line=before.count(b"\n") + first_line,
        column=len(before) - (before.rfind(b"\n") + 1) + 1,
        hint=hint,
    )
