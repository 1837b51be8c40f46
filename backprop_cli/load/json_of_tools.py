"""Recognise the values that other tools write to JSON where a list of numbers, or of rows, is expected."""

from collections.abc import Mapping
from typing import Any

_ROWS = "a row is a list of numbers"
_SEVERAL_WAYS = 'to_json(orient="values") in pandas, Array.from(row) in JavaScript'
_PROBLEM = frozenset({"inputs", "layers", "upstream"})


def cure_of(value: object) -> str | None:
    """Return the cure for an object where numbers or a row are expected, or None if its tool is not known."""
    if not isinstance(value, dict) or not value:
        return None
    if "data" in value and {"shape", "size", "dims"} & set(value):
        return f"write its data as a nested list: {_ROWS}"
    if "data" in value and isinstance(value["data"], list):
        return f"take the list of rows out of it: jq .data; {_ROWS}"
    if _PROBLEM & set(value):
        return "a problem is for PROBLEM, without an option before it"
    if all(isinstance(child, list | dict) for child in value.values()):
        return _of_columns(value)
    if list(value) == [str(i) for i in range(len(value))]:
        return f"an array that became an object is written as a list: {_SEVERAL_WAYS}"
    return f"{_ROWS}: {_SEVERAL_WAYS} write it"
