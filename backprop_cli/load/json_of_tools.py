"""Recognise what other tools write to JSON where numbers, or a row of them, are expected."""

import re
from collections.abc import Mapping
from typing import Any

_LONGEST = 10_000  # characters of a text that are looked at
# Keys of the shape in TensorFlow.js, ndarray of JavaScript, math.js and Octave.
_SHAPES = ("shape", "size", "dims")


def cure_of(value: object, place: str) -> str | None:
    """Return the cure for a value at a place where numbers are expected, or None if it is of no known kind."""
    match value:
        case {"data": list(), **others} if any(key in others for key in _SHAPES):
            return "write the data as a list of rows, without its shape beside it"
        case {"data": list()}:
            return "take the list of rows out of it: jq .data"
        case {"inputs": _} | {"upstream": _} | {"layers": _}:
            return "a problem is for PROBLEM, without an option before it"
        case dict() if len(value) == 1 and isinstance(value.get(name := place.rpartition(".")[2]), list):
            return f"take the list out of it: jq .{name}"
        case str() if re.fullmatch(r"\s*(\[.*\]|-?\d+(\.\d+)?([eE][+-]?\d+)?)\s*", value[:_LONGEST], re.DOTALL):
            return "write it without quotes"
        case dict():
            return _of_rows_or_columns(value)
        case _:
            return None


def _of_rows_or_columns(value: Mapping[str, Any]) -> str | None:
    children = list(value.values())
    if children and all(isinstance(child, list | dict) for child in children):
        return 'a matrix is a list of rows: to_json(orient="values") in pandas writes one'
    if children and not any(child is None or isinstance(child, bool | str | list | dict) for child in children):
        return 'a row is a list of numbers: to_json(orient="values") in pandas, Array.from(row) in JavaScript'
    return None
