"""Strict JSON with every digit of a number, and a line for each row of a matrix."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from math import isfinite
from numbers import Rational
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from backprop_cli.core.quantities import OF_THE_LOSS
from backprop_cli.core.scratch import chunks
from backprop_cli.core.solution import Solution
from backprop_cli.render.edges import edges
from backprop_cli.render.numbers import literal, literals

if TYPE_CHECKING:
    from backprop_cli.checks.verdict import Verdict
    from backprop_cli.core.problem import Problem
    from backprop_cli.explanations.explanation import Explanation, Term
    from backprop_cli.explanations.worked import Matrix, Worked

_EXPLANATION = "backprop.explanation/1"
_MANY = 10_000  # entries of a matrix, which a worked solution shows the edges of


class _Style(NamedTuple):
    unit: str = "  "  # the indent of each level
    comma: str = ", "  # between numbers
    colon: str = ": "
    between: str = ","  # rows, items and members, before the line break


_USUAL = _Style()


def result(solution: Solution) -> Iterator[str]:
    """Yield the parts of a result, which mirrors its problem.

    An exact solution says so, or how many digits are right, and names the matrices that were binary floats, not written
    decimals; one in float32 says that.
    """
    problem = solution.problem
    return file(
        {
            "schema": "backprop.result/1",
            **({} if problem.naming is None else {"names": problem.naming.convention.name}),
            **(_exact(problem) if problem.exact else {}),
            **({"dtype": str(problem.dtype)} if problem.dtype == np.float32 else {}),
            "learning_rate": problem.learning_rate,
            **problem.conventions(),
            **quantities(solution),
            "not_computed": solution.not_computed(),
        }
    )


def quantities(solution: Solution) -> dict[str, Any]:
    """Return the computed quantities as a result has them: by name, or those of each layer in `layers`."""
    if solution.problem.naming is not None:
        return dict(solution.matrices())
    layers = [dict(layer.computed) for layer in solution.layers]
    if not solution.problem.layered:
        return layers[0]
    at_top = {name: layers[-1].pop(name) for name in OF_THE_LOSS if name in layers[-1]}
    return {**at_top, "layers": layers}


def value(value: Any, line: str, unit: str, comma: str, colon: str) -> str:
    """Return a value as it is written in another text.

    Args:
        value: A quantity of at most two dimensions, or a tree of them.
        line: The line break and the indent before the value; if empty, all of it stands on one line.
        unit: The indent of each level.
        comma: What stands between numbers.
        colon: What stands between a key and its value.
    """
    style = _Style(unit, comma, colon) if line else _Style("", comma, colon, comma)
    return "".join(_parts(value, line, style))


def _exact(problem: "Problem") -> dict[str, Any]:
    digits = {} if problem.digits is None else {"digits": problem.digits}
    return {"exact": problem.digits is None, **digits, "binary": list(problem.binary)}


def problem(draft: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts of a problem file."""
    return file(draft)


def schema(tree: Mapping[str, Any]) -> str:
    """Return a JSON Schema."""
    return "".join(file(tree))


def check(verdicts: Sequence["Verdict"]) -> str:
    """Return the verdicts of a check."""
    passed, files = all(verdict.passed for verdict in verdicts), [_verdict(verdict) for verdict in verdicts]
    return "".join(file({"schema": "backprop.check/1", "passed": passed, "files": files}))


def explanation(found: "Explanation") -> str:
    """Return the explanation of one entry."""
    return "".join(file({"schema": _EXPLANATION, **_explanation(found)}))


def worked(found: "Worked", max_rows: int = 0) -> Iterator[str]:
    """Yield the parts of a worked solution: its explanations, and every matrix that is given or found.

    Of a matrix of more than 10,000 entries there are the first and last rows, `max_rows` of them, and columns; 0 stands
    for all of it.
    """
    not_shown = {"not_shown": found.not_shown} if found.not_shown else {}
    given = [_matrix(matrix, None, max_rows) for matrix in found.given]
    return file(
        {
            "schema": _EXPLANATION,
            "walk": [_explanation(example) for step in found.steps for example in step.examples],
            "matrices": [*given, *(_matrix(step.result, step.rule, max_rows) for step in found.steps)],
            **not_shown,
            "left_out": [_record(each) for each in found.left_out],
            "not_computed": found.not_computed,
        }
    )


def _matrix(matrix: "Matrix", rule: str | None, max_rows: int) -> dict[str, Any]:
    """Return a matrix with its rule; one that is given has none. If it is not whole, it says which part it is."""
    values, shown = matrix.values, {}
    if values.size > _MANY and max_rows:
        ends = edges(matrix.grid.shape, max_rows)
        rows, columns = ([k for k in part if k is not None] for part in (ends.rows, ends.columns))
        values = matrix.grid[np.ix_(rows, columns)]
        if matrix.values.ndim == 1:
            values = values.ravel()
        shown = {"rows": rows, "columns": columns}
    return _without_none(
        {"place": matrix.place, "rule": rule, "shape": list(matrix.values.shape), **shown, "values": values}
    )


def _verdict(verdict: "Verdict") -> dict[str, Any]:
    found: dict[str, Any] = {"file": verdict.file, **({} if verdict.problem is None else {"problem": verdict.problem})}
    found |= {"passed": verdict.passed, "outcome": verdict.outcome}
    if verdict.error is not None:
        return found | {"error": str(verdict.error), "hint": verdict.error.hint}
    if verdict.outcome == "empty":
        found["nothing_tested"] = verdict.untested
    if verdict.all_zero:
        found["all_inactive"] = True
    found["finite_differences"] = {"not_taken": verdict.undifferentiable}
    if (check := verdict.gradients) is not None:
        found["finite_differences"] = {"passed": check.passed, "told": check.told, **_record(check)}
    found["expected"] = {
        each.place: {"passed": each.passed, "verdict": each.verdict, **_with_digits(each)} for each in verdict.expected
    }
    if (exact := verdict.exact) is not None:
        found["exact"] = {"passed": exact.passed, **_with_digits(exact)}
    return found


def _with_digits(value: Any) -> dict[str, Any]:
    """Return a record as an object, in which `digits` is left out where it is None."""
    return {key: item for key, item in _record(value).items() if key != "digits" or item is not None}


def _explanation(found: "Explanation") -> dict[str, Any]:
    if found.repeated:
        return {"entry": found.entry, "value": found.value, "repeated": True}
    return _without_none(
        {
            "entry": found.entry,
            "value": found.value,
            "rule": found.notation.rule,
            "chain": found.notation.chain,
            "where": list(found.notation.where) or None,
            "terms": [_term(term) for term in found.terms],
            "divisor": found.divisor if found.divisor > 1 else None,
            "through_upstream": None if found.through_upstream is None else _chain(found.through_upstream),
            "passed_on": [_record(factor) for factor in found.passed_on] or None,
            "more_passed_on": found.more_passed_on if found.passed_on else None,
            "cut": found.cut or None,
            "from": [_explanation(source) for source in found.sources],
        }
    )


def _chain(found: "Explanation") -> dict[str, Any]:
    """Return the terms of an entry by the chain rule, where it was explained in one step."""
    keys = ("rule", "where", "terms")
    return {key: value for key, value in _explanation(found).items() if key in keys}


def _term(term: "Term") -> dict[str, Any]:
    names = [factor.name for factor in term.factors]
    return _without_none(
        {
            "factors": [_record(factor) for factor in term.factors],
            "coefficient": term.coefficient,
            "slope": term.derivative,
            "function": None if term.function is None else term.function.format(*(term.arguments or names)),
            "rest": term.rest or None,
            "value": term.value,
            "closed": term.inactive,
        }
    )


def _without_none(items: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in items.items() if value is not None}


def _record(value: Any) -> Any:
    """Return a record as an object; infinities and NaN become texts, as JSON has no numbers for them."""
    if is_dataclass(value):
        return {field.name: _record(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_record(item) for item in value]
    return str(value) if isinstance(value, float) and not isfinite(value) else value


def file(tree: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts of a file that holds a tree; arrays of texts hold literals of JSON."""
    yield from _parts(tree)
    yield "\n"


def _parts(value: Any, indent: str = "\n", style: _Style = _USUAL) -> Iterator[str]:
    """Yield a value as JSON, in parts of at most a chunk of rows; `indent` is the line break before the value."""
    inner = indent + style.unit
    match value:
        case np.ndarray() if value.ndim == 2:
            yield "["
            for rows in chunks(value):
                lines = (f"{inner}[{style.comma.join(literals(row))}]" for row in value[rows])
                yield style.between * (rows.start > 0) + style.between.join(lines)
            yield f"{indent}]"
        case np.ndarray() if value.ndim == 0:
            yield literals(value.reshape(1))[0]
        case np.ndarray():
            yield f"[{style.comma.join(literals(value))}]"
        case Rational() if not isinstance(value, int):
            yield literal(value)
        case Mapping() if value:
            for number, (key, item) in enumerate(value.items()):
                yield f"{style.between if number else '{'}{inner}{json.dumps(key)}{style.colon}"
                yield from _parts(item, inner, style)
            yield indent + "}"
        case list() if value:
            for number, item in enumerate(value):
                yield f"{style.between if number else '['}{inner}"
                yield from _parts(item, inner, style)
            yield f"{indent}]"
        case _:
            yield json.dumps(value, allow_nan=False)
