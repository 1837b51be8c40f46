"""Load a matrix file: CSV, TSV, JSON, NPY or safetensors.

`-` is standard input; it and a name without an ending hold CSV, TSV or JSON, recognised by content.
"""

from typing import Any

from backprop_cli.core.arrays import Array
from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.core.quantities import UPSTREAM_RULES
from backprop_cli.errors import InputError
from backprop_cli.load import signatures
from backprop_cli.load.files import (
    MATRIX_SUFFIXES,
    Data,
    HeaderMode,
    chunks,
    named,
    read,
    require_suffix,
    suffix,
    until_nul,
)
from backprop_cli.load.numbers import Kind, to_array
from backprop_cli.messages import did_you_mean

_SPACES = "a table of spaces becomes a .csv with awk -v OFS=, '{$1=$1} 1', or np.savetxt with delimiter=\",\""
_HINTS = dict.fromkeys((".txt", ".dat", ".data", ".asc", ".out"), _SPACES)


def cure_of_ending(path: str) -> str | None:
    """Return the cure for a file whose ending is not that of a matrix file, if one is known."""
    return signatures.cure_of_ending(path, MATRIX_SUFFIXES) or _HINTS.get(suffix(path))


def is_table(path: str) -> bool:
    """Tell whether a matrix file holds CSV or TSV."""
    return suffix(path) not in (".json", ".npy", ".safetensors")


def load_matrix(
    path: str, key: str, kind: Kind, progress: Progress, header: HeaderMode, data: Data | None = None
) -> tuple[Array, tuple[str, ...] | None]:
    """Return the matrix (m, n) or list (n,) of a key (`inputs`, …) in a file, and the names in its header, if any.

    Targets may be a single number (). `header` tells what the first line of a CSV or TSV file is. `data` are the bytes
    of the file, if they have been read already.

    Raises:
        InputError: With the file, and the line and cell or the place in it.
    """
    with named(path):
        value, names = parse_matrix(path, key, exact=kind == "object", progress=progress, header=header, data=data)
        array = to_array(value, key, kind)
        if array.ndim == 0 and key != "targets":  # which may be the class number of one sample
            raise InputError("expected a list of numbers or of rows, got a single number", place=key)
        return array, names


def parse_matrix(
    path: str,
    key: str,
    *,
    exact: bool,
    header: HeaderMode,
    finite: bool = True,
    progress: Progress = no_progress,
    data: Data | None = None,
) -> tuple[Any, tuple[str, ...] | None]:
    """Return the content of a matrix file, an array or a nested list, not validated yet, and the names in its header.

    NaN and infinity in a text are errors, unless `finite` is false. `data` are the bytes of the file, if they have been
    read already.

    Raises:
        InputError: The file cannot be read, or is not of its format.
    """
    require_suffix(path, MATRIX_SUFFIXES, cure_of_ending(path))
    hint = did_you_mean(path, UPSTREAM_RULES) if key == "upstream" else None
    if suffix(path) == ".npy":
        from backprop_cli.load import npy

        data = read(path, hint) if data is None else data
        signatures.require_format(data[: signatures.BEGIN], path, "NPY")
        return npy.parse_npy(data), None
    if suffix(path) == ".safetensors":
        from backprop_cli.load import safetensors

        data = read(path, hint) if data is None else data
        signatures.require_format(data[: signatures.BEGIN], path, "safetensors")
        return safetensors.parse_one(data, key), None
    begin, content = signatures.peeked(chunks(path, hint, progress) if data is None else (data[:],))
    is_text = suffix(path) == ""
    expected = "CSV, TSV or JSON" if is_text else suffix(path)[1:].upper()
    signatures.require_format(begin, path, expected)
    if suffix(path) == ".json" or (is_text and signatures.is_json(begin)):
        from backprop_cli.load import json

        return json.parse(until_nul(content), exact=exact), None
    from backprop_cli.load import csv

    is_tsv = suffix(path) == ".tsv" or (is_text and signatures.is_tsv(begin))
    return csv.parse(content, "\t" if is_tsv else ",", exact=exact, finite=finite, mode=header)
