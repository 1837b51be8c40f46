"""`backprop run`: compute a result, and write it to standard output and files."""

import os
from collections.abc import Iterator
from typing import assert_never

from backprop_cli.cli import notes, problems
from backprop_cli.cli.atomic import pending
from backprop_cli.cli.entries import Name, nodes
from backprop_cli.cli.options import RunOptions
from backprop_cli.cli.progress import progress_bar
from backprop_cli.cli.saving import folder_of, manifest_of, problem_file, result_files
from backprop_cli.cli.streams import write_notes, write_stdout
from backprop_cli.cli.terminal import look
from backprop_cli.core.plan import plan, require_any
from backprop_cli.core.problem import Problem
from backprop_cli.core.progress import Progress
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.core.step import next_problem
from backprop_cli.errors import ExitStatus, UsageError
from backprop_cli.load.files import suffix

_UPDATED = (Name(None, "new_weights"), Name(None, "new_biases"))


def run(options: RunOptions) -> ExitStatus:
    """Compute what is asked for, and write it to standard output and files; if one fails, no file changes.

    Raises:
        BackpropError: Of any kind.
    """
    _refuse_conflicts(options)
    with progress_bar(quiet=options.quiet) as progress:
        problem, result, following = _computed(options, progress)
    write_notes(result.problem.notes, quiet=options.quiet)
    if notes.are_wanted(quiet=options.quiet):
        write_notes(notes.notes(result, has_next=following is not None), quiet=False)
    text = _rendered(result, options)
    files = {} if options.save is None else result_files(result, options.save, options.save_format, problem)
    if options.next is not None and following is not None:  # both or neither
        files[options.next] = problem_file(following, options.next)
    with pending(files, folder_of(options.save)):
        write_stdout(text)
    return ExitStatus.OK


def _refuse_conflicts(options: RunOptions) -> None:
    """Refuse options that exclude each other, before anything is computed."""
    problems.refuse_conflicts(options, [options.problem] if options.problem else [], "compute from")
    for other, path in (("--next", options.next), ("PROBLEM", options.problem)):
        if options.save is not None and path is not None and _is_same(options.save, path):
            raise UsageError(f"--save and {other} both name {options.save}")
        beside = None if options.save is None else manifest_of(options.save)
        if beside is not None and path is not None and _is_same(beside, path):
            raise UsageError(f"--save {options.save} also writes {beside}, which {other} names")
    for path in (options.save, options.next) if options.exact else ():
        is_npy = options.save_format == "npy" and folder_of(path) is not None
        if path is not None and (is_npy or suffix(path) in (".npz", ".safetensors", ".bin", ".h")):
            raise UsageError(f"{path}: exact numbers do not fit float64 (expected JSON, or CSV in a folder)")
    if options.exact and options.dtype != "float64":
        raise UsageError(f"--exact and --dtype {options.dtype} exclude each other")


def _is_same(path: str, other: str) -> bool:
    try:
        return os.path.realpath(path) == os.path.realpath(other)
    except (OSError, ValueError):  # a path that leads nowhere is refused when it is opened
        return False


def _computed(options: RunOptions, progress: Progress) -> tuple[Problem, Solution, Problem | None]:
    """Return the problem, the quantities that are asked for, and for `--next` the problem after the step."""
    problem = problems.load(options.problem, options, exact=options.exact, dtype=options.dtype, progress=progress)
    wanted = nodes(options.only, problem)
    updated = () if options.next is None else nodes(_UPDATED, problem)
    with problems.naming_file(options.problem, options):
        require_any(problem, wanted, plan(problem, wanted))
        solution = solve(problem, (*wanted, *updated), progress=progress)
        following = None if options.next is None else next_problem(problem, solution)
        return problem, solution.only(wanted), following


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
