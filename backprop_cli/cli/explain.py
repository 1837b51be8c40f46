"""`backprop explain`: the chain rule behind one number, or a walk through a whole problem."""

from typing import assert_never

from backprop_cli.cli.entries import node_of
from backprop_cli.cli.options import ExplainOptions
from backprop_cli.cli.streams import write_stdout
from backprop_cli.cli.terminal import look
from backprop_cli.errors import ExitStatus, InputError
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Explanation, Walk
from backprop_cli.explanations.walk import walk
from backprop_cli.load.files import shown
from backprop_cli.load.problem import load_problem

_NOT_RATIONAL = "explain --exact shows fractions, and a function is not rational (run --exact computes 17 digits)"


def print_explanation(options: ExplainOptions) -> ExitStatus:
    """Explain an entry, or walk through the whole problem.

    Raises:
        BackpropError: Of any kind.
    """
    problem = load_problem(options.problem, exact=options.exact)
    if problem.digits is not None:
        raise InputError(_NOT_RATIONAL, hint="without --exact, it shows float64").at(shown(options.problem))
    try:
        if options.entry is None:
            found: Walk | Explanation = walk(problem, options.extent)
        else:
            node = node_of(options.entry.name, problem)
            found = explain(problem, node, options.entry.indices, options.extent)
    except InputError as error:
        raise error.at(shown(options.problem)) from None
    write_stdout(_rendered(found, options))
    return ExitStatus.OK


def _rendered(found: Walk | Explanation, options: ExplainOptions) -> str:
    match options.format:
        case "json":
            from backprop_cli.render import json

            return json.walk(found) if isinstance(found, Walk) else json.explanation(found)
        case "markdown":
            from backprop_cli.render import markdown

            if isinstance(found, Walk):
                return markdown.walk(found, options.precision)
            return markdown.explanation(found, options.precision)
        case "table":
            from backprop_cli.render.terminal import explanation

            style = look(options.color)
            if isinstance(found, Walk):
                return explanation.walk(found, style, options.precision)
            return explanation.explanation(found, style, options.precision)
        case _:
            assert_never(options.format)
