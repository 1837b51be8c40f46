"""Decode UTF-8 text, and make every line end a newline."""

from backprop_cli.errors import InputError

_ENCODINGS_BY_MARK = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def normalized(data: bytes, first_line: int = 1) -> bytes:
    """Return UTF-8 text without a byte order mark, every line end made a newline.

    Raises:
        InputError: As `decode` does.
    """
    if data.isascii() and b"\0" not in data and b"\r" not in data:
        return data  # true of most tables; decoding a long one takes time
    return decode(data, first_line).encode()


def decode(data: bytes, first_line: int = 1) -> str:
    """Return UTF-8 text without a byte order mark, every line end made a newline.

    `first_line` is the number of the first line in its file; a byte order mark may stand in line 1 only.

    Raises:
        InputError: The data is not UTF-8 text; line and byte column are named.
    """
    begins = first_line == 1
    for mark, encoding in _ENCODINGS_BY_MARK.items():
        if begins and data.startswith(mark):
            raise InputError(f"expected UTF-8 text, got {encoding}", hint=f"iconv -f {encoding} -t UTF-8 converts it")
    try:
        text = data.decode("utf-8-sig" if begins else "utf-8")
        at, hint = data.find(0), None
    except UnicodeDecodeError as error:
        data, at, hint = error.object, error.start, "iconv -f LATIN1 -t UTF-8 may convert it"
    if at >= 0:
        before = data[:at].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        line, column = before.count(b"\n") + first_line, len(before) - before.rfind(b"\n")
        reason = f"expected UTF-8 text, got the byte 0x{data[at]:02x}"
        raise InputError(reason, line=line, column=column, hint=hint)
    return text.replace("\r\n", "\n").replace("\r", "\n")
