"""Texts in XML 1.0, which has no control characters, and neither U+FFFE nor U+FFFF (production 2)."""

import re

from backprop_cli.messages import clean

__all__ = ["shown"]

_NOT_IN_XML = re.compile("[\ufffe\uffff]")  # `clean` escapes the control characters


def shown(text: str) -> str:
    r"""Return a text with escapes for the characters that a terminal would interpret or XML does not have.

    >>> shown("a\x1b\ufffe")
    'a\\x1b\\ufffe'
    """
    return _NOT_IN_XML.sub(lambda found: f"\\u{ord(found[0]):x}", clean(text))
