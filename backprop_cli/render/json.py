"""Strict JSON whose numbers read back bit for bit, with one line for each row of a matrix."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backprop_cli.solve import Solution

SCHEMA = "backprop.result/1"


def result(solution: Solution) -> str:
    """Return a solution as a JSON object that mirrors its problem."""
    problem = solution.problem
    layers = [dict(layer.computed) for layer in solution.layers]
    return _dump(
        {
            "schema": SCHEMA,
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
            return _block("[]", [json.dumps(row, allow_nan=False) for row in value.tolist()], indent)
        case np.ndarray():
            return json.dumps(value.tolist(), allow_nan=False)
        case Mapping() if value:
            return _block("{}", [f"{json.dumps(k)}: {_written(v, inner)}" for k, v in value.items()], indent)
        case list():
            return _block("[]", [_written(item, inner) for item in value], indent)
        case _:
            return json.dumps(value, allow_nan=False)


def _block(brackets: str, lines: Sequence[str], indent: str) -> str:
    return brackets[0] + ",".join(f"\n{indent}  {line}" for line in lines) + f"\n{indent}{brackets[1]}"
