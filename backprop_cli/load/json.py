"""Read JSON strictly: what RFC 8259 or float64 does not allow is an error, even if Python's json module reads it."""

import json
import re
from math import isinf
from typing import Any

from backprop_cli.errors import InputError
from backprop_cli.load.encoding import decode
from backprop_cli.load.files import Data
from backprop_cli.load.numbers import Refused

# Literals that need care: -0 would lose its sign; a large exponent or many digits would become infinity, or an error
# without a place.
_DELICATE = re.compile(r"-0(?![\d.eE])|[eE]\+?\d{3}|(?<!\d)\d{200}")


class _Object(dict[str, Any]):
    """A JSON object that knows which of its keys was given twice."""

    repeated: str | None = None


def parse(data: Data, *, exact: bool = False) -> Any:
    """Return the value of a JSON text as Python objects, numbers as int or float, or as Decimal where exact.

    Raises:
        InputError: The text is not JSON, at a line and column; or an object has a key twice, at its path.
    """
    text = decode(bytes(data))
    repeated: list[_Object] = []

    def as_object(pairs: list[tuple[str, Any]]) -> _Object:
        result = _Object(pairs)
        if len(result) < len(pairs):
            keys = [key for key, _ in pairs]
            result.repeated = next(key for key in keys if keys.count(key) > 1)
            repeated.append(result)
        return result

    as_number = _as_decimal if exact else _as_float64 if _DELICATE.search(text) else None  # faster without
    numbers: dict[str, Any] = {"parse_float": as_number, "parse_int": as_number}
    try:
        tree = json.loads(text, object_pairs_hook=as_object, parse_constant=Refused, **numbers)
    except json.JSONDecodeError as error:
        if not text.strip():
            raise InputError("the file is empty (expected JSON)") from None
        from backprop_cli.load.json_errors import not_json

        raise not_json(text, error) from None
    except RecursionError:
        raise InputError("nested too deeply") from None
    if repeated:
        raise _repeated_key(tree)
    return tree


def _as_float64(literal: str) -> float | Refused:
    if isinf(value := float(literal)):
        return _out_of_range(literal, "float64")
    is_integer = literal.removeprefix("-").isdecimal() and literal != "-0"
    return int(literal) if is_integer else value


def _as_decimal(literal: str) -> Any:
    from backprop_cli.core.exact import to_decimal

    decimal = to_decimal(literal)
    return _out_of_range(literal, "exact arithmetic") if decimal is None else decimal


def _out_of_range(literal: str, kind: str) -> Refused:
    shown = literal if len(literal) <= 40 else f"{literal[:20]}... ({len(literal)} characters)"
    return Refused(f"{shown}, which is out of the range of {kind}", literal)


def _repeated_key(tree: Any) -> InputError:
    pending = [("", tree)]
    while True:  # ends: the tree has a repeated key, unless another repeated key replaced it, which is then found
        path, value = pending.pop()
        if isinstance(value, _Object) and value.repeated is not None:
            place = f"{path}.{value.repeated}" if path else value.repeated
            return InputError("the key is given twice", place=place)
        if isinstance(value, dict):
            pending += [(f"{path}.{key}" if path else key, child) for key, child in value.items()]
        elif isinstance(value, list):
            pending += [(f"{path}[{i}]", child) for i, child in enumerate(value)]
