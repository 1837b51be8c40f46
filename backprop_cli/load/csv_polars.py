"""Numbers out of long texts with Polars, where it is installed (`pip install 'backprop-cli[fast]'`), on all cores.

It is asked only for what the plain way reads as well, to the same bits; whatever it refuses, or takes for missing, is
left to the plain way, and so are all errors.
"""

import importlib.util
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType

from backprop_cli.core.arrays import Array

WORTH_IT = 2**20  # bytes: a shorter text is read while Polars would still be loading
_BEGINS_A_ROW = frozenset(b"0123456789+-. ")
_MOST_COLUMNS = 4096  # each of which costs Polars some time and memory, however few rows there are


@cache
def is_installed() -> bool:
    """Tell whether Polars is there."""
    return importlib.util.find_spec("polars") is not None


def numbers(body: bytes, delimiter: str) -> Array | None:
    """Return the matrix in some lines of a table, or None where that takes a closer look."""
    width = body.count(delimiter.encode(), 0, body.find(b"\n")) + 1
    if width > _MOST_COLUMNS or not _is_only_a_table(body):
        return None
    with _interrupts_held():
        return _read(body, delimiter, width)


def _is_only_a_table(body: bytes) -> bool:
    """Tell whether nothing is there of what Polars takes for something else, or passes over.

    It unpacks what begins like an archive, even in ASCII, passes over a byte order mark, and takes no notice of a last
    delimiter that no newline follows.
    """
    return body.endswith(b"\n") and body[0] in _BEGINS_A_ROW


def _read(body: bytes, delimiter: str, width: int) -> Array | None:
    import polars

    schema = {f"{column}": polars.Float64() for column in range(width)}
    try:
        frame = polars.read_csv(body, has_header=False, separator=delimiter, quote_char=None, schema=schema)
    except (polars.exceptions.PolarsError, polars.exceptions.PanicException):
        return None
    if any(frame.null_count().row(0)):
        return None
    matrix: Array = frame.to_numpy(order="c")
    return matrix


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait for the end of the block: in the middle of Polars, it would be taken for a fault of it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    before = signal.signal(signal.SIGINT, lambda *interrupt: came.append(interrupt))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came and callable(before):
            before(*came[0])
