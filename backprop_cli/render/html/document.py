"""The frame of a page of HTML, which allows no script and no request."""

from backprop_cli.render.html.style import style
from backprop_cli.render.html.text import safe

__all__ = ["document"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, body: str, more_style: str = "") -> str:
    """Return a page in ASCII, with references for other characters, so that no encoding can damage it.

    `more_style` has rules of this page that come after those of every page.
    """
    text = f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{safe(title)}</title>
<style>{style()}{more_style}</style>
</head>
<body>
{body}
</body>
</html>
"""
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")
