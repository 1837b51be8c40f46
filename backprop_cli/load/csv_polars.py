"""Read long CSV text with Polars, on all cores, if it is installed (`pip install 'backprop-cli[fast]'`).

Polars reads the same numbers as NumPy, to the last bit. Text that it refuses, or finds missing values in, is read again
in the plain way, which also finds all errors.
"""

import importlib.util
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType

from backprop_cli.core.arrays import Array

WORTH_IT = 2**20  # bytes: NumPy has read a shorter text before Polars is loaded
_BEGINS_A_ROW = frozenset(b"0123456789+-. ")
_MOST_COLUMNS = 4096  # each costs Polars time and memory, however few rows there are


@cache
def is_installed() -> bool:
    """Tell whether Polars is installed."""
    return importlib.util.find_spec("polars") is not None


def numbers(body: bytes, delimiter: str) -> Array | None:
    """Return the matrix (n_rows, n_columns) in some lines of a table, float64, or None if they need a closer look.

    Some text is left to NumPy because Polars reads it differently: Polars unpacks text that begins like an archive,
    even in ASCII; it skips a byte order mark, and a delimiter at the end of a text without a last newline.
    """
    width = body.count(delimiter.encode(), 0, body.find(b"\n")) + 1
    if width > _MOST_COLUMNS or not body.endswith(b"\n") or body[0] not in _BEGINS_A_ROW:
        return None
    with _interrupts_held():
        import polars

        schema = {f"{column}": polars.Float64() for column in range(width)}
        try:
            frame = polars.read_csv(body, has_header=False, separator=delimiter, quote_char=None, schema=schema)
        except (polars.exceptions.PolarsError, polars.exceptions.PanicException):
            return None
        return None if any(frame.null_count().row(0)) else frame.to_numpy(order="c")


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Delay Ctrl-C until the end of the block: Polars would report it as a failure of its own."""
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
