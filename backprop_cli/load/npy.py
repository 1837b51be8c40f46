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
from backprop_cli.load.files import Data

# An archive may unpack to this many bytes, or to this many times its own size.
UNPACKED_BYTES = 64 * 2**20
_UNPACKED_RATIO = 100
_LONGEST_HEADER = 2**16  # NumPy reads at most 10,000 characters of an untrusted header
_VERSIONS = ((1, 0), (2, 0), (3, 0))


def parse_npy(data: Data) -> Array:
    """Return the array in an NPY file, of any type and shape, without a copy of the data.

    Raises:
        InputError: The file is damaged, or holds Python objects.
    """
    file = io.BytesIO(data[:_LONGEST_HEADER])
    with _damage_reported("an NPY file"):
        version = npy_format.read_magic(file)
        if version not in _VERSIONS:
            raise ValueError(version)
        read_header = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about headers written by Python 2
            shape, fortran_order, dtype = read_header(file)
    if dtype.hasobject:
        raise InputError("holds Python objects (pickles are refused)")
    if min(shape, default=0) < 0:
        raise InputError(f"damaged: the header promises the shape {shape}")
    promised, held = math.prod(shape) * dtype.itemsize, len(data) - file.tell()
    if promised != held:
        raise InputError(f"damaged: the header promises {promised} bytes, {held} follow")
    if dtype.kind == "U" and np.any(_code_points(data, dtype, file.tell()) > sys.maxunicode):
        raise InputError("damaged: a text with invalid characters")  # NumPy would accept them
    with _damage_reported("an NPY file"):
        flat = np.frombuffer(data, dtype=dtype, offset=file.tell())
        return flat.reshape(shape, order="F" if fortran_order else "C")


def _code_points(data: Data, dtype: np.dtype[Any], offset: int) -> Array:
    return np.frombuffer(data, dtype=np.dtype(np.uint32).newbyteorder(dtype.byteorder), offset=offset)


def parse_npz(data: bytes) -> list[tuple[str, Any]]:
    """Return the names (`layers.0.weights`, say) and values of the members of an NPZ archive.

    A zero-dimensional array of characters is a text (`title`, `activation`, …).

    Raises:
        InputError: The archive is damaged, or a member is not an array.
    """
    arrays: list[tuple[str, Any]] = []
    with _damage_reported("an NPZ archive"):
        archive = zipfile.ZipFile(io.BytesIO(data))
    unpacked, limit = sum(member.file_size for member in archive.infolist()), _UNPACKED_RATIO * len(data)
    if unpacked > max(limit, UNPACKED_BYTES):
        raise InputError(
            f"unpacks to {unpacked} bytes from {len(data)} (expected at most {_UNPACKED_RATIO} times as many)"
        )
    for member in archive.infolist():
        key = member.filename.removesuffix(".npy")
        if key == member.filename:
            raise InputError("expected arrays only (names that end in .npy)", place=key)
        with _damage_reported("an NPY file", key):
            content = archive.read(member)
        try:
            array = parse_npy(content)
        except InputError as error:
            error.place = key
            raise
        arrays.append((key, str(array) if array.dtype.kind == "U" and not array.ndim else array))
    return arrays


@contextmanager
def _damage_reported(kind: str, place: str | None = None) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise InputError(f"damaged, or not {kind}", place=place) from error
