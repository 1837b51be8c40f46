"""Where everything in a picture of a network stands.

A line between two units leaves the first under the label of its output, crosses the gap between two columns, and enters
the second at a port, under the label of its weight: values above the line, gradients below.
"""

from collections.abc import Iterator, Sequence
from math import sqrt

from backprop_cli.explanations.picture import Picture, Port, Unit, Value
from backprop_cli.messages import clean
from backprop_cli.render.boxes import boxes
from backprop_cli.render.caption import caption, empty_drawing, over_samples, title_lines
from backprop_cli.render.columns import MARGIN, ROW, Column, columns, function_lines, label, place
from backprop_cli.render.drawing import Box, Curve, Drawing, Item, Role, Text, fitted
from backprop_cli.render.numbers import number

__all__ = ["WIDTH", "drawing"]

WIDTH = 800.0
_ABOVE, _BELOW = 4.5, 12.0  # from a line to the base lines of its labels
_HEADING_LINE = 15.0
_BEND = 0.35  # of the width in which a line turns: less is straighter
_ATTACHED = 17.0  # from the middle of a unit, at most, to the end of a line
_CORNER = 6.0  # the radius of the corners of an input
_LETTER = 6.5  # the radius of the circle about the letter of a bias


def drawing(picture: Picture, precision: int | None, width: float = WIDTH) -> Drawing:
    """Return the drawing of a picture, as wide as `width` if it has room enough there.

    Numbers have at most `precision` decimals, or significant digits if they are smaller than 1 (3 for None).
    """
    if not picture.has_units:
        return boxes(picture, precision, width)
    placed = columns(picture, precision)
    drawn = empty_drawing(picture, place(placed, width))
    top = title_lines(drawn, picture, MARGIN)
    headings = [tuple(_heading(column, top)) for column in placed]
    drawn.items += [Item(texts=texts) for texts in headings]
    top += max(map(len, headings)) * _HEADING_LINE + 8
    height = max(column.height for column in placed)
    centres = [column.centres(top, height) for column in placed]
    network = _Network(picture, precision)
    drawn.items += network.edges(None, placed[0], [], centres[0])
    for k in range(1, len(placed)):
        drawn.items += network.edges(placed[k - 1], placed[k], centres[k - 1], centres[k])
    for column, ys in zip(placed, centres, strict=True):
        drawn.items += [network.unit(column, unit, y) for unit, y in zip(column.layer.units, ys, strict=True)]
    caption(drawn, picture, top + height + 8, is_labelled=all(column.is_labelled for column in placed))
    return drawn


def _heading(column: Column, top: float) -> Iterator[Text]:
    yield Text(x=column.x, y=top + 12, text=column.layer.title, role="heading")
    for k, line in enumerate(function_lines(column.layer), 1):
        yield Text(x=column.x, y=top + 12 + k * _HEADING_LINE, text=line, role="function")


class _Network:
    """Draws the lines and units of a picture."""

    def __init__(self, picture: Picture, precision: int | None) -> None:
        self.picture, self.precision = picture, precision

    def edges(
        self, before: Column | None, column: Column, sources: Sequence[float], centres: Sequence[float]
    ) -> Iterator[Item]:
        """Yield the lines from the units of one column, at the y of `sources`, to those of the next; and of biases."""
        for unit, centre in zip(column.layer.units, centres, strict=True):
            for k, port in enumerate(unit.ports):
                if before is not None and port.name != "bias":
                    start = (before.x + before.right, sources[k])
                    yield self._edge(column, unit, k, centre, start, inactive=before.layer.units[k].inactive)
                elif column.is_labelled:
                    yield self._edge(column, unit, k, centre, None)

    def _edge(
        self,
        column: Column,
        unit: Unit,
        k: int,
        centre: float,
        start: tuple[float, float] | None,
        *,
        inactive: bool = False,
    ) -> Item:
        port, middle = unit.ports[k], (len(unit.ports) - 1) / 2
        steps = k - middle if column.is_labelled else 0.0
        y, attached = centre + steps * ROW, centre + steps * _ATTACHED / (middle or 1)
        letter = Box(x=column.x - column.left + _LETTER, y=y, width=2 * _LETTER, height=2 * _LETTER, radius=_LETTER)
        return Item(
            kind="edge",
            about=tuple(self._about_port(port)),
            inactive=unit.inactive or inactive,
            curves=(_line(column, start, y, centre, attached),),
            boxes=() if start else (letter,),
            texts=tuple(self._port_labels(column, port, y)) if column.is_labelled else (),
        )

    def unit(self, column: Column, unit: Unit, y: float) -> Item:
        """Return a unit with its numbers, its name and the line of its output."""
        x, half, height, title = column.x, column.unit / 2, column.unit_height, column.layer.title
        name_y = y + 3.5 if title == "inputs" else y - height / 2 - 5
        texts = list(self._number(unit.loss, "value", x, y + 4))
        if title != "loss":
            texts.append(Text(x=x, y=name_y, text=fitted(clean(unit.name), "name", column.unit), role="name"))
        texts += self._number(unit.z, "value", x, y - _ABOVE - 1)
        texts += self._number(unit.dz, "gradient", x, y + _BELOW + 2)
        texts += self._number(unit.output, "value", x + half + column.outputs / 2, y - _ABOVE)
        texts += self._number(unit.gradient, "gradient", x + half + column.outputs / 2, y + _BELOW)
        curves = [Curve(points=((x + half, y), (x + column.right, y)))] if column.outputs else []
        if unit.z is not None or unit.dz is not None:
            curves.append(Curve(points=((x - half + 8, y), (x + half - 8, y))))
        radius = _CORNER if title == "inputs" else height / 2
        return Item(
            kind="unit",
            about=tuple(self._about_unit(column, unit)),
            inactive=unit.inactive,
            curves=tuple(curves),
            boxes=(Box(x=x, y=y, width=column.unit, height=height, radius=radius),),
            texts=tuple(texts),
        )

    def _port_labels(self, column: Column, port: Port, y: float) -> Iterator[Text]:
        left = column.x - column.left
        middle = left + (column.letters + column.ports) / 2
        if port.name == "bias":
            yield Text(x=left + _LETTER, y=y + 3.5, text="b", role="name")
        elif port.name == "target":
            yield Text(x=left + 2, y=y - _ABOVE, text="t", role="name", anchor="start")
        yield from self._number(port.value, "value", middle, y - _ABOVE)
        yield from self._number(port.gradient, "gradient", middle, y + _BELOW)

    def _number(self, value: Value | None, role: Role, x: float, y: float) -> Iterator[Text]:
        if value is not None:
            yield Text(x=x, y=y, text=label(value, self.precision), role=role, entry=value.name)

    def _about_unit(self, column: Column, unit: Unit) -> Iterator[str]:
        of = "" if column.layer.title in ("inputs", "loss") else f" of {column.layer.title}, {column.layer.function}"
        yield unit.name + of + (" (inactive)" if unit.inactive else "")
        yield from map(self._about, filter(None, (unit.z, unit.output, unit.gradient, unit.dz, unit.loss)))
        if not column.is_labelled:
            for port in unit.ports:
                if port.name == "bias":
                    yield from self._about_port(port)

    def _about_port(self, port: Port) -> Iterator[str]:
        if port.value is not None:
            yield self._about(port.value)
        if port.gradient is not None:
            yield self._about(port.gradient) + over_samples(self.picture)

    def _about(self, value: Value) -> str:
        return f"{value.name} = {number(value.number, None if self.precision is None else max(self.precision, 8))}"


def _line(column: Column, start: tuple[float, float] | None, y: float, centre: float, attached: float) -> Curve:
    """Return the line from the output of a unit, or from a letter, through a port to the left side of a unit."""
    port, radius = column.x - column.left, column.unit_height / 2
    points: list[tuple[float, ...]] = [start or (port + 2 * _LETTER, y)]
    if start:
        bend = (port - start[0]) * _BEND
        points.append((start[0] + bend, start[1], port - bend, y, port, y))
    if column.is_labelled:
        inner = port + column.ports
        end = column.x - column.unit / 2 + radius - sqrt(radius**2 - (attached - centre) ** 2)  # on the round side
        bend = (end - inner) / 2
        points += [(inner, y), (inner + bend, y, end - bend, attached, end, attached)]
    return Curve(points=tuple(points))
