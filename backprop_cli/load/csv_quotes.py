"""Take the quotes off the cells of a table, so that NumPy or Polars can parse its numbers."""

import numpy as np


def unquoted(body: bytes, delimiter: str) -> bytes | None:
    """Return whole lines of a table without the quotes around its cells, or None if they need a closer look.

    They need one unless every quoted cell is `"..."` exactly, and holds no quote, delimiter or newline, and something
    other than a space at its beginning: without its quotes, an empty cell could be an empty line.
    """
    text = np.frombuffer(b"\n" + body + b"\n", np.uint8)
    is_quote = text == ord('"')
    quotes = np.flatnonzero(is_quote)
    if len(quotes) % 2:
        return None
    is_end = (text == ord(delimiter)) | (text == ord("\n"))
    opening, closing = quotes[::2], quotes[1::2]
    first = text[opening + 1]
    if not (is_end[opening - 1].all() and is_end[closing + 1].all() and (first > ord(" ")).all()):
        return None
    ends = np.flatnonzero(is_end)
    if (first == ord('"')).any() or (np.searchsorted(ends, opening) != np.searchsorted(ends, closing)).any():
        return None
    plain: bytes = text[~is_quote][1:-1].tobytes()
    return plain
