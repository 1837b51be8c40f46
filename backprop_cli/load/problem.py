"""Load a problem: a JSON, NPZ or safetensors file, and matrix files that override its own.

`-` is standard input; it and a name without an ending hold JSON. The module of a format is imported when it is needed.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from backprop_cli.core.arrays import Array
from backprop_cli.core.names import Names
from backprop_cli.core.places import layer_place
from backprop_cli.core.problem import Problem
from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.core.quantities import Dtype
from backprop_cli.errors import InputError, UsageError
from backprop_cli.load import foreign_names, signatures
from backprop_cli.load.draft_names import DraftNames, naming_file, spread
from backprop_cli.load.files import (
    PROBLEM_SUFFIXES,
    Data,
    HeaderMode,
    is_pipe,
    named,
    read,
    require_suffix,
    shown,
    suffix,
)
from backprop_cli.load.matrix import is_table, load_matrix
from backprop_cli.load.misfits import Table, likely_cause, notes
from backprop_cli.load.numbers import Kind, describe
from backprop_cli.load.schema import LAYER_KEYS, build
from backprop_cli.messages import counted

_FORMATS = {".npz": "NPZ", ".safetensors": "safetensors"}
_NAMED_MATRIX = "a matrix is read from a file that is named after its quantity, such as dweights.csv"


def load_problem(
    path: str | None,
    files: Mapping[str, str] = MappingProxyType({}),
    values: Mapping[str, Any] = MappingProxyType({}),
    *,
    exact: bool = False,
    dtype: Dtype = "float64",
    without: Collection[str] = (),
    contents: Mapping[str, Data] = MappingProxyType({}),
    header: HeaderMode = "auto",
    progress: Progress = no_progress,
    names: Names | None = None,
) -> Problem:
    """Return the problem in a file, with some of its matrices and values replaced.

    Matrix files, by key (`inputs`, …), and values override the problem's own, or are all of it. Numbers are float64 or
    float32, or fractions with the values that were written if it is exact. The keys in `without` are dropped from the
    file, at the top and in every layer. `contents` are the bytes of files that have been read already, by path, as
    `contents_of` returns them. `header` tells what the first lines of CSV and TSV files are. The results have the
    names of a convention, `names`, or that which the file says; the file may be written in them.

    Raises:
        InputError: With the file, and the place in it.
        UsageError: A key belongs to a layer, and the problem has several.
    """
    draft = {} if path is None else load_draft(path, contents.get(path), exact=exact, names=names)
    draft, written_in = DraftNames.read(draft, names, path)
    _drop(draft, without)
    for key, value in values.items():
        (_override_activations if key == "activation" else _override)(draft, key, value)
    activations = written_in.add_activations(draft)
    reading = _Reading("object" if exact else dtype, progress, header)
    origins, headers, tables = _override_by_files(draft, files, contents, reading)

    def fits(matrices: Mapping[str, Array]) -> bool:
        with suppress(InputError):
            return bool(build(_with_matrices(draft, matrices), exact=exact, dtype=dtype))
        return False

    try:
        problem = build(draft, headers, exact=exact, dtype=dtype)
    except InputError as error:
        error.hint = likely_cause(tables, fits, error.hint)
        raise written_in.translated(_with_origin(error, origins, path)) from None
    notes_on_files = (*notes(tables), *_notes_on_targets(problem, origins.get("targets", path)), *activations)
    with naming_file(path):
        return written_in.named(replace(problem, notes=notes_on_files), names)


class _Reading(NamedTuple):
    """How matrix files are read."""

    kind: Kind
    progress: Progress
    header: HeaderMode


class _Files(NamedTuple):
    """What is known about the matrix files that override values of a draft."""

    origins: dict[str, str]  # their paths, by place
    headers: dict[str, tuple[str, ...]]  # by place
    tables: dict[str, Table]  # those that are CSV or TSV, by key


def _override_by_files(
    draft: dict[str, Any], files: Mapping[str, str], contents: Mapping[str, Data], reading: _Reading
) -> _Files:
    found = _Files({}, {}, {})
    for key, file in files.items():
        matrix, names = load_matrix(file, key, *reading, contents.get(file))
        place = _override(draft, key, matrix)
        found.origins[place], found.headers[place] = file, names or ()
        if is_table(file):
            found.tables[key] = Table(shown(file), matrix, names is None and reading.header == "auto")
    return found


def read_problem(path: str) -> Data:
    """Return the bytes of a problem's file.

    Raises:
        InputError: It cannot be read, or has the ending of another format.
    """
    require_suffix(path, PROBLEM_SUFFIXES, signatures.cure_of_ending(path, PROBLEM_SUFFIXES, problem=True))
    return read(path)


def contents_of(path: str | None, files: Mapping[str, str]) -> dict[str, Data]:
    """Return the bytes of a problem's file, and of its matrix files that can be read once only, by path.

    Raises:
        InputError: With the file: it cannot be read, or has the ending of another format.
    """
    contents: dict[str, Data] = {}
    if path is not None:
        with named(path):
            contents[path] = read_problem(path)
    return contents | {file: read(file) for file in files.values() if is_pipe(file)}


def load_draft(
    path: str, data: Data | None = None, *, exact: bool, is_result: bool = False, names: Names | None = None
) -> dict[str, Any]:
    """Return the object in the file of a problem or result, not validated yet.

    The numbers of a text become decimals if it is exact. The archive of a result may leave out layers; they are empty.
    Where there may be other `names` than here, those of an archive stand side by side.

    Raises:
        InputError: With the file: it cannot be read, or does not hold an object.
    """
    try:
        with named(path):
            data = read_problem(path) if data is None else data
            expected = _FORMATS.get(suffix(path), "JSON")
            signatures.require_format(data[: signatures.BEGIN], path, expected, problem=True)
            if expected == "NPZ":
                from backprop_cli.load import npy

                return foreign_names.tree_of(npy.parse_npz(data), names=names, gaps=is_result)
            if expected == "safetensors":
                from backprop_cli.load import safetensors

                leaves = safetensors.parse_safetensors(data, exact=exact)
                return foreign_names.tree_of(leaves, names=names, gaps=is_result)
            return _object(path, data, "a result" if is_result else "a problem", exact=exact)
    except InputError as error:
        if is_result and error.hint is not None:
            error.hint = error.hint.replace(signatures.BARE_MATRIX, _NAMED_MATRIX)
        raise


def _object(path: str, data: Data, what: str, *, exact: bool) -> dict[str, Any]:
    """Return the object in a JSON text: a problem or a result.

    Raises:
        InputError: It is not JSON, or holds no object.
    """
    from backprop_cli.load import json

    try:
        tree = json.parse(data, exact=exact)
    except InputError as error:
        begin = bytes(data[: signatures.PEEK]).lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if begin not in (b"", b"{") and not suffix(path):  # a pipe has no name that could tell what is in it
            error.hint = f"{shown(path)} takes {what} as JSON (an object); {signatures.BARE_MATRIX}"
        raise
    if not isinstance(tree, dict):
        raise InputError(f"expected {what} (an object), got {describe(tree)}", hint=signatures.BARE_MATRIX)
    for_editors = tree.pop("$schema", "")
    if not isinstance(for_editors, str):
        raise InputError(f"expected a text, got {describe(for_editors)}", place="$schema")
    return tree


def _drop(draft: dict[str, Any], keys: Collection[str]) -> None:
    layers = draft.get("layers")
    for part in (draft, *(layers if isinstance(layers, list) else ())):
        for key in keys if isinstance(part, dict) else ():
            part.pop(key, None)


def _notes_on_targets(problem: Problem, path: str | None) -> Iterator[str]:
    if problem.targets is None or path is None:
        return
    if problem.loss is None:
        yield f"{shown(path)}: targets are not used, because there is no loss"
    elif (found := problem.loss.targets_note(problem.targets)) is not None:
        index, reason = found
        yield f"{shown(path)}: {reason.replace('this sample', f'sample {index[0]}')}"


def _with_origin(error: InputError, origins: Mapping[str, str], path: str | None) -> InputError:
    """Add the file to an error, and the file of the array that does not fit, if it is another."""
    rival_origin = origins.get(error.rival or "")
    if rival_origin is not None and rival_origin != origins.get(error.place or ""):
        error.reason += f"; {error.rival} is from {shown(rival_origin)}"
    key = re.sub(r"(\[\d+\])+$", "", error.place or "")  # of an entry
    origin = origins.get(key, path)
    return error if origin is None else error.at(shown(origin))


def _with_matrices(draft: Mapping[str, Any], matrices: Mapping[str, Array]) -> dict[str, Any]:
    """Return a draft with other matrices, by key; the draft stays as it is."""
    changed = dict(draft)
    if isinstance(draft.get("layers"), list):
        changed["layers"] = list(map(copy, draft["layers"]))
    for key, matrix in matrices.items():
        _override(changed, key, matrix)
    return changed


def _override_activations(draft: dict[str, Any], key: str, value: str) -> None:
    """Put an activation into every layer of a draft, or the one of each layer, with commas between."""
    layers = draft["layers"] if isinstance(draft.get("layers"), list) else [draft]
    try:
        found = spread(value, len(layers))
    except ValueError as error:
        raise UsageError(f"--activation: {error}") from None
    for layer, each in zip(layers, found, strict=True):
        if isinstance(layer, dict):  # otherwise `build` raises the error
            layer[key] = each


def _override(draft: dict[str, Any], key: str, value: Any) -> str:
    """Put a value into a draft, at the top or in its only layer, and return its place."""
    if key not in LAYER_KEYS or "layers" not in draft:
        draft[key] = value
        return key
    match draft["layers"]:
        case [dict() as layer]:
            layer[key] = value
        case [_, _, *_] as layers:
            n = counted(len(layers), "layer")
            raise UsageError(f"--{key}: the problem has {n}, each with its own {key} (give it in the file)")
        case _:  # malformed: `build` raises the error
            pass
    return layer_place(0, key)
