"""Raw little-endian values of several arrays, and the manifest that lists them (`core.raw_format`)."""

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any, NamedTuple

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
    for each in _placed({**computed, **given}):
        line = {"name": each.name, "dtype": each.dtype, "shape": each.array.shape, "offset": each.begin}
        yield (
            ("," if each.begin else "") + "\n    " + json.dumps(line | ({"given": True} if each.name in given else {}))
        )
    yield "\n  ]\n}\n"


def values(file: IO[bytes], computed: Mapping[str, Array], given: Mapping[str, Array]) -> None:
    """Write the values of arrays, (), (n,) or (m, n) by name, row by row, where their manifest has them."""
    end = 0
    for each in _placed({**computed, **given}):
        file.write(bytes(each.begin - end))
        table = np.atleast_1d(each.array)
        for rows in chunks(table):
            file.write(np.ascontiguousarray(table[rows], DTYPES[each.dtype]).tobytes())
        end = each.end


class _Placed(NamedTuple):
    """An array with its type and its place in the file, in bytes."""

    name: str
    array: Array  # (), (n,) or (m, n)
    dtype: str
    begin: int
    end: int


def _placed(arrays: Mapping[str, Array]) -> Iterator[_Placed]:
    """Yield arrays with their places, one after the other."""
    end = 0
    for name, array in arrays.items():
        dtype = "int32" if array.dtype.kind in "iu" else array.dtype.name  # class numbers
        begin = aligned(end, DTYPES[dtype].itemsize)
        end = begin + array.size * DTYPES[dtype].itemsize
        yield _Placed(name, array, dtype, begin, end)
