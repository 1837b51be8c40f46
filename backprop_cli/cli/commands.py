"""The commands, declared for Typer.

Typer only parses: a command returns the call to make, and `cli.app` makes it. In this way the output of Typer (help,
completion) is written like every result, and NumPy is not imported before the options are validated.
"""

import contextlib
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import typer

from backprop_cli.cli import values
from backprop_cli.cli.exercise_options import ExerciseOptions
from backprop_cli.cli.help import CHECK_HELP, EXERCISE_HELP, EXPLAIN_HELP, GROUP_HELP, NEW_HELP, RUN_HELP, SCHEMA_HELP
from backprop_cli.cli.new_options import NewOptions
from backprop_cli.cli.options import CheckOptions, ExplainOptions, RunOptions, SchemaOptions
from backprop_cli.cli.signature import Action, Command, Group, takes
from backprop_cli.cli.streams import redirecting
from backprop_cli.errors import BackpropError, ExitStatus, OutputError, UsageError
from backprop_cli.messages import reason_of

COMPLETION = ("--install-completion", "--show-completion")
SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")

_NAMED_SHELLS = "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"  # makes Typer's options take a name

app = typer.Typer(
    cls=Group,
    help=GROUP_HELP,
    no_args_is_help=True,
    rich_markup_mode=None,  # help is printed without Rich, and brackets in it are no markup
    pretty_exceptions_enable=False,
    suggest_commands=False,  # `cli.suggestions` does
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)


@app.callback()
def _backprop(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Declare the options of `backprop` itself; `main` handles --version before any other option."""


@app.command(
    "run",
    short_help="Compute every gradient and the updated parameters.",
    help=RUN_HELP,
    cls=Command,
    no_args_is_help=True,
)
@takes(RunOptions)
def _run() -> Callable[[RunOptions], ExitStatus]:
    from backprop_cli.cli.run import run

    return run


@app.command("check", short_help="Check whether gradients are right.", help=CHECK_HELP, cls=Command)
@takes(CheckOptions)
def _check() -> Callable[[CheckOptions], ExitStatus]:
    from backprop_cli.cli.check import check

    return check


@app.command("explain", short_help="Show the chain rule behind one number.", help=EXPLAIN_HELP, cls=Command)
@takes(ExplainOptions)
def _explain() -> Callable[[ExplainOptions], ExitStatus]:
    from backprop_cli.cli.explain import print_explanation

    return print_explanation


@app.command("new", short_help="Make a problem with friendly or random numbers.", help=NEW_HELP, cls=Command)
@takes(NewOptions)
def _new() -> Callable[[NewOptions], ExitStatus]:
    from backprop_cli.cli.new import write_new

    return write_new


@app.command(
    "exercise",
    short_help="Make question sheets, answer keys and quizzes.",
    help=EXERCISE_HELP,
    cls=Command,
    no_args_is_help=True,
)
@takes(ExerciseOptions)
def _exercise() -> Callable[[ExerciseOptions], ExitStatus]:
    from backprop_cli.cli.exercise import print_exercises

    return print_exercises


@app.command(
    "schema", short_help="Print the JSON Schema of a kind of file.", help=SCHEMA_HELP, cls=Command, no_args_is_help=True
)
@takes(SchemaOptions)
def _schema() -> Callable[[SchemaOptions], ExitStatus]:
    from backprop_cli.cli.schema import print_schema

    return print_schema


def parse(argv: Sequence[str]) -> tuple[Action | None, str]:
    """Return the call that the command line asks for, or None and what Typer has printed.

    Raises:
        UsageError: The command line is wrong.
        OutputError: Completion cannot be installed.
    """
    printed = io.StringIO()
    try:
        with (
            redirecting,
            _shell_as_named(argv),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            action = app(args=list(argv), prog_name="backprop", standalone_mode=False)
    except typer.TyperException as error:
        raise _usage_error(error) from None
    except OSError as error:
        raise OutputError(f"cannot install completion: {reason_of(error)}", file=error.filename) from None
    except SystemExit as end:  # Typer exits after completion
        if end.code and os.environ.get("_TYPER_COMPLETE_FISH_ACTION") == "is-args":
            return (
                lambda: lambda: ExitStatus.DIFFERENT
            ), ""  # fish's script asks by the status whether there is any choice
        if end.code:
            raise UsageError("the shell's completion is not supported") from None
        return None, printed.getvalue().removeprefix("Shells.")  # before 0.29 Typer prints a shell as an enum
    except Exception as error:
        if isinstance(error, BackpropError) or not argv[0].startswith(COMPLETION[0]):
            raise
        reason = str(error).rstrip(".")  # of PowerShell, say, or of a file that is not text
        raise OutputError(f"cannot install completion: {reason[:1].lower()}{reason[1:]}") from None
    if action == ExitStatus.INTERRUPTED:  # Typer returns this status for a KeyboardInterrupt
        raise KeyboardInterrupt
    if not callable(action) and action:
        raise UsageError("the current shell is not known", hint=f"name one: {argv[0]} bash")
    return action if callable(action) else None, printed.getvalue()


@contextlib.contextmanager
def _shell_as_named(argv: Sequence[str]) -> Iterator[None]:
    """Let Typer take the shell that is named after an option for completion; otherwise it takes the one that runs."""
    option, _, shell = argv[0].partition("=") if argv else ("", "", "")
    shell = shell or next((word for word in argv[1:2] if not word.startswith("-")), "")
    if option in COMPLETION and shell:
        values.choice(option, shell, SHELLS)
        os.environ[_NAMED_SHELLS] = "1"
    try:
        yield
    finally:
        os.environ.pop(_NAMED_SHELLS, None)


def _usage_error(error: typer.TyperException) -> UsageError:
    from backprop_cli.cli import suggestions

    if not hasattr(error, "possibilities"):  # it is no unknown option
        reason, hint = error.format_message(), suggestions.HELP_HINT
        if found := re.match("No such command '(.*)'", reason):
            hint = suggestions.for_command(found[1], [str(command.name) for command in app.registered_commands])
    else:
        unknown: Any = error
        command = unknown.ctx.command
        options = [option for param in command.params for option in param.opts]
        reason, hint = error.message, suggestions.for_option(command.name, unknown.option_name, options)
    return UsageError(reason[:1].lower() + reason[1:].rstrip("."), hint=hint)
