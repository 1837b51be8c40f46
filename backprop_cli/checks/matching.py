"""Which mistakes of a table lead to expected values: one row, or a slip of the pen, or two rows at once."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
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
    forward = Forward(case.solution, case.expected)
    if case.node.quantity in BACKWARD and forward.leads_to(case):
        return ()
    search = _Search(tuple(_affecting(rows, case)), case, forward, told)
    for tier in (_FIRST, RARE, LAST):
        texts = search.named(tier)
        if texts is not None:
            return texts
    slip = slip_of_the_pen(case)
    if slip is not None:
        return (slip,)
    if any(case.agrees(one.candidate.value) for one in search.found):
        return ()
    two = dict.fromkeys(pair.description for pair in pairs(search.found, case))
    return tuple(two) or search.named(AFTER_PAIRS) or ()


def _affecting(rows: Sequence[Mistake], case: Case) -> Iterator[Mistake]:
    """Yield the rows that may change the quantity; a wrong dz makes its sums wrong without another mistake."""
    dz = Node(case.node.layer, "dz")
    is_dz_wrong = dz in case.expected and dz != case.node and not case.is_right(dz)
    for row in rows:
        if case.node.quantity in row.strikes and not (is_dz_wrong and row.stage == OF_SUMS):
            yield row


@dataclass(eq=False, repr=False)
class _Search:
    """The rows that are tried on expected values, and the candidates found so far."""

    rows: Sequence[Mistake]
    case: Case
    forward: Forward
    known: Collection[str]  # descriptions of mistakes that explain other quantities
    found: list[Found] = field(default_factory=list)

    def named(self, tier: int) -> tuple[str, ...] | None:
        """Try the rows of a tier, and return what they say; None if none leads to the values on evidence enough."""
        case = self.case
        tried = [Found(row, candidate) for row in self.rows if row.tier == tier for candidate in row.candidates(case)]
        self.found += tried
        agreeing = [one.candidate for one in tried if case.agrees(one.candidate.value)]
        known = tuple(dict.fromkeys(one.description for one in agreeing if one.description in self.known))
        if known:
            return known
        n_tried = len({one.row.name for one in self.found if case.may_be(one.candidate)})
        more = _OF_RARE if tier != _FIRST else 0
        likely = [one for one in agreeing if case.digits(one) >= enough(n_tried + one.tries - 1) + more]
        allowed = dict.fromkeys(one.description for one in likely if self.forward.allows(one, case))
        return tuple(allowed) if likely else None
