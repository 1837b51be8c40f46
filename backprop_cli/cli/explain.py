"""`backprop explain`: the chain rule behind one number, or a walk through a whole problem."""

from dataclasses import replace
from typing import Literal, assert_never

from backprop_cli.cli.entries import Entry, is_like_an_entry, node_of, parse_entry
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
from backprop_cli.explanations.explanation import Explanation, Walk
from backprop_cli.explanations.walk import walk
from backprop_cli.messages import counted

_NOT_RATIONAL = "explain --exact shows fractions, and a function is not rational (run --exact computes 17 digits)"


def print_explanation(options: ExplainOptions) -> ExitStatus:
    """Explain an entry, or walk through the whole problem.

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
    with naming_file(path, options):
        with progress_bar(quiet=options.quiet) as progress:
            problem, entry = _at_step(problem, entry, progress)
        output = options.format
        if output == "svg" or output == "tikz":
            text = drawn(problem, output, options)
        elif entry is None:
            text = _rendered(walk(problem, options.extent), output, options)
        else:
            node = node_of(entry.name, problem)
            text = _rendered(explain(problem, node, entry.indices, options.extent), output, options)
    write_stdout(text)
    return ExitStatus.OK


def _problem_and_entry(options: ExplainOptions) -> tuple[str | None, Entry | None]:
    """Return the path of the problem and the entry: beside matrices, a single argument may be the entry."""
    argument, entry = options.problem, options.entry
    if argument is not None and entry is None and options.files and is_like_an_entry(argument):
        return None, parse_entry(argument)
    return argument, entry


def _at_step(problem: Problem, entry: Entry | None, progress: Progress) -> tuple[Problem, Entry | None]:
    """Return the problem at its last step with the entry; an entry of `losses` is the loss of its own step.

    Raises:
        UsageError: There is no such step.
        InputError: The steps are not possible.
    """
    if entry is not None and entry.name.quantity == "losses":
        n = counted(problem.steps, "step")
        if len(entry.indices) != 1 or entry.indices[0] >= problem.steps:
            raise UsageError(f"which entry of losses? The problem has {n} (losses[0] to losses[{problem.steps - 1}])")
        problem = replace(problem, steps=entry.indices[0] + 1)
        entry = Entry(entry.name._replace(quantity="loss"), ())
    return at_last_step(problem, with_losses=False, progress=progress), entry


def _rendered(found: Walk | Explanation, output: Literal["table", "markdown", "json"], options: ExplainOptions) -> str:
    match output:
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
            assert_never(output)
