"""The records of an exercise: a problem as a question, with what is asked and the right answers."""

from dataclasses import dataclass

from backprop_cli.core.arrays import Array
from backprop_cli.explanations.worked import Matrix, Worked

__all__ = ["Asked", "Exercise"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """One quantity that is asked for."""

    matrix: Matrix  # its place, its letter, and its values in float64
    answers: Array  # of `rounding.Exact`, in the shape of `matrix.values`


@dataclass(frozen=True, kw_only=True, eq=False)
class Exercise:
    """One problem as a question."""

    title: str  # the problem's own, or `Exercise 1`
    source: str | None  # without the command that makes the problem again, and its answers
    identity: str  # the seed of a drawn problem and its digest, or the digest alone
    statement: tuple[str, ...]  # sentences: the layers, the loss, the conventions, what to compute
    given: tuple[Matrix, ...]
    asked: tuple[Asked, ...]  # in the order of work by hand
    digits: int  # decimals of an answer, which may be off by half a unit of the last
    solution: Worked  # the key
