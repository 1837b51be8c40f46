"""NPY files and NPZ archives, the same bytes for the same arrays whenever they are written."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip archive can hold: numpy.savez writes today's


def npy(value: Any) -> bytes:
    """Return an array, a number or a text as an NPY file."""
    file = io.BytesIO()
    np.save(file, np.asarray(value), allow_pickle=False)
    return file.getvalue()


def npz(arrays: Mapping[str, Any]) -> bytes:
    """Return arrays, numbers and texts, by name, as an NPZ archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, value in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), npy(value))
    return file.getvalue()
