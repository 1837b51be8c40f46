"""The commands, declared for Typer.

Typer only parses: a command returns the call to make, and `cli.app` makes it. In this way the output of Typer (help,
completion) is written like every result, and NumPy is not imported before the options are validated.
"""

import contextlib
import io
from collections.abc import Sequence
from typing import Annotated

import typer

from backprop_cli.cli.help import CHECK_HELP, EXPLAIN_HELP, GROUP_HELP, RUN_HELP
from backprop_cli.cli.options import CheckOptions, ExplainOptions, RunOptions
from backprop_cli.cli.signature import Action, takes
from backprop_cli.errors import ExitStatus, UsageError

app = typer.Typer(
    help=GROUP_HELP,
    no_args_is_help=True,
    rich_markup_mode=None,  # help is printed without Rich, and brackets in it are no markup
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)


@app.callback()
def _backprop(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Declare the options of `backprop` itself; `main` handles --version before any other option."""


@app.command(
    "run", short_help="Compute every gradient and the updated parameters.", help=RUN_HELP, no_args_is_help=True
)
@takes(RunOptions)
def _run(options: RunOptions) -> ExitStatus:
    from backprop_cli.cli.run import run

    return run(options)


@app.command("check", short_help="Check whether gradients are right.", help=CHECK_HELP)
@takes(CheckOptions)
def _check(options: CheckOptions) -> ExitStatus:
    from backprop_cli.cli.check import check

    return check(options)


@app.command("explain", short_help="Show the chain rule behind one number.", help=EXPLAIN_HELP)
@takes(ExplainOptions)
def _explain(options: ExplainOptions) -> ExitStatus:
    from backprop_cli.cli.explain import print_explanation

    return print_explanation(options)


def parse(argv: Sequence[str]) -> tuple[Action | None, str]:
    """Return the call that the command line asks for, or None and what Typer has printed.

    Raises:
        UsageError: The command line is wrong.
    """
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            action = app(args=list(argv), prog_name="backprop", standalone_mode=False)
    except typer.TyperException as error:
        raise _usage_error(error) from None
    except SystemExit as end:  # Typer exits after completion
        if end.code:
            raise UsageError("the shell's completion is not supported") from None
        return None, printed.getvalue()
    if action == ExitStatus.INTERRUPTED:  # Typer returns this status for a KeyboardInterrupt
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
