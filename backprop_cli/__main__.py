"""The process: `backprop`, which is the same as `python -m backprop_cli`.

Two measures save a tenth of the time of a small run each: garbage collection is off while modules are loaded, and the
process ends without the clean-up of the interpreter.
"""

import gc

gc.disable()  # `cli.app` enables it again

import sys  # noqa: E402 (and no more modules: the SIGINT handler is installed in `run_process`)

# The C library (glibc) maps each large block of memory again, page by page, which takes a tenth of the time to read a
# long CSV. Once a large block is freed, glibc keeps memory for all blocks up to that size (mallopt, M_MMAP_THRESHOLD).
_KEPT_BYTES = 2**24


def run_process() -> None:
    """Run the command line on the arguments of the process, and exit with its status."""
    import os
    import signal

    is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not so under nohup
    if is_default:  # a KeyboardInterrupt raised during an import could become another error, or be ignored
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    import contextlib

    from backprop_cli.cli import interrupts

    if is_default:
        interrupts.install()
    with contextlib.suppress(MemoryError):
        bytes(_KEPT_BYTES)  # allocated and freed at once
    from backprop_cli.cli.app import main

    status = main()
    signal.signal(signal.SIGINT, interrupts.ignored)  # everything is written
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # the output is written, or its error reported
            stream.flush()
    interrupts.end(status)


if __name__ == "__main__":
    run_process()
