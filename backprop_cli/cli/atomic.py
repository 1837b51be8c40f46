"""Write files atomically: all of them, each complete, or none."""

import contextlib
import errno
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from typing import IO, TypeAlias

from backprop_cli.cli.interrupts import at_interrupt, uninterrupted
from backprop_cli.errors import OutputError
from backprop_cli.messages import reason_of

try:
    import fcntl
except ImportError:  # pragma: no cover (Windows has no such locks: nothing is taken for left over)
    fcntl = None  # type: ignore[assignment]

Write: TypeAlias = Callable[[IO[bytes]], object]

_TEMPORARY = re.compile(r"\.backprop-[0-9a-f]{16}\.tmp")
_LOCK = "lock"
_ACCESS = "system.posix_acl_access"  # the access control list of a file, on Linux


@contextlib.contextmanager
def pending(files: Mapping[str, Write], folder: str | None = None) -> Iterator[None]:
    """Write files, each by its function, and replace the old ones when the block ends.

    Each file is first written in full, in a temporary folder beside the old one that only its owner can enter. If the
    block raises, or a file cannot be written, nothing changes.

    A file that is read-only is not replaced. A link that is named is followed; one that lies in `folder` is refused, as
    somebody else may have put it there. The new file gets the permissions of the old one within 0o777, and its owner,
    group and access control list as far as the system allows; where it does not, the group may do no more than all
    others. The new file is another file: a hard link to the old one keeps the old content. A missing `folder` is made.

    Raises:
        OutputError: A file could not be written, or the folder could not be made.
    """
    with contextlib.nullcontext() if folder is None else _made(folder):
        yield from _pending(files, folder)


def _pending(files: Mapping[str, Write], folder: str | None) -> Iterator[None]:
    written: dict[str, str] = {}
    beside: dict[str, str] = {}  # the temporary folder in each folder
    with ExitStack() as stack:
        for number, (path, write) in enumerate(files.items()):
            with _failure_named(path):
                if folder is not None and os.path.join(folder, os.path.basename(path)) == path and os.path.islink(path):
                    raise OSError("it is a symbolic link")
                target = os.path.realpath(path)
                around = os.path.dirname(target)
                if around not in beside:
                    _remove_left_over(around)
                    beside[around] = _temporary_folder(around, stack)
                temporary = os.path.join(beside[around], str(number))
                _write_beside(target, temporary, write)
                written[temporary] = target
        yield
        with uninterrupted():  # never some files new and others old
            for temporary, target in written.items():
                with _failure_named(target):
                    os.replace(temporary, target)


def _temporary_folder(around: str, stack: ExitStack) -> str:
    """Make a folder of a random name, in which this process holds a lock; the stack removes it."""
    from shutil import rmtree

    while True:
        folder = os.path.join(around, f".backprop-{os.urandom(8).hex()}.tmp")
        remove = partial(rmtree, folder, ignore_errors=True)
        stack.enter_context(at_interrupt(remove))
        stack.callback(remove)
        os.mkdir(folder, 0o700)
        try:
            stack.callback(os.close, _locked(folder, os.O_CREAT))
        except (FileNotFoundError, BlockingIOError):
            continue  # another run has just taken it for left over
        except OSError:
            pass  # the file system has no locks
        return folder


def _remove_left_over(around: str) -> None:
    """Remove the temporary folders of processes that were killed: nobody holds their locks any more."""
    from shutil import rmtree

    with suppress(OSError):
        for name in filter(_TEMPORARY.fullmatch, os.listdir(around)):
            folder = os.path.join(around, name)
            try:
                lock = _locked(folder)
            except FileNotFoundError:  # killed before it made the lock, or about to make it
                with suppress(OSError):
                    os.rmdir(folder)
            except OSError:
                continue
            else:
                rmtree(folder, ignore_errors=True)
                os.close(lock)


def _locked(folder: str, flags: int = 0) -> int:
    """Return a descriptor that holds the lock of a temporary folder.

    Raises:
        BlockingIOError: Another one holds it.
        FileNotFoundError: There is no such lock, or it has just been removed.
        OSError: There are no locks here.
    """
    if fcntl is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    lock = os.open(os.path.join(folder, _LOCK), os.O_RDWR | flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.fstat(lock).st_nlink:
            raise FileNotFoundError
    except OSError:
        os.close(lock)
        raise
    return lock


def _write_beside(target: str, temporary: str, write: Write) -> None:
    try:
        old = os.stat(target)
    except FileNotFoundError:
        old = None
    if old is not None and not stat.S_ISREG(old.st_mode):
        raise OSError("it is not a regular file")  # a rename would replace it, such as a device
    if old is not None and not (old.st_mode & stat.S_IWUSR and os.access(target, os.W_OK)):
        raise OSError("it is read-only")  # a rename would replace it, and for root nothing is
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(temporary, flags, 0o666 if old is None else 0o600), "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    if old is not None:
        _give_access(temporary, target, old)


def _give_access(path: str, target: str, old: os.stat_result) -> None:
    """Give a file the owner, the group and the permissions of an old one, or fewer: nobody else may read it."""
    for owner in (-1, old.st_uid):
        with suppress(OSError, AttributeError):  # only root may give a file away; Windows knows no owners
            os.chown(path, owner, old.st_gid)
    mode = old.st_mode & 0o777
    if not _has_same_list(path, target) or os.stat(path).st_gid != old.st_gid:
        mode &= 0o707 | (mode & 0o007) << 3
    os.chmod(path, mode)


def _has_same_list(path: str, target: str) -> bool:
    """Copy the access control list of a target, without which the bits of its group may mean more people."""
    if not hasattr(os, "getxattr"):
        return True
    try:
        access = os.getxattr(target, _ACCESS)
    except OSError:  # it has none: nor may the file, which may get one from its folder
        with suppress(OSError):
            os.removexattr(path, _ACCESS)
        return True
    with suppress(OSError):
        os.setxattr(path, _ACCESS, access)
        return True
    return False


@contextlib.contextmanager
def _failure_named(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a NUL, or a character that file names cannot have
        raise OutputError(f"cannot write: {reason_of(error)}", file=path) from error


@contextlib.contextmanager
def _made(folder: str) -> Iterator[None]:
    """Make a missing folder and its missing parents, and remove them if the block raises."""
    missing, above = [], folder
    while above and not os.path.isdir(above):
        missing.append(above)
        above = os.path.dirname(above)

    def unmake() -> None:
        for path in missing:
            with suppress(OSError, ValueError):
                os.rmdir(path)

    with at_interrupt(unmake):
        try:
            for path in reversed(missing):
                _make(path, folder)
            yield
        except BaseException:
            unmake()
            raise


def _make(path: str, folder: str) -> None:
    try:
        os.mkdir(path)
    except (OSError, ValueError) as error:
        if os.path.isdir(path):  # another run has made it meanwhile
            return
        reason = "it is a file" if isinstance(error, FileExistsError) else reason_of(error)
        raise OutputError(f"cannot make the folder: {reason}", file=folder) from error
