"""The columns of a drawn network, the inputs, the layers and the loss: their sizes and places.

Texts have zones of their own, which no curve crosses. From left to right a column has the labels of its ports, the room
in which the lines of ports come together, its units, and the labels of their outputs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from backprop_cli.explanations.picture import Layer, Picture, Value
from backprop_cli.messages import clean
from backprop_cli.render.drawing import text_width
from backprop_cli.render.numbers import number

__all__ = ["DIGITS", "LETTER_WIDTH", "MARGIN", "ROW", "Column", "columns", "function_lines", "label", "place"]

MARGIN = 14.0
ROW = 34.0  # the height of a port with a label above its line and one below
DIGITS = 3  # of numbers in a drawing
_MOST_LABELS = 100  # weights, biases and targets that have their numbers beside them
_UNIT_HEIGHT, _INPUT_HEIGHT, _NAME_HEIGHT = 48.0, 30.0, 15.0
_NARROW_UNIT, _WIDE_UNIT = 48.0, 110.0
_CONVERGING = 24.0
_FUNCTION_LETTERS = 13  # of a line
_BETWEEN_UNITS, _MOST_BETWEEN = 16.0, 150.0
_GAP, _FOR_A_LINE, _MOST_GAP, _MOST_FREE = 24.0, 1.2, 60.0, 210.0  # between columns, for the lines that cross it
_NARROWEST = 560.0  # drawing, which has room for its caption
LETTER_WIDTH = 15.0  # of the letter at the left end of a port


@dataclass(kw_only=True, eq=False, repr=False)
class Column:
    """The sizes of a column."""

    layer: Layer
    is_labelled: bool  # whether ports have their numbers beside them
    letters: float  # the width of the letters at the left ends of ports
    ports: float  # the width of ports with their letters and labels
    converging: float  # the width in which the lines of ports come together
    unit: float  # the width of a unit
    unit_height: float
    outputs: float  # the width of the labels of outputs
    heading: float
    block: float  # the height of a unit with its name and its ports
    x: float = 0.0  # of the centres of units

    @property
    def left(self) -> float:
        """The width from the left end of ports to the centres of units."""
        return self.ports + self.converging + self.unit / 2

    @property
    def right(self) -> float:
        """The width from the centres of units to the right end of their outputs."""
        return self.unit / 2 + self.outputs

    @property
    def height(self) -> float:
        """The least height of all units."""
        return len(self.layer.units) * (self.block + _BETWEEN_UNITS)

    def centres(self, top: float, height: float) -> list[float]:
        """Return the y of the centres of units, about the middle of a height that begins at `top`."""
        n = len(self.layer.units)
        step = max(self.block + _BETWEEN_UNITS, min(height / n, _MOST_BETWEEN))
        return [top + height / 2 + (k - (n - 1) / 2) * step for k in range(n)]


def label(value: Value | None, precision: int | None) -> str:
    """Return a number as it is drawn, with a minus sign; an empty text for none."""
    if value is None:
        return ""
    return number(value.number, DIGITS if precision is None else precision).replace("-", "\N{MINUS SIGN}")


def function_lines(layer: Layer) -> list[str]:
    """Return the name of a layer's function in lines of at most some twelve letters.

    >>> function_lines(Layer(title="loss", function="half_squared_error, mean", size=1, shapes={}, units=()))
    ['half_squared', '_error', 'mean']
    """
    lines: list[str] = []
    for part in [] if layer.function is None else re.split(r"(?=_)|, ", layer.function):
        if lines and part.startswith("_") and len(lines[-1] + part) <= _FUNCTION_LETTERS:
            lines[-1] += part
        else:
            lines.append(part)
    return lines


def columns(picture: Picture, precision: int | None) -> list[Column]:
    """Return the columns of a picture, not yet placed."""
    has_few = picture.n_edges <= _MOST_LABELS
    return [_column(layer, precision, is_labelled=has_few or layer.title == "loss") for layer in picture.layers]


def _column(layer: Layer, precision: int | None, *, is_labelled: bool) -> Column:
    def widest(values: Sequence[Value | None]) -> float:
        return max((text_width(label(value, precision), "value") for value in values), default=0)

    units = layer.units
    ports = [port for unit in units for port in unit.ports] if is_labelled else []
    at_ports = widest([value for port in ports for value in (port.value, port.gradient)])
    letters = LETTER_WIDTH if any(port.name != "weight" for port in ports) else 0.0
    at_outputs = widest([value for unit in units for value in (unit.output, unit.gradient)])
    inside = widest([value for unit in units for value in (unit.z, unit.dz, unit.loss)])
    names = min(max(text_width(clean(unit.name), "name") for unit in units), _WIDE_UNIT - 14)
    is_input = layer.title == "inputs"
    height = _INPUT_HEIGHT if is_input else _UNIT_HEIGHT
    with_name = height if is_input else height + 2 * _NAME_HEIGHT
    most_ports = max(len(unit.ports) for unit in units) if is_labelled else 0
    heading = [text_width(layer.title, "heading"), *(text_width(line, "function") for line in function_lines(layer))]
    return Column(
        layer=layer,
        is_labelled=is_labelled,
        letters=letters,
        ports=at_ports + 8 + letters if ports else 0,
        converging=_CONVERGING if ports else 0,
        unit=max(_NARROW_UNIT, inside + 16, names + 14 if is_input else names),
        unit_height=height,
        outputs=at_outputs + 9 if at_outputs else 0,
        heading=max(heading),
        block=max(most_ports * ROW, with_name),
    )


def place(placed: Sequence[Column], width: float) -> float:
    """Place columns side by side, and return the width of the drawing: `width` if they have room enough there."""
    first, last = placed[0], placed[-1]
    needed = []
    for left, right in pairwise(placed):
        gap = min(_GAP + _FOR_A_LINE * len(left.layer.units) * len(right.layer.units), _MOST_GAP)
        needed.append(max(left.right + gap + right.left, (left.heading + right.heading) / 2 + 16))
    start = MARGIN + max(first.left, first.heading / 2)
    end = max(last.right, last.heading / 2) + MARGIN
    # The lines before the loss are few, and need less room.
    shares = [1 if column.layer.title == "loss" else 3 for column in placed[1:]]
    free = (width - start - sum(needed) - end) / max(sum(shares), 1)
    share = min(max(free, 0), _MOST_FREE / 3)
    total = start + sum(needed) + share * sum(shares) + end
    first.x = start + max(_NARROWEST - total, 0) / 2
    for (left, right), distance, of_gap in zip(pairwise(placed), needed, shares, strict=True):
        right.x = left.x + distance + share * of_gap
    return max(total, _NARROWEST)
