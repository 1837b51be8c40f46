"""Validate the numbers of a file (single ones, nested lists, arrays of any type) and make them float64 arrays.

NumPy would read `true` as 1.0, `null` as nan and `"1.5"` as 1.5, and round an integer that float64 cannot hold; here
each of them is an error that names its place.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop_cli.core.arrays import Array, all_finite, bracketed, first_index, in_whole
from backprop_cli.core.scratch import chunks, release, scratch_array
from backprop_cli.errors import InputError
from backprop_cli.messages import counted

if TYPE_CHECKING:
    from fractions import Fraction  # slow to import

_DOUBLE = np.dtype(np.float64)
LARGEST_EXACT = 2**53  # float64 holds every integer up to here


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


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NumberKind:
    """The kind of numbers to read: float64, float32, or decimals."""

    types: tuple[type, ...]  # of a number in a tree of Python values
    all_valid: Callable[[list[Any]], bool]  # a fast check of a row; False if each number has to be validated
    validate: Callable[[Any, str], None]  # raises an InputError for a number at a place
    to_array: Callable[[list[Any]], Array]
    to_scalar: Callable[[Any], Any]  # from a text or another number
    dtype: np.dtype[Any] = _DOUBLE  # what arrays of floats become
    exact: bool = False  # integers of arrays become fractions


def to_array(value: object, place: str, kind: NumberKind | None = None) -> Array:
    """Return a number (shape ()), a list (n,), a list of rows (m, n), or an array (at most 2-D) as a read-only array.

    The kind is float64 by default.

    Raises:
        InputError: A value is not a finite real number, rows differ in length, or the array is empty.
    """
    kind = kind or FLOAT64
    array = _from_numpy(value if isinstance(value, np.ndarray) else _from_tree(value, place, kind), place, kind)
    if array.ndim > 2:
        raise InputError(f"expected a matrix, got {array.ndim} dimensions", place=place)
    if array.size == 0:
        raise InputError("no numbers in it", place=place)
    if array.dtype.kind == "f":
        _require_finite(array, place)
    array.flags.writeable = False
    return array


def to_number(value: object, place: str, kind: NumberKind | None = None) -> "float | Fraction":
    """Return one finite real number: a float by default, or a number of another kind.

    Raises:
        InputError: It is anything else.
    """
    number_types = (np.ndarray, *(kind or FLOAT64).types)
    if type(value) not in number_types or (array := to_array(value, place, kind)).ndim:
        raise InputError(f"expected a number, got {describe(value)}", place=place)
    number: float | Fraction = array.item()
    return number


def require_exact(value: int, place: str) -> None:
    """Check that float64 holds an integer, which must be in its range.

    Raises:
        InputError: The integer lies between two float64 numbers.
    """
    nearest = int(float(value))
    if nearest != value:
        raise InputError(
            f"the integer {value} is not a float64 number (the nearest is {nearest})",
            place=place,
            hint=f"write {float(nearest)!r} if the nearest will do",
        )


def _from_numpy(array: Array, place: str, kind: NumberKind) -> Array:
    if array.dtype.kind == "O":  # fractions or decimals: pickled objects have been refused
        return array
    if array.dtype.kind not in "fiu":
        raise InputError(f"expected real numbers, got the type {array.dtype}", place=place)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        raise InputError(f"expected float64 or narrower, got the type {array.dtype}", place=place)
    if array.dtype.kind in "iu" and kind.exact:
        return kind.to_array(array.ravel().tolist()).reshape(array.shape)
    if array.dtype == kind.dtype and array.flags.c_contiguous:
        return array
    return _converted(array, place, kind.dtype)


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
                require_exact(int(before[index]), _place_of(index, rows, place, array))
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


def _from_tree(value: object, place: str, kind: NumberKind) -> Array:
    if isinstance(value, list) and value and isinstance(value[0], list):
        width = len(value[0])
        for i, row in enumerate(value):
            if not isinstance(row, list):
                raise InputError(f"expected a row, got {describe(row)}", place=f"{place}[{i}]")
            if not row:
                raise InputError("no numbers in it", place=f"{place}[{i}]")
            _validate_row(row, f"{place}[{i}]", kind)
            if len(row) != width:
                raise InputError(f"expected {counted(width, 'value')}, got {len(row)}", place=f"{place}[{i}]")
        return kind.to_array([number for row in value for number in row]).reshape(len(value), width)
    if isinstance(value, list):
        _validate_row(value, place, kind)
        return kind.to_array(value)
    if type(value) not in kind.types:
        raise InputError(f"expected numbers, got {describe(value)}", place=place)
    kind.validate(value, place)
    return kind.to_array([value]).reshape(())


def _validate_row(row: list[Any], place: str, kind: NumberKind) -> None:
    if set(map(type, row)) <= set(kind.types) and (not row or kind.all_valid(row)):
        return
    for i, value in enumerate(row):
        if type(value) not in kind.types:  # not isinstance: a bool is an int
            raise InputError(f"expected a number, got {describe(value)}", place=f"{place}[{i}]")
        kind.validate(value, f"{place}[{i}]")


def _require_float64(value: float, place: str) -> None:
    if isinstance(value, int) and not -LARGEST_EXACT <= value <= LARGEST_EXACT:
        require_exact(value, place)


FLOAT64 = NumberKind(
    types=(int, float),
    all_valid=lambda row: -LARGEST_EXACT <= min(row) <= max(row) <= LARGEST_EXACT,
    validate=_require_float64,
    to_array=lambda numbers: np.array(numbers, dtype=np.float64),
    to_scalar=float,
)
FLOAT32 = replace(FLOAT64, dtype=np.dtype(np.float32))
