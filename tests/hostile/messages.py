"""How errors may look: lines of text without effect on a terminal."""

import re
from unicodedata import category

_ERRORS = re.compile(r"(backprop: .+\n(hint: .+\n)?)+")


def is_harmless(line: str) -> bool:
    """Tell whether a line has no control characters and no invisible ones."""
    return all(category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in line)


def are_errors(text: str) -> bool:
    """Tell whether a text is harmless and consists of errors, each one line and perhaps a hint."""
    return bool(_ERRORS.fullmatch(text)) and all(map(is_harmless, text[:-1].split("\n")))
