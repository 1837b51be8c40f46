"""`backprop check`: a verdict on the gradients of each problem, or on each submission."""

from typing import assert_never

from backprop_cli.checks.verdict import Verdict
from backprop_cli.cli.options import CheckOptions
from backprop_cli.cli.problems import refuse_conflicts
from backprop_cli.cli.streams import write_error, write_notes, write_stdout
from backprop_cli.cli.submissions import find_submissions
from backprop_cli.cli.summary import append_summary
from backprop_cli.cli.terminal import look
from backprop_cli.cli.verdicts import refuse_tolerances, verdicts
from backprop_cli.errors import ExitStatus, UsageError


def check(options: CheckOptions) -> ExitStatus:
    """Check every problem or submission, print the verdicts, and return their exit status.

    What cannot be read is reported, and the others are still checked.

    Raises:
        UsageError: Options exclude each other, or `--expect` names a folder that could mean two things.
        OutputError, ClosedPipeError: The verdicts cannot be written.
    """
    refuse_conflicts(options, options.problems, "check")
    if options.accept:
        from backprop_cli.cli.accept import accept

        return accept(options)
    if options.expect and len(options.problems) > 1:
        raise UsageError("--expect is for one problem")
    _refuse_tolerances(options)
    if options.marks and options.format != "csv":
        raise UsageError("--marks is for --format csv")
    submissions = find_submissions(options.expect)
    write_notes(submissions.notes, quiet=options.quiet)
    found = tuple(verdict for path in options.problems or (None,) for verdict in verdicts(path, submissions, options))
    if options.summary is not None:
        append_summary(found, options.summary)
    _write(found, options)
    for verdict in found:
        if verdict.error is not None:
            write_error(verdict.error)
    if any(verdict.error is not None for verdict in found):
        return ExitStatus.BAD_INPUT
    return ExitStatus.OK if all(verdict.passed for verdict in found) else ExitStatus.DIFFERENT


def _refuse_tolerances(options: CheckOptions) -> None:
    """Refuse options for how far a value may be off that another one leaves no say.

    Raises:
        UsageError: There are such options.
    """
    if options.rounded:
        refuse_tolerances(options, "--rounded")
    given = {name for name in ("rtol", "atol") if getattr(options, name) is not None}
    if options.accumulated is not None and given:
        reason = f"--accumulated and --{max(given)} exclude each other"
        raise UsageError(f"{reason}: a tolerance that is given stands for what rounding explains")


def _write(found: tuple[Verdict, ...], options: CheckOptions) -> None:
    match options.format:
        case "json":
            from backprop_cli.render import json

            write_stdout(json.check(found))
        case "csv":
            from backprop_cli.render import marks

            write_stdout(marks.table(found, strict=options.marks == "strict"), encoding="utf-8")
            write_notes(marks.notes(found), quiet=options.quiet)
        case "github":
            from backprop_cli.cli.locations import locations
            from backprop_cli.render.checks import github

            write_stdout(github.annotations(found, list(locations(found, options.expect))), encoding="utf-8")
        case "junit":
            from backprop_cli.render.checks import junit

            write_stdout(junit.suites(found), encoding="utf-8")
        case "markdown":
            from backprop_cli.render.checks import markdown

            write_stdout(markdown.report(found), encoding="utf-8")
        case "table":
            from backprop_cli.render.terminal import verdict as pages

            write_stdout(pages.verdicts(found, look(options.color)))
        case _:
            assert_never(options.format)
