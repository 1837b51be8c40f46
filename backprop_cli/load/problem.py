"""From files to a problem: one module for each format, imported where it is called for, and here the choice.

A problem is JSON or NPZ, a matrix CSV, TSV, JSON or NPY. `-` is standard input and, like a name without an ending
(a pipe, say), holds a problem in JSON or a matrix in CSV.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from backprop_cli.core.arrays import Array
from backprop_cli.core.places import layer_place, nest
from backprop_cli.core.problem import Problem
from backprop_cli.core.progress import Watch, unwatched
from backprop_cli.core.quantities import UPSTREAM_RULES, Precision
from backprop_cli.errors import InputError, UsageError
from backprop_cli.load.files import mapped, pieces, read, shown
from backprop_cli.load.numbers import FLOAT32, FLOAT64, NumberKind, describe, to_array
from backprop_cli.load.schema import LAYER_KEYS, build, number_kind
from backprop_cli.messages import counted, did_you_mean, listed, reason_of, suffix

_MATRIX_SUFFIXES = (".csv", ".tsv", ".json", ".npy")
_PROBLEM_SUFFIXES = (".json", ".npz")
_RESULT_SETTINGS = ("schema", "exact", "binary", "dtype", "learning_rate", "weight_layout", "not_computed")
_BARE_MATRIX = "a bare matrix is for --inputs, --weights, --biases, --upstream or --z"


def load_problem(
    path: str | None,
    files: Mapping[str, str] = MappingProxyType({}),
    values: Mapping[str, Any] = MappingProxyType({}),
    *,
    exact: bool = False,
    dtype: Precision = "float64",
    data: bytes | None = None,
    watch: Watch = unwatched,
) -> Problem:
    """Return the problem of a file, with some of its matrices and values taken from elsewhere.

    Args:
        path: The problem's file, or None where the rest says it all.
        files: The files of matrices, by key (`inputs`, `weights`, …); they override the problem's own.
        values: Plain values by key (`activation`, …), which override too.
        exact: Whether numbers are to be fractions, exactly as they were written, and not floats.
        dtype: Which floats the numbers are to be.
        data: The file's bytes, where they have been read already, as a pipe can be only once.
        watch: Is told how far the reading of long texts has come.

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
        matrix, header = load_matrix(file, key, number_kind(exact=exact, dtype=dtype), watch)
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


def load_matrix(
    path: str, key: str, kind: NumberKind = FLOAT64, watch: Watch = unwatched
) -> tuple[Array, tuple[str, ...] | None]:
    """Return the matrix or list in a file, and the names in its header, if it has one.

    Args:
        path: The file.
        key: What it is for (`inputs`, …), as errors are to call it.
        kind: What its numbers are to be.
        watch: Is told how far the reading of a long text has come.

    Raises:
        InputError: With the file, and the line and cell or the path at fault.
    """
    with _named(path):
        value, header = _parse_matrix(path, key, exact=kind.exact, watch=watch)
        array = to_array(value, key, kind)
        if array.ndim == 0:
            raise InputError("expected a list of numbers or of rows, got a single number", place=key)
        return array, header


def read_problem(path: str) -> bytes:
    """Return the bytes of a problem's file.

    Raises:
        InputError: It cannot be read, or is no file for a problem by its ending.
    """
    with _named(path):
        _require_suffix(path, _PROBLEM_SUFFIXES, _BARE_MATRIX if suffix(path) in _MATRIX_SUFFIXES else None)
        return read(path)


def load_expected(path: str, problem: Problem, *, written: bool = False) -> Mapping[str, Any]:
    """Return the expected values in a result, as `run` prints it (JSON) or saves it (JSON, NPZ or a folder).

    Args:
        path: The file or the folder.
        problem: What the values are for: weights-like ones have to be in its layout.
        written: Whether the numbers of a text are to be decimals, with the digits that they were written with.

    Raises:
        InputError: With the file at fault.
    """
    with _named(path):
        if os.path.isdir(path):
            tree = nest(_folder(path, written=written), gaps=True)
        elif suffix(path) == ".npz":
            from backprop_cli.load import npy

            tree = nest(npy.leaves_npz(read(path)), gaps=True)
        else:
            tree = _load_draft(path, None, exact=written)
        layout = tree.get("weight_layout", problem.weight_layout)
        if layout != problem.weight_layout:
            raise InputError(f"expected the layout {problem.weight_layout!r}, got {layout!r}", place="weight_layout")
        expected = {key: value for key, value in tree.items() if key not in _RESULT_SETTINGS}
        if tree.get("dtype") == "float32" and not written:
            expected = _in_float32(expected, "expected")
        if not expected:
            raise InputError("there are no expected values in it")
        return expected


def _in_float32(tree: Any, place: str) -> Any:
    """Return what a result in float32 holds as arrays of that, which are held to no more."""
    match tree:
        case dict():
            return {key: _in_float32(value, f"{place}.{key}") for key, value in tree.items()}
        case [dict(), *_]:
            return [_in_float32(value, f"{place}[{i}]") for i, value in enumerate(tree)]
        case _:
            return to_array(tree, place, FLOAT32)


def _folder(path: str, *, written: bool) -> Iterator[tuple[str, Any]]:
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise InputError(f"cannot read: {reason_of(error)}") from error
    for name in names:
        stem, ending = os.path.splitext(name)
        if ending.lower() in _MATRIX_SUFFIXES:
            file = os.path.join(path, name)
            with _named(file):
                yield stem, _parse_matrix(file, stem, exact=written)[0]


def _parse_matrix(path: str, key: str, *, exact: bool, watch: Watch = unwatched) -> tuple[Any, tuple[str, ...] | None]:
    hint = "a problem is for PROBLEM, without an option before it" if suffix(path) == ".npz" else None
    _require_suffix(path, _MATRIX_SUFFIXES, hint)
    hint = did_you_mean(path, UPSTREAM_RULES) if key == "upstream" else None
    if suffix(path) == ".npy":
        from backprop_cli.load import npy

        return npy.parse_npy(mapped(path, hint)), None
    if suffix(path) == ".json":
        from backprop_cli.load import json

        return json.parse(read(path, hint), exact=exact), None
    from backprop_cli.load import csv

    parse = csv.parse_exact if exact else csv.parse
    return parse(pieces(path, hint, watch), delimiter="\t" if suffix(path) == ".tsv" else ",")


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


@contextmanager
def _named(path: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise error.at(shown(path)) from None


def _require_suffix(path: str, known: tuple[str, ...], hint: str | None) -> None:
    if suffix(path) not in ("", *known):
        raise InputError(f"unknown file type {suffix(path)!r} (expected {listed(known, 'or')})", hint=hint)


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
