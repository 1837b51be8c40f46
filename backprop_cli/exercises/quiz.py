"""Quizzes: each asked entry is a gap with its right answer, and with known mistakes as wrong answers that are named.

Answers have the decimals of the exercise. A right value that lies halfway between two such numbers stands in its gap
with one digit more, so that the tolerance of half a unit reaches both of them. A wrong value is rounded to the decimals
of the exercise; one that lies halfway between two numbers gives both of them, because a student may round either way.
Wrong values are float64, so that halfway includes what rounding errors put beside it, and a mistake that leads to the
right value but for rounding errors is left out.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

from backprop_cli.checks.mistakes import wrong_values
from backprop_cli.core.exact import to_fraction
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.exercises.exercise import Asked, Exercise
from backprop_cli.exercises.rounding import Exact

__all__ = ["Gap", "Quiz", "WrongAnswer", "quiz"]

# How far a value may be from halfway between two answers, relative to itself and at least in units of the last decimal
_OF_DECIMALS = Fraction(1, 10**40)  # they have 50 right digits
_OF_FLOATS, _OF_FLOATS_IN_UNITS = Fraction(1, 10**12), Fraction(1, 10**9)
_MOST_IN_UNITS = Fraction(1, 4)
_UNCHANGED = Fraction(1, 10**12)  # relative to the largest entry; a mistake that changes less changes nothing


_Mistake: TypeAlias = tuple[str, str]  # its name and description


@dataclass(frozen=True, kw_only=True)
class WrongAnswer:
    """A number that known mistakes lead to."""

    answer: str  # a decimal
    names: tuple[str, ...]  # rows of the table of mistakes, each once, in the order of the table
    descriptions: tuple[str, ...]  # at least one; a row may have several: the biases of layer 0, or of layer 1


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One number that is asked for."""

    entry: str  # `dweights[0,1]`
    answer: str  # a decimal
    tolerance: str  # a decimal: answers at this distance from `answer` are right, too
    wrong: tuple[WrongAnswer, ...]  # each once; none of them is right within the tolerance


@dataclass(frozen=True, kw_only=True, eq=False)
class Quiz:
    """An exercise that can be marked by a machine."""

    exercise: Exercise
    gaps: tuple[tuple[Gap, ...], ...]  # by asked quantity, the entries of its grid row by row


def quiz(exercise: Exercise, solution: Solution) -> Quiz:
    """Return the gaps of an exercise.

    Args:
        exercise: What is asked, with right answers.
        solution: Everything that follows from the same problem, in float64.
    """
    places = {
        solution.problem.place(i, quantity): Node(i, quantity)
        for i, layer in enumerate(solution.layers)
        for quantity in layer.computed
    }
    gaps = (_gaps(asked, places[asked.matrix.place], solution, exercise.digits) for asked in exercise.asked)
    return Quiz(exercise=exercise, gaps=tuple(map(tuple, gaps)))


def _gaps(asked: Asked, node: Node, solution: Solution, digits: int) -> Iterator[Gap]:
    matrix, shape = asked.matrix, asked.matrix.grid.shape
    mistakes = [((found.name, found.description), found.value.ravel()) for found in wrong_values(solution, node)]
    unchanged = _UNCHANGED * max(abs(to_fraction(right)) for right in asked.answers.flat)
    for k, right in enumerate(asked.answers.ravel()):
        values = ((mistake, float(wrong[k])) for mistake, wrong in mistakes)
        rights = right, float(matrix.grid.flat[k])  # far from each other where rounding makes a unit active
        wrong = [(mistake, value) for mistake, value in values if _is_changed(value, rights, unchanged)]
        yield _gap(matrix.entry(*divmod(k, shape[1])), right, wrong, digits)


def _is_changed(value: float, rights: Iterable[Exact | float], unchanged: Fraction) -> bool:
    """Tell whether a wrong value is a number, and is another one than the right values."""
    return math.isfinite(value) and all(abs(to_fraction(value) - to_fraction(right)) > unchanged for right in rights)


def _gap(entry: str, right: Exact, wrong: Iterable[tuple[_Mistake, float]], digits: int) -> Gap:
    """Return a gap; a mistake may have several wrong values."""
    answers = _rounded(right, digits)
    named: dict[int, list[_Mistake]] = {}
    for mistake, value in wrong:
        for answer in _rounded(value, digits):
            if answer not in answers:
                named.setdefault(answer, []).append(mistake)
    return Gap(
        entry=entry,
        answer=_text(answers[0], digits) if len(answers) == 1 else _text(10 * answers[0] + 5, digits + 1),
        tolerance=_text(5, digits + 1),
        wrong=tuple(_wrong_answer(_text(answer, digits), mistakes) for answer, mistakes in named.items()),
    )


def _wrong_answer(answer: str, mistakes: list[_Mistake]) -> WrongAnswer:
    names, descriptions = (tuple(dict.fromkeys(texts)) for texts in zip(*mistakes, strict=True))
    return WrongAnswer(answer=answer, names=names, descriptions=descriptions)


def _rounded(value: Exact | float, digits: int) -> tuple[int, ...]:
    """Return a value rounded, in units of the last decimal: the nearest integer, or both if it lies halfway.

    >>> _rounded(Fraction(7, 3), 2), _rounded(Fraction(-5, 2), 0), _rounded(1.005, 2)
    ((233,), (-3, -2), (100, 101))
    """
    units = to_fraction(value) * 10**digits
    below = math.floor(units)
    beyond_half = units - below - Fraction(1, 2)
    if abs(beyond_half) <= _slack(value, abs(units)):
        return below, below + 1
    return (below + (beyond_half > 0),)


def _slack(value: Exact | float, units: Fraction) -> Fraction:
    if isinstance(value, float):
        return min(max(_OF_FLOATS * units, _OF_FLOATS_IN_UNITS), _MOST_IN_UNITS)
    return _OF_DECIMALS * max(units, Fraction(1)) if isinstance(value, Decimal) else Fraction(0)


def _text(units: int, digits: int) -> str:
    """Return so many units of the last decimal as a decimal: 7 units of 0.001 as 0.007."""
    sign, figures, _ = Decimal(units).as_tuple()
    return f"{Decimal((sign, figures, -digits)):f}"
