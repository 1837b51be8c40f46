"""The page that `backprop explain --format html` writes."""

from backprop_cli.cli.options import ExplainOptions
from backprop_cli.explanations.explanation import Explanation
from backprop_cli.explanations.opened import opened
from backprop_cli.explanations.worked import Worked
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
    return page.worked(found, opened(found, options.extent, shown.opened(found)), shown, options.precision)
