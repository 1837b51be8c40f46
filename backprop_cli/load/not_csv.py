"""Texts that are no CSV, recognized by their first lines: printed arrays, drawn tables, Octave's format.

Such a file is refused at the line where it begins; otherwise a first line without numbers would pass for a header.
"""

import re

from backprop_cli.errors import InputError

_WRITE = 'np.savetxt(FILE, x, delimiter=",") and write.csv(x, FILE, row.names=FALSE) write CSV'
_BRACKETS = "this is an array in brackets (JSON, or an array that was printed), not CSV"
_PRINTED = "this is an array that was printed, not CSV"
# Each with what a file is that begins with it, and the cure.
_BEGINS = (
    (r"# Created by Octave", "this is Octave's text format, not CSV", "csvwrite(FILE, x) writes CSV in Octave"),
    (
        r"[\u2500-\u257f]|\+[-=]{2,}[-=+]*(?:\n|$)|\|(?!.*\|\s*[,\t]\s*\|).*\|.*\|\s*(?:\n|$)",
        "this is a table that was drawn, not CSV",
        "the tool that drew it can write CSV: to_csv in pandas, .mode csv in sqlite3",
    ),
    (
        r"\[(?!\d+\]\s|,\d+\])[\[\s]*[-+]?(?:\.?\d|nan|inf)",
        _BRACKETS,
        f"a file of JSON is named .json; for an array, {_WRITE}",
    ),
    (r"\[(?:\d+\]\s|,\d+\])", _PRINTED, _WRITE),
    (r"<tf\.Tensor|[\w.]*(?:tensor|array|matrix)\(\[", _PRINTED, _WRITE),
    (r"Tensor\s+\[+\s*[-+]?\.?\d", _PRINTED, _WRITE),
    (r"[A-Za-z]\w* =(?:\n|$)|\d+[\u00d7x]\d+ .*(?:Matrix|Array|Vector)\b.*:(?:\n|$)", _PRINTED, _WRITE),
)


def refuse(begin: str, line: int) -> None:
    """Refuse a text that begins like another format; `begin` are its first line, number `line`, and the next.

    Raises:
        InputError: It is printed or drawn, or in a format that no file here is in.
    """
    for pattern, reason, hint in _BEGINS:
        if re.match(pattern, begin.lstrip(), re.IGNORECASE):
            raise InputError(reason, line=line, column=1, hint=hint)
