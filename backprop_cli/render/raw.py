"""Raw little-endian values of several arrays, and the manifest that lists them (`core.raw_format`)."""

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.raw_format import DTYPES, SCHEMA, aligned
from backprop_cli.core.scratch import chunks

__all__ = ["manifest", "values"]


def manifest(settings: Mapping[str, Any], computed: Mapping[str, Array], given: Mapping[str, Array]) -> Iterator[str]:
    """Yield the lines of a manifest.

    Args:
        settings: What stands at its top: the learning rate and the conventions.
        computed: The arrays that are computed, (), (n,) or (m, n), by dotted name; they come first.
        given: The arrays that the problem gives, (n,) or (m, n), by dotted name.
    """
    top = {"schema": SCHEMA, "byte_order": "little", **settings}
    yield "{\n" + "".join(f"  {json.dumps(key)}: {json.dumps(value)},\n" for key, value in top.items())
    yield '  "arrays": ['
    end = 0
    for name, array in {**computed, **given}.items():
        dtype = _dtype(array)
        begin = aligned(end, DTYPES[dtype].itemsize)
        line = {"name": name, "dtype": dtype, "shape": array.shape, "offset": begin}
        yield ("," if end else "") + "\n    " + json.dumps(line | ({"given": True} if name in given else {}))
        end = begin + array.size * DTYPES[dtype].itemsize
    yield "\n  ]\n}\n"


def values(file: IO[bytes], computed: Mapping[str, Array], given: Mapping[str, Array]) -> None:
    """Write the values of arrays, (), (n,) or (m, n) by name, row by row, where their manifest has them."""
    end = 0
    for array in {**computed, **given}.values():
        dtype = DTYPES[_dtype(array)]
        begin = aligned(end, dtype.itemsize)
        file.write(bytes(begin - end))
        table = np.atleast_1d(array)
        for rows in chunks(table):
            file.write(np.ascontiguousarray(table[rows], dtype).tobytes())
        end = begin + array.size * dtype.itemsize


def _dtype(array: Array) -> str:
    return "int32" if array.dtype.kind in "iu" else array.dtype.name  # class numbers
