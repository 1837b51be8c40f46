"""Slips of the pen in one entry: its sign, its decimal point, two digits exchanged, a digit left out, doubled or wrong.

A slip is named only if every other entry is right, so that one number alone is to be explained; where there is no other
entry, another expected quantity is to be right. The digits are those of the number as it is written, and of the right
value with as many decimals.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

import numpy as np

from backprop_cli.checks.evidence import Case
from backprop_cli.core.arrays import first_index
from backprop_cli.core.places import entry_place
from backprop_cli.core.precision import PRECISIONS

_ENOUGH = 2.3  # digits of evidence, and one more for ten slips of the kind
_LEAST_DIGITS = 4  # of a right value whose digits are compared
_SIGN_AND_MAGNITUDE = 1.2
_MOST_DECIMALS, _MOST_DIGITS = 12, 6
_MOST_READ = 100  # numbers whose decimals are counted
_MOVED = (1, -1, 2, -2, 3, -3)  # places of a decimal point


class Slip(NamedTuple):
    """What a kind of slip may make of a right value."""

    name: str
    shown: str  # the right value, as it would be written
    others: tuple[float, ...]
    places: int  # the decimals that count
    enough: float = _ENOUGH
    is_exact: bool = False  # whether the right value is taken as it would be written, with another number of decimals


def slip_of_the_pen(case: Case) -> str | None:
    """Return the description of the slip that explains the only wrong entry; None if there is none."""
    right, accepted = case.right, case.accepted
    if right.shape != accepted.expected.shape:
        return None
    wrong = accepted.wrong(right)
    if wrong.sum() != 1 or not _others_are_right(case):
        return None
    index = first_index(wrong) if right.ndim else ()
    value, written = float(right[index]), float(accepted.expected[index])
    if value == 0 or written == 0 or not np.isfinite(written):
        return None
    allowed = float(np.broadcast_to(accepted.allowed(right), right.shape)[index])
    text = _text(case, index)
    for slip in _slips(value, written, text, _most_decimals(case, index)):
        within, half_unit = min(allowed, 0.51 * 10.0**-slip.places), 0.5 * 10.0**-slip.places
        digits = _evidence(written, value, half_unit if slip.is_exact else max(allowed, half_unit))
        agrees = any(abs(written - other) <= within for other in slip.others)
        if agrees and digits >= slip.enough + np.log10(len(slip.others)):
            place = entry_place(case.solution.problem.place(*case.node), index)
            return f"a slip of the pen in {place}: {slip.name}, {text} for {slip.shown}"
    return None


def _others_are_right(case: Case) -> bool:
    if (~case.accepted.is_open).sum() > 1:
        return True
    return any(node != case.node and case.is_right(node) for node in case.expected)


def _evidence(written: float, value: float, allowed: float) -> float:
    """Return the digits of evidence of one entry: those that differ, at most 6, and its sign and magnitude."""
    digits = np.log10(abs(written - value)) - np.log10(allowed)
    return min(float(digits), _MOST_DIGITS) + _SIGN_AND_MAGNITUDE


def _text(case: Case, index: tuple[int, ...]) -> str:
    """Return an expected number as it is written, with all its decimals and no exponent."""
    given = case.accepted.given
    number = given.values.reshape(case.accepted.expected.shape)[index]
    if not isinstance(number, Decimal):
        stored = given.stored == PRECISIONS["float32"]
        number = Decimal(str(np.float32(number)) if stored else repr(float(number)))
        number = number.to_integral_value() if number == number.to_integral_value() else number
    return f"{number:f}"


def _most_decimals(case: Case, index: tuple[int, ...]) -> int:
    """Return how many decimals the other numbers are written with at most; some of them, if they are many."""
    others = (other for other in np.ndindex(case.right.shape) if other != index)
    return max((len(_text(case, other).partition(".")[2]) for other in islice(others, _MOST_READ)), default=0)


def _slips(value: float, written: float, text: str, most_decimals: int) -> Iterator[Slip]:
    """Yield each kind of slip, and what it may make of a right value, beside what is written.

    Without a digit a number has fewer decimals than others have.
    """
    decimals, n_digits = min(len(text.partition(".")[2]), _MOST_DECIMALS), len(text.replace(".", "").strip("-0"))
    if n_digits > 1:
        yield Slip("the sign", _shown(value, decimals), (-value,), decimals)
        for k in _MOVED:
            enough = _ENOUGH + float(np.log10(len(_MOVED)))
            yield Slip("the decimal point", _shown(value, max(decimals + k, 0)), (value * 10.0**k,), decimals, enough)
    if n_digits < _LEAST_DIGITS - 1 or (value < 0) != (written < 0):
        return
    yield _of_digits("a digit left out", _left_out_before_point, value, decimals)
    if decimals < most_decimals:
        yield _of_digits("a digit left out", _left_out, value, decimals + 1)._replace(is_exact=True)
    if n_digits < _LEAST_DIGITS:
        return
    has_more = not _shown(value, decimals + 1).endswith("0")  # a zero at the end may not be written
    for places in (decimals, decimals + 1) if has_more else (decimals,):
        yield _of_digits("two digits exchanged", _exchanged, value, places)
        yield _of_digits("a digit as its neighbour", _repeated, value, places)
    yield _of_digits("a digit doubled", _doubled_before_point, value, decimals)
    if decimals > 1 and n_digits > _LEAST_DIGITS:
        yield _of_digits("a digit doubled", _doubled, value, decimals - 1, decimals)._replace(is_exact=True)


def _of_digits(
    name: str, change: Callable[[str, int], list[str]], value: float, places: int, places_after: int | None = None
) -> Slip:
    """Return the slips in the digits of a right value with so many decimals; what is behind them is not changed.

    Where a slip changes the number of decimals to `places_after`, nothing is behind them.
    """
    number = int((abs(Decimal(value)) * 10**places).to_integral_value())
    after = places if places_after is None else places_after
    rest = 0.0 if places_after is not None or change is _left_out else abs(value) - number / 10**places
    digits = str(number).zfill(places + 1)
    unchanged = number * 10 ** (after - places)
    others = {int(text or "0") for text in change(digits, len(digits) - places)} - {unchanged}
    values = tuple(float(np.copysign(other / 10**after + rest, value)) for other in others)
    return Slip(name, _shown(value, places), values, after)


def _exchanged(digits: str, point: int) -> list[str]:
    del point
    return [digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :] for i in range(len(digits) - 1)]


def _repeated(digits: str, point: int) -> list[str]:
    del point
    n = len(digits)
    first = n - len(digits.lstrip("0"))
    pairs = [(i, i + k) for k in (-1, 1) for i in range(first, n) if 0 <= i + k < n]
    return [digits[:i] + digits[other] + digits[i + 1 :] for i, other in pairs]


def _left_out_before_point(digits: str, point: int) -> list[str]:
    return [digits[:i] + digits[i + 1 :] for i in range(point)] if _are_enough(digits) else []


def _left_out(digits: str, point: int) -> list[str]:
    """Return digits without one behind the point, which moves those after it; the last is only rounded away."""
    left = range(point, len(digits) - 1)
    return [digits[:i] + digits[i + 1 :] + "0" for i in left] if _are_enough(digits) else []


def _doubled_before_point(digits: str, point: int) -> list[str]:
    first = len(digits) - len(digits.lstrip("0"))
    return [digits[: i + 1] + digits[i:] for i in range(first, point)] if _are_enough(digits) else []


def _doubled(digits: str, point: int) -> list[str]:
    """Return digits with one behind the point written twice, which makes one more decimal."""
    return [digits[: i + 1] + digits[i:] for i in range(point, len(digits))]


def _are_enough(digits: str) -> bool:
    return len(digits.strip("0")) >= _LEAST_DIGITS


def _shown(value: float, decimals: int) -> str:
    """Return a value with so many decimals, or more until it has a digit that is not 0."""
    return next(
        (text for more in range(4) if float(text := f"{Decimal(value):.{min(decimals + more, _MOST_DECIMALS)}f}")),
        f"{value:.6g}",
    )
