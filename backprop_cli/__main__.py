"""The process: `backprop`, which is the same as `python -m backprop_cli`.

It imports the command line only once an interrupt can no longer end in a traceback.
"""

import sys
from typing import NoReturn


def run_process() -> NoReturn:
    """Run the command line on the process's own arguments, and exit with its status."""
    try:
        from backprop_cli.cli import main

        status = main()
    except KeyboardInterrupt:
        status = 130  # ExitStatus.INTERRUPTED, before that name could be imported
    sys.exit(status)


if __name__ == "__main__":
    run_process()
