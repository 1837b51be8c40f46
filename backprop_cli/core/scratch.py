"""Arrays larger than memory: in files without a name, of which only the part at work is in memory.

They are ordinary arrays, mapped. What has been worked on is forgotten: it stays in its file, and no longer takes up the
memory of this process.
"""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.errors import OutputError
from backprop_cli.messages import reason_of

if TYPE_CHECKING:
    import numpy.typing as npt

_LARGE = 32 * 2**20  # bytes, from which on an array lives in a file
_STRIDE = 2**20  # numbers that are worked on at a time


def room(shape: tuple[int, ...], dtype: "npt.DTypeLike" = np.float64) -> Array:
    """Return an array to be filled, in a file if it is large."""
    size = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    if np.dtype(dtype).hasobject or size < _LARGE:
        return np.empty(shape, dtype)
    with _room_made(size), _file() as file:
        if hasattr(os, "posix_fallocate"):  # pragma: no branch (all but macOS and Windows have it)
            os.posix_fallocate(file.fileno(), 0, size)  # or a full disk would end the process when a page is written
        file.truncate(size)
        return np.frombuffer(mmap.mmap(file.fileno(), size), dtype).reshape(shape)


@contextmanager
def _room_made(size: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        from tempfile import gettempdir

        reason = f"cannot make room for {size} bytes in {gettempdir()}: {reason_of(error)}"
        raise OutputError(reason, hint="TMPDIR names another folder for what does not fit into memory") from error


def _file() -> IO[bytes]:
    from tempfile import TemporaryFile  # which small problems have no use for

    return TemporaryFile()


class Growing:
    """Rows that are added at the end, in a file as soon as they are many."""

    def __init__(self) -> None:
        self._parts: list[Array] = []
        self._size = 0
        self._width = 0
        self._file: IO[bytes] | None = None

    def add(self, rows: Array) -> None:
        """Add a matrix of float64, as wide as those before it."""
        self._parts.append(rows)
        self._size += rows.nbytes
        self._width = rows.shape[1]
        if self._size >= _LARGE:
            with _room_made(self._size):
                self._file = self._file or _file()
                for part in self._parts:
                    self._file.write(np.ascontiguousarray(part).data)  # a file takes no other order
                self._file.flush()
            self._parts.clear()

    def matrix(self) -> Array | None:
        """Return all rows as one matrix, or None where there are none."""
        if self._file is None:
            return np.concatenate(self._parts) if self._parts else None
        return np.frombuffer(mmap.mmap(self._file.fileno(), self._size)).reshape(-1, self._width)

    def close(self) -> None:
        """Forget the file; what has been returned of it stays."""
        if self._file is not None:
            self._file.close()


def stretches(array: Array) -> Iterator[slice]:
    """Yield slices of rows, one after the other, that together are the whole array; each is forgotten in the end."""
    n_rows = len(array)
    rows = max(1, _STRIDE * n_rows // max(array.size, 1))
    for start in range(0, n_rows, rows):
        yield slice(start, min(start + rows, n_rows))
        forget(array)


def forget(array: Array | None) -> None:
    """Leave to its file what is in memory of an array, if it has a file; mappings are shared, so nothing is lost."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
