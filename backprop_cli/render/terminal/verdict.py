"""The verdicts of a check: one line for each problem, a summary, and the details of what is wrong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil
from typing import Any, TypeAlias

from rich.cells import cell_len

from backprop_cli.checks.exactness import ExactCheck
from backprop_cli.checks.gradcheck import GradientCheck
from backprop_cli.checks.verdict import Verdict
from backprop_cli.messages import clean, counted, listed
from backprop_cli.render.numbers import aligned, number
from backprop_cli.render.terminal.expected import expected_values, short_number
from backprop_cli.render.terminal.page import Column, Look, Page

_MOST_LISTED = 10
_PRECISION = 17
_SMALLEST_SHARE = 1e-4
_MOST_UNITS = 1e6
_WORDS = {
    "ok": ("ok", "right"),
    "wrong": ("FAIL", "wrong"),
    "open": ("OPEN", "open"),
    "empty": ("EMPTY", "wrong"),
    "error": ("error", "wrong"),
}

_Cell: TypeAlias = Callable[[Any], str]  # writes one value of a record


def verdicts(found: Sequence[Verdict], look: Look) -> str:
    """Return the page for the verdicts on any number of problems."""
    page = Page(look)
    names = [clean(verdict.file) for verdict in found]
    width = max(map(cell_len, names))
    for verdict, name in zip(found, names, strict=True):
        word, style = _WORDS[verdict.outcome]
        padding = " " * (width - cell_len(name))
        page.line((f"{word:<5}", style), f" {name}{padding}  {'; '.join(_in_short(verdict))}", indent=width + 8)
    if len(found) > 1:
        page.line()
        page.line((_summary(found), "bold"))
    for verdict, name in zip(found, names, strict=True):
        check = verdict.gradients
        shows_kinks = check is not None and check.kinks and (len(found) == 1 or not check.told)
        shows_undecided = len(found) == 1 and any(quantity.undecided for quantity in verdict.expected)
        if shows_kinks or shows_undecided or verdict.outcome == "wrong":
            page.line()
            page.line((name, "bold"))
            expected_values(page, verdict.expected, shows_undecided=len(found) == 1)
            if check is not None:
                _gradients(page, check)
            if verdict.exact is not None:
                _exact(page, verdict.exact)
    return page.text()


def _summary(found: Sequence[Verdict]) -> str:
    outcomes = [verdict.outcome for verdict in found]
    words = {
        "ok": "passed",
        "wrong": "failed",
        "open": "open",
        "empty": "tested nothing",
        "error": "could not be checked",
    }
    counts = [f"{outcomes.count(outcome)} {what}" for outcome, what in words.items() if outcome in outcomes]
    noun = "problem" if found[0].problem is None else "submission"
    return f"{counted(len(found), noun)}: " + ", ".join(counts)


def _in_short(verdict: Verdict) -> Iterator[str]:
    if verdict.error is not None and verdict.error.file == verdict.file:
        place = f"{verdict.error.place}: " if verdict.error.place else ""
        yield clean(place + verdict.error.reason)
    elif verdict.error is not None:
        yield "not checked: its expected values cannot be used"  # the error itself names their file
    if verdict.expected:
        yield _expected_in_short(verdict)
        if hidden := sum(quantity.hidden for quantity in verdict.expected):
            yield f"{hidden} hidden by rounding"
        if undecided := sum(quantity.undecided for quantity in verdict.expected):
            yield f"{undecided} undecided"
        if any(quantity.numbers_in for quantity in verdict.expected):
            names = dict.fromkeys(quantity.numbers_in for quantity in verdict.expected if quantity.numbers_in)
            yield f"with the problem's numbers in {listed(tuple(names))}"
    if verdict.gradients is not None:
        untold = verdict.gradients.untold
        reason = f": {untold}, which shows nothing" if untold and verdict.outcome != "empty" else ""
        yield _gradients_in_short(verdict.gradients) + reason
    elif verdict.undifferentiable and verdict.outcome != "empty":
        yield "no finite differences"
    if verdict.exact is not None:
        yield _exact_in_short(verdict.exact)
    if verdict.outcome == "empty":
        yield f"{'no expected value' if verdict.expected else 'nothing'} was tested: {verdict.untested}"
    elif verdict.all_zero:
        yield verdict.all_zero


def _expected_in_short(verdict: Verdict) -> str:
    compared, different, follows, n_open = (
        sum(getattr(quantity, name) for quantity in verdict.expected)
        for name in ("compared", "different", "follows", "open")
    )
    right, total = compared - different, compared + n_open
    digits = next((quantity.digits for quantity in verdict.expected if quantity.digits is not None), None)
    held_to = "" if digits is None else f" to {counted(digits, 'decimal')}"
    if not n_open and not follows:
        return f"expected values {right} of {total}{held_to}" + _how_tight(verdict)
    parts = [f"{right} right", f"{different - follows} wrong"]
    parts += [f"{follows} follow"] * bool(follows) + [f"{n_open} open"] * bool(n_open)
    return f"expected values {', '.join(parts)} of {total}{held_to}"


def _how_tight(verdict: Verdict) -> str:
    """Return how close the expected values are, where all of them are right."""
    found = [quantity.tightness for quantity in verdict.expected if quantity.tightness is not None]
    if verdict.outcome != "ok" or not found:
        return ""
    if not any(tightness.ulps for tightness in found):
        return " (to the last bit)"
    furthest, tightest = max(found, key=lambda tightness: tightness.ulps), max(found, key=lambda each: each.share)
    share = f"{100 * tightest.share:.2g}" if tightest.share >= _SMALLEST_SHARE else f"<{100 * _SMALLEST_SHARE:g}"
    ulps = float(f"{furthest.ulps:.3g}")
    return f" (within {ulps:,g} ulp of {furthest.stored}, {share} % of the allowance)"


def _gradients_in_short(check: GradientCheck) -> str:
    sampled = f" (of {check.entries})" if check.checked < check.entries else ""
    kinks = f", {len(check.kinks)} at kinks" if check.kinks else ""
    hidden = f", {len(check.hidden)} hidden by rounding" if check.hidden else ""
    return f"finite differences {check.told - len(check.wrong)} of {check.told}{sampled}{kinks}{hidden}"


def _exact_in_short(check: ExactCheck) -> str:
    binary = f" (binary {listed(check.binary)})" if check.binary else ""
    if check.wrong_side:
        return f"exact: {counted(len(check.wrong_side), 'pre-activation')} on the wrong side of a kink{binary}"
    if not check.ulps:
        return f"exact: no rounding at all{binary}"
    if check.digits is not None:
        units = f"{check.ulps:.3g} units" if check.ulps > _MOST_UNITS else counted(ceil(check.ulps), "unit")
        within = f"within {units} in the last place, from {check.digits} digits"
        return f"exact: {within}, {check.share:.2g} of the bound{binary}"
    return f"exact: off by up to {check.ulps:.3g} ulp, {check.share:.2g} of the bound{binary}"


def _gradients(page: Page, check: GradientCheck) -> None:
    if check.wrong:
        page.line(f"  {counted(len(check.wrong), 'gradient')} of {check.checked} not the slope of the loss")
        worst_first = sorted(check.wrong, key=lambda slope: -abs(slope.gradient - slope.slope))
        columns: dict[str, _Cell] = {
            "gradient": lambda slope: short_number(slope.gradient),
            "finite difference": lambda slope: short_number(slope.slope),
            "difference": lambda slope: f"{abs(slope.gradient - slope.slope):.3g}",
            "allowed": lambda slope: f"{slope.allowed:.3g}",
        }
        _table(page, worst_first, len(check.wrong), columns)
    for accepted, what in ((False, "and wrong"), (True, "where finite differences show nothing")):
        kinks = [kink for kink in check.kinks if kink.accepted == accepted]
        if kinks:
            page.line(f"  {counted(len(kinks), 'gradient')} at kinks, {what}")
            columns = {
                "gradient": lambda kink: f"{kink.gradient:.6g}",
                "slope to the left": lambda kink: f"{kink.left:.6g}",
                "slope to the right": lambda kink: f"{kink.right:.6g}",
            }
            _table(page, kinks, len(kinks), columns)


def _exact(page: Page, check: ExactCheck) -> None:
    for wrong in check.wrong_side[:_MOST_LISTED]:
        value = number(wrong.value, _PRECISION)
        exact = number(wrong.exact, None if check.digits is None else _PRECISION)
        page.line(f"  {wrong.place} is {value} in float64 and {exact} exactly: on the wrong side of a kink")
    if len(check.wrong_side) > _MOST_LISTED:
        page.line(f"  and {len(check.wrong_side) - _MOST_LISTED} more")
    if check.share is not None and check.share > 1:
        page.line(f"  {check.share_at} is off by {check.share:.3g} times its rounding bound")


def _table(page: Page, found: Sequence[Any], n: int, columns: Mapping[str, _Cell]) -> None:
    """Print a table of at most `_MOST_LISTED` of n records with a place, and how many more there are."""
    shown = found[:_MOST_LISTED]
    cells = [Column(heading, aligned([cell(record) for record in shown])) for heading, cell in columns.items()]
    page.table([f"    {record.place}" for record in shown], cells)
    if n > len(shown):
        page.line(f"    and {n - len(shown)} more")
