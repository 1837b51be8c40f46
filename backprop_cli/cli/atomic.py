"""Write files atomically: all of them, each complete, or none."""

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
    """Write files, each by its function, and replace the old ones when the block ends.

    Each file is first written in full to a temporary file in the same folder. If the block raises, or a file cannot be
    written, nothing changes. Links are followed, and the permissions of existing files are kept. A missing `folder` is
    made.

    Raises:
        OutputError: A file could not be written, or the folder could not be made.
    """
    with contextlib.nullcontext() if folder is None else _made(folder):
        yield from _pending(files)


def _pending(files: Mapping[str, Write]) -> Iterator[None]:
    targets = {path: _target(path) for path in files}
    for folder in {os.path.dirname(target) for target in targets.values()}:
        _remove_left_over(folder)
    written: dict[str, str] = {}
    try:
        for number, (path, write) in enumerate(files.items()):
            with _failure_named(path):
                target = targets[path]
                temporary = os.path.join(os.path.dirname(target), f".backprop-{os.getpid()}-{number}.tmp")
                written[temporary] = target
                _write_beside(target, temporary, write)
        yield
        with _uninterrupted():  # never some files new and others old
            for temporary, target in tuple(written.items()):
                with _failure_named(target):
                    os.replace(temporary, target)
                    del written[temporary]
    finally:
        for temporary in written:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _remove_left_over(folder: str) -> None:
    """Remove the temporary files of processes that were killed."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            left = _TEMPORARY.fullmatch(name)
            if left and not _is_running(int(left[1])):
                os.unlink(os.path.join(folder, name))


def _is_running(process: int) -> bool:
    if os.name != "posix":  # elsewhere, signal 0 could end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return process != os.getpid()  # an earlier process had the same id: this one has no files yet


def _write_beside(target: str, temporary: str, write: Write) -> None:
    if os.path.exists(target) and not os.path.isfile(target):
        raise OSError("it is not a regular file")  # a rename would replace it, such as a device
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


def _target(path: str) -> str:
    """Return the file that a path leads to."""
    try:
        return os.path.realpath(path)
    except ValueError as error:  # a null byte, or a character that file names cannot have
        raise OutputError(f"cannot write: {reason_of(error)}", file=path) from error


@contextlib.contextmanager
def _made(folder: str) -> Iterator[None]:
    """Make a missing folder and its missing parents, and remove them if the block raises."""
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
    """Ignore Ctrl-C in the block; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
