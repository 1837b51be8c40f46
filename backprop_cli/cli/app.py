"""The command line: options in, one call, an exit status out.

Typer reads the options, and only that: a command returns what is to be done, and `main` does it. So whatever Typer
prints (help, completion scripts) goes through the same writer as every result, and nothing heavy is imported before
the options have been judged.
"""

import contextlib
import gc
import io
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import cast

import typer

from backprop_cli import __version__
from backprop_cli.cli import options, values
from backprop_cli.cli.help import _CHECK_HELP, _EXPLAIN_HELP, _GROUP_HELP, _RUN_HELP
from backprop_cli.cli.streams import write_error, write_stderr, write_stdout
from backprop_cli.cli.terminal import Color
from backprop_cli.core.quantities import UPSTREAM_RULES, Dtype
from backprop_cli.errors import BackpropError, ClosedPipeError, ExitStatus, UsageError
from backprop_cli.messages import clean, listed

Action = Callable[[], ExitStatus]

_COMPLETION = "_BACKPROP_COMPLETE"  # is how a shell asks Typer what may come next
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 80}


app = typer.Typer(
    help=_GROUP_HELP,
    no_args_is_help=True,
    rich_markup_mode=None,  # Rich is not imported for help, and takes no brackets for markup
    pretty_exceptions_enable=False,
    context_settings=_SETTINGS,
)


@app.callback()
def _backprop(
    version: options.VersionOption = False,  # main answers it, so that it wins over every error
) -> None:
    """Take the options of `backprop` itself."""


@app.command(
    "run", short_help="Compute every gradient and the updated parameters.", help=_RUN_HELP, no_args_is_help=True
)
def _run(
    problem: options.ProblemArgument = None,
    inputs: options.InputsOption = None,
    weights: options.WeightsOption = None,
    biases: options.BiasesOption = None,
    upstream: options.UpstreamOption = None,
    z: options.ZOption = None,
    activation: options.ActivationOption = None,
    weight_layout: options.LayoutOption = None,
    learning_rate: options.LearningRateOption = None,
    only: options.OnlyOption = None,
    output: options.FormatOption = "table",
    exact: options.ExactOption = False,
    dtype: options.DtypeOption = "float64",
    precision: options.PrecisionOption = None,
    rows: options.RowsOption = 20,
    save: options.SaveOption = None,
    save_format: options.SaveFormatOption = "csv",
    following: options.NextOption = None,
    color: options.ColorOption = "auto",
    quiet: options.QuietOption = False,
) -> Action:
    rule = upstream if upstream in UPSTREAM_RULES else None
    files = {"inputs": inputs, "weights": weights, "biases": biases, "z": z, "upstream": None if rule else upstream}
    values = {
        "activation": activation,
        "weight_layout": weight_layout,
        "learning_rate": learning_rate,
        "upstream": rule,
    }
    given_files = {key: path for key, path in files.items() if path is not None}
    _judge_stdin([("PROBLEM", problem), *((f"--{key}", path) for key, path in given_files.items())], quiet=quiet)
    from backprop_cli.cli.run import RunOptions, run

    return partial(
        run,
        RunOptions(
            problem=problem,
            files=given_files,
            values={key: value for key, value in values.items() if value is not None},
            only=only,
            format=cast("options.Format", output),
            exact=exact,
            dtype=cast("Dtype", dtype),
            precision=precision,
            rows=rows,
            save=save,
            save_format=cast("options.FolderFormat", save_format),
            next=following,
            color=cast("Color", color),
            quiet=quiet,
        ),
    )


@app.command("check", short_help="Check whether gradients are right.", help=_CHECK_HELP)
def _check(
    problems: options.ProblemsArgument,
    expect: options.ExpectOption = None,
    rounded: options.RoundedOption = False,
    exact: options.ExactProofOption = False,
    eps: options.EpsOption = 1e-4,
    rtol: options.RtolOption = None,
    atol: options.AtolOption = None,
    samples: options.SamplesOption = 100,
    seed: options.SeedOption = 0,
    output: options.CheckFormatOption = "table",
    color: options.ColorOption = "auto",
    quiet: options.QuietOption = False,
) -> Action:
    _judge_stdin([*(("PROBLEM", path) for path in problems), ("--expect", expect)], quiet=quiet)
    from backprop_cli.checks.gradcheck import Steps
    from backprop_cli.checks.tolerance import Tolerance
    from backprop_cli.cli.check import CheckOptions, check

    return partial(
        check,
        CheckOptions(
            problems=tuple(problems),
            expect=expect,
            rounded=rounded,
            exact=exact,
            steps=Steps(eps=eps, rtol=1e-6 if rtol is None else rtol, atol=atol or 0.0, samples=samples, seed=seed),
            tolerance=Tolerance(rtol=1e-7 if rtol is None else rtol, atol=atol),
            format=cast("options.CheckFormat", output),
            color=cast("Color", color),
        ),
    )


@app.command("explain", short_help="Show the chain rule behind one number.", help=_EXPLAIN_HELP)
def _explain(
    problem: options.ExplainedProblemArgument,
    entry: options.EntryArgument = None,
    exact: options.ExactOption = False,
    terms: options.TermsOption = 20,
    depth: options.DepthOption = 1,
    precision: options.PrecisionOption = None,
    output: options.ExplainFormatOption = "table",
    color: options.ColorOption = "auto",
    quiet: options.QuietOption = False,
) -> Action:
    _judge_stdin([("PROBLEM", problem)], quiet=quiet)
    from backprop_cli.cli.explain import ExplainOptions, print_explanation
    from backprop_cli.explanations.explanation import Extent

    return partial(
        print_explanation,
        ExplainOptions(
            problem=problem,
            entry=entry,
            extent=Extent(terms=terms, depth=depth, whole=depth == values.ALL_LEVELS),
            exact=exact,
            precision=precision,
            format=cast("options.ExplainFormat", output),
            color=cast("Color", color),
        ),
    )


def _judge_stdin(paths: Sequence[tuple[str, str | None]], *, quiet: bool) -> None:
    """Refuse standard input for two things, and say so where somebody at a terminal is expected to type it."""
    readers = [name for name, path in paths if path == "-"]
    if len(readers) > 1:
        every = "both" if len(readers) == 2 else "all"
        raise UsageError(f"standard input (-) can be read once, and {listed(readers)} {every} name it")
    if readers and not quiet and sys.stdin is not None and sys.stdin.isatty():
        write_stderr(f"backprop: reading {readers[0]} from the terminal; end it with Ctrl-D")


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status; nothing is raised, and nothing ends the process.

    Args:
        argv: The arguments after the program's name, or None for the process's own.
    """
    try:
        return _do(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except Exception as error:  # noqa: BLE001 (this is the boundary: no traceback reaches a user)
        if os.environ.get("BACKPROP_DEBUG"):
            import traceback

            write_stderr(traceback.format_exc())
        return _reported(error)


def _do(argv: Sequence[str]) -> ExitStatus:
    words = argv[: argv.index("--")] if "--" in argv else argv
    if "--version" in words:
        write_stdout(f"backprop {__version__}\n")
        return ExitStatus.OK
    is_bare = not argv or argv in [[command.name] for command in app.registered_commands]
    if is_bare and _COMPLETION not in os.environ:
        _, help_text = _parsed([*argv, "--help"])
        write_stderr(help_text.partition("\nOptions:")[0].rstrip())
        return ExitStatus.USAGE
    action, printed = _parsed(argv)
    if printed:
        write_stdout(printed)
    if not gc.isenabled():  # as `__main__` has it while modules are loaded
        gc.freeze()  # what has been loaded stays
        gc.enable()
    return ExitStatus.OK if action is None else action()


def _parsed(argv: Sequence[str]) -> tuple[Action | None, str]:
    """Return what the command line asks for, and what Typer has printed in answer to it."""
    printed, said = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
            action = app(args=list(argv), prog_name="backprop", standalone_mode=False)
    except typer.TyperException as error:
        raise _usage_error(error) from None
    except SystemExit as end:  # how Typer ends after it has printed completions
        if end.code:
            raise UsageError("the shell's completion is not supported") from None
        return None, printed.getvalue()
    if said.getvalue():
        write_stderr(said.getvalue().rstrip())
    if action == ExitStatus.INTERRUPTED:  # which is what Typer makes of an interrupt
        raise KeyboardInterrupt
    return action if callable(action) else None, printed.getvalue()


def _usage_error(error: typer.TyperException) -> UsageError:
    close = getattr(error, "possibilities", None)
    message = error.message if close else error.format_message()
    reason, _, suggestion = message.partition(" Did you mean ")
    if close:
        suggestion = f"{close[0]}?"
    help_hint = "--help lists commands, and after one of them its options"
    hint = f"did you mean {suggestion}" if suggestion else help_hint
    return UsageError(reason[:1].lower() + reason[1:].rstrip("."), hint=hint)


def _reported(error: Exception) -> ExitStatus:
    """Say on standard error what went wrong, in one line and a hint, and return the exit status for it."""
    match error:
        case ClosedPipeError():
            return error.status
        case BackpropError():
            write_error(error)
            return error.status
        case MemoryError():
            write_stderr("backprop: not enough memory for this problem")
            return ExitStatus.BAD_INPUT
        case _:
            write_stderr(clean(f"backprop: a bug in backprop: {type(error).__name__}: {error}"))
            write_stderr("hint: BACKPROP_DEBUG=1 shows where; please report it with the command and its files")
            return ExitStatus.BUG
