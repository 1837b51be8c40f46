"""In which line of a JSON file an expected value stands."""

import re
from collections.abc import Sequence

from backprop_cli.core.places import layer_place
from backprop_cli.load import json_spans

_BLANK = "\ufeff \t\r\n"  # and a byte order mark
_BEGIN = re.compile(rf"[{_BLANK}]*\{{")
_LINE_END = re.compile(r"\r\n|\r|\n")


def spellings(place: str) -> tuple[str, ...]:
    """Return a place, and how else it is written where there is only one layer.

    >>> spellings("dz"), spellings("layers[0].dz")[1]
    (('dz', 'dz', 'layers[0].dz'), 'dz')
    """
    return place, place.removeprefix(layer_place(0, "")), layer_place(0, place)


def line_of_expected(text: str, place: str, index: Sequence[int]) -> int | None:
    """Return the line of an entry of a quantity, or of its key, in the text of a problem or a result, or of a matrix.

    Args:
        text: What `load.json` has accepted, as it stands in the file.
        place: The quantity, such as `layers[0].dz`; the layer may be left out of the file, or be in it alone.
        index: The entry, or nothing for the quantity; a flat list may hold a row or a column.
    """
    if (begin := _BEGIN.match(text)) is None:  # of an object
        at = _entry(text, len(text) - len(text.lstrip(_BLANK)), 0, index)
    else:
        members = json_spans.members(text)
        found = json_spans.leaves(text, members["expected"].value.start if "expected" in members else begin.start())
        member = next((found[name] for name in spellings(place) if name in found), None)
        if member is None:
            return None
        at = _entry(text, member.value.start, member.key.start, index)
    return 1 + len(_LINE_END.findall(text, 0, at))


def _entry(text: str, at: int, key: int, index: Sequence[int]) -> int:
    """Return where an entry of the value at `at` begins, or its key if the value is not nested as deeply."""
    for k in index:
        items = list(json_spans.items(text, at)) if text[at] == "[" else []
        if k >= len(items):
            return key
        at = items[k].start
    return at
