"""Matrix files: CSV, TSV, JSON and NPY."""

from typing import Any

from backprop_cli.core.arrays import Array
from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.core.quantities import UPSTREAM_RULES
from backprop_cli.errors import InputError
from backprop_cli.load.files import _named, _require_suffix, mapped, pieces, read, suffix
from backprop_cli.load.numbers import FLOAT64, NumberKind, to_array
from backprop_cli.messages import did_you_mean

_MATRIX_SUFFIXES = (".csv", ".tsv", ".json", ".npy")


def load_matrix(
    path: str, key: str, kind: NumberKind = FLOAT64, progress: Progress = no_progress
) -> tuple[Array, tuple[str, ...] | None]:
    """Return the matrix or list in a file, and the names in its header, if it has one.

    Args:
        path: The file.
        key: What it is for (`inputs`, …), as errors are to call it.
        kind: What its numbers are to be.
        progress: Called with the number of bytes read so far.

    Raises:
        InputError: With the file, and the line and cell or the path at fault.
    """
    with _named(path):
        value, header = _parse_matrix(path, key, exact=kind.exact, progress=progress)
        array = to_array(value, key, kind)
        if array.ndim == 0:
            raise InputError("expected a list of numbers or of rows, got a single number", place=key)
        return array, header


def _parse_matrix(
    path: str, key: str, *, exact: bool, progress: Progress = no_progress
) -> tuple[Any, tuple[str, ...] | None]:
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
    return parse(pieces(path, hint, progress), delimiter="\t" if suffix(path) == ".tsv" else ",")
