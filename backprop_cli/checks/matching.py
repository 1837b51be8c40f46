"""Which mistakes of a table lead to expected values: one row, or a slip of the pen, or two rows at once."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from backprop_cli.checks.candidates import BACKWARD, Candidates
from backprop_cli.checks.evidence import Candidate, Case, enough
from backprop_cli.checks.follows import Forward
from backprop_cli.checks.slips import slip_of_the_pen
from backprop_cli.core.quantities import Node

# What a mistake changes, in the order of a calculation: of two at once, the later one is made of what the earlier one
# leads to.
LAYOUT, OF_BIASES, OF_LOSS, OF_DZ, OF_DINPUTS, OF_SUMS, OF_STEP, OF_VALUES, ALONE = range(9)
# A row is tried only if none of an earlier tier is named, and one of the last tier only if no two rows at once are.
_FIRST, RARE, LAST, AFTER_PAIRS = range(4)
_OF_RARE = 1.5  # digits of evidence that a rare mistake needs beyond a common one


class Mistake(NamedTuple):
    """One mistake: the quantities that it can change, and the wrong values with a description of each."""

    name: str
    strikes: tuple[str, ...]
    candidates: Candidates
    stage: int = OF_VALUES  # what it changes; ALONE: it is not one of two
    tier: int = 0  # it is named only if no row of an earlier tier is


class Found(NamedTuple):
    """One candidate of a row."""

    row: Mistake
    candidate: Candidate


def explained(
    rows: Sequence[Mistake],
    case: Case,
    pairs: Callable[[Sequence[Found], Case], Iterator[Candidate]],
    told: Collection[str] = (),
) -> tuple[str, ...]:
    """Return descriptions of the mistakes that lead to expected values: of single rows, a slip, or two rows at once.

    Args:
        rows: The table, of which those are tried that strike the quantity.
        case: The expected values.
        pairs: Yields what two rows at once lead to, of what each leads to alone.
        told: Descriptions of mistakes that explain other quantities: they need no more evidence.
    """
    if case.node.quantity in BACKWARD and Forward(case.solution, case.expected).leads_to(case):
        return ()
    # A wrong dz makes its sums wrong without another mistake.
    dz = Node(case.node.layer, "dz")
    is_dz_wrong = dz in case.expected and dz != case.node and not case.is_right(dz)
    struck = [row for row in rows if case.node.quantity in row.strikes and not (is_dz_wrong and row.stage == OF_SUMS)]
    found, forward = list[Found](), Forward(case.solution, case.expected)

    def named(tier: int) -> tuple[str, ...] | None:
        """Return what the rows of a tier say; None if none leads to the values on evidence enough."""
        tried = [Found(row, candidate) for row in struck if row.tier == tier for candidate in row.candidates(case)]
        found.extend(tried)
        n_tried = len({one.row.name for one in found if case.may_be(one.candidate)})
        agreeing = [one.candidate for one in tried if case.agrees(one.candidate.value)]
        more = _OF_RARE if tier != _FIRST else 0
        known = tuple(dict.fromkeys(one.description for one in agreeing if one.description in told))
        if known:
            return known
        likely = [one for one in agreeing if case.digits(one) >= enough(n_tried + one.tries - 1) + more]
        allowed = dict.fromkeys(one.description for one in likely if forward.allows(one, case))
        return tuple(allowed) if likely else None

    for tier in (_FIRST, RARE, LAST):
        texts = named(tier)
        if texts is not None:
            return texts
    slip = slip_of_the_pen(case)
    if slip is not None:
        return (slip,)
    if any(case.agrees(one.candidate.value) for one in found):
        return ()
    return tuple(dict.fromkeys(pair.description for pair in pairs(found, case))) or named(AFTER_PAIRS) or ()
