"""Where bytes come from: a named file or standard input, and how they become text."""

import sys
from typing import BinaryIO

from backprop_cli.errors import InputError
from backprop_cli.text import reason_of, suffix

STDIN = "-"
_CHUNK = 2**20
_MAGIC = {".npy": b"\x93NUMPY", ".npz": b"PK"}
_ENCODINGS_BY_MARK = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def shown(path: str) -> str:
    """Return how a path is called in messages."""
    return "<stdin>" if path == STDIN else path


def read(path: str, hint: str | None = None) -> bytes:
    """Return the bytes of a file, or of standard input where the path is `-`.

    What cannot be of its format is not read to its end, which it may not have: a text with a NUL in it, or an NPY or
    NPZ file that does not begin like one.

    Raises:
        InputError: It cannot be read; with the hint, if there is one for that.
    """
    try:
        if path != STDIN:
            with open(path, "rb") as file:
                return _read_on(file, _MAGIC.get(suffix(path)))
        if sys.stdin is None:
            raise InputError("cannot read: standard input is closed", file=shown(path))
        return _read_on(sys.stdin.buffer, None)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise InputError(f"cannot read: {reason_of(error)}", file=shown(path), hint=hint) from error


def _read_on(file: BinaryIO, magic: bytes | None) -> bytes:
    chunks = [file.read(_CHUNK)]
    if magic is not None and not chunks[0].startswith(magic):
        return chunks[0]
    # A short chunk is the last: to ask a terminal for more would take another end of file.
    while len(chunks[-1]) == _CHUNK and (magic is not None or b"\0" not in chunks[-1]):
        chunks.append(file.read(_CHUNK))
    return b"".join(chunks)


def decode(data: bytes) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark, every line end made a newline.

    Raises:
        InputError: It is not UTF-8 text, at the line and byte column named.
    """
    marked = next((name for mark, name in _ENCODINGS_BY_MARK.items() if data.startswith(mark)), None)
    if marked:
        raise InputError(f"expected UTF-8 text, got {marked}", hint=f"iconv -f {marked} -t UTF-8 converts it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_text(error.object, error.start, hint="iconv -f LATIN1 -t UTF-8 may convert it") from None
    if "\0" in text:
        raise _not_text(data, data.index(0))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _not_text(data: bytes, at: int, hint: str | None = None) -> InputError:
    before = data[:at].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return InputError(
        f"expected UTF-8 text, got the byte 0x{data[at]:02x}",
        line=before.count(b"\n") + 1,
        column=len(before) - (before.rfind(b"\n") + 1) + 1,
        hint=hint,
    )
