"""Safetensors files; the same arrays always give the same bytes."""

import json
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.precision import BFloat16
from backprop_cli.core.scratch import chunks

_ALIGNMENT = 8  # bytes, of the first number, as the safetensors package has it
_LETTERS = {"f": "F", "i": "I", "u": "U"}


def as_text(value: Any) -> str:
    """Return a setting as the metadata, which hold texts alone, have it: as in JSON, but a text as it is."""
    return value if isinstance(value, str) else json.dumps(value)


def safetensors(file: IO[bytes], tensors: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Write arrays of numbers, of any shape such as (m, n), by name, and texts as a safetensors file.

    The widest numbers come first, so that all are aligned.
    """
    ordered = sorted(tensors.items(), key=lambda item: -_item_size(item[1]))
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, array in ordered:
        begin, end = end, end + array.size * _item_size(array)
        header[name] = {"dtype": _type_name(array), "shape": list(array.shape), "data_offsets": [begin, end]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    file.write(len(text).to_bytes(8, "little") + text)
    for _, array in ordered:
        table = np.atleast_1d(array)
        for rows in chunks(table):
            file.write(_bits(table[rows]).tobytes())


def _item_size(array: Array) -> int:
    return 2 if isinstance(array, BFloat16) else array.dtype.itemsize


def _type_name(array: Array) -> str:
    return "BF16" if isinstance(array, BFloat16) else f"{_LETTERS[array.dtype.kind]}{8 * array.dtype.itemsize}"


def _bits(array: Array) -> Array:
    """Return numbers (any shape) as they are stored: little-endian, those of bfloat16 as the first half of float32."""
    if isinstance(array, BFloat16):
        halves: Array = np.ascontiguousarray(array).view(np.ndarray).view(np.uint32) >> 16
        return halves.astype("<u2")
    return array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
