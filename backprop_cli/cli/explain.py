"""`backprop explain`: the chain rule behind one number, or the worked solution of a problem or a part of it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, assert_never

from backprop_cli.cli.entries import (
    Entry,
    is_like_an_entry,
    node_of,
    nodes,
    parse_entry,
    require_layer,
    with_names_here,
)
from backprop_cli.cli.options import ExplainOptions
from backprop_cli.cli.pictures import drawn, refuse_for_pictures
from backprop_cli.cli.problems import load, naming_file, refuse_conflicts
from backprop_cli.cli.progress import progress_bar
from backprop_cli.cli.streams import write_notes, write_stdout
from backprop_cli.cli.terminal import look
from backprop_cli.core.problem import Problem
from backprop_cli.core.progress import Progress
from backprop_cli.core.training import at_last_step
from backprop_cli.errors import ExitStatus, InputError, UsageError
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Explanation
from backprop_cli.explanations.worked import EVERYTHING, Scope, Worked, worked
from backprop_cli.messages import counted

_NOT_RATIONAL = "explain --exact shows fractions, and a function is not rational (run --exact computes 17 digits)"


def print_explanation(options: ExplainOptions) -> ExitStatus:
    """Explain an entry, or work through the whole problem or a part of it.

    Raises:
        BackpropError: Of any kind.
    """
    path, entry = _problem_and_entry(options)
    refuse_for_pictures(options, entry)
    refuse_conflicts(options, [] if path is None else [path], "explain")
    with naming_file(path, options), progress_bar(quiet=options.quiet) as progress:
        problem = load(path, options, exact=options.exact, progress=progress)
        if problem.digits is not None:
            raise InputError(_NOT_RATIONAL, hint="without --exact, it shows float64")
    write_notes(problem.notes, quiet=options.quiet)
    entry = entry and entry._replace(name=with_names_here(entry.name, problem))
    with naming_file(path, options):
        with progress_bar(quiet=options.quiet) as progress:
            problem, entry = _at_step(problem, entry, progress)
        output = options.format
        if output == "latex" or output == "tikz":  # the letters of textbooks stand for all names
            problem = replace(problem, naming=None)
        text: str | Iterator[str]
        if output == "svg" or output == "tikz":
            text = drawn(problem, output, options)
        else:
            text = _rendered(_found(problem, entry, options), output, options)
    write_stdout(text)
    return ExitStatus.OK


def _problem_and_entry(options: ExplainOptions) -> tuple[str | None, Entry | None]:
    """Return the path of the problem and the entry: beside matrices, a single argument may be the entry."""
    argument, entry = options.problem, options.entry
    is_entry = argument is not None and is_like_an_entry(argument, options.names)
    if argument is not None and entry is None and options.files and is_entry:
        return None, parse_entry(argument)
    return argument, entry


def _scope(problem: Problem, entry: Entry | None) -> Scope:
    """Return the part of a problem that is asked for.

    Raises:
        UsageError: There is no such layer.
    """
    if entry is None:
        return EVERYTHING
    if not entry.name.quantity:
        require_layer(entry.name, problem)
        return Scope(layer=entry.name.layer)
    named = nodes((entry.name,), problem)
    if entry.name.quantity == "upstream" and problem.loss is None:  # it may be the outputs
        named = tuple(problem.origin(*node) for node in named)
    return Scope(nodes=named, index=() if set(entry.indices) == {None} else entry.indices)


def _at_step(problem: Problem, entry: Entry | None, progress: Progress) -> tuple[Problem, Entry | None]:
    """Return the problem at its last step with the entry; an entry of `losses` is the loss of its own step.

    Raises:
        UsageError: There is no such step.
        InputError: The steps are not possible.
    """
    if entry is not None and entry.name.quantity == "losses":
        n = counted(problem.steps, "step")
        k = entry.indices[0] if len(entry.indices) == 1 else None
        if k is None or k >= problem.steps:
            raise UsageError(f"which entry of losses? The problem has {n} (losses[0] to losses[{problem.steps - 1}])")
        problem = replace(problem, steps=k + 1)
        entry = Entry(entry.name._replace(quantity="loss"), ())
    return at_last_step(problem, with_losses=False, progress=progress), entry


def _found(problem: Problem, entry: Entry | None, options: ExplainOptions) -> Worked | Explanation:
    """Return the explanation of an entry, or the worked solution of a problem or a part of it."""
    if entry is not None and entry.is_one:
        index = tuple(k for k in entry.indices if k is not None)
        return explain(problem, node_of(entry.name, problem), index, options.extent)
    extent = options.extent if options.depth is not None else replace(options.extent, depth=0)
    return worked(problem, extent, _scope(problem, entry))


def _rendered(
    found: Worked | Explanation, output: Literal["table", "markdown", "latex", "html", "json"], options: ExplainOptions
) -> str | Iterator[str]:
    match output:
        case "json":
            from backprop_cli.render import json

            return json.worked(found, options.rows) if isinstance(found, Worked) else json.explanation(found)
        case "markdown":
            from backprop_cli.render import markdown

            if isinstance(found, Worked):
                return markdown.worked(found, options.precision, options.rows)
            return markdown.explanation(found, options.precision)
        case "latex":
            from backprop_cli.render import latex

            if isinstance(found, Worked):
                return latex.worked(found, options.precision, options.rows, standalone=options.standalone)
            return latex.explanation(found, options.precision, standalone=options.standalone)
        case "html":
            from backprop_cli.cli.html_page import html_page

            return html_page(found, options)
        case "table":
            from backprop_cli.render.terminal import explanation
            from backprop_cli.render.terminal import worked as page

            style = look(options.color)
            if isinstance(found, Worked):
                return page.worked(found, style, options.precision, options.rows)
            return explanation.explanation(found, style, options.precision)
        case _:
            assert_never(output)
