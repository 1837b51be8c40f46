"""The page that `backprop explain --format html` writes."""

from dataclasses import replace

from backprop_cli.cli.options import ExplainOptions
from backprop_cli.explanations.explanation import Explanation, Extent
from backprop_cli.explanations.opened import opened
from backprop_cli.explanations.picture import picture
from backprop_cli.explanations.worked import Worked
from backprop_cli.render.html import explanation, page
from backprop_cli.render.html.view import Shown, view


def html_page(found: Worked | Explanation, options: ExplainOptions) -> str:
    """Return the page of a worked solution, in which each number can be opened, or of one entry.

    Raises:
        InputError: The sum of the terms of an entry overflows.
    """
    if isinstance(found, Explanation):
        return explanation.explanation(found, options.precision)
    return page.worked(shown(found, options.extent, options.rows), options.precision)


def shown(found: Worked, extent: Extent, max_rows: int) -> Shown:
    """Return what a page shows of a worked solution: of matrices at most `max_rows` rows and columns, 0 for all.

    A whole problem has a picture of its network with the numbers of the first sample; the page has the title.

    Raises:
        InputError: The sum of the terms of an entry overflows.
    """
    how_much = view(found, max_rows)
    return Shown(
        found=found,
        view=how_much,
        opened=opened(found, extent, how_much.opened(found)),
        picture=replace(picture(found.problem, 0), title=None) if found.is_whole else None,
    )
