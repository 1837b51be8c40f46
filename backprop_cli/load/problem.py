"""From files to a problem: one module for each format, imported where it is called for, and here the choice.

A problem is JSON or NPZ, a matrix CSV, TSV, JSON or NPY. `-` is standard input and, like a name without an ending
(a pipe, say), holds a problem in JSON or a matrix in CSV.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from backprop_cli.core.places import layer_place
from backprop_cli.core.problem import Problem
from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.core.quantities import Dtype
from backprop_cli.errors import InputError, UsageError
from backprop_cli.load.files import _named, _require_suffix, read, shown, suffix
from backprop_cli.load.matrix import _MATRIX_SUFFIXES, load_matrix
from backprop_cli.load.numbers import describe
from backprop_cli.load.schema import LAYER_KEYS, build, number_kind
from backprop_cli.messages import counted

_PROBLEM_SUFFIXES = (".json", ".npz")
_BARE_MATRIX = "a bare matrix is for --inputs, --weights, --biases, --upstream or --z"


def load_problem(
    path: str | None,
    files: Mapping[str, str] = MappingProxyType({}),
    values: Mapping[str, Any] = MappingProxyType({}),
    *,
    exact: bool = False,
    dtype: Dtype = "float64",
    data: bytes | None = None,
    progress: Progress = no_progress,
) -> Problem:
    """Return the problem of a file, with some of its matrices and values taken from elsewhere.

    Args:
        path: The problem's file, or None where the rest says it all.
        files: The files of matrices, by key (`inputs`, `weights`, …); they override the problem's own.
        values: Plain values by key (`activation`, …), which override too.
        exact: Whether numbers are to be fractions, exactly as they were written, and not floats.
        dtype: Which floats the numbers are to be.
        data: The file's bytes, where they have been read already, as a pipe can be only once.
        progress: Called with the number of bytes read so far.

    Raises:
        InputError: With the file at fault.
        UsageError: A key belongs to a layer, and the problem has several.
    """
    draft = {} if path is None else _load_draft(path, data, exact=exact)
    headers: dict[str, tuple[str, ...]] = {}
    origins: dict[str, str] = {}
    for key, value in values.items():
        _override(draft, key, value)
    for key, file in files.items():
        matrix, header = load_matrix(file, key, number_kind(exact=exact, dtype=dtype), progress)
        place = _override(draft, key, matrix)
        origins[place] = file
        if header is not None:
            headers[place] = header
    try:
        return build(draft, headers, exact=exact, dtype=dtype)
    except InputError as error:
        if error.rival in origins and origins[error.rival] != origins.get(error.place or ""):
            error.reason += f"; {error.rival} is from {shown(origins[error.rival])}"
        origin = origins.get(error.place or "", path)
        raise error if origin is None else error.at(shown(origin)) from None


def read_problem(path: str) -> bytes:
    """Return the bytes of a problem's file.

    Raises:
        InputError: It cannot be read, or is no file for a problem by its ending.
    """
    with _named(path):
        _require_suffix(path, _PROBLEM_SUFFIXES, _BARE_MATRIX if suffix(path) in _MATRIX_SUFFIXES else None)
        return read(path)


def _load_draft(path: str, data: bytes | None, *, exact: bool) -> dict[str, Any]:
    with _named(path):
        data = read_problem(path) if data is None else data
        draft = _parse_problem(path, data, exact=exact)
        if not isinstance(draft, dict):
            raise InputError(
                f"expected a problem (an object), got {describe(draft)}",
                hint=_BARE_MATRIX,
            )
        return draft


def _parse_problem(path: str, data: bytes, *, exact: bool) -> Any:
    if suffix(path) == ".npz":
        from backprop_cli.load import npy

        return npy.parse_npz(data)
    from backprop_cli.load import json

    return json.parse(data, exact=exact)


def _override(draft: dict[str, Any], key: str, value: Any) -> str:
    """Put a value into a draft where its key belongs, and return that place."""
    if key not in LAYER_KEYS or "layers" not in draft:
        draft[key] = value
        return key
    match draft["layers"]:
        case [dict() as layer]:
            layer[key] = value
        case [_, _, *_] as layers:
            option = f"--{key}"
            n = counted(len(layers), "layer")
            raise UsageError(f"{option}: the problem has {n}, each with its own {key} (give it in the file)")
        case _:  # malformed, which is for whoever builds the problem to say
            pass
    return layer_place(0, key)
