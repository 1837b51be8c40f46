"""Read NPY and NPZ: pickles are refused, and sizes in headers are verified before memory is allocated.

NumPy raises many kinds of exceptions for damaged files; here all of them become one error.
"""

import io
import math
import sys
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.lib import format as npy_format

from backprop_cli.core.arrays import Array
from backprop_cli.errors import InputError
from backprop_cli.load.files import Data, Mapped

# An archive may unpack to this many bytes, or to this many times its own size.
UNPACKED_BYTES = 64 * 2**20
_UNPACKED_RATIO = 100
_PIECE = 2**20  # bytes
_LONGEST_ARCHIVE_END = 22 + 2**16  # the end record, and the comment that may follow it
_LONGEST_HEADER = 2**16  # NumPy reads at most 10,000 characters of an untrusted header
_HEADER_READERS = {
    (1, 0): npy_format.read_array_header_1_0,
    (2, 0): npy_format.read_array_header_2_0,
    (3, 0): npy_format.read_array_header_2_0,
}


def parse_npy(data: Data | memoryview) -> Array:
    """Return the array in an NPY file, of any type and any shape such as (m, n) or (), without a copy of the data.

    Raises:
        InputError: The file is damaged, or holds Python objects.
    """
    file = io.BytesIO(data[:_LONGEST_HEADER])
    with _damage_reported("an NPY file"), warnings.catch_warnings(action="ignore"):  # about headers of Python 2
        shape, fortran_order, dtype = _HEADER_READERS[npy_format.read_magic(file)](file)
    if dtype.hasobject:
        raise InputError("holds Python objects (pickles are refused)")
    if min(shape, default=0) < 0:
        raise InputError(f"damaged: the header promises the shape {shape}")
    promised, held = math.prod(shape) * dtype.itemsize, len(data) - file.tell()
    if promised != held:
        raise InputError(f"damaged: the header promises {promised} bytes, {held} follow")
    if dtype.kind == "U":
        code_points = np.frombuffer(data, np.dtype(np.uint32).newbyteorder(dtype.byteorder), offset=file.tell())
        if np.any(code_points > sys.maxunicode):
            raise InputError("damaged: a text with invalid characters")  # NumPy would accept them
    with _damage_reported("an NPY file"):
        flat = np.frombuffer(data, dtype=dtype, offset=file.tell())
        return flat.reshape(shape, order="F" if fortran_order else "C")


def parse_npz(data: Data) -> Iterator[tuple[str, Any]]:
    """Yield the names (`layers.0.weights`, say) and values of the members of an NPZ archive.

    A zero-dimensional array of characters is a text (`title`, `activation`, …).

    Raises:
        InputError: The archive is damaged, or a member is not an array.
    """
    with _damage_reported("an NPZ archive"):
        if data.rfind(b"PK\5\6", -_LONGEST_ARCHIVE_END) < 0:
            raise ValueError("no end record")
        file: Any = data if isinstance(data, Mapped) else io.BytesIO(data)
        archive = zipfile.ZipFile(file)
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > max(_UNPACKED_RATIO * len(data), UNPACKED_BYTES):
        limit = f"expected at most {_UNPACKED_RATIO} times as many"
        raise InputError(f"unpacks to {unpacked} bytes from {len(data)} ({limit})")
    for member in archive.infolist():
        key = member.filename.removesuffix(".npy")
        if key == member.filename:
            raise InputError("expected arrays only (names that end in .npy)", place=key)
        with _damage_reported("an NPY file", key):
            array = parse_npy(_unpacked(archive, member))
        yield key, str(array) if array.dtype.kind == "U" and not array.ndim else array


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> memoryview:
    """Return the bytes of a member, unpacked in pieces: Ctrl-C takes effect between two of them."""
    content, at = np.empty(member.file_size, np.uint8).data, 0
    with archive.open(member) as file:
        while piece := file.read(_PIECE):
            content[at : at + len(piece)] = piece
            at += len(piece)
    return content[:at]


@contextmanager
def _damage_reported(kind: str, place: str | None = None) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        error.place = place
        raise
    except MemoryError:  # the file is as it should be
        raise
    except Exception as error:
        raise InputError(f"damaged, or not {kind}", place=place) from error
