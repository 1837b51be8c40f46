"""JSON Schemas (draft 2020-12) of the files that are read and written.

Names of activations, losses and quantities come from the tables of `core`, and the parts of a check from its records.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from backprop_cli.render.schemas.check import check
from backprop_cli.render.schemas.explanation import explanation
from backprop_cli.render.schemas.parts import Schema
from backprop_cli.render.schemas.problem import answers, problem, result

__all__ = ["SCHEMAS", "schema"]


def schema(name: str) -> Schema:
    """Return the schema of a kind of file, one of `SCHEMAS`."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:backprop:{name}:1"}
    return {**head, "title": f"backprop: {name}", **SCHEMAS[name]()}


SCHEMAS: Mapping[str, Callable[[], Schema]] = MappingProxyType(
    {
        "problem": problem,
        "result": result,
        "check": check,
        "explanation": explanation,
        "answers": answers,
    }
)
