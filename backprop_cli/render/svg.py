"""A picture of a network as SVG, for a page of its own or inside HTML.

It is pure ASCII: other characters are written as references, so that no encoding can damage it. Every rule of its style
begins with its own class, so that it changes nothing around it.
"""

import re
from collections.abc import Iterator
from html import escape

from backprop_cli.explanations.picture import Picture
from backprop_cli.messages import clean
from backprop_cli.render.drawing import SIZES, Box, Curve, Drawing, Item, Text
from backprop_cli.render.layout import drawing

__all__ = ["DARK", "LIGHT", "picture"]

# Colours are never the only sign: gradients stand below lines and are slanted, inactive units have dashed outlines.
# Their contrast with white, and with #212121 in dark surroundings, is at least 4.5:1.
LIGHT = {"text": "#1f2328", "note": "#57606a", "value": "#1d4ed8", "gradient": "#9a3412", "line": "#7b8591"}
LIGHT |= {"unit": "#eff4ff", "outline": "#3b5bdb"}
DARK = {"text": "#e6edf3", "note": "#a9b3be", "value": "#9cc4ff", "gradient": "#ffb98a", "line": "#7d8793"}
DARK |= {"unit": "#1b2a41", "outline": "#7aa7ff"}
_NAME = "backprop-network"


def picture(shown: Picture, precision: int | None, prefix: str = "") -> str:
    """Return a picture as SVG, whose ids begin with `prefix`; numbers are as in `layout.drawing`."""
    return "\n".join(_lines(drawing(shown, precision), prefix)).encode("ascii", "xmlcharrefreplace").decode() + "\n"


def _lines(drawn: Drawing, prefix: str) -> Iterator[str]:
    title, description = f"{prefix}{_NAME}-title", f"{prefix}{_NAME}-desc"
    width, height = _length(drawn.width), _length(drawn.height)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{_NAME}" role="img"'
        f' aria-labelledby="{title} {description}" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}">'
    )
    yield f'<title id="{title}">{_escaped(clean(drawn.title))}</title>'
    yield f'<desc id="{description}">{_escaped(clean(drawn.description))}</desc>'
    yield f"<style>{''.join(_style())}\n</style>"
    for item in drawn.items:
        yield from _item(item)
    yield "</svg>"


def _style() -> Iterator[str]:
    own = f".{_NAME}"
    yield f"\n{own}{{font-family:sans-serif}}"
    yield f"\n{own} path{{fill:none;stroke-width:1.2}}"
    yield f"\n{own} .hit{{stroke:none;stroke-width:9;pointer-events:stroke}}"
    yield f"\n{own} .edge:hover path:not(.hit){{stroke-width:3}}"
    yield f"\n{own} .inactive path,{own} .inactive rect{{stroke-dasharray:4 3}}"
    yield f"\n{own} .inactive.unit{{fill-opacity:1}}"
    for role, size in SIZES.items():
        extra = {"title": ";font-weight:bold", "heading": ";font-weight:bold", "gradient": ";font-style:italic"}
        yield f"\n{own} .{role}{{font-size:{size:g}px{extra.get(role, '')}}}"
    yield from _colours(LIGHT, own)
    yield "\n@media screen and (prefers-color-scheme:dark){"
    yield from _colours(DARK, own)
    yield "\n}"


def _colours(colours: dict[str, str], own: str) -> Iterator[str]:
    for role in SIZES:
        colour = colours[
            {"title": "text", "heading": "text", "value": "value", "gradient": "gradient"}.get(role, "note")
        ]
        yield f"\n{own} .{role}{{fill:{colour}}}"
    yield f"\n{own} path:not(.hit){{stroke:{colours['line']}}}"
    yield f"\n{own} rect{{fill:{colours['unit']};stroke:{colours['outline']};stroke-width:1.5}}"
    yield f"\n{own} .edge rect{{stroke:{colours['line']};stroke-width:1.2}}"
    yield f"\n{own} .inactive rect{{fill:none;stroke:{colours['note']}}}"
    yield f"\n{own} .inactive .value,{own} .inactive .gradient{{fill:{colours['note']}}}"


def _item(item: Item) -> Iterator[str]:
    classes = f"{item.kind} inactive" if item.inactive else item.kind
    yield f'<g class="{classes}">'
    if item.about:
        yield f"<title>{_escaped(chr(10).join(map(clean, item.about)))}</title>"
    yield from map(_rectangle, item.boxes)
    for curve in item.curves:
        if item.kind == "edge":
            yield f'<path class="hit" d="{_path(curve)}"/>'
        yield f'<path d="{_path(curve)}"/>'
    yield from map(_text, item.texts)
    yield "</g>"


def _path(curve: Curve) -> str:
    commands = [f"{_command(k, point)}{' '.join(map(_length, point))}" for k, point in enumerate(curve.points)]
    return "".join(commands)


def _command(k: int, point: tuple[float, ...]) -> str:
    return "M" if k == 0 else "L" if len(point) == 2 else "C"


def _rectangle(box: Box) -> str:
    x, y, width, height = map(_length, (box.x - box.width / 2, box.y - box.height / 2, box.width, box.height))
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{_length(box.radius)}"/>'


def _text(text: Text) -> str:
    entry = "" if text.entry is None else f' data-entry="{_escaped(text.entry)}"'
    at = f'x="{_length(text.x)}" y="{_length(text.y)}" text-anchor="{text.anchor}"'
    return f'<text class="{text.role}" {at}{entry}>{_escaped(clean(text.text))}</text>'


def _length(value: float) -> str:
    return f"{round(value, 1):g}" if abs(value) < 1e5 else str(round(value))


def _escaped(text: str) -> str:
    """Escape a text for XML, which has no place for two characters that are none."""
    return escape(re.sub("[\ufffe\uffff]", "\ufffd", text))
