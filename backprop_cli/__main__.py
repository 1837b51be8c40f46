"""The process: `backprop`, which is the same as `python -m backprop_cli`.

Until everything is loaded there is nothing to clean up, and an interrupt ends the process on the spot: as an exception
it would surface in the middle of an import, where some libraries turn it into another error, or swallow it.
"""

import sys


def run_process() -> None:
    """Run the command line on the process's own arguments, and exit with its status."""
    try:
        import os
        import signal

        ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # and not ignored, as under nohup
        if ours:
            signal.signal(signal.SIGINT, lambda *_: os._exit(130))
        from backprop_cli.cli import main

        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        status = main()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done and said
    except KeyboardInterrupt:
        status = 130  # ExitStatus.INTERRUPTED, before that name could be imported
    sys.exit(status)


if __name__ == "__main__":
    run_process()
