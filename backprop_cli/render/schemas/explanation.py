"""The JSON Schema of an explanation."""

from backprop_cli.explanations.explanation import Factor
from backprop_cli.explanations.worked import LeftOut
from backprop_cli.render.schemas.parts import COUNT, FLAG, NUMBER, TEXT, Schema, array, obj, record, up_to, versioned

__all__ = ["explanation"]


def explanation() -> Schema:
    """Return the schema of one explanation, or of a worked solution, which is a walk through many."""
    one = {"$ref": "#/$defs/explanation"}
    walk = versioned(
        "backprop.explanation/1",
        {
            "walk": array(one),
            "matrices": array({"$ref": "#/$defs/matrix"}),
            "not_shown": {"type": "integer", "minimum": 1},
            "left_out": array(record(LeftOut)),
            "not_computed": {"type": "object", "additionalProperties": TEXT},
        },
        ["walk", "matrices", "left_out", "not_computed"],
    )
    parts = _parts_of_explanation()
    entry = versioned("backprop.explanation/1", parts["properties"], parts["required"])
    return {
        "anyOf": [walk, entry],
        "$defs": {"explanation": {"anyOf": [parts, _repeated()]}, "term": _term(), "matrix": _matrix()},
    }


def _parts_of_explanation() -> Schema:
    terms = array({"$ref": "#/$defs/term"})
    chain = obj({"rule": TEXT, "where": array(TEXT), "terms": terms}, ["rule", "terms"])
    return obj(
        {
            "entry": TEXT,
            "value": NUMBER,
            "rule": TEXT,
            "chain": TEXT,
            "where": array(TEXT, minItems=1),
            "terms": terms,
            "divisor": {"type": "integer", "minimum": 2},
            "through_upstream": chain,
            "passed_on": array(record(Factor)),
            "more_passed_on": COUNT,
            "cut": {"const": True},
            "from": array({"$ref": "#/$defs/explanation"}),
        },
        ["entry", "value", "rule", "terms", "from"],
    )


def _repeated() -> Schema:
    """Return the schema of an explanation that stands elsewhere."""
    return obj({"entry": TEXT, "value": NUMBER, "repeated": {"const": True}}, ["entry", "value", "repeated"])


def _term() -> Schema:
    return obj(
        {
            "factors": array(record(Factor)),
            "coefficient": NUMBER,
            "slope": TEXT,
            "function": TEXT,
            "rest": {"type": "integer", "minimum": 1},
            "value": NUMBER,
            "closed": FLAG,
        },
        ["factors", "value", "closed"],
    )


def _matrix() -> Schema:
    indices = array(COUNT)
    return obj(
        {
            "place": TEXT,
            "rule": TEXT,
            "shape": {**indices, "maxItems": 2},
            "rows": indices,
            "columns": indices,
            "values": up_to(2, NUMBER),
        },
        ["place", "shape", "values"],
    )
