"""The page that `backprop explain --format html` writes."""

from dataclasses import replace

from backprop_cli.cli.options import ExplainOptions
from backprop_cli.explanations.explanation import Explanation
from backprop_cli.explanations.opened import opened
from backprop_cli.explanations.picture import picture
from backprop_cli.explanations.worked import Worked
from backprop_cli.render import svg
from backprop_cli.render.html import explanation, page
from backprop_cli.render.html.view import view


def html_page(found: Worked | Explanation, options: ExplainOptions) -> str:
    """Return the page of a worked solution, in which each number can be opened, or of one entry.

    Raises:
        InputError: The sum of the terms of an entry overflows.
    """
    if isinstance(found, Explanation):
        return explanation.explanation(found, options.precision)
    shown = view(found, options.rows)
    entries = opened(found, options.extent, shown.opened(found))
    drawn = _drawn(found) if found.is_whole else None
    return page.worked(found, entries, shown, options.precision, picture=drawn)


def _drawn(found: Worked) -> str:
    """Return the network with the numbers of its first sample, in few digits; the page has the title."""
    return svg.picture(replace(picture(found.problem, 0), title=None), None)
