"""Exercises for tests, made of problems as files hold them."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.exercises.exercise import Asked, Exercise
from backprop_cli.exercises.quiz import Quiz, quiz
from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.worked import worked
from backprop_cli.load.json import parse
from backprop_cli.load.schema import build

STATEMENT = ("The activation is f(z) = max(0, z), a <function> of z & no other.", "Compute {#1} and {all} gradients.")


def exercise_of(problem: Mapping[str, Any], *, digits: int = 3, ask: Sequence[str] = ()) -> tuple[Exercise, Solution]:
    """Return the exercise of a problem and its solution in float64; `ask` are quantities, by default all computed."""
    text = json.dumps(problem)
    floats = build(json.loads(text), {}, exact=False, dtype="float64")
    exact = solve(build(parse(text.encode(), exact=True), {}, exact=True, dtype="float64"))
    found = worked(floats, Extent())
    results = {step.node_place: step.result for step in found.steps}
    asked = [
        Asked(matrix=results[place], answers=answers)
        for place, answers in exact.matrices()
        if place in results and (not ask or place.rpartition(".")[2] in ask)
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
    return exercise, solve(floats)


def quiz_of(problem: Mapping[str, Any], *, digits: int = 3, ask: Sequence[str] = ()) -> Quiz:
    """Return the quiz of a problem; `ask` are quantities, by default all that are computed."""
    return quiz(*exercise_of(problem, digits=digits, ask=ask))
