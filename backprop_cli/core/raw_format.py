"""The format of raw values: numbers of several arrays in one file of bytes, and a manifest beside it that lists them.

The manifest of `golden.bin` is always `golden.json`, so that no path stands in a file. It is an object with the
`schema`, the `byte_order` (`little`), the settings of a result, and `arrays`: for each array its `name` (dotted), its
`dtype`, its `shape` (row by row, at most two dimensions) and its `offset` in bytes, which may be left out. `given` is
true for what the problem gives.

Arrays stand one after the other, in the order of the list. Before an array there may be padding, up to the next
multiple of the size of its numbers, or of 8 bytes. Files with numbers of one type need none.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

__all__ = ["DTYPES", "SCHEMA", "aligned"]

SCHEMA = "backprop.raw/1"
# By name. NumPy has no bfloat16: its bits are the upper half of those of float32.
DTYPES: Mapping[str, np.dtype[Any]] = MappingProxyType(
    {
        "float64": np.dtype("<f8"),
        "float32": np.dtype("<f4"),
        "float16": np.dtype("<f2"),
        "bfloat16": np.dtype("<u2"),
        "int32": np.dtype("<i4"),
    }
)


def aligned(offset: int, size: int) -> int:
    """Return the first multiple of a size at or after an offset.

    >>> aligned(12, 8), aligned(16, 8)
    (16, 16)
    """
    return -(-offset // size) * size
