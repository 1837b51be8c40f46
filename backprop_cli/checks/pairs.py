"""Two mistakes at once: what the later one makes of what the earlier one leads to.

Both are to show: the values that they lead to must be evidence against what is right, and for each of the two against
what the other one leads to alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from backprop_cli.checks.evidence import Candidate, Case, enough
from backprop_cli.checks.follows import Forward
from backprop_cli.checks.matching import ALONE, OF_VALUES, Found, Mistake
from backprop_cli.checks.wrong_passes import known_forward, solution_of
from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import FORWARD
from backprop_cli.core.solution import Solution

# Of larger problems, only factors and transposes are tried on another mistake.
_MOST_LAYERS = 4
_MOST_PRODUCTS = 1_000_000  # of one pass
_TRANSPOSED = "transposed"
_MORE = 2.5  # digits of evidence that two mistakes need beyond one


class _Pair(NamedTuple):
    """A candidate of two rows, and what each of them leads to alone; None if the later one leads to nothing alone."""

    both: Candidate
    earlier: Candidate
    later: Candidate | None


def pairs(found: Sequence[Found], case: Case) -> Iterator[Candidate]:
    """Yield what two mistakes at once lead to, if it is the expected values, on evidence enough for both.

    Args:
        found: What each mistake leads to alone.
        case: The expected values, which none of them leads to.
    """
    tried = [pair for pair in _tried(found, case) if case.may_be(pair.both)]
    agreeing = [pair for pair in tried if case.agrees(pair.both.value)]
    if not agreeing or _is_constant(case.accepted.expected):
        return
    forward, n_rows = Forward(case.solution, case.expected), len({one.row.name for one in found})
    is_forward_right = all(case.is_right(node) for node in case.expected if node.quantity in FORWARD)
    for both, *halves in agreeing:
        is_enough = case.digits(both) >= enough(len(tried)) + _MORE and all(
            case.digits(both, half.value) >= enough(n_rows) for half in halves if half is not None
        )
        # Other activations change derivatives, too, and all of the forward pass.
        if is_enough and (both.flipped is None or (is_forward_right and forward.allows(both, case))):
            yield both


def _is_constant(values: Array) -> bool:
    """Tell whether all values, of any shape such as (n,), are the same: many causes lead to that."""
    return bool(values.size > 1 and (values == values.flat[0]).all())


def _tried(found: Sequence[Found], case: Case) -> Iterator[_Pair]:
    """Yield every pair of rows that leads to values of the expected shape."""
    rows = tuple(dict.fromkeys(one.row for one in found if one.row.stage != ALONE))
    alone = {(one.row.name, one.candidate.description): one.candidate for one in found}
    problem = case.solution.problem
    is_large = _products(problem) > _MOST_PRODUCTS or len(problem.layers) > _MOST_LAYERS
    for row, earlier in _earlier(found, case):
        later_rows = [other for other in rows if _is_later(other, row, is_large=is_large)]
        bases = {True: replace(case, made=earlier.value)}
        if any(other.stage != OF_VALUES for other in later_rows):
            bases[False] = replace(case, solution=_solved(case, earlier), rules=earlier.rules)
        for other in later_rows:
            for later in other.candidates(bases[other.stage == OF_VALUES]):
                if later.value.shape == case.accepted.expected.shape:
                    yield _Pair(_both(earlier, later), earlier, alone.get((other.name, later.description)))


def _earlier(found: Sequence[Found], case: Case) -> Iterator[Found]:
    """Yield the candidates that another mistake may be tried on: those that change something, each value once."""
    seen = [case.right]
    for one in found:
        value = one.candidate.value
        is_tried = one.row.stage != ALONE and one.row.name != _TRANSPOSED
        if is_tried and np.isfinite(value).all() and not any(np.array_equal(value, other) for other in seen):
            seen.append(value)
            yield one


def _is_later(row: Mistake, earlier: Mistake, *, is_large: bool) -> bool:
    """Tell whether a row is tried on top of an earlier one: two of the same stage exclude each other."""
    if row.stage == OF_VALUES:
        return row.name == _TRANSPOSED or earlier.stage < OF_VALUES
    return not is_large and row.stage > earlier.stage


def _products(problem: Problem) -> float:
    sizes = ((layer.n_inputs or 1) * (layer.n_neurons or 1) for layer in problem.layers)
    return (problem.n_samples or 1) * sum(sizes)


def _solved(case: Case, earlier: Candidate) -> Solution:
    """Return everything that follows from a mistake."""
    assert earlier.problem is not None, "it changes more than the values"  # noqa: S101
    return solution_of(earlier.problem, earlier.rules, known_forward(case.solution, earlier.problem))


def _both(earlier: Candidate, later: Candidate) -> Candidate:
    return replace(
        later,
        description=f"{earlier.description}; and {later.description}",
        flipped=later.flipped if earlier.flipped is None else earlier.flipped,
        needs_z=True,  # digits say nothing about derivatives, and two mistakes are rarer than one
        may_be_slip=earlier.may_be_slip or later.may_be_slip,
    )
