"""Strict JSON whose numbers read back bit for bit, with one line for each row of a matrix."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from math import isfinite
from numbers import Rational
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop_cli.core.scratch import chunks
from backprop_cli.core.solution import Solution
from backprop_cli.render.numbers import literal, literals

if TYPE_CHECKING:
    from backprop_cli.checks.verdict import Verdict
    from backprop_cli.explanations.explanation import Explanation, Term, Walk

SCHEMA = "backprop.result/1"
EXPLANATION_SCHEMA = "backprop.explanation/1"
CHECK_SCHEMA = "backprop.check/1"


def result(solution: Solution) -> Iterator[str]:
    """Yield the text of a solution as a JSON object that mirrors its problem.

    An exact solution says so, and names the matrices whose numbers were binary floats, not written decimals; one in
    float32 says that.
    """
    problem = solution.problem
    layers = [dict(layer.computed) for layer in solution.layers]
    yield from _pieces(
        {
            "schema": SCHEMA,
            **({"exact": True, "binary": list(problem.binary)} if problem.exact else {}),
            **({"dtype": str(problem.dtype)} if problem.dtype == np.float32 else {}),
            "learning_rate": problem.learning_rate,
            "weight_layout": problem.weight_layout,
            **({"layers": layers} if problem.layered else layers[0]),
            "not_computed": solution.not_computed(),
        }
    )
    yield "\n"


def check(verdicts: Sequence["Verdict"]) -> str:
    """Return the verdicts of a check as a JSON object."""
    return _dump(
        {
            "schema": CHECK_SCHEMA,
            "passed": all(verdict.passed for verdict in verdicts),
            "files": [_verdict(verdict) for verdict in verdicts],
        }
    )


def explanation(found: "Explanation") -> str:
    """Return the explanation of one entry as a JSON object."""
    return _dump({"schema": EXPLANATION_SCHEMA, **_explanation(found)})


def walk(found: "Walk") -> str:
    """Return the explanations of a whole problem as a JSON object."""
    return _dump(
        {
            "schema": EXPLANATION_SCHEMA,
            "walk": [_explanation(step) for step in found.steps],
            "not_computed": found.not_computed,
        }
    )


def problem(draft: Mapping[str, Any]) -> Iterator[str]:
    """Yield the text of a problem's draft as a problem file."""
    yield from _pieces(draft)
    yield "\n"


def _verdict(verdict: "Verdict") -> dict[str, Any]:
    found: dict[str, Any] = {"file": verdict.file, "passed": verdict.passed, "outcome": verdict.outcome}
    if verdict.error is not None:
        return found | {"error": str(verdict.error), "hint": verdict.error.hint}
    if verdict.outcome == "empty":
        found["nothing_tested"] = verdict.untested
    if verdict.all_zero:
        found["all_inactive"] = True
    found["finite_differences"] = {"not_taken": verdict.undifferentiable}
    if verdict.gradients is not None:
        found["finite_differences"] = {
            "passed": verdict.gradients.passed,
            "told": verdict.gradients.told,
            **_record(verdict.gradients),
        }
    found["expected"] = {
        quantity.place: {"passed": quantity.passed, **_record(quantity)} for quantity in verdict.expected
    }
    if verdict.exact is not None:
        found["exact"] = {"passed": verdict.exact.passed, **_record(verdict.exact)}
    return found


def _explanation(found: "Explanation") -> dict[str, Any]:
    said: dict[str, Any] = {"entry": found.entry, "value": found.value}
    if found.repeated:
        return said | {"repeated": True}
    said["rule"] = found.notation.rule
    if found.notation.chain is not None:
        said["chain"] = found.notation.chain
    said["terms"] = [_term(term) for term in found.terms]
    if found.passed_on:
        said["passed_on"] = [_record(factor) for factor in found.passed_on]
        said["more_passed_on"] = found.more_passed_on
    if found.cut:
        said["cut"] = True
    return said | {"from": [_explanation(source) for source in found.sources]}


def _term(term: "Term") -> dict[str, Any]:
    said: dict[str, Any] = {"factors": [_record(factor) for factor in term.factors]}
    if term.coefficient is not None:
        said["coefficient"] = term.coefficient
    if term.derivative is not None:
        said["slope"] = term.derivative
    if term.function is not None:
        said["function"] = term.function.format(z="z")
    if term.rest:
        said["rest"] = term.rest
    return said | {"value": term.value, "closed": term.inactive}


def _record(value: Any) -> Any:
    """Return a record as an object, and what is infinite or not a number as null, which JSON has for it."""
    if is_dataclass(value):
        return {field.name: _record(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_record(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _dump(tree: Mapping[str, Any]) -> str:
    return "".join(_pieces(tree)) + "\n"


def _pieces(value: Any, indent: str = "\n") -> Iterator[str]:
    """Yield a value as JSON, in pieces that are no larger than a stretch of rows; `indent` begins a line as it does."""
    inner = indent + "  "
    match value:
        case np.ndarray() if value.ndim == 2:
            yield "["
            for rows in chunks(value):
                lines = (f"{inner}[{', '.join(literals(row))}]" for row in value[rows])
                yield "," * (rows.start > 0) + ",".join(lines)
            yield f"{indent}]"
        case np.ndarray():
            yield f"[{', '.join(literals(value))}]"
        case Rational() if not isinstance(value, int):
            yield literal(value)
        case Mapping() if value:
            for number, (key, item) in enumerate(value.items()):
                yield f"{',' if number else '{'}{inner}{json.dumps(key)}: "
                yield from _pieces(item, inner)
            yield indent + "}"
        case list() if value:
            for number, item in enumerate(value):
                yield f"{',' if number else '['}{inner}"
                yield from _pieces(item, inner)
            yield f"{indent}]"
        case _:
            yield json.dumps(value, allow_nan=False)
