"""The verdicts of a check: one line for each problem, a summary, and the details of what is wrong."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from rich.text import Text

from backprop_cli.checks.exactness import ExactCheck
from backprop_cli.checks.expected import Difference, QuantityCheck
from backprop_cli.checks.gradcheck import GradientCheck
from backprop_cli.checks.verdict import Verdict
from backprop_cli.core.exact import in_full
from backprop_cli.messages import clean, counted, listed
from backprop_cli.render.numbers import aligned, number
from backprop_cli.render.terminal.page import Column, Look, Page, width_of

_MOST_LISTED = 10
_PRECISION = 17
_FEW_DIGITS = 5
_WORDS = {
    "ok": ("ok", "green"),
    "wrong": ("FAIL", "red"),
    "empty": ("EMPTY", "red"),
    "error": ("error", "red"),
}


def verdicts(found: Sequence[Verdict], look: Look) -> str:
    """Return the page for the verdicts on any number of problems."""
    page = Page(look)
    names = [clean(verdict.file) for verdict in found]
    wide = max(map(width_of, names))
    for verdict, name in zip(found, names, strict=True):
        word, style = _WORDS[verdict.outcome]
        padding = " " * (wide - width_of(name))
        page.line((f"{word:<5}", style), f" {name}{padding}  {_short(verdict)}")
    if len(found) > 1:
        page.line()
        page.line((_summary(found), "bold"))
    for verdict, name in zip(found, names, strict=True):
        if verdict.error is None and (not verdict.passed or _has_kinks_to_show(verdict, alone=len(found) == 1)):
            page.line()
            page.line((name, "bold"))
            _details(page, verdict)
    return page.text()


def _summary(found: Sequence[Verdict]) -> str:
    outcomes = [verdict.outcome for verdict in found]
    words = {"ok": "passed", "wrong": "failed", "empty": "tested nothing", "error": "could not be checked"}
    counts = [f"{outcomes.count(outcome)} {what}" for outcome, what in words.items() if outcome in outcomes]
    return f"{counted(len(found), 'problem')}: " + ", ".join(counts)


def _short(verdict: Verdict) -> str:
    if verdict.error is not None:
        place = f"{verdict.error.place}: " if verdict.error.place else ""
        return clean(place + verdict.error.reason)
    return "; ".join(_parts(verdict))


def _parts(verdict: Verdict) -> Iterator[str]:
    if verdict.expected:
        entries = sum(quantity.entries for quantity in verdict.expected)
        right = entries - sum(quantity.different for quantity in verdict.expected)
        yield f"expected values {right} of {entries}"
    if verdict.gradients is not None:
        untold = verdict.gradients.untold
        reason = f": {untold}, which shows nothing" if untold and verdict.outcome != "empty" else ""
        yield _gradients_in_short(verdict.gradients) + reason
    elif verdict.outcome != "empty":
        yield "no finite differences"
    if verdict.exact is not None:
        yield _exact_in_short(verdict.exact)
    if verdict.outcome == "empty":
        yield f"nothing was tested: {verdict.untested}"
    elif verdict.all_zero:
        yield verdict.all_zero


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
    return f"exact: off by up to {check.ulps:.3g} ulp, {check.share:.2g} of the bound{binary}"


def _has_kinks_to_show(verdict: Verdict, *, alone: bool) -> bool:
    check = verdict.gradients
    return check is not None and bool(check.kinks) and (alone or not check.told)


def _details(page: Page, verdict: Verdict) -> None:
    for quantity in verdict.expected:
        if not quantity.passed:
            _quantity(page, quantity)
    if verdict.gradients is not None:
        _gradients(page, verdict.gradients)
    if verdict.exact is not None and not verdict.exact.passed:
        _exact(page, verdict.exact)


def _quantity(page: Page, quantity: QuantityCheck) -> None:
    if quantity.problem is not None:
        page.line(f"  {quantity.place}: {quantity.problem}")
    else:
        page.line(f"  {quantity.place}: {quantity.different} of {quantity.entries} expected values wrong")
    if quantity.listed and quantity.greatest_relative is not None:
        _greatest(page, quantity.listed[0], quantity.greatest_relative)
        rounded = quantity.listed[0].digits is not None
        headings = ["expected", "value", "absolute", "relative", "right to digits" if rounded else "allowed"]
        rows = [
            [
                d.written or _short_number(d.expected),
                _short_number(d.value),
                f"{d.absolute:.3g}",
                f"{d.relative:.3g}",
                str(d.digits) if rounded else f"{float(d.allowed):.3g}",
            ]
            for d in quantity.listed
        ]
        _table(page, [d.place for d in quantity.listed], headings, rows, quantity.different)
    if quantity.listed and all(_has_few_digits(d) for d in quantity.listed):
        page.line("  (numbers of few digits, from a book or worked by hand, are held to those with --rounded)")
    if quantity.explanations:
        evidence = f"likely, as all {quantity.entries} entries agree" if quantity.entries > 1 else "likely"
        page.line((f"  {evidence}: ", "bold"), "; or ".join(quantity.explanations))


def _greatest(page: Page, absolute: Difference, relative: Difference) -> None:
    page.line(
        f"  Greatest absolute difference: {absolute.absolute:.6g} at {absolute.place},"
        f" up to {float(absolute.allowed):.3g} allowed"
    )
    if float(relative.value):
        share = float(relative.allowed) / abs(float(relative.value))
        page.line(
            f"  Greatest relative difference: {relative.relative:.6g} at {relative.place}, up to {share:.3g} allowed"
        )


def _gradients(page: Page, check: GradientCheck) -> None:
    if check.wrong:
        page.line(f"  {counted(len(check.wrong), 'gradient')} of {check.checked} not the slope of the loss")
        worst = sorted(check.wrong, key=lambda slope: -abs(slope.gradient - slope.slope))[:_MOST_LISTED]
        rows = [
            [
                _short_number(slope.gradient),
                _short_number(slope.slope),
                f"{abs(slope.gradient - slope.slope):.3g}",
                f"{slope.allowed:.3g}",
            ]
            for slope in worst
        ]
        headings = ["gradient", "finite difference", "difference", "allowed"]
        _table(page, [slope.place for slope in worst], headings, rows, len(check.wrong))
    refused = [kink for kink in check.kinks if not kink.accepted]
    accepted = [kink for kink in check.kinks if kink.accepted]
    for kinks, what in ((refused, "and wrong"), (accepted, "where finite differences show nothing")):
        if kinks:
            page.line(f"  {counted(len(kinks), 'gradient')} at kinks, {what}")
            rows = [[f"{x:.6g}" for x in (kink.gradient, kink.left, kink.right)] for kink in kinks[:_MOST_LISTED]]
            labels = [kink.place for kink in kinks[:_MOST_LISTED]]
            _table(page, labels, ["gradient", "slope to the left", "slope to the right"], rows, len(kinks))


def _exact(page: Page, check: ExactCheck) -> None:
    for wrong in check.wrong_side[:_MOST_LISTED]:
        page.line(
            f"  {wrong.place} is {number(wrong.value, _PRECISION)} in float64 and {number(wrong.exact, None)} exactly:"
            " on the wrong side of a kink"
        )
    if len(check.wrong_side) > _MOST_LISTED:
        page.line(f"  and {len(check.wrong_side) - _MOST_LISTED} more")
    if check.share is not None and check.share > 1:
        page.line(f"  {check.share_at} is off by {check.share:.3g} times what rounding can do")


def _table(page: Page, labels: Sequence[str], headings: Sequence[str], rows: Sequence[Sequence[str]], n: int) -> None:
    columns = [
        Column(heading, [*map(Text, aligned([row[k] for row in rows], at_least=width_of(heading)))])
        for k, heading in enumerate(headings)
    ]
    page.table([f"    {label}" for label in labels], columns)
    if n > len(rows):
        page.line(f"    and {n - len(rows)} more")


def _has_few_digits(difference: Difference) -> bool:
    return difference.digits is None and len(f"{difference.expected!r}".lstrip("-0.").replace(".", "")) <= _FEW_DIGITS


def _short_number(value: float | Fraction) -> str:
    return number(value, _PRECISION if isinstance(value, float) or len(in_full(value)) > _PRECISION else None)
