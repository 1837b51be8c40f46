"""Answers to an exercise, as `exercise --format json` writes them with nulls and a student fills them in.

Their numbers are decimals, asked for with a number of decimals, by which they may be off.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from backprop_cli.core.problem import Problem
from backprop_cli.errors import InputError
from backprop_cli.load.numbers import describe
from backprop_cli.messages import listed

__all__ = ["is_answers", "read_digits", "require_known_schema", "require_same_title"]

_ANSWERS = "backprop.answers/1"
_SCHEMAS = ("backprop.result/1", _ANSWERS)
_MOST_DIGITS = 15
_MOST_SHOWN = 200  # characters of a title


def is_answers(tree: Mapping[str, Any]) -> bool:
    """Tell whether a tree is that of answers, by its schema; without one, by `digits`.

    A result in exact numbers has `digits`, too.
    """
    if "schema" not in tree:
        return "digits" in tree and "exact" not in tree
    return isinstance(tree["schema"], str) and tree["schema"] == _ANSWERS


def require_known_schema(tree: Mapping[str, Any]) -> None:
    """Check that a tree is a result or answers, if it says what it is.

    Raises:
        InputError: It is something else.
    """
    schema = tree.get("schema")
    if isinstance(schema, str) and schema not in _SCHEMAS:
        hint = "run --format json writes results, and exercise --format json answers to fill in"
        raise InputError(f"expected {listed(_SCHEMAS, 'or')}, got {describe(schema)}", place="schema", hint=hint)


def require_same_title(tree: Mapping[str, Any], problem: Problem) -> None:
    """Check that answers belong to a problem, if they name it.

    Raises:
        InputError: They belong to another.
    """
    title = tree.get("problem")
    if title is not None and title != problem.title:
        own = "has no title" if problem.title is None else f"is {_named(problem.title)}"
        raise InputError(f"these are answers to {_named(title)}, and the problem {own}", place="problem")


def _named(title: object) -> str:
    """Return a title in full, as those of a series may differ in their ends; of a very long one the beginning."""
    return repr(title) if isinstance(title, str) and len(title) <= _MOST_SHOWN else describe(title)


def read_digits(tree: Mapping[str, Any]) -> int | None:
    """Return with how many decimals answers are asked for; None where they do not say it.

    Raises:
        InputError: It is no whole number from 0 to 15.
    """
    digits = tree.get("digits")
    if digits is None:
        return None
    if not isinstance(digits, Decimal) or digits != int(digits) or not 0 <= digits <= _MOST_DIGITS:
        reason = f"expected a whole number from 0 to {_MOST_DIGITS}, got {describe(digits)}"
        raise InputError(reason, place="digits")
    return int(digits)
