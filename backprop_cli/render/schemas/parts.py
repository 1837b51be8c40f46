"""The parts that JSON Schemas are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from fractions import Fraction
from types import MappingProxyType, NoneType, UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

__all__ = ["COUNT", "FLAG", "NUMBER", "TEXT", "Schema"]
__all__ += ["array", "choice", "merged", "obj", "or_named", "or_null", "record", "tensor", "up_to", "versioned"]

Schema: TypeAlias = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
# What JSON has no number for is a text.
_ANY_NUMBER: Schema = {"anyOf": [NUMBER, {"enum": ["nan", "inf", "-inf"]}]}


def obj(properties: Mapping[str, Schema], required: Sequence[str] = (), **more: Any) -> Schema:
    """Return the schema of an object that has no other properties."""
    return {
        "type": "object",
        "properties": dict(properties),
        **({"required": list(required)} if required else {}),
        "additionalProperties": False,
        **more,
    }


def or_named(part: Schema, value: Schema, otherwise: Mapping[str, Schema]) -> Schema:
    """Return the schema of an object that has values under other names, too, where `names` says whose names they are.

    The properties in `otherwise` have a stricter schema in an object without that.
    """
    kept = {key: value for key, value in part.items() if key != "additionalProperties"}
    known = dict.fromkeys(part["properties"], True)
    return {
        **kept,
        "if": {"required": ["names"]},
        "then": {"properties": known, "additionalProperties": value},
        "else": {"properties": {**known, **otherwise}, "additionalProperties": False},
    }


def versioned(version: str, properties: Mapping[str, Schema], required: Sequence[str] = (), **more: Any) -> Schema:
    """Return the schema of an object that names its own schema."""
    return obj({"schema": {"const": version}, **properties}, ["schema", *required], **more)


def choice(words: Sequence[str], **more: Any) -> Schema:
    """Return the schema of a value that is one of some words."""
    return {"enum": list(words), **more}


def array(items: Schema, **more: Any) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items, **more}


def tensor(depth: int, entry: Schema) -> Schema:
    """Return the schema of a number, a list of numbers, or a list of rows."""
    for _ in range(depth):
        entry = array(entry)
    return entry


def up_to(depth: int, entry: Schema, *others: Schema) -> Schema:
    """Return the schema of values with at most so many dimensions."""
    return {"anyOf": [*(tensor(k, entry) for k in range(depth, -1, -1)), *others]}


def or_null(part: Schema) -> Schema:
    """Return the schema of a value that may be null."""
    return {"anyOf": [part, {"type": "null"}]}


def merged(part: Schema, **more: Schema) -> Schema:
    """Return the schema of an object with more properties, all of them required."""
    return {**part, "properties": {**more, **part["properties"]}, "required": [*more, *part["required"]]}


def record(kind: type, optional: Sequence[str] = ()) -> Schema:
    """Return the schema of a record as `render.json` writes it."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    return obj({name: _of(hints[name]) for name in names}, [name for name in names if name not in optional])


def _of(hint: Any) -> Schema:
    """Return the schema of a field of a record, by its type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is tuple:
        return array(_of(arguments[0]))
    if origin in (Union, UnionType):
        found: list[Schema] = []
        for part in map(_of, arguments):
            found += [part] if part not in found else []
        return found[0] if len(found) == 1 else {"anyOf": found}
    return record(hint) if isinstance(hint, type) and is_dataclass(hint) else _PLAIN[hint]


_PLAIN: Mapping[type, Schema] = MappingProxyType(
    {
        NoneType: {"type": "null"},
        bool: FLAG,
        int: {"type": "integer"},
        str: TEXT,
        float: _ANY_NUMBER,
        Fraction: _ANY_NUMBER,
    }
)
