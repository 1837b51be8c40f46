"""NPY files and NPZ archives; the same arrays always give the same bytes."""

import io
import zipfile
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from backprop_cli.core.scratch import chunks

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip archive can hold; no clock is read


def npy(file: IO[bytes], value: Any) -> None:
    """Write an array, a number or a text as an NPY file."""
    array = np.asarray(value)
    np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
    fortran_order = array.flags.f_contiguous and not array.flags.c_contiguous
    table = np.atleast_1d(array.T if fortran_order else array)  # the order in the header
    for rows in chunks(table):
        file.write(np.ascontiguousarray(table[rows]).tobytes())


def npz_with(file: IO[bytes], old: Any, arrays: Mapping[str, Any]) -> None:
    """Write an NPZ archive with some of its arrays replaced, or added, by name; other members keep their bytes.

    `old` is the archive, open for reading.
    """
    missing = dict(arrays)
    with zipfile.ZipFile(old) as before, zipfile.ZipFile(file, "w") as archive:
        archive.comment = before.comment
        for member in before.infolist():
            name = member.filename.removesuffix(".npy")
            copy = zipfile.ZipInfo(member.filename, member.date_time)
            copy.compress_type, copy.external_attr = member.compress_type, member.external_attr
            if name in missing:
                content = io.BytesIO()
                npy(content, missing.pop(name))
                archive.writestr(copy, content.getvalue())
            else:
                archive.writestr(copy, before.read(member))
        _write(archive, missing)


def npz(file: IO[bytes], arrays: Mapping[str, Any]) -> None:
    """Write arrays, numbers and texts, by name, as an NPZ archive."""
    with zipfile.ZipFile(file, "w") as archive:
        _write(archive, arrays)


def _write(archive: zipfile.ZipFile, arrays: Mapping[str, Any]) -> None:
    for name, value in arrays.items():
        is_large = np.asarray(value).nbytes >= 2**31
        with archive.open(zipfile.ZipInfo(f"{name}.npy", _EPOCH), "w", force_zip64=is_large) as member:
            npy(member, value)
