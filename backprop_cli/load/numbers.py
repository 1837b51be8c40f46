"""From what a file held (numbers, nested lists, arrays of any kind) to float64 arrays of real, finite numbers.

NumPy would take `true` for 1.0, `null` for nan and `"1.5"` for 1.5, and round an integer that float64 cannot
hold; here each of them is an error that names its place.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop_cli.core.arrays import Array, all_finite, bracketed, first_index, in_whole
from backprop_cli.core.exact import _fractions, to_decimal
from backprop_cli.core.scratch import forget, room, stretches
from backprop_cli.errors import InputError
from backprop_cli.messages import counted

if TYPE_CHECKING:
    from fractions import Fraction

_DOUBLE = np.dtype(np.float64)
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
        case np.ndarray():
            single = str(value) if value.dtype.kind in "fiu" else f"a value of the type {value.dtype}"
            return f"an array of shape {value.shape}" if value.ndim else single
        case _:
            return str(value)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NumberKind:
    """What counts as a number in a tree of Python values, how one is judged, and how an array is made of many.

    `judge(number, place)` raises an InputError; `harmless(row)` tells at a glance that none in a row would. `scalar`
    makes one number of this kind of a text or another number. Floats become `dtype`, whatever they came as; `exact` is
    whether all else becomes fractions.
    """

    types: tuple[type, ...]
    harmless: Callable[[list[Any]], bool]
    judge: Callable[[Any, str], None]
    make: Callable[[list[Any]], Array]
    scalar: Callable[[Any], Any]
    dtype: np.dtype[Any] = _DOUBLE
    exact: bool = False


def to_array(value: object, place: str, kind: NumberKind | None = None) -> Array:
    """Return a number, a list of numbers, a list of rows, or an array as a read-only array of one kind of number.

    A number gives shape (), a list (n,), and rows (m, n); an array keeps its shape, of at most two dimensions. The
    kind is float64 unless another is named.

    Raises:
        InputError: Something in it is not a finite real number, rows differ in length, or nothing is in it.
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


def _require_finite(array: Array, place: str) -> None:
    listed = np.atleast_1d(array)
    for rows in stretches(listed):
        if not all_finite(listed[rows]):
            index = in_whole(first_index(~np.isfinite(listed[rows])), rows.start)
            got = listed[index]
            raise InputError(f"expected a finite number, got {got}", place=place + bracketed(index[: array.ndim]))


def to_number(value: object, place: str, kind: NumberKind | None = None) -> "float | Fraction":
    """Return one finite real number: a float, or what another kind makes of it.

    Raises:
        InputError: It is anything else.
    """
    number_types = (np.ndarray, *(kind or FLOAT64).types)
    if type(value) not in number_types or (array := to_array(value, place, kind)).ndim:
        raise InputError(f"expected a number, got {describe(value)}", place=place)
    number: float | Fraction = array.item()
    return number


def _from_numpy(array: Array, place: str, kind: NumberKind) -> Array:
    if array.dtype.kind == "O":  # fractions: objects in a file have been refused before
        return array
    if array.dtype.kind not in "fiu":
        raise InputError(f"expected real numbers, got the type {array.dtype}", place=place)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        raise InputError(f"expected float64 or narrower, got the type {array.dtype}", place=place)
    if array.dtype.kind in "iu" and kind.exact:
        return kind.make(array.ravel().tolist()).reshape(array.shape)
    if array.dtype == kind.dtype and array.flags.c_contiguous:
        return array
    given, result = np.atleast_1d(array), np.atleast_1d(room(array.shape, kind.dtype))
    for rows in stretches(given):
        with np.errstate(over="ignore"):
            result[rows] = given[rows]
        if kind.dtype.itemsize < 8 and (lost := np.isinf(result[rows]) & np.isfinite(given[rows])).any():
            index = in_whole(first_index(lost), rows.start)
            where = place + bracketed(index[: array.ndim])
            raise InputError(f"{given[index]} is out of the range of {kind.dtype}", place=where)
        if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
            for found in np.argwhere(np.abs(result[rows]) >= LARGEST_EXACT).tolist():
                index = in_whole(found, rows.start)
                require_exact(int(given[index]), place + bracketed(index[: array.ndim]))
        forget(result)
    return result.reshape(array.shape)


def _from_tree(value: object, place: str, kind: NumberKind) -> Array:
    if isinstance(value, list) and value and isinstance(value[0], list):
        width = len(value[0])
        for i, row in enumerate(value):
            if not isinstance(row, list):
                raise InputError(f"expected a row, got {describe(row)}", place=f"{place}[{i}]")
            if not row:
                raise InputError("no numbers in it", place=f"{place}[{i}]")
            _judge_row(row, f"{place}[{i}]", kind)
            if len(row) != width:
                raise InputError(f"expected {counted(width, 'value')}, got {len(row)}", place=f"{place}[{i}]")
        return kind.make([number for row in value for number in row]).reshape(len(value), width)
    if isinstance(value, list):
        _judge_row(value, place, kind)
        return kind.make(value)
    if type(value) not in kind.types:
        raise InputError(f"expected numbers, got {describe(value)}", place=place)
    kind.judge(value, place)
    return kind.make([value]).reshape(())


def _judge_row(row: list[Any], place: str, kind: NumberKind) -> None:
    if set(map(type, row)) <= set(kind.types) and (not row or kind.harmless(row)):
        return  # the common case, at the speed of C
    for i, value in enumerate(row):
        _judge_number(value, f"{place}[{i}]", kind)


def _judge_number(value: object, place: str, kind: NumberKind) -> None:
    if type(value) not in kind.types:  # a bool is an int, but not a number here
        raise InputError(f"expected a number, got {describe(value)}", place=place)
    kind.judge(value, place)


def _require_float64(value: float, place: str) -> None:
    if isinstance(value, int) and not -LARGEST_EXACT <= value <= LARGEST_EXACT:
        require_exact(value, place)


def require_exact(value: int, place: str) -> None:
    """Refuse an integer that float64 would round; it is none beyond the largest, which is for its reader to refuse.

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


FLOAT64 = NumberKind(
    types=(int, float),
    harmless=lambda row: -LARGEST_EXACT <= min(row) <= max(row) <= LARGEST_EXACT,
    judge=_require_float64,
    make=lambda numbers: np.array(numbers, dtype=np.float64),
    scalar=float,
)
FLOAT32 = replace(FLOAT64, dtype=np.dtype(np.float32))


def _require_moderate(value: Decimal, place: str) -> None:
    if to_decimal(str(value)) is None:
        raise InputError(f"{str(value)[:40]} is out of the range of exact arithmetic", place=place)


DECIMAL = NumberKind(
    types=(Decimal,),
    harmless=lambda row: False,  # noqa: ARG005 (exact arithmetic costs more than a look at every number)
    judge=_require_moderate,
    make=_fractions,
    scalar=Fraction,
    exact=True,
)
