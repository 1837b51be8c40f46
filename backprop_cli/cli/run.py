"""`backprop run`: from files to a result on standard output, and in files where they are asked for."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from backprop_cli.cli.atomic import pending
from backprop_cli.cli.entries import Name, nodes
from backprop_cli.cli.options import FolderFormat, Format
from backprop_cli.cli.progress import progress_bar
from backprop_cli.cli.saving import _ONE_FILE, _problem_file, _saved
from backprop_cli.cli.streams import write_stdout
from backprop_cli.cli.terminal import Color, takes_ascii_only, wants_color, width
from backprop_cli.core.problem import Problem
from backprop_cli.core.progress import Progress
from backprop_cli.core.quantities import Precision
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.core.step import next_problem
from backprop_cli.errors import ExitStatus, InputError, UsageError
from backprop_cli.load.files import shown, suffix
from backprop_cli.load.problem import load_problem

_STEP = (Name(None, "new_weights"), Name(None, "new_biases"))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RunOptions:
    """What the command line said: `files` and `values` override the problem's own, by key."""

    problem: str | None
    files: Mapping[str, str]
    values: Mapping[str, Any]
    only: tuple[Name, ...] | None
    format: Format
    exact: bool
    dtype: Precision
    precision: int | None
    rows: int
    save: str | None
    save_format: FolderFormat
    next: str | None
    color: Color
    quiet: bool


def run(options: RunOptions) -> ExitStatus:
    """Compute what is asked for, and write it to standard output and files: all of it, or no file where that fails.

    Raises:
        BackpropError: Of any kind.
    """
    if options.problem is None and not options.files:
        raise UsageError("there is nothing to compute from (expected a PROBLEM, or matrices)")
    for other, path in (("--next", options.next), ("PROBLEM", options.problem)):
        if options.save is not None and path is not None and os.path.realpath(options.save) == os.path.realpath(path):
            raise UsageError(f"--save and {other} both name {options.save}")
    _refuse_binary_targets(options)
    if options.exact and options.dtype != "float64":
        raise UsageError(f"--exact and --dtype {options.dtype} exclude each other")
    with progress_bar(quiet=options.quiet) as progress:
        result, following = _worked(options, progress)
    text = _rendered(result, options)
    files = {} if options.save is None else _saved(result, options.save, options.save_format)
    if options.next is not None and following is not None:  # the one follows from the other
        files[options.next] = _problem_file(following, options.next)
    folder = options.save if options.save is not None and suffix(options.save) not in _ONE_FILE else None
    with pending(files, folder):
        write_stdout(text)
    return ExitStatus.OK


def _worked(options: RunOptions, progress: Progress) -> tuple[Solution, Problem | None]:
    """Return what is asked for of the problem, and the next problem if that is, too."""
    problem = load_problem(
        *(options.problem, options.files, _values(options)), exact=options.exact, dtype=options.dtype, progress=progress
    )
    everything = options.only if options.only is None or options.next is None else options.only + _STEP
    try:
        solution = solve(problem, nodes(everything, len(problem.layers)), progress=progress)
        following = next_problem(problem, solution) if options.next is not None else None
        return solution.only(nodes(options.only, len(problem.layers))), following
    except InputError as error:
        key = (error.place or "").rpartition(".")[2]
        file = options.files.get(key, options.problem)
        raise error if file is None else error.at(shown(file)) from None


def _values(options: RunOptions) -> dict[str, Any]:
    values = dict(options.values)
    if "learning_rate" in values:
        text = values["learning_rate"]
        if options.exact:
            from decimal import Decimal

            values["learning_rate"] = Decimal(text)
        else:
            values["learning_rate"] = float(text)
    return values


def _refuse_binary_targets(options: RunOptions) -> None:
    """Refuse files of float64 for exact numbers, before anything is computed."""
    targets = [path for path in (options.save, options.next) if path is not None]
    for path in targets if options.exact else ():
        folder = suffix(path) not in _ONE_FILE
        if suffix(path) == ".npz" or (folder and options.save_format == "npy"):
            raise UsageError(f"{path}: exact numbers do not fit float64 (expected JSON, or CSV in a folder)")


def _rendered(solution: Solution, options: RunOptions) -> str | Iterator[str]:
    match options.format:
        case "json":
            from backprop_cli.render import json

            return json.result(solution)
        case "csv":
            from backprop_cli.render import csv

            places = [place for place, _ in solution.matrices()]
            if len(places) != 1:
                raise UsageError(
                    f"--format csv holds one matrix, and there are {len(places)} ({', '.join(places)})",
                    hint=f"--only names one: --only '{places[-1]}'",
                )
            ((_, matrix),) = solution.matrices()
            return csv.matrix(matrix)
        case "table":
            from backprop_cli.render.terminal import result as table

            style = table.Style(
                width=width(),
                color=wants_color(options.color),
                ascii_only=takes_ascii_only(),
                precision=options.precision,
                rows=options.rows,
            )
            return table.tables(solution, style)
        case _:
            assert_never(options.format)
