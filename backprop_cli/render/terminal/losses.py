"""The losses of several steps: the first, the last and some between, and a plot of all of them in text."""

from collections.abc import Sequence
from math import log

import numpy as np

from backprop_cli.core.arrays import Array
from backprop_cli.core.exact import to_float
from backprop_cli.render.numbers import number
from backprop_cli.render.terminal.page import Column, Look, Page

_FEW = 6  # so many steps are all in the line
_ROWS = 6  # of the plot
_MOST_COLUMNS = 60
_WIDEST_STEP = 8  # columns
_WIDE_RANGE = 100.0  # of the largest loss to the smallest: the axis is then logarithmic
# A column of the plot ends in one of these; the last one stands below it, too.
_BLOCKS = "\N{LOWER ONE EIGHTH BLOCK}\N{LOWER ONE QUARTER BLOCK}\N{LOWER THREE EIGHTHS BLOCK}\N{LOWER HALF BLOCK}" + (
    "\N{LOWER FIVE EIGHTHS BLOCK}\N{LOWER THREE QUARTERS BLOCK}\N{LOWER SEVEN EIGHTHS BLOCK}\N{FULL BLOCK}"
)
_ASCII_BLOCKS = ".:"
_DIGITS = 4  # of the numbers beside the plot


def print_losses(page: Page, look: Look, name: str, losses: Array, precision: int | None) -> None:
    """Print the losses (n_steps,) before each update, with a plot where there are several."""
    page.line((f"{name} {losses.shape} = loss of each step, before its update", "bold"))
    shown = _shown_steps(len(losses))
    page.table([""], [Column(f"step {k + 1}", [number(losses[k], precision)]) for k in shown])
    floats = np.array([to_float(loss) for loss in losses.tolist()])
    if len(losses) > 1 and np.isfinite(floats).all():  # an exact loss may be beyond the range of floats
        page.line()
        for row in plot(floats, look.width, _ASCII_BLOCKS if look.ascii_only else _BLOCKS):
            page.line(row)


def _shown_steps(n: int) -> Sequence[int]:
    """Return which of n steps to name: all of a few, else the first, the powers of 10 or some evenly, and the last."""
    if n <= _FEW:
        return range(n)
    powers = [10**k - 1 for k in range(10) if 10**k < n]
    if len(powers) >= _FEW - 2:
        return [*powers, n - 1]
    return [round(k * (n - 1) / (_FEW - 1)) for k in range(_FEW)]


def plot(losses: Array, width: int, blocks: str) -> Sequence[str]:
    """Return the rows of a plot, at most `width` wide, whose columns end in one of `blocks`.

    `losses` are finite floats (n_steps,), two or more. Where there are more than columns, a column is a mean.
    """
    low, high = float(losses.min()), float(losses.max())
    labels = [f"{bound:.{_DIGITS}g}" for bound in (high, low)]
    margin = max(map(len, labels)) + 1
    most = min(_MOST_COLUMNS, max(width - margin - 2, 2))
    together = -(-len(losses) // most)
    parts = [losses[k : k + together] for k in range(0, len(losses), together)]
    means = np.array([np.sum(part / len(part)) for part in parts])  # in this order no sum overflows
    is_logarithmic = low > 0 and high > low * _WIDE_RANGE
    heights = 1 + np.rint(_heights(means, low, high, is_logarithmic=is_logarithmic) * (_ROWS * len(blocks) - 1))
    repeats = max(min(most // len(means), _WIDEST_STEP), 1)
    rows = []
    for row in reversed(range(_ROWS)):
        filled = np.clip(heights - row * len(blocks), 0, len(blocks)).astype(int)
        label = labels[0] if row == _ROWS - 1 else labels[1] if row == 0 and low < high else ""
        rows.append(f"{label:>{margin}} |" + "".join((" " + blocks)[k] * repeats for k in filled.tolist()))
    rows.append(" " * (margin + 2) + "1" + str(len(losses)).rjust(repeats * len(means) - 1))
    notes = ["steps"]
    notes += [f"a column is the mean of {together:,}"] * (together > 1)
    notes += ["the scale is logarithmic"] * is_logarithmic
    return [*rows, " " * (margin + 2) + "; ".join(notes)]


def _heights(means: Array, low: float, high: float, *, is_logarithmic: bool) -> Array:
    """Return where the means (n_columns,) are between the lowest and the highest number, from 0 to 1."""
    if is_logarithmic:
        means, low, high = np.log(means), log(low), log(high)
    scale = max(abs(low), abs(high)) or 1.0  # so that no difference overflows
    span = high / scale - low / scale
    heights: Array = np.clip((means / scale - low / scale) / (span or 1.0), 0, 1)
    return heights
