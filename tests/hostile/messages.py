"""What an error may look like: lines of text that do nothing to a terminal."""

import re
from unicodedata import category

_ERRORS = re.compile(r"(backprop: .+\n(hint: .+\n)?)+")


def is_harmless(line: str) -> bool:
    """Tell whether a line has neither control characters nor others that do not show."""
    return all(category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in line)


def are_errors(text: str) -> bool:
    """Tell whether a text is harmless and nothing but errors, of one line each and perhaps a hint."""
    return bool(_ERRORS.fullmatch(text)) and all(map(is_harmless, text[:-1].split("\n")))
