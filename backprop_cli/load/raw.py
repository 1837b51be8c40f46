"""Load raw values, such as a program in C writes them, by the manifest that lists them (`core.raw_format`).

Everything that the manifest says is verified before a number is read: every array lies where the one before it ends,
and the last one ends where the file ends. Arrays of given values at the end may be missing.
"""

import os
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.places import PLACE, nest
from backprop_cli.core.precision import from_bfloat16
from backprop_cli.core.problem import CONVENTIONS
from backprop_cli.core.quantities import QUANTITIES
from backprop_cli.core.raw_format import DTYPES, aligned
from backprop_cli.errors import InputError
from backprop_cli.load.files import Data, mapped, suffix
from backprop_cli.load.numbers import describe
from backprop_cli.messages import listed

__all__ = ["load_raw"]

_GIVEN = ("inputs", "weights", "biases", "z", "targets", "upstream")
_SETTINGS = ("learning_rate", *CONVENTIONS)
_KEYS = ("schema", "byte_order", "arrays")
_OF_AN_ARRAY = ("name", "dtype", "shape")
_WORD = 8  # bytes


class _Listed(NamedTuple):
    """An array as a manifest lists it."""

    name: str  # dotted
    dtype: str
    shape: tuple[int, ...]
    begin: int  # in bytes
    is_given: bool

    @property
    def end(self) -> int:
        return self.begin + prod(self.shape) * DTYPES[self.dtype].itemsize


def load_raw(path: str, manifest: Mapping[str, Any], *, exact: bool) -> dict[str, Any]:
    """Return what a manifest lists as a problem with `expected` values: the tree of a problem file.

    `path` is the file of the manifest; the values are in the file beside it of the same name that ends in `.bin`.

    Raises:
        InputError: Decimals are wanted (`exact`), the manifest is malformed, or the values are not as it lists them.
    """
    if exact:
        raise InputError("rounded values have to be written as text, not in binary")
    if suffix(path) != ".json":
        raise InputError("expected a file that ends in .json, which names the file of its values, .bin")
    _require_keys(manifest, _KEYS, _SETTINGS, "")
    if manifest["byte_order"] != "little":
        raise InputError(f"expected 'little', got {describe(manifest['byte_order'])}", place="byte_order")
    arrays = _arrays(manifest["arrays"])
    stem = os.path.splitext(path)[0]
    data = mapped(f"{stem}.bin")
    try:
        _require_size(len(data), arrays)
    except InputError as error:
        raise error.at(f"{stem}.bin") from None
    there = [array for array in arrays if array.end <= len(data)]
    given, computed = (
        nest(((array.name, _values(data, array)) for array in there if array.is_given == is_given), gaps=True)
        for is_given in (True, False)
    )
    settings = {key: manifest[key] for key in _SETTINGS if key in manifest}
    rate = {"learning_rate": settings.pop("learning_rate")} if "learning_rate" in settings else {}
    return {**rate, **given, "expected": {**settings, **computed}}


def _require_keys(found: Mapping[str, Any], needed: Sequence[str], others: Sequence[str], prefix: str) -> None:
    for key in found:
        if key not in (*needed, *others):
            raise InputError(f"unknown key (expected {listed((*needed, *others), 'or')})", place=prefix + key)
    for key in needed:
        if key not in found:
            raise InputError("is missing", place=prefix + key)


def _arrays(found: Any) -> list[_Listed]:
    """Return the arrays of a manifest, each of which begins where the one before it ends, or after padding."""
    if not isinstance(found, list) or not found:
        got = "an empty one" if found == [] else describe(found)
        raise InputError(f"expected a list of arrays, got {got}", place="arrays")
    arrays: list[_Listed] = []
    names = set[str]()
    end, where = 0, "the file begins"
    for i, each in enumerate(found):
        array = _array(each, f"arrays[{i}]", end)
        if array.name in names:
            raise InputError(f"{array.name} is listed twice", place=f"arrays[{i}].name")
        begins = {aligned(end, DTYPES[array.dtype].itemsize), aligned(end, _WORD)}
        if array.begin not in begins:
            wanted = listed(map(str, sorted(begins)), "or")
            raise InputError(f"expected {wanted}, as {where}, got {array.begin}", place=f"arrays[{i}].offset")
        end, where = array.end, f"{array.name} ends at {array.end}"
        names.add(array.name)
        arrays.append(array)
    return arrays


def _array(found: Any, place: str, end: int) -> _Listed:
    """Return an array of a manifest; `end` is where the one before it ends."""
    if not isinstance(found, dict):
        raise InputError(f"expected an array (an object), got {describe(found)}", place=place)
    _require_keys(found, _OF_AN_ARRAY, ("offset", "given"), f"{place}.")
    is_given, dtype = found.get("given", False), found["dtype"]
    if not isinstance(is_given, bool):
        raise InputError(f"expected true or false, got {describe(is_given)}", place=f"{place}.given")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise InputError(f"expected {listed(DTYPES, 'or')}, got {describe(dtype)}", place=f"{place}.dtype")
    name, shape = _name(found["name"], f"{place}.name", is_given=is_given), _shape(found["shape"], f"{place}.shape")
    begin = found.get("offset", aligned(end, DTYPES[dtype].itemsize))
    if type(begin) is not int:  # a bool is an int
        raise InputError(f"expected a whole number, got {describe(begin)}", place=f"{place}.offset")
    return _Listed(name, dtype, shape, begin, is_given)


def _shape(found: Any, place: str) -> tuple[int, ...]:
    if not isinstance(found, list) or len(found) > 2:
        got = describe(found) + (f" of {len(found)}" if isinstance(found, list) else "")
        raise InputError(f"expected a list of at most 2 sizes, got {got}", place=place)
    for i, size in enumerate(found):
        if type(size) is not int or size < 1:
            raise InputError(f"expected a whole number, 1 or more, got {describe(size)}", place=f"{place}[{i}]")
    return tuple(found)


def _name(found: Any, place: str, *, is_given: bool) -> str:
    """Return the dotted name of a quantity, with the number of its layer without zeros before it."""
    known = _GIVEN if is_given else QUANTITIES
    match = PLACE.fullmatch(found) if isinstance(found, str) else None
    if match is None or match["quantity"] not in known:
        from backprop_cli.load.names import cure_of  # for errors only

        what = "what a problem gives" if is_given else "a quantity, such as dweights or layers.0.dweights"
        hint = cure_of({found: None}, known) if isinstance(found, str) else None
        raise InputError(f"expected the name of {what}, got {describe(found)}", place=place, hint=hint)
    number = match["layer"] or match["dotted"]
    return match["quantity"] if number is None else f"layers.{int(number)}.{match['quantity']}"


def _require_size(size: int, arrays: Sequence[_Listed]) -> None:
    """Check that a file of values ends where the last array ends, or the last one that is not given.

    Raises:
        InputError: It does not.
    """
    whole, computed = arrays[-1].end, max((array.end for array in arrays if not array.is_given), default=0)
    if size not in (whole, computed):
        others = "" if whole == computed else f", or {computed} without the given values"
        raise InputError(f"expected {whole} bytes, as its manifest lists them{others}, got {size}")


def _values(data: Data, array: _Listed) -> Array:
    """Return the values of an array in its shape, (), (n,) or (m, n), and its type."""
    flat = np.frombuffer(data, DTYPES[array.dtype], prod(array.shape), array.begin)
    if array.dtype == "bfloat16":
        flat = from_bfloat16(flat)
    return flat.reshape(array.shape)
