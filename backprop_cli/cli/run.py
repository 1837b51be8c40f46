"""`backprop run`: compute a result, and write it to standard output and files."""

import os
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, assert_never

from backprop_cli.cli import notes, values
from backprop_cli.cli.atomic import pending
from backprop_cli.cli.entries import Name, nodes
from backprop_cli.cli.options import RunOptions
from backprop_cli.cli.progress import progress_bar
from backprop_cli.cli.saving import folder_of, problem_file, result_files
from backprop_cli.cli.streams import write_notes, write_stdout
from backprop_cli.cli.terminal import look
from backprop_cli.core.plan import plan, require_any
from backprop_cli.core.problem import Problem
from backprop_cli.core.progress import Progress
from backprop_cli.core.quantities import UPSTREAM_RULES
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.core.step import next_problem
from backprop_cli.errors import ExitStatus, InputError, UsageError
from backprop_cli.load.files import shown, suffix
from backprop_cli.load.problem import load_problem

_UPDATED = (Name(None, "new_weights"), Name(None, "new_biases"))


def run(options: RunOptions) -> ExitStatus:
    """Compute what is asked for, and write it to standard output and files; if one fails, no file changes.

    Raises:
        BackpropError: Of any kind.
    """
    _refuse_conflicts(options)
    with progress_bar(quiet=options.quiet) as progress:
        result, following = _computed(options, progress)
    write_notes(result.problem.notes, quiet=options.quiet)
    if notes.are_wanted(quiet=options.quiet):
        write_notes(notes.notes(result, has_next=following is not None), quiet=False)
    text = _rendered(result, options)
    files = {} if options.save is None else result_files(result, options.save, options.save_format)
    if options.next is not None and following is not None:  # both or neither
        files[options.next] = problem_file(following, options.next)
    with pending(files, folder_of(options.save)):
        write_stdout(text)
    return ExitStatus.OK


def _refuse_conflicts(options: RunOptions) -> None:
    """Refuse options that exclude each other, before anything is computed."""
    if options.problem is None and not options.files:
        raise UsageError("there is nothing to compute from (expected a PROBLEM, or matrices)")
    if options.upstream is not None and options.loss is not None:
        raise UsageError("--upstream and --loss exclude each other: upstream is the gradient of the loss")
    if options.upstream is not None and options.targets is not None:
        raise UsageError("--upstream and --targets exclude each other: targets are for a loss")
    if options.biases is not None and options.no_biases:
        raise UsageError("--biases and --no-biases exclude each other")
    if options.reduction is not None and options.problem is None and options.loss is None:
        raise UsageError("--reduction needs a loss (expected --loss NAME, too)")
    for other, path in (("--next", options.next), ("PROBLEM", options.problem)):
        if options.save is not None and path is not None and _is_same(options.save, path):
            raise UsageError(f"--save and {other} both name {options.save}")
    for path in (options.save, options.next) if options.exact else ():
        is_npy = options.save_format == "npy" and folder_of(path) is not None
        if path is not None and (is_npy or suffix(path) == ".npz"):
            raise UsageError(f"{path}: exact numbers do not fit float64 (expected JSON, or CSV in a folder)")
    if options.exact and options.dtype != "float64":
        raise UsageError(f"--exact and --dtype {options.dtype} exclude each other")


def _is_same(path: str, other: str) -> bool:
    try:
        return os.path.realpath(path) == os.path.realpath(other)
    except (OSError, ValueError):  # a path that leads nowhere is refused when it is opened
        return False


def _computed(options: RunOptions, progress: Progress) -> tuple[Solution, Problem | None]:
    """Return the quantities that are asked for, and for `--next` the problem after the step."""
    given = (options.problem, options.files, _overrides(options))
    problem = load_problem(
        *given,
        exact=options.exact,
        dtype=options.dtype,
        without=options.dropped,
        header=options.header,
        progress=progress,
    )
    wanted = nodes(options.only, problem)
    updated = () if options.next is None else nodes(_UPDATED, problem)
    try:
        require_any(problem, wanted, plan(problem, wanted))
        solution = solve(problem, (*wanted, *updated), progress=progress)
        following = None if options.next is None else next_problem(problem, solution)
        return solution.only(wanted), following
    except InputError as error:
        key = (error.place or "").rpartition(".")[2]
        file = options.files.get(key, options.problem)
        raise error if file is None else error.at(shown(file)) from None


def _overrides(options: RunOptions) -> dict[str, Any]:
    """Return the values that override the problem's own, by key."""
    name, rate, upstream = options.activation, options.learning_rate, options.upstream
    overrides = {
        "activation": None if name is None else values.activation(name),
        "loss": None if options.loss is None else values.loss(options.loss),
        "reduction": options.reduction,
        "samples": options.samples_in,
        "mean_gradients": options.mean_gradients or None,
        "steps": options.steps,
        "weight_layout": options.weight_layout,
        "learning_rate": None if rate is None else (Decimal if options.exact else float)(rate),
        "upstream": upstream if upstream in UPSTREAM_RULES else None,
    }
    return {key: value for key, value in overrides.items() if value is not None}


def _rendered(solution: Solution, options: RunOptions) -> str | Iterator[str]:
    match options.format:
        case "json":
            from backprop_cli.render import json

            return json.result(solution)
        case "csv":
            from backprop_cli.render import csv

            matrices = dict(solution.matrices())
            if len(matrices) > 1:
                reason = f"--format csv holds one matrix, and there are {len(matrices)} ({', '.join(matrices)})"
                raise UsageError(reason, hint=f"--only names one: --only '{list(matrices)[-1]}'")
            return csv.matrix(*matrices.values())
        case "table":
            from backprop_cli.render.terminal import result as table

            return table.tables(solution, look(options.color), options.precision, options.rows)
        case _:
            assert_never(options.format)
