"""Where bytes go: standard output, whole and at once, and files, each of them all or nothing."""

import contextlib
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import IO, TypeAlias

from backprop_cli.errors import OutputError
from backprop_cli.messages import reason_of

Write: TypeAlias = Callable[[IO[bytes]], object]

_TEMPORARY = re.compile(r"\.backprop-(\d+)-\d+\.tmp", re.ASCII)


@contextlib.contextmanager
def pending(files: Mapping[str, Write], folder: str | None = None) -> Iterator[None]:
    """Write files, each by its function, so that names stand for old contents until the block is left, then for new.

    No name ever stands for a part: each file is written in full beside its target, which it replaces at the end. Where
    the block ends in an exception, or a file cannot be written, everything is as it was. A link is followed, and the
    permissions of a file that is there already are kept. A `folder` that is to hold files is made if need be.

    Raises:
        OutputError: A file could not be written, or the folder could not be made.
    """
    with contextlib.nullcontext() if folder is None else _made(folder):
        yield from _pending(files)


def _pending(files: Mapping[str, Write]) -> Iterator[None]:
    written: dict[str, str] = {}
    for folder in {os.path.dirname(os.path.realpath(path)) for path in files if "\0" not in path}:
        _remove_left_over(folder)
    try:
        for number, (path, write) in enumerate(files.items()):
            with _failure_named(path):
                _require_a_name(path)
                target = os.path.realpath(path)
                temporary = os.path.join(os.path.dirname(target), f".backprop-{os.getpid()}-{number}.tmp")
                written[temporary] = target
                _write_beside(target, temporary, write)
        yield
        with _uninterrupted():  # some files new and others old would be worse than either
            for temporary, target in tuple(written.items()):
                with _failure_named(target):
                    os.replace(temporary, target)
                    del written[temporary]
    finally:
        for temporary in written:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _remove_left_over(folder: str) -> None:
    """Remove the temporary files of processes that were killed before they could do so themselves."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            left = _TEMPORARY.fullmatch(name)
            if left and not _is_running(int(left[1])):
                os.unlink(os.path.join(folder, name))


def _is_running(process: int) -> bool:
    if os.name != "posix":  # where a signal of 0 would not just ask
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return process != os.getpid()  # this one has not written anything there yet


def _write_beside(target: str, temporary: str, write: Write) -> None:
    if os.path.exists(target) and not os.path.isfile(target):
        raise OSError("it is not a regular file")  # which a rename would put in a device's place
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    with open(descriptor, "wb") as file:
        if os.path.exists(target):
            os.chmod(temporary, os.stat(target).st_mode & 0o7777)
        write(file)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _failure_named(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write: {reason_of(error)}", file=path) from error


def _require_a_name(path: str) -> None:
    try:
        if b"\0" in os.fsencode(path):
            raise ValueError("embedded null byte")
    except ValueError as error:
        raise OutputError(f"cannot write: {reason_of(error)}", file=path) from error


@contextlib.contextmanager
def _made(folder: str) -> Iterator[None]:
    """Make a folder, and those it lies in, unless it is there; and remove it again where the block fails."""
    made, above = [], folder
    while above and not os.path.isdir(above):
        made.append(above)
        above = os.path.dirname(above)
    try:
        os.makedirs(folder, exist_ok=True)
    except FileExistsError:
        raise OutputError("cannot make the folder: it is a file", file=folder) from None
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot make the folder: {reason_of(error)}", file=folder) from error
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            for above in made:
                os.rmdir(above)
        raise


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C for the block, where this is a program's main thread and so may do that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
