"""Find the submissions that `check --expect` names: files, and folders of them."""

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from backprop_cli.core.places import PLACE
from backprop_cli.core.quantities import QUANTITIES
from backprop_cli.errors import UsageError
from backprop_cli.load.files import MATRIX_SUFFIXES, PROBLEM_SUFFIXES, suffix
from backprop_cli.messages import counted, listed

_MOST_NAMED = 5  # files in a note
_FILES = listed(PROBLEM_SUFFIXES, "or")
_MOST_GIVEN = 2  # folders in a hint


@dataclass(frozen=True, kw_only=True)
class Submissions:
    """What is to be compared with one problem.

    A submission is a file, or a folder with a file for each quantity. Where there `are_many`, each verdict has the name
    of its submission; otherwise it has the name of the problem.
    """

    paths: tuple[str, ...] = ()
    are_many: bool = False
    notes: tuple[str, ...] = ()


def find_submissions(targets: Sequence[str]) -> Submissions:
    """Return the submissions in the values of `--expect`, those of a folder sorted by name.

    A folder that is empty or cannot be read counts as one submission, and the error is raised when it is loaded.

    Raises:
        UsageError: A folder holds both kinds of files, or submissions in folders of their own alone.
    """
    paths: list[str] = []
    notes: list[str] = []
    has_folder = False
    for target in targets:
        files, others = _in_folder(target)
        paths += [os.path.join(target, file) for file in files] or [target]
        notes += _note(target, others) if files else []
        has_folder |= bool(files)
    return Submissions(paths=tuple(paths), are_many=has_folder or len(paths) > 1, notes=tuple(notes))


def _in_folder(path: str) -> tuple[list[str], list[str]]:
    """Return the names of the submissions in a folder, and of what else is in it; none if it is one submission."""
    try:
        names = [name for name in sorted(os.listdir(path)) if not name.startswith(".")]
        folders = [name for name in names if os.path.isdir(os.path.join(path, name))]
    except (OSError, ValueError):  # it is no folder, or cannot be read
        return [], []
    files = [name for name in names if name not in folders]
    parts = [name for name in files if _is_part(name)]
    submitted = [name for name in files if suffix(name) in PROBLEM_SUFFIXES and name not in parts]
    if parts and submitted:
        hint = f"a folder holds one submission in files named after quantities, or a {_FILES} file for each one"
        reason = f"{path} holds {parts[0]}, a part of one submission, and {submitted[0]}, which would be another one"
        raise UsageError(reason, hint=hint)
    if not parts and not submitted:
        _refuse_folders(path, folders)
    read = {*submitted, *(os.path.splitext(name)[0] + ".bin" for name in submitted)}  # the raw values of a manifest
    return submitted, [name + "/" * (name in folders) for name in names if name not in read]


def _refuse_folders(path: str, folders: Sequence[str]) -> None:
    """Refuse a folder in which only other folders hold something that is expected.

    Raises:
        UsageError: It is such a folder.
    """
    inside = [os.path.join(path, name) for name in folders if _has_submission(os.path.join(path, name))]
    if inside:
        wanted = " ".join(f"--expect {shlex.quote(name)}" for name in inside[:_MOST_GIVEN])
        hint = f"give each folder: {wanted}" + " ..." * (len(inside) > _MOST_GIVEN)
        raise UsageError(f"{path} holds no expected values itself, but in {counted(len(inside), 'folder')}", hint=hint)


def _has_submission(folder: str) -> bool:
    with suppress(OSError):
        return any(_is_part(name) or suffix(name) in PROBLEM_SUFFIXES for name in os.listdir(folder))
    return False


def _is_part(name: str) -> bool:
    """Tell whether a matrix file is named after a quantity: `dz.csv`, `layers.0.dz.npy` or `layers[0].dz.npy`."""
    found = PLACE.fullmatch(os.path.splitext(name)[0])
    return suffix(name) in MATRIX_SUFFIXES and found is not None and found["quantity"] in QUANTITIES


def _note(folder: str, others: Sequence[str]) -> Iterator[str]:
    """Yield a note on what was not read in a folder of submissions, if there is anything."""
    shown = list(others)
    if (n_more := len(shown) - _MOST_NAMED) > 1:
        shown[_MOST_NAMED:] = [f"{n_more} more"]
    if shown:
        yield f"{folder}: passed over {listed(shown)} (expected {_FILES} files, one for each submission)"
