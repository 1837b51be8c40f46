"""Slips of the pen in one entry: its sign, its decimal point, two digits exchanged, a digit left out, doubled or wrong.

A slip is named only if every other entry is right, so that one number alone is to be explained; where there is no other
entry, another expected quantity is to be right. The digits are those of the number as it is written, and of the right
value with as many decimals.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from backprop_cli.checks.evidence import Case, significant
from backprop_cli.core.arrays import first_index
from backprop_cli.core.places import entry_place
from backprop_cli.core.precision import PRECISIONS

_ENOUGH = 2.3  # digits of evidence, and one more for ten slips of the kind
_SIGN_AND_MAGNITUDE = 1.2
_MOST_DECIMALS = 12
_MOVED = (1, -1, 2, -2, 3, -3)  # places of a decimal point


class Slip(NamedTuple):
    """What a slip may make of a right value: several numbers, in units of the last decimal."""

    name: str
    numbers: tuple[int, ...]


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
    digits = _evidence(written, value, allowed)
    text = _text(case, index)
    for name, shown, others in _slips(value, written, text):
        agrees = [other for other in others if abs(written - other) <= allowed]
        if agrees and digits >= _ENOUGH + np.log10(len(set(others))):
            place = entry_place(case.solution.problem.place(*case.node), index)
            return f"a slip of the pen in {place}: {name}, {text} for {shown}"
    return None


def _others_are_right(case: Case) -> bool:
    if (~case.accepted.is_open).sum() > 1:
        return True
    return any(node != case.node and case.is_right(node) for node in case.expected)


def _evidence(written: float, value: float, allowed: float) -> float:
    """Return the digits of evidence of one entry: those that differ, and its sign and magnitude."""
    digits = np.log10(abs(written - value) / max(allowed, 1e-300))
    most = float(significant(np.array([written]))[0])
    return float(min(digits, most)) + _SIGN_AND_MAGNITUDE


def _text(case: Case, index: tuple[int, ...]) -> str:
    """Return an expected number as it is written, with all its decimals and no exponent."""
    given = case.accepted.given
    number = given.values.reshape(case.accepted.expected.shape)[index]
    if not isinstance(number, Decimal):
        stored = given.stored == PRECISIONS["float32"]
        number = Decimal(str(np.float32(number)) if stored else repr(float(number)))
        number = number.to_integral_value() if number == number.to_integral_value() else number
    return f"{number:f}"


def _slips(value: float, written: float, text: str) -> Iterator[tuple[str, str, list[float]]]:
    """Yield each kind of slip, the right value as it would be written, and what the kind may make of it."""
    decimals = min(len(text.partition(".")[2]), _MOST_DECIMALS)
    shown = f"{Decimal(value):.{decimals}f}"
    yield "the sign", shown, [-value]
    for decimals_too in (0, 1, 2, 3):
        shown_here = f"{Decimal(value):.{min(decimals + decimals_too, _MOST_DECIMALS)}f}"
        if float(shown_here) != 0:
            break
    yield "the decimal point", shown_here, [value * 10.0**k for k in _MOVED]
    if (value < 0) != (written < 0):
        return
    for more in (0, 1):
        scale = 10 ** (decimals + more)
        number = int((abs(Decimal(value)) * scale).to_integral_value())
        rest = abs(value) - number / scale
        shown = f"{Decimal(value):.{decimals + more}f}"
        for slip in _of_digits(number, decimals + more):
            others = [(other / scale + rest) * (-1 if value < 0 else 1) for other in slip.numbers if other != number]
            if others:
                yield slip.name, shown, others


def _of_digits(number: int, decimals: int) -> Iterator[Slip]:
    """Yield the slips in the digits of a number, which is an integer in units of its last decimal."""
    digits = str(number).zfill(decimals + 1)
    point, n = len(digits) - decimals, len(digits)
    first = next((i for i, digit in enumerate(digits) if digit != "0"), n)
    first = min(first, point)
    exchanged = [digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :] for i in range(n - 1)]
    yield Slip("two digits exchanged", _numbers(exchanged))
    # A digit after the point that is left out or doubled moves those behind it; the last one is only rounded away.
    left_out = [digits[:i] + digits[i + 1 :] + "0" * (i >= point) for i in range(n - 1)]
    yield Slip("a digit left out", _numbers(left_out))
    doubled = [digits[: i + 1] + digits[i:] for i in range(first, point)]
    doubled += [(digits[: i + 1] + digits[i:])[:-1] for i in range(max(first, point), n)]
    yield Slip("a digit doubled", _numbers(doubled))
    changed = [digits[:i] + digit + digits[i + 1 :] for i in range(first, n) for digit in "0123456789"]
    yield Slip("one digit", _numbers(changed))


def _numbers(texts: list[str]) -> tuple[int, ...]:
    return tuple(int(text or "0") for text in dict.fromkeys(texts))
