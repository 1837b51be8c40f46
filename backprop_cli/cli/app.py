"""The command line: parse the options, run the command, report errors, return an exit status."""

import gc
import os
import sys
from collections.abc import Sequence

from backprop_cli import __version__
from backprop_cli.cli.streams import write_error, write_stderr, write_stdout
from backprop_cli.core.memory import prepare_numpy
from backprop_cli.errors import BackpropError, ClosedPipeError, ExitStatus
from backprop_cli.messages import clean


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status; no exception leaves it.

    Args:
        argv: The arguments after the program's name, or None for the process's own.
    """
    try:
        return _run_command(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        return ExitStatus.INTERRUPTED
    except Exception as error:  # noqa: BLE001 (no traceback reaches a user)
        if os.environ.get("BACKPROP_DEBUG"):
            import traceback

            write_stderr(traceback.format_exc())
        return _reported(error)


def _run_command(argv: Sequence[str]) -> ExitStatus:
    words = argv[: argv.index("--")] if "--" in argv else argv
    if "--version" in words:
        write_stdout(f"backprop {__version__}\n")
        return ExitStatus.OK
    from backprop_cli.cli.commands import app, parse

    is_bare = not argv or argv in [[command.name] for command in app.registered_commands]
    if is_bare and "_BACKPROP_COMPLETE" not in os.environ:  # set by the shell's completion script
        _, help_text = parse([*argv, "--help"])
        write_stderr(help_text.partition("\nOptions:")[0].rstrip())
        return ExitStatus.USAGE
    action, printed = parse(argv)
    if printed:
        write_stdout(printed)
    perform = None
    if action is not None:
        prepare_numpy()
        perform = action()
    if not gc.isenabled():  # `__main__` disables it while modules are loaded
        gc.freeze()  # loaded modules stay
        gc.enable()
    return ExitStatus.OK if perform is None else perform()


def _reported(error: Exception) -> ExitStatus:
    """Write an error to standard error, as one line and a hint, and return its exit status."""
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
