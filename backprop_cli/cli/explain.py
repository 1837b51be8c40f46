"""`backprop explain`: from a file to the chain rule behind one number, or a walk through all of them."""

from dataclasses import dataclass
from typing import assert_never

from backprop_cli.cli.entries import Entry, node_of
from backprop_cli.cli.options import ExplainFormat
from backprop_cli.cli.streams import write_stdout
from backprop_cli.cli.terminal import Color, look
from backprop_cli.core.problem import Problem
from backprop_cli.errors import ExitStatus, InputError
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.walk import walk
from backprop_cli.load.files import shown
from backprop_cli.load.problem import load_problem


@dataclass(frozen=True, kw_only=True)
class ExplainOptions:
    """What the command line said."""

    problem: str
    entry: Entry | None
    extent: Extent
    exact: bool
    precision: int | None
    format: ExplainFormat
    color: Color


def print_explanation(options: ExplainOptions) -> ExitStatus:
    """Explain an entry, or walk through the whole problem."""
    problem = load_problem(options.problem, exact=options.exact)
    try:
        text = _walked(problem, options) if options.entry is None else _explained(problem, options.entry, options)
    except InputError as error:
        raise error.at(shown(options.problem)) from None
    write_stdout(text)
    return ExitStatus.OK


def _explained(problem: Problem, entry: Entry, options: ExplainOptions) -> str:
    found = explain(problem, node_of(entry.name, len(problem.layers)), entry.at, options.extent)
    match options.format:
        case "json":
            from backprop_cli.render import json

            return json.explanation(found)
        case "markdown":
            from backprop_cli.render import markdown

            return markdown.explanation(found, options.precision)
        case "table":
            from backprop_cli.render.terminal import explanation

            return explanation.explanation(found, look(options.color), options.precision)
        case _:
            assert_never(options.format)


def _walked(problem: Problem, options: ExplainOptions) -> str:
    found = walk(problem, options.extent)
    match options.format:
        case "json":
            from backprop_cli.render import json

            return json.walk(found)
        case "markdown":
            from backprop_cli.render import markdown

            return markdown.walk(found, options.precision)
        case "table":
            from backprop_cli.render.terminal import explanation

            return explanation.walk(found, look(options.color), options.precision)
        case _:
            assert_never(options.format)
