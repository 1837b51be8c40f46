"""Slips of the pen in one entry: its sign, its decimal point, two digits exchanged, a digit left out, doubled or wrong.

A slip is named only if every other entry is right, so that one number alone is to be explained; where there is no other
entry, another expected quantity is to be right. The digits are those of the number as it is written, and of the right
value with as many decimals.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from backprop_cli.checks.evidence import Case
from backprop_cli.core.arrays import first_index
from backprop_cli.core.places import entry_place
from backprop_cli.core.precision import PRECISIONS

# How many digits of evidence are needed, and one more for ten slips of the kind. More are for those that other wrong
# numbers look like: 0.75 has the digits of 0.375 without one, and one digit may be wrong for many reasons.
_ENOUGH, _MORE = 2.3, 3.0
_LEAST_DIGITS = 3  # of a number whose digits are compared
_SIGN_AND_MAGNITUDE = 1.2
_MOST_DECIMALS, _MOST_DIGITS = 12, 6
_MOVED = (1, -1, 2, -2, 3, -3)  # places of a decimal point


class Slip(NamedTuple):
    """What a kind of slip may make of a right value."""

    name: str
    shown: str  # the right value, as it would be written
    others: tuple[float, ...]
    enough: float = _ENOUGH
    within: float = np.inf  # half a unit of the last decimal


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
    digits = _evidence(written, value, max(allowed, 0.5 * 10.0 ** -len(text.partition(".")[2])))
    for slip in _slips(value, written, text):
        within = min(allowed, slip.within)
        agrees = any(abs(written - other) <= within for other in slip.others)
        if agrees and digits >= slip.enough + np.log10(len(set(slip.others))):
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


def _slips(value: float, written: float, text: str) -> Iterator[Slip]:
    """Yield each kind of slip, and what it may make of a right value, beside what is written."""
    decimals = min(len(text.partition(".")[2]), _MOST_DECIMALS)
    if len(text.replace(".", "").strip("-0")) == 1:
        return
    yield Slip("the sign", _shown(value, decimals), (-value,))
    for k in _MOVED:
        shown = _shown(value, max(decimals + k, 0))
        yield Slip("the decimal point", shown, (value * 10.0**k,), _ENOUGH + float(np.log10(len(_MOVED))))
    if (value < 0) != (written < 0) or len(text.replace(".", "").strip("-0")) < _LEAST_DIGITS:
        return
    for more in (0, 1):  # a digit that is left out, or a zero at the end that is not written
        places = decimals + more
        number = int((abs(Decimal(value)) * 10**places).to_integral_value())
        rest = abs(value) - number / 10**places
        for name, numbers, enough in _of_digits(number, places):
            others = tuple(float(np.copysign(other / 10**places + rest, value)) for other in numbers if other != number)
            if others:
                yield Slip(name, _shown(value, places), others, enough, 0.51 * 10.0**-places)


def _shown(value: float, decimals: int) -> str:
    """Return a value with so many decimals, or more until it has a digit that is not 0."""
    return next(
        (text for more in range(4) if float(text := f"{Decimal(value):.{min(decimals + more, _MOST_DECIMALS)}f}")),
        f"{value:.6g}",
    )


def _of_digits(number: int, decimals: int) -> Iterator[tuple[str, tuple[int, ...], float]]:
    """Yield the slips in the digits of a number, which is an integer in units of its last decimal."""
    digits = str(number).zfill(decimals + 1)
    point, n = len(digits) - decimals, len(digits)
    first = min(next((i for i, digit in enumerate(digits) if digit != "0"), n), point)
    exchanged = [digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :] for i in range(n - 1)]
    yield "two digits exchanged", _numbers(exchanged), _ENOUGH
    # A digit after the point that is left out or doubled moves those behind it; the last one is only rounded away.
    left_out = [digits[:i] + digits[i + 1 :] + "0" * (i >= point) for i in range(n - 1)]
    yield "a digit left out", _numbers(left_out), _MORE
    doubled = [digits[: i + 1] + digits[i:] for i in range(first, point)]
    doubled += [(digits[: i + 1] + digits[i:])[:-1] for i in range(max(first, point), n) if digits[-1] == "0"]
    yield "a digit doubled", _numbers(doubled), _MORE
    repeated = [
        digits[:i] + digits[i + k] + digits[i + 1 :] for k in (-1, 1) for i in range(first, n) if 0 <= i + k < n
    ]
    yield "a digit as its neighbour", _numbers(repeated), _MORE


def _numbers(texts: list[str]) -> tuple[int, ...]:
    return tuple(int(text or "0") for text in dict.fromkeys(texts))
