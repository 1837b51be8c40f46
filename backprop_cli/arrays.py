"""From what a file held (numbers, nested lists, arrays of any kind) to float64 arrays of real, finite numbers.

NumPy would take `true` for 1.0, `null` for nan and `"1.5"` for 1.5, and round an integer that float64 cannot
hold; here each of them is an error that names its place.
"""

from typing import Any

import numpy as np

from backprop_cli.activations import Array
from backprop_cli.errors import InputError
from backprop_cli.text import counted

LARGEST_EXACT = 2**53  # from here on float64 leaves out integers


def describe(value: object) -> str:
    """Return a short phrase for what stands where something else was expected."""
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
        case np.ndarray() if value.ndim:
            return f"an array of shape {value.shape}"
        case int() if value.bit_length() > 120:
            return f"an integer of {value.bit_length()} bits"
        case _:
            return str(value)


def to_array(value: object, place: str) -> Array:
    """Return a number, a list of numbers, a list of rows, or an array as a read-only float64 array.

    A number gives shape (), a list (n,), and rows (m, n); an array keeps its shape, of at most two dimensions.

    Raises:
        InputError: Something in it is not a finite real number, rows differ in length, or nothing is in it.
    """
    array = _from_numpy(value, place) if isinstance(value, np.ndarray) else _from_python(value, place)
    if array.ndim > 2:
        raise InputError(f"expected a matrix, got {array.ndim} dimensions", place=place)
    if array.size == 0:
        raise InputError("no numbers in it", place=place)
    finite = np.isfinite(array)
    if not finite.all():
        index = first_index(~finite)
        raise InputError(f"expected a finite number, got {array[index]}", place=place + bracketed(index))
    array.flags.writeable = False
    return array


def to_number(value: object, place: str) -> float:
    """Return one finite real number as a float.

    Raises:
        InputError: It is anything else.
    """
    if not isinstance(value, bool | int | float | np.ndarray) or to_array(value, place).ndim:
        raise InputError(f"expected a number, got {describe(value)}", place=place)
    return float(to_array(value, place))


def first_index(mask: Array) -> tuple[int, ...]:
    """Return the index of the first true entry of `mask`, row by row."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))


def bracketed(index: tuple[int, ...]) -> str:
    """Return an index as it is written in a path: `[1][2]`."""
    return "".join(f"[{i}]" for i in index)


def _from_numpy(array: Array, place: str) -> Array:
    if array.dtype.kind not in "fiu":
        raise InputError(f"expected real numbers, got the type {array.dtype}", place=place)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        raise InputError(f"expected float64 or narrower, got the type {array.dtype}", place=place)
    result = array.astype(np.float64, order="C")
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        rounded = np.abs(result) >= LARGEST_EXACT
        for index in zip(*np.nonzero(rounded), strict=True):
            require_exact(int(array[index]), place + bracketed(tuple(int(i) for i in index)))
    return result


def _from_python(value: object, place: str) -> Array:
    if isinstance(value, list) and value and isinstance(value[0], list):
        width = len(value[0])
        for i, row in enumerate(value):
            if not isinstance(row, list):
                raise InputError(f"expected a row, got {describe(row)}", place=f"{place}[{i}]")
            _require_numbers(row, f"{place}[{i}]")
            if len(row) != width:
                raise InputError(f"expected {counted(width, 'value')}, got {len(row)}", place=f"{place}[{i}]")
        return np.array(value, dtype=np.float64).reshape(len(value), width)
    if isinstance(value, list):
        _require_numbers(value, place)
    elif isinstance(value, int | float):
        _require_number(value, place)
    else:
        raise InputError(f"expected numbers, got {describe(value)}", place=place)
    return np.array(value, dtype=np.float64)


def _require_numbers(row: list[Any], place: str) -> None:
    harmless = not row or (
        set(map(type, row)) <= {int, float} and -LARGEST_EXACT <= min(row) <= max(row) <= LARGEST_EXACT
    )
    if harmless:  # judged at the speed of C; only a suspicious row is read value by value
        return
    for i, value in enumerate(row):
        _require_number(value, f"{place}[{i}]")


def _require_number(value: object, place: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"expected a number, got {describe(value)}", place=place)
    if isinstance(value, int) and not -LARGEST_EXACT <= value <= LARGEST_EXACT:
        require_exact(value, place)


def require_exact(value: int, place: str) -> None:
    """Refuse an integer that float64 would round.

    Raises:
        InputError: The integer lies between two float64 numbers, or beyond the largest.
    """
    try:
        nearest = int(float(value))
    except OverflowError:
        raise InputError(f"{describe(value)} is out of the range of float64", place=place) from None
    if nearest != value:
        raise InputError(
            f"the integer {value} is not a float64 number (the nearest is {nearest})",
            place=place,
            hint=f"write {float(nearest)!r} if the nearest will do",
        )
