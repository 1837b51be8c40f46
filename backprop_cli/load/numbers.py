"""Validate the numbers of a file (single ones, nested lists, arrays of any type) and make them float64 arrays.

NumPy would read `true` as 1.0, `null` as nan and `"1.5"` as 1.5, and round an integer that float64 cannot hold; here
each of them is an error that names its place.
"""

from collections import UserString
from typing import Any, Literal, TypeAlias

import numpy as np

from backprop_cli.core.arrays import Array, all_finite, bracketed, first_index, in_whole
from backprop_cli.core.quantities import Dtype
from backprop_cli.core.scratch import chunks, release, scratch_array
from backprop_cli.errors import InputError
from backprop_cli.messages import counted

Kind: TypeAlias = Dtype | Literal["object"]  # the dtype of the numbers to read: objects are decimals, as written
LARGEST_EXACT = 2**53  # float64 holds every integer up to here


class Refused(UserString):
    """A literal that is no number here: NaN, infinity, out of range. It stays in the tree, so that its path is known.

    As an expected value, one that is NaN or infinite as a float is a wrong value, and not an error.
    """

    def __init__(self, words: str, literal: str | None = None) -> None:
        super().__init__(words)
        self.value = float(words if literal is None else literal)


def describe(value: object) -> str:
    """Return a few words for a value in an error message."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return repr(value if len(value) <= 40 else value[:37] + "...")
        case list():
            return "a list"
        case dict():
            return "an object"
        case np.ndarray():
            single = str(value) if value.dtype.kind in "fiu" else f"a value of the type {value.dtype}"
            return f"an array of shape {value.shape}" if value.ndim else single
        case _:
            return str(value)


def to_array(value: object, place: str, kind: Kind = "float64") -> Array:
    """Return a number (shape ()), a list (n,), a list of rows (m, n), or an array (at most 2-D) as a read-only array.

    If the kind is `object`, numbers are decimals, which their parser has validated, and arrays keep their type.

    Raises:
        InputError: A value is not a finite real number, rows differ in length, or the array is empty.
    """
    array = value.view(np.ndarray) if isinstance(value, np.ndarray) else _from_tree(value, place, kind)
    if array.dtype.kind not in "fiuO":
        raise InputError(f"expected real numbers, got the type {array.dtype}", place=place)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        raise InputError(f"expected float64 or narrower, got the type {array.dtype}", place=place)
    if kind != "object" and not (array.dtype == kind and array.flags.c_contiguous and array.flags.aligned):
        array = _converted(array, place, np.dtype(kind))
    if array.ndim > 2:
        raise not_a_matrix(array.ndim, place)
    if array.size == 0:
        raise InputError("no numbers in it", place=place)
    if array.dtype.kind == "f":
        _require_finite(array, place)
    array.flags.writeable = False
    return array


def to_number(value: object, place: str, kind: Kind = "float64") -> Any:
    """Return one finite real number: a float by default, or a number of another kind.

    Raises:
        InputError: It is anything else.
    """
    is_known = isinstance(value, np.ndarray) or type(value) in _types(kind)
    if not is_known or (array := to_array(value, place, kind)).ndim:
        raise _unexpected(value, place, "a number")
    return array.item()


def without_brackets(value: object, wanted: type = str) -> str | None:
    """Return the cure for a list or array of one, where one text (or one number, a float) is meant."""
    entries = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(entries, list) or len(entries) != 1 or isinstance(entries[0], str) != (wanted is str):
        return None
    if isinstance(entries[0], bool | list | dict) or entries[0] is None:
        return None
    alone = f'"{entries[0]}"' if wanted is str else entries[0]
    return f"give {alone} alone, without brackets (auto_unbox = TRUE in R's toJSON)"


def require_exact(value: int, **where: Any) -> None:
    """Check that float64 holds an integer, which must be in its range; errors name where it stands.

    Raises:
        InputError: The integer lies between two float64 numbers.
    """
    nearest = int(float(value))
    if nearest != value:
        reason = f"the integer {value} is not a float64 number (the nearest is {nearest})"
        raise InputError(reason, hint=f"write {float(nearest)!r} if the nearest will do", **where)


def _converted(array: Array, place: str, dtype: np.dtype[Any]) -> Array:
    given, result = np.atleast_1d(array), np.atleast_1d(scratch_array(array.shape, dtype))
    for rows in chunks(given):
        before, after = given[rows], result[rows]
        with np.errstate(over="ignore"):
            after[...] = before
        if dtype.itemsize < 8 and (lost := np.isinf(after) & np.isfinite(before)).any():
            index = first_index(lost)
            reason = f"{before[index]} is out of the range of {dtype}"
            raise InputError(reason, place=_place_of(index, rows, place, array))
        if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
            for index in map(tuple, np.argwhere(np.abs(after) >= LARGEST_EXACT).tolist()):
                require_exact(int(before[index]), place=_place_of(index, rows, place, array))
        release(result)
    return result.reshape(array.shape)


def _require_finite(array: Array, place: str) -> None:
    listed = np.atleast_1d(array)
    for rows in chunks(listed):
        if not all_finite(listed[rows]):
            index = first_index(~np.isfinite(listed[rows]))
            reason = f"expected a finite number, got {listed[rows][index]}"
            raise InputError(reason, place=_place_of(index, rows, place, array))


def _place_of(index: tuple[int, ...], rows: slice, place: str, array: Array) -> str:
    """Return the place of an entry of some rows of an array; a number, which is read as a list, has no index."""
    return place + bracketed(in_whole(index, rows.start)[: array.ndim])


def _from_tree(value: object, place: str, kind: Kind) -> Array:
    types = _types(kind)
    if not isinstance(value, list):
        _validate(value, place, types, "numbers")
    elif value and isinstance(value[0], list):
        if (n_dimensions := _depth(value)) > 2:
            raise not_a_matrix(n_dimensions, place)
        for i, row in enumerate(value):
            if not isinstance(row, list):
                raise _unexpected(row, f"{place}[{i}]", "a row")
            if not row:
                raise InputError("no numbers in it", place=f"{place}[{i}]")
            _validate_row(row, f"{place}[{i}]", types)
            if len(row) != len(value[0]):
                wanted = counted(len(value[0]), "value")
                raise InputError(f"expected {wanted}, got {len(row)}", place=f"{place}[{i}]")
    elif value and isinstance(value[0], dict):
        raise _unexpected(value[0], f"{place}[0]", "a row")
    else:
        _validate_row(value, place, types)
    return np.array(value, dtype=object if kind == "object" else np.float64)


def _depth(value: object) -> int:
    """Return how many lists are nested in the first entries of a list."""
    depth = 0
    while isinstance(value, list):
        depth, value = depth + 1, value[0] if value else None
    return depth


def not_a_matrix(n_dimensions: int, place: str) -> InputError:
    """Return the error for an array of too many dimensions."""
    features = {"inputs": "features", "upstream": "neurons", "z": "neurons"}.get(place.rpartition(".")[2])
    hint = f"a row is a sample: reshape it to (samples, {features})" if features else None
    return InputError(f"expected a matrix, got {n_dimensions} dimensions", place=place, hint=hint)


def _unexpected(value: object, place: str, wanted: str) -> InputError:
    from backprop_cli.load.json_of_tools import cure_of  # for errors only

    hint = cure_of(value, place) or (without_brackets(value, float) if wanted == "a number" else None)
    return InputError(f"expected {wanted}, got {describe(value)}", place=place, hint=hint)


def _types(kind: Kind) -> tuple[type, ...]:
    """Return the types of a number in a tree of Python values."""
    if kind != "object":
        return int, float
    from decimal import Decimal  # slow to import

    return (Decimal,)


def _validate_row(row: list[Any], place: str, types: tuple[type, ...]) -> None:
    if set(map(type, row)) <= set(types) and (not row or -LARGEST_EXACT <= min(row) <= max(row) <= LARGEST_EXACT):
        return  # true of most rows
    for i, value in enumerate(row):
        _validate(value, f"{place}[{i}]", types, "a number")


def _validate(value: object, place: str, types: tuple[type, ...], wanted: str) -> None:
    if type(value) not in types:  # not isinstance: a bool is an int
        raise _unexpected(value, place, wanted)
    if isinstance(value, int) and not -LARGEST_EXACT <= value <= LARGEST_EXACT:
        require_exact(value, place=place)
