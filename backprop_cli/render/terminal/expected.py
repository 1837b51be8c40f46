"""What is wrong with expected values: the first wrong number, what the wrong ones have in common, what follows."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import starmap
from math import floor, isfinite, log10
from operator import ne

from backprop_cli.checks.quantity_check import Difference, QuantityCheck
from backprop_cli.checks.whole_array import WholeArray
from backprop_cli.core.exact import in_full
from backprop_cli.core.precision import PRECISIONS
from backprop_cli.messages import counted, listed
from backprop_cli.render.numbers import aligned, number
from backprop_cli.render.terminal.page import Column, Page

__all__ = ["expected_values", "short_number"]

_PRECISION = 17
_FEW_DIGITS = 5
_MORE_DECIMALS = 2  # of a right value, than the expected one is written with
_MOST_NAMES = 3
_SMALLEST = 1e-300  # a smaller allowance is that of underflow
_UNDECIDED = "right only if rounding makes a unit active or inactive whose z is within rounding errors of the kink"


def expected_values(page: Page, checks: Sequence[QuantityCheck], *, shows_undecided: bool) -> None:
    """Print what is wrong with expected values, in the order of work, and which of them follow from wrong ones."""
    told: dict[tuple[str, ...], str] = {}
    wrong = [check for check in checks if check.verdict == "wrong"]
    for check in wrong:
        _wrong(page, check, told)
    follows = [check for check in checks if check.follows or check.whole_follows]
    for places in dict.fromkeys(check.follows_from for check in follows):
        those = ", ".join(check.place for check in follows if check.follows_from == places)
        page.line((f"  {_for_your(places)}: ", "bold"), those)
    if follows and not wrong:
        _table(page, [(check, check.first) for check in follows if check.first is not None])
    if any(map(_has_few_digits, wrong)):
        page.line("  (for numbers of few digits, from a book or worked by hand, use --rounded)")
    for check in checks:
        if check.undecided and (shows_undecided or not check.passed):
            page.line(f"  {check.place}: {counted(check.undecided, 'value')} undecided: {_UNDECIDED}")


def _wrong(page: Page, check: QuantityCheck, told: dict[tuple[str, ...], str]) -> None:
    """Print a wrong quantity: what its wrong entries have in common, and a list; a mistake is told only once."""
    page.line((f"  {_headline(check)}", "bold"))
    if check.whole is not None and not check.whole.passed and check.wrong != 1:
        page.line(f"  {_whole_in_short(check.whole)}")
    if check.explanations in told:
        page.line(f"  the same as in {told[check.explanations]}")
    elif check.explanations:
        told[check.explanations] = check.place
        is_one = check.wrong <= 1 and check.problem is None
        evidence = "likely" if is_one else f"likely, as all {check.compared} entries agree"
        page.line((f"  {evidence}: ", "bold"), "; or ".join(check.explanations))
    if check.wrong > 1 and check.listed:
        _table(page, [(check, difference) for difference in check.listed])
        if check.wrong > len(check.listed):
            page.line(f"    and {check.wrong - len(check.listed)} more")


def _headline(check: QuantityCheck) -> str:
    if check.problem is not None:
        return f"{check.place}: {check.problem}"
    first = check.first
    if not check.wrong or first is None:
        return f"{check.place} is wrong as a whole; rounding explains each entry alone"
    yours, correct = _pair(check, [first, *check.listed])[0]
    numbers = f"yours {yours}, correct {correct}"
    also = [f"{check.follows} follow" if check.follows else "", f"{check.open} open" if check.open else ""]
    others = "".join(f", {text}" for text in also if text)
    if check.entries == 1 or check.wrong == 1:
        among = f" (1 of {check.entries} entries{others})" if check.entries > 1 else ""
        return f"{first.place} is wrong: {numbers}{_remark(first)}{among}"
    where = check.where if check.where else f"{check.wrong} of {check.compared} entries"
    return f"{check.place} is wrong in {where}{others}; the first is {first.place}: {numbers}{_remark(first)}"


def _for_your(places: Sequence[str]) -> str:
    if not places:
        return "Right for numbers that were rounded on the way"
    return f"Right for your {listed(places) if len(places) <= _MOST_NAMES else 'wrong numbers'}"


def _table(page: Page, rows: Sequence[tuple[QuantityCheck, Difference]]) -> None:
    """Print entries in the order of their indices; `>` marks the one that is furthest off."""
    worst = max((difference for _, difference in rows), key=lambda each: each.absolute)
    rows = sorted(rows, key=lambda row: row[1].index) if len({check.place for check, _ in rows}) == 1 else rows
    found = [difference for _, difference in rows]
    pairs = _pair(rows[0][0], found)
    cells: dict[str, Callable[[Difference], str]] = {
        "difference": lambda each: f"{each.absolute:.3g}" if isfinite(each.absolute) else "-",
        "relative": lambda each: f"{each.relative:.3g}" if isfinite(each.relative) else "-",
        "allowed": lambda each: _allowance(each) or f"{float(each.allowed):.3g}",
    }
    if found[0].digits is not None:
        del cells["allowed"]
        cells["right to digits"] = lambda each: str(each.digits)
    columns = [
        Column("yours", aligned([yours for yours, _ in pairs])),
        Column("correct", aligned([correct for _, correct in pairs])),
        *(Column(heading, aligned([cell(each) for each in found])) for heading, cell in cells.items()),
    ]
    labels = [f"  {'>' if each is worst and len(found) > 1 else ' '} {each.place}" for each in found]
    if not page.fits(labels, columns, whole=True):
        columns = [column for column in columns if column.heading != "relative"]
    page.table(labels, columns)
    if len(found) > 1:
        page.line(("  (> the largest difference)", "legend"))


def _allowance(difference: Difference) -> str:
    return "must be exactly 0" if not difference.value and float(difference.allowed) < _SMALLEST else ""


def _remark(difference: Difference) -> str:
    text = _allowance(difference) if isfinite(difference.expected) else "not a finite number"
    return f" ({text})" if text else ""


def _pair(check: QuantityCheck, found: Sequence[Difference]) -> list[tuple[str, str]]:
    """Return the expected and computed values, with the digits that their type holds, or more where these are equal."""
    if any(difference.written is not None for difference in found):
        return [(difference.written or "", _in_more_digits(difference)) for difference in found]
    digits = floor((PRECISIONS[check.stored].bits) * log10(2))
    n = next((n for n in range(digits, _PRECISION) if all(starmap(ne, _digits(found, n)))), _PRECISION)
    return _digits(found, n)


def _in_more_digits(difference: Difference) -> str:
    """Return the right value with more decimals than the expected one is written with, and some digits at least."""
    exponent, value = Decimal(difference.written or "0").as_tuple().exponent, Fraction(difference.value)
    decimals = _MORE_DECIMALS + (-exponent if isinstance(exponent, int) and exponent < 0 else 0)
    rounded = round(value * 10**decimals) / Fraction(10) ** decimals
    if abs(value - rounded) * 10**_MORE_DECIMALS > abs(value):
        rounded = Fraction(f"{float(value):.{_MORE_DECIMALS + 1}g}")
    return short_number(rounded)


def _digits(found: Sequence[Difference], n: int) -> list[tuple[str, str]]:
    """Return the expected and computed values with n significant digits."""

    def rounded(value: float | Fraction) -> str:
        return short_number(float(f"{float(value):.{n}g}"))

    return [(rounded(each.expected), rounded(each.value)) for each in found]


def _whole_in_short(whole: WholeArray) -> str:
    if abs(whole.factor - 1) > whole.factor_allowed:
        allowed = f"1 with a difference of up to {whole.factor_allowed:.2g}"
        return f"All together are {whole.factor:.9g} times the right values; rounding explains {allowed}"
    return (
        f"All together are off by {whole.distance:.3g} of the right values (root of the sum of squares); "
        f"rounding explains {whole.distance_allowed:.3g}"
    )


def _has_few_digits(check: QuantityCheck) -> bool:
    return bool(check.listed) and all(map(_is_short, check.listed))


def _is_short(difference: Difference) -> bool:
    digits = f"{difference.expected!r}".lstrip("-0.").replace(".", "")
    return difference.digits is None and isfinite(difference.expected) and len(digits) <= _FEW_DIGITS


def short_number(value: float | Fraction) -> str:
    """Return a number with all the digits of a float64, or of a fraction that has no more."""
    return number(value, _PRECISION if isinstance(value, float) or len(in_full(value)) > _PRECISION else None)
