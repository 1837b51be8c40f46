"""Validate what backprop writes against its own JSON Schemas, with the package jsonschema."""

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from backprop_cli.render.schemas.schema import schema


@cache
def validator(kind: str) -> Any:
    """Return the validator of a kind of file; the schema itself is validated first."""
    Draft202012Validator.check_schema(schema(kind))
    return Draft202012Validator(schema(kind))


def errors(kind: str, tree: Any) -> list[str]:
    """Return where a tree does not follow the schema of its kind, with the reason."""
    return [f"{error.json_path}: {error.message[:200]}" for error in validator(kind).iter_errors(tree)]


def require_valid(text: str) -> None:
    """Check a text that may be JSON against the schema that it names, if it names one."""
    if not text.startswith('{\n  "schema": "backprop.'):
        return
    tree = json.loads(text)
    kind = tree["schema"].removeprefix("backprop.").removesuffix("/1")
    assert errors(kind, tree) == []
