"""A picture of a network in TikZ: a fragment for a LaTeX document, or a document of its own.

The fragment needs the package tikz alone. A comment after a number names its entry, for who changes it by hand.
"""

import re
from collections.abc import Iterator

from backprop_cli.explanations.picture import Picture
from backprop_cli.messages import clean
from backprop_cli.render.drawing import Box, Curve, Drawing, Item, Role
from backprop_cli.render.layout import drawing

__all__ = ["escaped", "picture"]

_POINT = 7 / 11  # of a pixel: letters of 11 pixels become 7 points
_WIDTH = 690.0  # pixels: 15.5 cm
_CENTIMETRES = 2.54 / 72.27  # of a point
_BORDER = 5  # millimetres about a picture that is a document
_COLOURS = {"text": "31,35,40", "note": "87,96,106", "value": "29,78,216", "gradient": "154,52,18"}
_COLOURS |= {"line": "123,133,145", "unit": "239,244,255", "outline": "59,91,219"}
_FONTS: dict[Role, tuple[str, int, str]] = {  # the colour, the size in points, and the shape
    "title": ("text", 9, r"\bfseries"),
    "heading": ("text", 8, r"\bfseries"),
    "function": ("note", 7, ""),
    "name": ("note", 6, ""),
    "value": ("value", 7, ""),
    "gradient": ("gradient", 7, r"\itshape"),
    "note": ("note", 7, ""),
}
_ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}
_ESCAPES = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}"}
_ESCAPES |= {">": r"\textgreater{}", "|": r"\textbar{}", "`": r"\textasciigrave{}", '"': r"\char34{}"}
_ESCAPES |= {"\N{MINUS SIGN}": "$-$"} | {character: f"\\{character}" for character in "{}$&#_%"}
_ACCENTED = re.compile("[\u00c0-\u00d6\u00d8-\u00ef\u00f1-\u00f6\u00f8-\u00fd\u00ff]")


def picture(shown: Picture, precision: int | None, *, standalone: bool = False) -> str:
    """Return a picture as a `tikzpicture`, or as a whole document; numbers are as in `layout.drawing`."""
    drawn = drawing(shown, precision, _WIDTH)
    lines = list(_document(drawn) if standalone else _fragment(drawn))
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    r"""Return a text for TeX; letters that not every installation has become their code points.

    >>> print(escaped("50 % of $x_1$ -- \\alpha"))
    50 \% of \$x\_1\$ -{}- \textbackslash{}alpha
    """
    return re.sub(r"([-,'])(?=\1)", r"\1{}", "".join(map(_character, clean(text))))


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isascii() or _ACCENTED.match(character):
        return character
    return rf"\texttt{{U+{ord(character):04X}}}"


def _fragment(drawn: Drawing) -> Iterator[str]:
    width, height = (length * _POINT * _CENTIMETRES for length in (drawn.width, drawn.height))
    yield rf"% {width:.1f} cm by {height:.1f} cm; needs \usepackage{{tikz}}."
    yield r"% To fit a narrower column: \resizebox{\linewidth}{!}{...}"
    yield from _picture(drawn)


def _document(drawn: Drawing) -> Iterator[str]:
    width, height = (length * _POINT * _CENTIMETRES * 10 + 2 * _BORDER for length in (drawn.width, drawn.height))
    yield r"\documentclass{article}"
    yield rf"\usepackage[paperwidth={width + 0.5:.1f}mm,paperheight={height + 1:.1f}mm,margin={_BORDER}mm]{{geometry}}"
    yield r"\usepackage{tikz}"
    yield r"\pagestyle{empty}"
    yield r"\setlength{\parindent}{0pt}"
    yield r"\setlength{\topskip}{0pt}"
    yield r"\begin{document}"
    yield from _picture(drawn)
    yield r"\end{document}"


def _picture(drawn: Drawing) -> Iterator[str]:
    yield rf"\begin{{tikzpicture}}[x={_POINT:.4f}pt, y=-{_POINT:.4f}pt, line width=0.5pt,"
    for role, (colour, size, shape) in _FONTS.items():
        font = rf"\fontsize{{{size}}}{{{size + 1}}}\selectfont{shape}"
        yield rf"  network {role}/.style={{inner sep=0pt, outer sep=0pt, text=network-{colour}, font={font}}},"
    yield r"  network inactive/.style={dash pattern=on 2pt off 1.5pt}]"
    for name, colour in _COLOURS.items():
        yield rf"\definecolor{{network-{name}}}{{RGB}}{{{colour}}}"
    yield rf"\useasboundingbox (0,0) rectangle ({_point((drawn.width, drawn.height))});"
    for item in drawn.items:
        yield from _item(item)
    yield r"\end{tikzpicture}%"


def _item(item: Item) -> Iterator[str]:
    if not item.texts:
        yield from (f"% {clean(line)}" for line in item.about)
    dashed = ", network inactive" if item.inactive else ""
    for box in item.boxes:
        yield _box(box, item, dashed)
    for curve in item.curves:
        yield rf"\draw[network-line{dashed}] {_path(curve)};"
    for text in item.texts:
        colour = ", text=network-note" if item.inactive else ""
        entry = "" if text.entry is None else f" % {text.entry}"
        style = f"network {text.role}{colour}, anchor={_ANCHORS[text.anchor]}"
        yield rf"\node[{style}] at ({_point((text.x, text.y))}) {{{escaped(text.text)}}};{entry}"


def _box(box: Box, item: Item, dashed: str) -> str:
    fill = "" if item.inactive else ", fill=network-unit"
    outline = "note" if item.inactive else "line" if item.kind == "edge" else "outline"
    corners = (_point((box.x + sign * box.width / 2, box.y + sign * box.height / 2)) for sign in (-1, 1))
    style = f"draw=network-{outline}{fill}, rounded corners={box.radius * _POINT * 0.99:.2f}pt{dashed}"
    return rf"\path[{style}] ({') rectangle ('.join(corners)});"


def _path(curve: Curve) -> str:
    parts = []
    for point in curve.points:
        first, second, end = _point(point[:2]), _point(point[2:4]), _point(point[-2:])
        if len(point) == 2:
            parts.append(f"({end})")
        else:
            parts.append(f".. controls ({first}) and ({second}) .. ({end})")
    return " ".join(part if part.startswith("..") or k == 0 else f"-- {part}" for k, part in enumerate(parts))


def _point(point: tuple[float, ...]) -> str:
    return ",".join(f"{length:.1f}" for length in point)
