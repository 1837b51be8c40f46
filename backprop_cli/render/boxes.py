"""A picture of a large network: a box for each layer, with its function and the shapes of its matrices."""

from typing import Literal

from backprop_cli.explanations.picture import Layer, Picture
from backprop_cli.messages import counted
from backprop_cli.render.caption import empty_drawing, of_boxes, sized, title_lines, write_sentences
from backprop_cli.render.columns import MARGIN, label
from backprop_cli.render.drawing import Box, Curve, Drawing, Item, Text, fitted

__all__ = ["boxes"]

_FIRST, _LAST = 7, 6  # boxes of a network with more
_WIDTH, _HEIGHT, _BETWEEN = 620.0, 52.0, 26.0


def boxes(picture: Picture, precision: int | None, width: float) -> Drawing:
    """Return the drawing of a network, from the top downwards, with at most 13 boxes."""
    drawn = empty_drawing(picture, min(width, _WIDTH))
    y = title_lines(drawn, picture, MARGIN)
    layers, n_left_out = picture.layers, len(picture.layers) - _FIRST - _LAST
    for k, layer in enumerate(layers):
        if n_left_out > 1 and _FIRST <= k < len(layers) - _LAST:
            if k == _FIRST:
                y = _arrow(drawn, y)
                _note(drawn, f"{counted(n_left_out, 'other layer')}, not shown", drawn.width / 2, y + 12, "middle")
                y += 18
            continue
        y = _arrow(drawn, y) if k else y
        drawn.items.append(_box(drawn, layer, precision, y))
        y += _HEIGHT
    write_sentences(drawn, of_boxes(picture), y + 6)
    return drawn


def _box(drawn: Drawing, layer: Layer, precision: int | None, top: float) -> Item:
    width = drawn.width - 2 * MARGIN
    shapes = [f"{name} {shape}" for name, shape in layer.shapes.items()]
    values = [f"value {label(unit.loss, precision)}" for unit in layer.units if unit.loss is not None]
    left, texts = MARGIN + 14, []
    texts.append(Text(x=left, y=top + 21, text=layer.title, role="heading", anchor="start"))
    about = ", ".join(filter(None, [layer.function, sized(layer)]))
    texts.append(Text(x=left + width - 28, y=top + 21, text=about, role="function", anchor="end"))
    second = fitted(", ".join([*values, *shapes]), "name", width - 28)
    texts.append(Text(x=left, y=top + 40, text=second, role="name", anchor="start"))
    box = Box(x=drawn.width / 2, y=top + _HEIGHT / 2, width=width, height=_HEIGHT, radius=8)
    return Item(kind="unit", boxes=(box,), texts=tuple(texts))


def _arrow(drawn: Drawing, top: float) -> float:
    x, end = drawn.width / 2, top + _BETWEEN
    head = Curve(points=((x - 4, end - 8), (x, end - 2), (x + 4, end - 8)))
    drawn.items.append(Item(curves=(Curve(points=((x, top + 2), (x, end - 2))), head)))
    return end


def _note(drawn: Drawing, text: str, x: float, y: float, anchor: Literal["start", "middle"]) -> None:
    drawn.items.append(Item(texts=(Text(x=x, y=y, text=text, role="note", anchor=anchor),)))
