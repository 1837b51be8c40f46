"""What a verdict is in a few words, the same in every format."""

from collections.abc import Iterator, Sequence
from math import ceil

from backprop_cli.checks.exactness import ExactCheck
from backprop_cli.checks.gradcheck import GradientCheck
from backprop_cli.checks.verdict import Verdict
from backprop_cli.messages import clean, counted, listed

__all__ = ["WORDS", "in_short", "nothing_tested", "refutations", "summary", "title"]

WORDS = {"ok": "ok", "wrong": "FAIL", "open": "OPEN", "empty": "EMPTY", "error": "error"}

_MOST_NAMES = 3
_SMALLEST_SHARE = 1e-4
_MOST_UNITS = 1e6


def summary(found: Sequence[Verdict]) -> str:
    """Return how many problems or submissions there are of each outcome."""
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


def title(verdict: Verdict) -> str:
    """Return what is wrong with a problem that does not pass, in a few words."""
    if verdict.outcome == "error":
        return f"the {'problem' if verdict.problem is None else 'submission'} cannot be checked"
    if verdict.outcome == "open":
        return "every expected value is open"
    if verdict.outcome == "empty":
        return f"{'no expected value' if verdict.expected else 'nothing'} was tested"
    wrong, follows = (
        [check.place for check in verdict.expected if check.verdict == judged] for judged in ("wrong", "follows")
    )
    if wrong:
        return f"{_some(wrong)} {'is' if len(wrong) == 1 else 'are'} wrong"
    refuted = next(refutations(verdict), None)
    return refuted or f"{_some(follows)} follow{'s' * (len(follows) == 1)} from rounded numbers"


def refutations(verdict: Verdict) -> Iterator[str]:
    """Yield which checks without expected values have failed."""
    if verdict.gradients is not None and not verdict.gradients.passed:
        yield "finite differences do not agree with every gradient"
    if verdict.exact is not None and not verdict.exact.passed:
        yield "exact arithmetic does not agree with the float64 result"


def nothing_tested(verdict: Verdict) -> str:
    """Return what was not tested, and why."""
    return f"{'no expected value' if verdict.expected else 'nothing'} was tested: {verdict.untested}"


def _some(places: Sequence[str]) -> str:
    return listed(places if len(places) <= _MOST_NAMES else [places[0], f"{len(places) - 1} more"])


def in_short(verdict: Verdict) -> Iterator[str]:
    """Yield the parts of the line that says what each check of a problem has found."""
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
        yield nothing_tested(verdict)
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
