"""Say in plain words what is wrong with a text that is not JSON, and where."""

import re
from json import JSONDecodeError
from typing import TypeAlias

from backprop_cli.errors import InputError
from backprop_cli.load.numbers import describe

_Cause: TypeAlias = tuple[str, str | None]  # what is wrong, and the cure

_IN_TEXTS: dict[str, _Cause] = {
    "Unterminated string": ('a text without its closing "', None),
    "Invalid control character": ("a line break or a tab inside a text", r"write \n or \t for it"),
    "Invalid \\": ("a backslash that escapes nothing", r"write \\ for a backslash"),
}
_LITERALS = {"None": "null", "True": "true", "False": "false", "undefined": "null"}
_QUOTES = "'`\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}" + (
    "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"
)
_WORD = r"[\w.+\-/%^*]"
_TEXT = r'"[^"\\]*(?:\\.[^"\\]*)*"'


def not_json(text: str, error: JSONDecodeError) -> InputError:
    """Return the error for a text that Python's json module refuses, with the line and column of what is wrong."""
    at, (reason, hint) = _found(text, error.pos, error.msg)
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return InputError(f"not JSON: {reason}", line=line, column=column, hint=hint)


def _found(text: str, at: int, message: str) -> tuple[int, _Cause]:
    """Return where a text is wrong, and the cause; `at` and `message` are those of the json module."""
    for beginning, cause in _IN_TEXTS.items():
        if message.startswith(beginning):
            return at, cause
    if not text[at:].strip():
        return at, ("the text ends before its last bracket is closed", None)
    comma = re.compile(r",(?=\s*[\]}])").match(text, at if text[at] == "," else len(text[:at].rstrip()) - 1)
    if comma and message != "Extra data":
        closing = text[comma.end() :].lstrip()[0]
        return comma.start(), (f"a comma before {closing}", "remove the comma")
    if re.compile(r"//|/\*|#").match(text, at):
        return at, ("a comment, which JSON does not have", "remove it")
    if text[at] in _QUOTES:
        return at, (f"{text[at]} in place of a double quote", 'keys and texts stand in double quotes: "inputs"')
    word = _word(text, at)
    if re.match(r"[+-]?\.?\d", word) and not re.fullmatch(r"-?\d+", word):
        start = text.rindex(word, 0, at + len(word))
        return start, (f"expected a number, got {describe(word)}", "numbers are written like -1.5, 0.5 or 2e-3")
    return at, _after_the_end(text, at) if message == "Extra data" else _of_word(text, at, word, message)


def _word(text: str, at: int) -> str:
    """Return the characters around a place that may belong to one number or name."""
    if not re.match(_WORD, text[at]):
        return text[at]
    before, after = (re.match(f"{_WORD}*", part) for part in (text[max(0, at - 40) : at][::-1], text[at : at + 40]))
    return (before[0][::-1] if before else "") + (after[0] if after else "")


def _after_the_end(text: str, at: int) -> _Cause:
    found, before = text[at], text[:at].rstrip(" \t")
    if found in "]}":
        return f"one {found} too many", None
    if found == "," and text.lstrip()[0] not in "[{":
        return "numbers without brackets around them", "a table with commas between its cells is named .csv"
    if before.endswith("\n"):
        if re.search(r'"(inputs|weights|biases|upstream|z|layers)"\s*:', text):
            return "several values, one on each line", "a file holds one problem"
        of_rows = "map([.[]])" if found == "{" else "."
        return "several values, one on each line", f"make one list of them: jq -s '{of_rows}'"
    return f"{describe(_word(text, at))} after the end of the value", None


def _of_word(text: str, at: int, word: str, message: str) -> _Cause:
    got = "a text" if word == '"' else describe(word)
    if message.startswith("Expecting property name"):
        return f"expected a key in double quotes, got {got}", None
    if message.startswith("Expecting ':'"):
        return f"expected a colon after the key, got {got}", None
    if message.startswith("Expecting ','"):
        return f"expected a comma or {_closing(text[:at])}, got {got}", None
    if word.lstrip("+-").lower() in ("nan", "inf", "infinity"):
        return f"expected a finite number, got {got}", None
    if word in _LITERALS:
        return f"expected a value, got {got}", f"JSON has {_LITERALS[word]} for it"
    is_call = text.startswith("(", at + len(word))
    return f"expected a value, got {got}", "in Python, json.dumps(X.tolist()) writes an array" if is_call else None


def _closing(text: str) -> str:
    """Return the bracket that closes the one which is open at the end of a text."""
    opened: list[str] = []
    for bracket in re.findall(r"[\[\]{}]", re.sub(_TEXT, "", text)):
        if bracket in "[{":
            opened.append(bracket)
        else:
            opened.pop()  # never empty: the json module has read the text up to here
    return "]" if opened[-1] == "[" else "}"
