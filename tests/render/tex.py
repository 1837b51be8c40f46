"""Whether a text in TeX is well formed, as far as that can be told without TeX."""

import re

_TOKEN = re.compile(
    r"\\(begin|end)\{([a-z*]+)\}|\\(left|right)(?![a-z])|\\([a-zA-Z]+)|\\.|%[^\n]*|([{}])|([$])", re.DOTALL
)


def faults(page: str) -> list[str]:
    """Return what is wrong in the nesting of braces, environments, high brackets and formulas in a line of text."""
    stack: list[str] = []
    for token in _TOKEN.finditer(page):
        kind, name, side, command, brace, dollar = token.groups()
        opens, closes = "", ""
        if kind:
            opens, closes = (name, "") if kind == "begin" else ("", name)
        elif side:
            opens, closes = ("left", "") if side == "left" else ("", "left")
        elif command in ("begingroup", "endgroup"):
            opens, closes = ("group", "") if command == "begingroup" else ("", "group")
        elif brace:
            opens, closes = ("{", "") if brace == "{" else ("", "{")
        elif dollar:
            opens, closes = ("", "$") if "$" in stack else ("$", "")
        if opens:
            stack.append(opens)
        if closes and (not stack or stack.pop() != closes):
            return [f"{token[0]} at {page[max(token.start() - 40, 0) : token.end()]!r}"]
    return stack
