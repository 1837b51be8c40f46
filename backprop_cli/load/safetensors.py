"""Read safetensors: the sizes and offsets in the header are verified before an array is made of them.

A file is the length of its header (8 bytes, little-endian), the header, which is a JSON object, and the numbers; see
https://huggingface.co/docs/safetensors. NumPy has no bfloat16: such numbers become float32, which holds each of them.
"""

import math
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.places import PLACE, dotted
from backprop_cli.core.precision import from_bfloat16
from backprop_cli.core.problem import CONVENTIONS
from backprop_cli.core.quantities import GIVEN, QUANTITIES
from backprop_cli.errors import InputError
from backprop_cli.load import json
from backprop_cli.load.files import Data
from backprop_cli.load.numbers import describe, not_a_matrix
from backprop_cli.load.schema import PROBLEM_KEYS
from backprop_cli.messages import counted, has_half_pair, listed

_METADATA = "__metadata__"
_LONGEST_HEADER = 100_000_000  # bytes, the limit of the safetensors package
_MOST_DIMENSIONS = 32
_MOST_NAMED = 8  # tensors in a message
_FIELDS = {"dtype", "shape", "data_offsets"}
_BFLOAT16 = "BF16"
_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", _BFLOAT16: "<u2"}  # the type of NumPy that holds the bits
_TYPES |= {"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1"}
_CURES = {
    "BOOL": "in PyTorch tensor.float() makes numbers of it; a true or false is a text in the metadata",
    "C64": "in PyTorch tensor.real and tensor.imag are its two parts",
}
_TO_FLOAT = "in PyTorch tensor.float() makes float32 of it"

# The settings of a problem or result that are no texts; all of them are texts in the metadata.
_NUMBERS = ("learning_rate", "steps")
_FLAGS = MappingProxyType({"true": True, "false": False})
_SETTINGS = ("schema", "exact", "digits", "binary", "dtype", *CONVENTIONS, "not_computed")  # of a result


class _Tensor(NamedTuple):
    """What the header tells of a tensor; its bytes are counted from the end of the header."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


class Contents(NamedTuple):
    """What is in a file: its metadata, and its tensors by name, each of a type and shape such as (m, n)."""

    metadata: Mapping[str, str]
    tensors: Mapping[str, Array]


def contents(data: Data) -> Contents:
    """Return everything in a safetensors file; only numbers in bfloat16 are copied. Arrays have any shape.

    Raises:
        InputError: The file is damaged, or a tensor has a type that is not read; with the name of the tensor.
    """
    metadata, tensors, start = _header(data)
    return Contents(metadata, {tensor.name: _array(data, tensor, start) for tensor in tensors})


def parse_safetensors(data: Data, *, exact: bool) -> Iterator[tuple[str, Any]]:
    """Yield the names (`layers.0.weights`, say) and values of the settings and tensors in a problem or result.

    Settings are texts in the metadata; numbers among them become decimals if it is exact. What other tools write into
    the metadata is passed over.

    Raises:
        InputError: As `contents` does; or a setting is nearly one of a problem.
    """
    metadata, tensors, start = _header(data)
    for key, text in metadata.items():
        if _is_setting(key):
            yield dotted(key), _setting(key, text, exact=exact)
    for tensor in tensors:
        yield tensor.name, _array(data, tensor, start)


def parse_one(data: Data, key: str) -> Array:
    """Return the tensor that is named after a key (`inputs`, …), or the only one, of a shape such as (m, n).

    Raises:
        InputError: As `contents` does; or there are several tensors, or one of another name here, and none of the key.
    """
    _, tensors, start = _header(data)
    by_name = {tensor.name: tensor for tensor in tensors}
    found = by_name.get(key, by_name.get(key.rpartition(".")[2]))
    if found is None and len(tensors) == 1 and tensors[0].name.rpartition(".")[2] not in (*GIVEN, *QUANTITIES):
        (found,) = tensors
    if found is None:
        names = [name or "''" for name in by_name]
        names[_MOST_NAMED:] = [f"{len(names) - _MOST_NAMED} more"] * (len(names) > _MOST_NAMED)
        got = f"{counted(len(tensors), 'tensor')} ({listed(names)})" if names else "no tensors"
        raise InputError(f"expected a tensor of the name {key}, or a single one of any name, got {got}")
    return _array(data, found, start)


def _is_setting(key: str) -> bool:
    """Tell whether a key of the metadata is a setting, and not a remark of another tool.

    Raises:
        InputError: It is nearly a setting.
    """
    place = PLACE.fullmatch(key)
    known = (*PROBLEM_KEYS, *_SETTINGS)
    if place is None or place["quantity"] in known:
        return place is not None
    from backprop_cli.load.names import cure_of  # for other keys only

    if (hint := cure_of({place["quantity"]: None}, known)) is not None:
        raise InputError("unknown key in the metadata", place=key, hint=hint)
    return False


def _setting(key: str, text: str, *, exact: bool) -> Any:
    """Return the value that a text stands for, which is not validated yet.

    Raises:
        InputError: It is no number, and the setting is one.
    """
    if key == "mean_gradients":
        return _FLAGS.get(text, text)
    if key not in _NUMBERS:
        return text
    try:
        value = json.parse(text.encode(), exact=exact)
    except InputError:
        value = None
    if value is None or isinstance(value, bool | str | list | dict):
        raise InputError(f"expected a number, got {describe(text)}", place=key)
    return value


def _header(data: Data) -> tuple[Mapping[str, str], list[_Tensor], int]:
    """Return the metadata, the tensors in the order of the header, and where their numbers start."""
    size, held = int.from_bytes(data[:8], "little"), len(data) - 8
    if held < 2 or size > _LONGEST_HEADER:
        raise InputError("damaged, or not a safetensors file")
    if size > held:
        raise InputError(f"damaged: a header of {size} bytes is promised, {held} follow")
    tree = _parsed(bytes(data[8 : 8 + size]))
    metadata = tree.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise InputError("expected an object of texts", place=_METADATA)
    texts = {**dict.fromkeys(tree, ""), **{f"{_METADATA}.{key}": text for key, text in metadata.items()}}
    for place, text in texts.items():
        if has_half_pair(place + text):
            raise InputError("damaged: half of a surrogate pair, which UTF-8 cannot have", place=place)
    tensors = [_tensor(name, value) for name, value in tree.items()]
    _require_whole(tensors, held - size)
    return metadata, tensors, 8 + size


def _parsed(header: bytes) -> dict[str, Any]:
    """Return the object that a header holds, which may be followed by spaces."""
    text = header.rstrip(b" ")
    if not (text.startswith(b"{") and text.endswith(b"}")):
        raise InputError("damaged: the header is no JSON object")
    try:
        tree = json.parse(text)
    except InputError as error:
        if error.place is not None:  # a key is given twice
            raise
        raise InputError("damaged: the header is not JSON") from None
    assert isinstance(tree, dict), "it begins like an object"  # noqa: S101
    return tree


def _tensor(name: str, value: Any) -> _Tensor:
    """Return what the header tells of a tensor, whose shape and length agree."""
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        got = listed(value) if isinstance(value, dict) and value else describe(value)
        raise InputError(f"damaged: expected {listed(sorted(_FIELDS))} in the header, got {got}", place=name)
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _TYPES:
        hint = _CURES.get(dtype, _TO_FLOAT if dtype[:1] == "F" else None) if isinstance(dtype, str) else None
        raise InputError(f"expected {listed(_TYPES, 'or')}, got the type {describe(dtype)}", place=name, hint=hint)
    if not _are_sizes(shape):
        raise InputError("damaged: expected a list of sizes as shape", place=name)
    if not (_are_sizes(offsets) and len(offsets) == 2 and offsets[0] <= offsets[1]):
        raise InputError("damaged: expected two numbers of bytes as data_offsets", place=name)
    if len(shape) > _MOST_DIMENSIONS:
        raise not_a_matrix(len(shape), name)
    needed, length = math.prod(shape) * np.dtype(_TYPES[dtype]).itemsize, offsets[1] - offsets[0]
    if needed != length:
        reason = f"damaged: the shape {tuple(shape)} in {dtype} needs {needed} bytes, and the header promises {length}"
        raise InputError(reason, place=name)
    return _Tensor(name, dtype, tuple(shape), *offsets)


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item <= sys.maxsize for item in value)


def _require_whole(tensors: list[_Tensor], held: int) -> None:
    """Check that each byte after the header belongs to one tensor.

    Raises:
        InputError: It does not.
    """
    end, before = 0, ""
    for tensor in sorted(tensors, key=lambda tensor: (tensor.begin, tensor.end)):
        if tensor.begin < end:
            raise InputError(f"damaged: its numbers overlap those of {before}", place=tensor.name)
        if tensor.begin > end:
            reason = f"damaged: {counted(tensor.begin - end, 'byte')} before its numbers belong to no tensor"
            raise InputError(reason, place=tensor.name)
        end, before = tensor.end, tensor.name
    if end != held:
        raise InputError(f"damaged: the header promises {end} bytes, {held} follow")


def _array(data: Data, tensor: _Tensor, start: int) -> Array:
    if 0 in tensor.shape:
        raise InputError("no numbers in it", place=tensor.name)
    flat = np.frombuffer(data, _TYPES[tensor.dtype], math.prod(tensor.shape), start + tensor.begin)
    array = from_bfloat16(flat) if tensor.dtype == _BFLOAT16 else flat
    return array.reshape(tensor.shape)
