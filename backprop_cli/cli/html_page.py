"""The page that `backprop explain --format html` writes."""

from backprop_cli.cli.entries import Entry, node_of
from backprop_cli.cli.options import ExplainOptions
from backprop_cli.core.problem import Problem
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.opened import opened
from backprop_cli.explanations.worked import worked


def html_page(problem: Problem, entry: Entry | None, options: ExplainOptions) -> str:
    """Return the page of a problem, or of one entry.

    Raises:
        UsageError: There is no such entry.
        InputError: Nothing follows from what was given, or a result overflows.
    """
    from backprop_cli.render.html import page, view

    if entry is not None:
        found = explain(problem, node_of(entry.name, problem), entry.indices, options.extent)
        return page.explanation(found, options.precision)
    solution = worked(problem, options.extent)
    shown = view.view(solution, options.rows)
    return page.worked(solution, opened(solution, options.extent, shown.opened(solution)), shown, options.precision)
