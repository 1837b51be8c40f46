"""Arrays larger than memory: memory-mapped temporary files, whose pages are dropped after use.

A mapped array is an ordinary array. When its pages are dropped, the numbers stay in the file.
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

__all__ = ["CHUNK_NUMBERS", "FILE_BYTES", "Growing", "chunks", "release", "scratch_array"]

if TYPE_CHECKING:
    import numpy.typing as npt

FILE_BYTES = 32 * 2**20  # an array of this size or more is kept in a file
CHUNK_NUMBERS = 2**20  # the numbers in a chunk


def scratch_array(shape: tuple[int, ...], dtype: "npt.DTypeLike" = np.float64) -> Array:
    """Return an uninitialized array of a shape such as (n_rows, n_columns); a large one is in a temporary file.

    Raises:
        OutputError: The temporary folder is full, or cannot be written.
    """
    size = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    if np.dtype(dtype).hasobject or size < FILE_BYTES:
        return np.empty(shape, dtype)
    with _failure_named(size), _temporary_file() as file:
        if hasattr(os, "posix_fallocate"):  # pragma: no branch (all but macOS and Windows have it)
            os.posix_fallocate(file.fileno(), 0, size)  # otherwise writing to a full disk would kill the process
        file.truncate(size)
        return np.ndarray(shape, dtype, mmap.mmap(file.fileno(), size))


@contextmanager
def _failure_named(size: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        import tempfile

        where = f" in {tempfile.tempdir}" if tempfile.tempdir else ""  # None: there is no folder that can be used
        reason = f"cannot make room for {size} bytes{where}: {reason_of(error)}"
        raise OutputError(reason, hint="TMPDIR names another folder for what does not fit into memory") from error


def _temporary_file() -> IO[bytes]:
    from tempfile import TemporaryFile  # slow to import

    return TemporaryFile()


class Growing:
    """A matrix (n_rows, n_columns) of float64 that grows at its end; a large one is in a temporary file."""

    def __init__(self) -> None:
        self._parts: list[Array] = []
        self._size = 0
        self._width = 0
        self._file: IO[bytes] | None = None

    def add(self, rows: Array) -> None:
        """Add rows (m, n_columns).

        Raises:
            OutputError: The temporary folder is full, or cannot be written.
        """
        self._parts.append(rows)
        self._size += rows.nbytes
        self._width = rows.shape[1]
        if self._size >= FILE_BYTES:
            with _failure_named(self._size):
                self._file = self._file or _temporary_file()
                for part in self._parts:
                    self._file.write(np.ascontiguousarray(part).data)
                self._file.flush()
            self._parts.clear()

    def matrix(self) -> Array | None:
        """Return all rows as one matrix (n_rows, n_columns), or None without rows."""
        if self._file is None:
            return np.concatenate(self._parts) if self._parts else None
        return np.ndarray(
            (self._size // 8 // self._width, self._width), buffer=mmap.mmap(self._file.fileno(), self._size)
        )

    def close(self) -> None:
        """Close the file; the matrix stays valid."""
        if self._file is not None:
            self._file.close()


def chunks(array: Array) -> Iterator[slice]:
    """Yield slices of rows that cover an array, (n_rows, n_columns) or (n_rows,), in order; release it after each."""
    n_rows = len(array)
    rows = max(1, CHUNK_NUMBERS * n_rows // max(array.size, 1))
    for start in range(0, n_rows, rows):
        yield slice(start, min(start + rows, n_rows))
        release(array)


def release(array: Array | None) -> None:
    """Drop the pages of a mapped array from memory, or of a view of one, such as (n_rows, n_columns) of a file."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, memoryview):  # np.frombuffer makes one
        base = base.obj
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)
