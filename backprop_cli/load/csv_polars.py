"""Read long CSV text with Polars, on all cores, if it is installed (`pip install 'backprop-cli[fast]'`).

Polars reads the same numbers as NumPy, to the last bit. Text that it refuses, or finds missing values in, is read again
in the plain way, which also finds all errors; so is all text if Polars cannot be loaded.
"""

import importlib.util
import os
import re
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from backprop_cli.core.arrays import Array
from backprop_cli.core.memory import is_limited

WORTH_IT = 2**20  # bytes: NumPy has read a shorter text before Polars is loaded
_BEGINS_A_ROW = frozenset(b"0123456789+-. ")
_MOST_COLUMNS = 4096  # each costs Polars time and memory, however few rows there are


@cache
def is_installed() -> bool:
    """Tell whether Polars is installed, and nothing makes it end the process, or report a panic of its own.

    It ends the process where it cannot get memory, so it is not used under a limit. It panics at unexpected values of
    its environment variables, of which only the number of threads is a matter for one file.
    """
    settings = {name: value for name, value in os.environ.items() if name.startswith("POLARS_")}
    is_plain = re.fullmatch("[1-9][0-9]{0,2}", settings.pop("POLARS_MAX_THREADS", "1")) and not settings
    return bool(is_plain) and not is_limited() and importlib.util.find_spec("polars") is not None


def numbers(body: bytes, delimiter: str) -> Array | None:
    """Return the matrix (n_rows, n_columns) in some lines of a table, float64, or None if they need a closer look.

    Some text is left to NumPy because Polars reads it differently: Polars unpacks text that begins like an archive,
    even in ASCII; it skips a byte order mark, and a delimiter at the end of a text without a last newline.
    """
    width = body.count(delimiter.encode(), 0, body.find(b"\n")) + 1
    if width > _MOST_COLUMNS or not body.endswith(b"\n") or body[0] not in _BEGINS_A_ROW:
        return None
    try:
        with _interrupts_held():
            return _read(body, delimiter, width)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 (a panic of Rust is no Exception, and a damaged installation raises anything)
        return None


def _read(body: bytes, delimiter: str, width: int) -> Array | None:
    with warnings.catch_warnings(action="ignore"):
        import polars

    schema = {f"{column}": polars.Float64() for column in range(width)}
    frame = polars.read_csv(body, has_header=False, separator=delimiter, quote_char=None, schema=schema)
    return None if any(frame.null_count().row(0)) else frame.to_numpy(order="c")


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Delay Ctrl-C until the end of the block: Polars would report it as a failure of its own."""
    came: list[tuple[Any, ...]] = []
    before: Any = None
    with suppress(ValueError):  # only the main thread can
        before = signal.signal(signal.SIGINT, lambda *interrupt: came.append(interrupt))
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
        if came and callable(before):
            before(*came[0])
