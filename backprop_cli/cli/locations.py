"""Where the problems of a check are in the files of a repository, for annotations."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress

from backprop_cli.checks.verdict import Verdict
from backprop_cli.core.places import dotted
from backprop_cli.errors import InputError
from backprop_cli.load.files import is_pipe, read, suffix
from backprop_cli.load.json_lines import line_of_expected, spellings
from backprop_cli.load.quantity_files import name_in_folder
from backprop_cli.render.checks.github import Location

_WORKSPACE = "GITHUB_WORKSPACE"  # the folder of the repository, to which file names of annotations are relative


def locations(found: Sequence[Verdict], expect: Sequence[str]) -> Iterator[Location]:
    """Yield where each problem that does not pass is: the first wrong value, or what cannot be read.

    `expect` names what the expected values of a single problem come from, if not from the problem itself.
    """
    for verdict in found:
        yield Location() if verdict.passed else _in_repository(_location(verdict, expect))


def _location(verdict: Verdict, expect: Sequence[str]) -> Location:
    error = verdict.error
    if error is not None:
        return Location(error.file or verdict.file, error.line, error.column)
    check = next((check for check in verdict.expected if check.verdict != "right"), None)
    if check is None:
        return Location(verdict.problem or verdict.file)
    path = expect[0] if expect and verdict.problem is None else verdict.file
    file = _file_of(path, check.place)
    index = check.first.index if check.first is not None else ()
    return Location(file, _line(file, check.place, index))


def _file_of(path: str, place: str) -> str:
    """Return the file of a quantity: the path itself or, if it is a folder, the file in it that is named after it."""
    with suppress(OSError, ValueError):
        for name in sorted(os.listdir(path)):
            if name_in_folder(name) in [dotted(each) for each in spellings(place)]:
                return os.path.join(path, name)
    return path


def _line(file: str, place: str, index: Sequence[int]) -> int | None:
    """Return the line of an expected value in a file, if it is JSON that still is as it was read before."""
    if suffix(file) != ".json" or is_pipe(file):
        return None
    with suppress(InputError, ValueError, IndexError):
        return line_of_expected(bytes(read(file)).decode(), place, index)
    return None


def _in_repository(location: Location) -> Location:
    """Return a location with the name of its file in the repository, or without one that is no file."""
    file = location.file
    if file is None or not os.path.exists(file):
        return Location()
    if root := os.environ.get(_WORKSPACE):
        with suppress(ValueError):  # they are on two drives
            inside = os.path.relpath(os.path.realpath(file), os.path.realpath(root))
            file = file if inside.split(os.sep)[0] == os.pardir else inside
    return location._replace(file=file.replace(os.sep, "/"))
