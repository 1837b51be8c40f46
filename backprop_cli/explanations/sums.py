"""The terms of an entry, and what each of them is made of."""

from collections.abc import Callable
from typing import Any, NamedTuple

from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node, Position
from backprop_cli.explanations.explanation import Term

__all__ = ["MOST_READ", "Part", "Ref", "Sum", "sample_name"]

MOST_READ = 20  # entries of a sample that a softmax takes: of more, only one is explained


class Ref(NamedTuple):
    """An entry with its name, or what is computed from entries."""

    name: str
    value: Any  # None where the quantity is too large to compute
    source: tuple[Node, Position] | None = None  # where the entry is, if it was computed


class Part(NamedTuple):
    """What one term is made of."""

    factors: tuple[Ref, ...]
    record: Term = Term()  # what its record says besides
    reads: tuple[Ref, ...] = ()  # entries that are no factors, such as the z at which a derivative is taken


class Sum(NamedTuple):
    """Terms that make up an entry, or some of them."""

    terms: Array  # (m,)
    inactive: Array  # (m,): whether an inactive unit makes the term zero
    part: Callable[[int], Part]  # that of the k-th term


def sample_name(problem: Problem, node: Node, n: object) -> str:
    """Return the name of all entries of a sample: `z[0]`, or `z[:,0]` where samples are columns."""
    before = ":," if problem.samples_in == "columns" else ""
    return f"{problem.place(*node)}[{before}{n}]"
