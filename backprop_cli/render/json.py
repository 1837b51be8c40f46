"""Strict JSON whose numbers read back bit for bit, with one line for each row of a matrix."""

import json
from collections.abc import Mapping, Sequence
from numbers import Rational
from typing import Any

import numpy as np

from backprop_cli.render.numbers import literal, literals
from backprop_cli.solve import Solution

SCHEMA = "backprop.result/1"


def result(solution: Solution) -> str:
    """Return a solution as a JSON object that mirrors its problem.

    An exact solution says so, and names the matrices whose numbers were binary floats, not written decimals.
    """
    problem = solution.problem
    layers = [dict(layer.computed) for layer in solution.layers]
    return _dump(
        {
            "schema": SCHEMA,
            **({"exact": True, "binary": list(problem.binary)} if problem.exact else {}),
            "learning_rate": problem.learning_rate,
            "weight_layout": problem.weight_layout,
            **({"layers": layers} if problem.layered else layers[0]),
            "not_computed": solution.not_computed(),
        }
    )


def problem(draft: Mapping[str, Any]) -> str:
    """Return a problem's draft as a problem file."""
    return _dump(draft)


def _dump(tree: Mapping[str, Any]) -> str:
    return _written(tree, "") + "\n"


def _written(value: Any, indent: str) -> str:
    inner = indent + "  "
    match value:
        case np.ndarray() if value.ndim == 2:
            return _block("[]", [_written(row, inner) for row in value], indent)
        case np.ndarray():
            return f"[{', '.join(literals(value))}]"
        case Rational() if not isinstance(value, int):
            return literal(value)
        case Mapping() if value:
            return _block("{}", [f"{json.dumps(k)}: {_written(v, inner)}" for k, v in value.items()], indent)
        case list() if value:
            return _block("[]", [_written(item, inner) for item in value], indent)
        case _:
            return json.dumps(value, allow_nan=False)


def _block(brackets: str, lines: Sequence[str], indent: str) -> str:
    return brackets[0] + ",".join(f"\n{indent}  {line}" for line in lines) + f"\n{indent}{brackets[1]}"
