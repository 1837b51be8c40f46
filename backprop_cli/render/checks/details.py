"""The details of a verdict: lines and tables that say what is wrong, for any format to write down."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import starmap
from math import floor, isfinite, log10
from operator import ne
from typing import Any, NamedTuple, TypeAlias

from backprop_cli.checks.exactness import ExactCheck
from backprop_cli.checks.gradcheck import GradientCheck
from backprop_cli.checks.quantity_check import Difference, QuantityCheck
from backprop_cli.checks.verdict import Verdict
from backprop_cli.checks.whole_array import WholeArray
from backprop_cli.core.exact import in_full
from backprop_cli.core.precision import PRECISIONS
from backprop_cli.messages import counted, listed
from backprop_cli.render.numbers import number

__all__ = [
    "LARGEST",
    "RELATIVE",
    "Detail",
    "Entries",
    "Line",
    "details",
    "headline",
    "of_exact",
    "of_expected",
    "of_gradients",
]

LARGEST = "the largest difference"
RELATIVE = "relative"  # the column that a narrow page leaves out

_MOST_LISTED = 10
_PRECISION = 17
_FEW_DIGITS = 5
_MORE_DECIMALS = 2  # of a right value, than the expected one is written with
_MOST_NAMES = 3
_SMALLEST = 1e-300  # a smaller allowance is that of underflow
_UNDECIDED = "right only if rounding makes a unit active or inactive whose z is within rounding errors of the kink"


class Line(NamedTuple):
    """A line, whose `heading` stands out."""

    heading: str = ""
    text: str = ""


class Entries(NamedTuple):
    """A table of entries."""

    places: Sequence[str]
    columns: Mapping[str, Sequence[str]]  # the cells by heading
    largest: int | None = None  # which of several entries has the largest difference
    more: int = 0  # entries that are not listed


Detail: TypeAlias = Line | Entries


def details(verdict: Verdict, *, shows_undecided: bool = False) -> Iterator[Detail]:
    """Yield what is wrong: expected values, gradients that are no slopes, and results that exact arithmetic refutes."""
    yield from of_expected(verdict.expected, shows_undecided=shows_undecided)
    if verdict.gradients is not None:
        yield from of_gradients(verdict.gradients)
    if verdict.exact is not None:
        yield from of_exact(verdict.exact)


def of_expected(checks: Sequence[QuantityCheck], *, shows_undecided: bool = False) -> Iterator[Detail]:
    """Yield what is wrong with expected values, in the order of work, and which of them follow from wrong ones."""
    told: dict[tuple[str, ...], str] = {}
    wrong = [check for check in checks if check.verdict == "wrong"]
    for check in wrong:
        yield from _wrong(check, told)
    follows = [check for check in checks if check.follows or check.whole_follows]
    for places in dict.fromkeys(check.follows_from for check in follows):
        those = ", ".join(check.place for check in follows if check.follows_from == places)
        yield Line(f"{_for_your(places)}: ", those)
    rows = [(check, check.first) for check in follows if check.first is not None]
    if rows and not wrong:
        yield _entries(rows)
    if any(map(_has_few_digits, wrong)):
        yield Line(text="(for numbers of few digits, from a book or worked by hand, use --rounded)")
    for check in checks:
        if check.undecided and (shows_undecided or not check.passed):
            yield Line(text=f"{check.place}: {counted(check.undecided, 'value')} undecided: {_UNDECIDED}")


def of_gradients(check: GradientCheck) -> Iterator[Detail]:
    """Yield the gradients that are not the slope of the loss, and those at kinks."""
    if check.wrong:
        yield Line(text=f"{counted(len(check.wrong), 'gradient')} of {check.checked} not the slope of the loss")
        worst_first = sorted(check.wrong, key=lambda slope: -abs(slope.gradient - slope.slope))
        columns: dict[str, Callable[[Any], str]] = {
            "gradient": lambda slope: _short_number(slope.gradient),
            "finite difference": lambda slope: _short_number(slope.slope),
            "difference": lambda slope: f"{abs(slope.gradient - slope.slope):.3g}",
            "allowed": lambda slope: f"{slope.allowed:.3g}",
        }
        yield _first_of(worst_first, columns)
    for accepted, what in ((False, "and wrong"), (True, "where finite differences show nothing")):
        kinks = [kink for kink in check.kinks if kink.accepted == accepted]
        if kinks:
            yield Line(text=f"{counted(len(kinks), 'gradient')} at kinks, {what}")
            columns = {
                "gradient": lambda kink: f"{kink.gradient:.6g}",
                "slope to the left": lambda kink: f"{kink.left:.6g}",
                "slope to the right": lambda kink: f"{kink.right:.6g}",
            }
            yield _first_of(kinks, columns)


def of_exact(check: ExactCheck) -> Iterator[Detail]:
    """Yield the pre-activations on the wrong side of a kink, and an error that exceeds its bound."""
    for wrong in check.wrong_side[:_MOST_LISTED]:
        value = number(wrong.value, _PRECISION)
        exact = number(wrong.exact, None if check.digits is None else _PRECISION)
        yield Line(text=f"{wrong.place} is {value} in float64 and {exact} exactly: on the wrong side of a kink")
    if len(check.wrong_side) > _MOST_LISTED:
        yield Line(text=f"and {len(check.wrong_side) - _MOST_LISTED} more")
    if check.share is not None and check.share > 1:
        yield Line(text=f"{check.share_at} is off by {check.share:.3g} times its rounding bound")


def _first_of(found: Sequence[Any], columns: Mapping[str, Callable[[Any], str]]) -> Entries:
    """Return a table of the first records that have a place."""
    shown = found[:_MOST_LISTED]
    cells = {heading: [cell(record) for record in shown] for heading, cell in columns.items()}
    return Entries([record.place for record in shown], cells, more=len(found) - len(shown))


def _wrong(check: QuantityCheck, told: dict[tuple[str, ...], str]) -> Iterator[Detail]:
    """Yield a wrong quantity: what its wrong entries have in common, and a list; a mistake is told only once."""
    yield Line(headline(check))
    if check.whole is not None and not check.whole.passed and check.wrong != 1 and not check.explanations:
        yield Line(text=_whole_in_short(check.whole))
    if check.explanations in told:
        yield Line(text=f"the same as in {told[check.explanations]}")
    elif check.explanations:
        told[check.explanations] = check.place
        is_one = check.wrong <= 1 and check.problem is None
        evidence = "likely" if is_one else f"likely, as all {check.compared} entries agree"
        yield Line(f"{evidence}: ", "; or ".join(check.explanations))
    if check.wrong > 1 and check.listed:
        table = _entries([(check, difference) for difference in check.listed])
        yield table._replace(more=max(check.wrong - len(check.listed), 0))


def headline(check: QuantityCheck) -> str:
    """Return where a quantity is wrong, and the first wrong number."""
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


def _entries(rows: Sequence[tuple[QuantityCheck, Difference]]) -> Entries:
    """Return a table of entries in the order of their indices."""
    worst = max((difference for _, difference in rows), key=lambda each: each.absolute)
    rows = sorted(rows, key=lambda row: row[1].index) if len({check.place for check, _ in rows}) == 1 else rows
    found = [difference for _, difference in rows]
    pairs = _pair(rows[0][0], found)
    cells: dict[str, Callable[[Difference], str]] = {
        "difference": lambda each: f"{each.absolute:.3g}" if isfinite(each.absolute) else "-",
        RELATIVE: lambda each: f"{each.relative:.3g}" if isfinite(each.relative) else "-",
        "allowed": lambda each: _allowance(each) or f"{float(each.allowed):.3g}",
    }
    if found[0].digits is not None:
        del cells["allowed"]
        cells["right to digits"] = lambda each: str(each.digits)
    columns = {
        "yours": [yours for yours, _ in pairs],
        "correct": [correct for _, correct in pairs],
        **{heading: [cell(each) for each in found] for heading, cell in cells.items()},
    }
    largest = next(k for k, each in enumerate(found) if each is worst) if len(found) > 1 else None
    return Entries([each.place for each in found], columns, largest)


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
    return _short_number(rounded)


def _digits(found: Sequence[Difference], n: int) -> list[tuple[str, str]]:
    """Return the expected and computed values with n significant digits."""

    def rounded(value: float | Fraction) -> str:
        return _short_number(float(f"{float(value):.{n}g}"))

    return [(rounded(each.expected), rounded(each.value)) for each in found]


def _whole_in_short(whole: WholeArray) -> str:
    if abs(whole.factor - 1) > whole.factor_allowed:
        allowed = f"a factor from 1 - {whole.factor_allowed:.2g} to 1 + {whole.factor_allowed:.2g}"
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


def _short_number(value: float | Fraction) -> str:
    """Return a number with all the digits of a float64, or of a fraction that has no more."""
    return number(value, _PRECISION if isinstance(value, float) or len(in_full(value)) > _PRECISION else None)
