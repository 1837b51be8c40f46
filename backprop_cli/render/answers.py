"""Answers of an exercise as JSON: nulls to fill in, or the right answers. `check --expect` takes such a file."""

from collections.abc import Iterator

import numpy as np

from backprop_cli.core.places import dotted, nest
from backprop_cli.exercises.exercise import Asked, Exercise
from backprop_cli.exercises.rounding import rounded_texts
from backprop_cli.render import json

__all__ = ["answers"]


def answers(exercise: Exercise, *, key: bool) -> Iterator[str]:
    """Yield the parts of a file of answers, laid out as a result: all null, or as a key right and rounded."""

    def texts(asked: Asked) -> np.ndarray:
        return rounded_texts(asked.answers, exercise.digits) if key else np.full(asked.answers.shape, "null")

    asked = [(each.matrix.place, texts(each)) for each in exercise.asked]
    naming, title = exercise.solution.problem.naming, exercise.solution.title
    if naming is None:
        quantities = nest(((dotted(place), values) for place, values in asked), gaps=True)
    else:
        quantities = {"names": naming.convention.name, **dict(asked)}
    return json.file(
        {
            "schema": "backprop.answers/1",
            **({} if title is None else {"problem": title}),
            "digits": exercise.digits,
            **quantities,
        }
    )
