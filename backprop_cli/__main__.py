"""The process: `backprop`, which is the same as `python -m backprop_cli`.

Until everything is loaded there is nothing to clean up, and an interrupt ends the process on the spot: as an exception
it would surface in the middle of an import, where some libraries turn it into another error, or swallow it.

A process that is started in a shell loop has to be quick at both ends. While modules are loaded there is no garbage to
look for, and at the end nothing is left for the interpreter to take apart: a tenth of a small run each.
"""

import gc

gc.disable()  # until the command begins, in `cli`

import sys  # noqa: E402 (and nothing more: an interrupt is not ours to speak for before `run_process`)

# The C library (glibc) maps large blocks of memory one by one, and each page of each is fetched from the system, a
# tenth of the time that a long CSV takes. When it frees such a block, it takes its size for the new limit: smaller ones
# then come from memory that it keeps.
_KEPT_ROOM = 2**24


def run_process() -> None:
    """Run the command line on the process's own arguments, and exit with its status."""
    import os
    import signal

    bytes(_KEPT_ROOM)  # is freed at once, without having been looked into
    try:
        ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # and not ignored, as under nohup
        if ours:
            signal.signal(signal.SIGINT, lambda *_: os._exit(130))
        from backprop_cli.cli.app import main

        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        status = main()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done and said
    except KeyboardInterrupt:
        status = 130  # ExitStatus.INTERRUPTED, before that name could be imported
    _end(status)


def _end(status: int) -> None:
    """End the process as `sys.exit` would, but for taking the interpreter apart."""
    import atexit
    import contextlib
    import os

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # what matters has been written, or been said
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    run_process()
