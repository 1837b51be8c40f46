"""The JSON Schema of the verdicts of a check."""

from typing import get_args

from backprop_cli.checks.exactness import ExactCheck
from backprop_cli.checks.gradcheck import GradientCheck
from backprop_cli.checks.quantity_check import EntryVerdict, QuantityCheck
from backprop_cli.checks.verdict import Outcome
from backprop_cli.render.schemas.parts import (
    COUNT,
    FLAG,
    TEXT,
    Schema,
    array,
    choice,
    merged,
    obj,
    or_null,
    record,
    versioned,
)

__all__ = ["check"]


def check() -> Schema:
    """Return the schema of the verdicts of a check."""
    differences = merged(record(GradientCheck), passed=FLAG, told=COUNT)
    not_taken = obj({"not_taken": or_null(TEXT)}, ["not_taken"])
    expected = merged(record(QuantityCheck, optional=["digits"]), passed=FLAG, verdict=choice(get_args(EntryVerdict)))
    exact = merged(record(ExactCheck, optional=["digits"]), passed=FLAG)
    file = obj(
        {
            "file": TEXT,
            "problem": TEXT,
            "passed": FLAG,
            "outcome": choice(get_args(Outcome)),
            "error": TEXT,
            "hint": or_null(TEXT),
            "nothing_tested": TEXT,
            "all_inactive": {"const": True},
            "finite_differences": {"anyOf": [differences, not_taken]},
            "expected": {"type": "object", "additionalProperties": expected},
            "exact": exact,
        },
        ["file", "passed", "outcome"],
        anyOf=[{"required": ["error", "hint"]}, {"required": ["finite_differences", "expected"]}],
    )
    return versioned("backprop.check/1", {"passed": FLAG, "files": array(file)}, ["passed", "files"])
