"""The process: `backprop`, which is the same as `python -m backprop_cli`.

Until the commands are loaded, an interrupt ends the process at once: raised as an exception in the middle of an import,
it could become another error, or be ignored.

Two measures make a small run quicker, by a tenth each: the garbage collector is off while modules are loaded, and the
interpreter is not torn down at the end.
"""

import gc

gc.disable()  # `cli.app` enables it again

import sys  # noqa: E402 (and no more modules: the SIGINT handler is installed in `run_process`)

# The C library (glibc) maps each large block of memory anew, page by page, which takes a tenth of the time of reading a
# long CSV. Freeing one large block raises the limit: smaller blocks then come from memory that it keeps.
_KEPT_BYTES = 2**24


def run_process() -> None:
    """Run the command line on the arguments of the process, and exit with its status."""
    import os
    import signal

    bytes(_KEPT_BYTES)  # allocated and freed at once
    try:
        is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not so under nohup
        if is_default:
            signal.signal(signal.SIGINT, lambda *_: os._exit(130))
        from backprop_cli.cli.app import main

        if "--version" not in sys.argv:  # --version does not need the commands
            import backprop_cli.cli.commands  # noqa: F401
        if is_default:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        status = main()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # everything is written
    except KeyboardInterrupt:
        status = 130  # ExitStatus.INTERRUPTED; errors.py may not be loaded yet
    _end(status)


def _end(status: int) -> None:
    """End the process like `sys.exit`, without tearing the interpreter down."""
    import atexit
    import contextlib
    import os

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # the output is written, or its error reported
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    run_process()
