"""Exercises for tests, made of problems as files hold them, without the package's own `sheet`."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError
from backprop_cli.exercises.exercise import Asked, Exercise
from backprop_cli.exercises.quiz import Quiz, quiz
from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.worked import Worked, worked
from backprop_cli.load.json import parse
from backprop_cli.load.schema import build

STATEMENT = ("Layer 0 has the activation f(z) = max(0, z).", "Compute every gradient.")


def exercise_of(problem: Mapping[str, Any], *, digits: int = 3, ask: Sequence[str] = ()) -> tuple[Exercise, Solution]:
    """Return the exercise of a problem and its solution in float64; `ask` are quantities, by default all computed."""
    import json

    text = json.dumps(problem)
    floats = build(json.loads(text), {}, exact=False, dtype="float64")
    exact = solve(build(parse(text.encode(), exact=True), {}, exact=True, dtype="float64"))
    found, solution = worked(floats, Extent()), solve(floats)
    results = {step.node_place: step.result for step in found.steps}
    asked = [
        Asked(matrix=results[floats.place(i, quantity)], answers=answers)
        for i, layer in enumerate(exact.layers)
        for quantity, answers in layer.computed.items()
        if floats.place(i, quantity) in results and (not ask or quantity in ask)
    ]
    exercise = Exercise(
        title=problem.get("title", "Exercise 1"),
        source=problem.get("source"),
        identity=sha256(text.encode()).hexdigest(),
        statement=STATEMENT,
        given=found.given,
        asked=tuple(asked),
        digits=digits,
        solution=found,
    )
    return exercise, solution
