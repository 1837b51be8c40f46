"""`backprop check`: a verdict on the gradients of each problem."""

from typing import assert_never

from backprop_cli.checks.verdict import Verdict, check_problem
from backprop_cli.cli.options import CheckOptions
from backprop_cli.cli.problems import load, naming_file, refuse_conflicts
from backprop_cli.cli.streams import write_error, write_notes, write_stdout
from backprop_cli.cli.terminal import look
from backprop_cli.core.expected import Expected
from backprop_cli.core.precision import PRECISIONS
from backprop_cli.core.solve import solve
from backprop_cli.core.step import with_parameters_of
from backprop_cli.core.training import at_last_step
from backprop_cli.errors import ExitStatus, InputError, UsageError
from backprop_cli.load.expected import load_expected, validate_expected
from backprop_cli.load.files import shown
from backprop_cli.load.problem import contents_of
from backprop_cli.load.quantity_files import note_on_folder

_OPTIONS = "<options>"  # the name of a problem that has no file


def check(options: CheckOptions) -> ExitStatus:
    """Check every problem, print the verdicts, and return their exit status.

    An unreadable problem is reported, and the others are still checked.

    Raises:
        UsageError: `--expect` is given twice, or for several problems; or options exclude each other.
        OutputError, ClosedPipeError: The verdicts cannot be written.
    """
    refuse_conflicts(options, options.problems, "check")
    if options.accept:
        from backprop_cli.cli.accept import accept

        return accept(options)
    if options.expect and len(options.problems) > 1:
        raise UsageError("--expect is for one problem")
    if options.stored and options.rounded:
        raise UsageError("--stored and --rounded exclude each other: rounded values are decimals as they were written")
    if len(options.expect) > 1:
        hint = "a folder holds the expected values of several quantities, one file for each"
        raise UsageError(f"one --expect is taken, got {len(options.expect)}", hint=hint)
    verdicts = tuple(_verdict(path, options) for path in options.problems or (None,))
    write_stdout(_rendered(verdicts, options))
    for verdict in verdicts:
        if verdict.error is not None:
            write_error(verdict.error)
    if any(verdict.error is not None for verdict in verdicts):
        return ExitStatus.BAD_INPUT
    return ExitStatus.OK if all(verdict.passed for verdict in verdicts) else ExitStatus.DIFFERENT


def _verdict(path: str | None, options: CheckOptions) -> Verdict:
    name = _OPTIONS if path is None else shown(path)
    try:
        with naming_file(path, options):
            contents = contents_of(path, options.files)
            problem = at_last_step(load(path, options, contents=contents))
            write_notes(problem.notes, quiet=options.quiet)
            exact = None
            if options.exact or options.rounded:
                exact = load(path, options, exact=True, contents=contents)
            if options.expect:
                target = options.expect[0]
                expected = load_expected(target, problem, rounded=options.rounded, header=options.header)
                write_notes(note_on_folder(target), quiet=options.quiet)
            else:
                own = exact if exact is not None and options.rounded else problem
                expected = validate_expected(own.expected, problem, rounded=options.rounded)
            if options.stored:
                expected = {
                    node: _stored_as(options.stored, values, problem.place(*node)) for node, values in expected.items()
                }
            wanted = (*problem.nodes, *expected)
            return check_problem(
                name,
                solve(problem, wanted),
                solve(exact, wanted) if exact is not None and options.rounded else None,
                expected,
                steps=options.differences,
                tolerance=options.tolerance,
                rounded=options.rounded,
                proof=None if exact is None or not options.exact else solve(with_parameters_of(exact, problem), wanted),
            )
    except InputError as error:
        return Verdict(file=name, error=error)


def _stored_as(stored: str, expected: Expected, place: str) -> Expected:
    """Return expected values as stored in the type that `--stored` names.

    Raises:
        UsageError: Their array has a narrower type.
    """
    precision, own = PRECISIONS[stored], expected.stored
    if own != precision and not own.is_wider_than(precision):
        raise UsageError(f"--stored {stored}: the expected values of {place} have the narrower type {own.name}")
    return expected.stored_as(precision)


def _rendered(verdicts: tuple[Verdict, ...], options: CheckOptions) -> str:
    match options.format:
        case "json":
            from backprop_cli.render import json

            return json.check(verdicts)
        case "table":
            from backprop_cli.render.terminal import verdict as pages

            return pages.verdicts(verdicts, look(options.color))
        case _:
            assert_never(options.format)
