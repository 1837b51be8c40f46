"""The contents of the files that `--save` and `--next` name."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import IO, Any, assert_never

import numpy as np

from backprop_cli.cli.atomic import Write
from backprop_cli.cli.options import FolderFormat
from backprop_cli.cli.values import SAVE_SUFFIXES
from backprop_cli.core.places import dotted, flatten
from backprop_cli.core.problem import Problem
from backprop_cli.core.raw_format import SCHEMA
from backprop_cli.core.solution import Solution
from backprop_cli.errors import InputError, OutputError
from backprop_cli.load.files import suffix
from backprop_cli.messages import has_half_pair

_BEGIN = 1000  # bytes, in which a manifest names its schema


def folder_of(path: str | None) -> str | None:
    """Return the folder that `--save` names, or None where it names one file for everything."""
    return None if path is None or suffix(path) in SAVE_SUFFIXES else path


def manifest_of(path: str) -> str | None:
    """Return the file that `--save` writes beside the one it names: the manifest of raw values; None for others."""
    return os.path.splitext(path)[0] + ".json" if suffix(path) == ".bin" else None


def result_files(solution: Solution, path: str, folder_format: FolderFormat, problem: Problem) -> dict[str, Write]:
    """Return the files of a result, each with the function that writes it: one, or one for each matrix in a folder.

    Raw values have a manifest. They and a header hold what the problem gives, too, as it is before the first step.

    Raises:
        OutputError: There is a file in the place of the manifest that is none.
    """
    match suffix(path):
        case ".bin" | ".h":
            return _for_programs(solution, path, problem)
        case ".json":
            from backprop_cli.render import json

            return {path: partial(write_text, json.result(solution))}
        case ".npz":
            from backprop_cli.render import npy

            problem = solution.problem
            settings = {"learning_rate": problem.learning_rate, **problem.conventions(), **_names(problem)}
            arrays = settings | {dotted(place): matrix for place, matrix in solution.matrices()}
            return {path: partial(npy.npz, arrays=arrays)}
        case ".safetensors":
            problem = solution.problem
            settings = {"learning_rate": problem.learning_rate, **problem.conventions(), **_names(problem)}
            return {path: _safetensors({dotted(place): matrix for place, matrix in solution.matrices()}, settings)}
        case _:
            return {
                os.path.join(path, f"{dotted(place).replace('/', '.')}.{folder_format}"): _matrix_file(
                    matrix, folder_format
                )
                for place, matrix in solution.matrices()
            }


def _for_programs(solution: Solution, path: str, problem: Problem) -> dict[str, Write]:
    """Return the files of raw values, or the header of a program in C, with what the problem gives.

    Their names are the ones here: those of a framework may be none of C, or name a parameter before and after a step.
    """
    from backprop_cli.load.draft import to_draft

    problem = replace(problem, naming=None)
    solution = replace(solution, problem=replace(solution.problem, naming=None))
    given = {name: value for name, value in flatten(to_draft(problem)) if isinstance(value, np.ndarray)}
    results = {dotted(place): matrix for place, matrix in solution.matrices()}
    computed = {name: matrix for name, matrix in results.items() if name not in given}  # a z may be given
    if (beside := manifest_of(path)) is None:
        from backprop_cli.render import c_header

        return {path: partial(write_text, c_header.header(os.path.basename(path), problem, computed, given))}
    from backprop_cli.render import raw

    _require_manifest(beside)
    settings = {"learning_rate": problem.learning_rate, **problem.conventions()}
    return {
        path: partial(raw.values, computed=computed, given=given),
        beside: partial(write_text, raw.manifest(settings, computed, given)),
    }


def _require_manifest(path: str) -> None:
    """Check that a manifest replaces no other file, which nobody has named.

    Raises:
        OutputError: It would.
    """
    with suppress(OSError, ValueError), open(path, "rb") as file:  # one that cannot be read fails where it is written
        if SCHEMA.encode() not in file.read(_BEGIN):
            raise OutputError("is the place of the manifest, and holds something else", file=path)


def _names(problem: Problem) -> dict[str, Any]:
    """Return the setting that says in which names a result is written, if these are not the ones here."""
    return {} if problem.naming is None else {"names": problem.naming.convention.name}


def _matrix_file(matrix: Any, folder_format: FolderFormat) -> Write:
    match folder_format:
        case "csv":
            from backprop_cli.render import csv

            return partial(write_text, csv.matrix(matrix))
        case "npy":
            from backprop_cli.render import npy

            return partial(npy.npy, value=matrix)
        case _:
            assert_never(folder_format)


def problem_draft(problem: Problem) -> dict[str, Any]:
    """Return the tree that a file of a problem holds, with its expected values."""
    from backprop_cli.load.draft import to_draft

    return to_draft(problem) | ({"expected": dict(problem.expected)} if problem.expected else {})


def problem_file(problem: Problem, path: str) -> Write:
    """Return the function that writes a problem to a file.

    Raises:
        InputError: A text ends in NUL, which an NPZ archive would lose, or is none that UTF-8 has, as safetensors need.
    """
    draft = problem_draft(problem)
    if problem.own_naming is not None:
        from backprop_cli.load.foreign_names import in_their_names

        draft = in_their_names(draft, problem.own_naming)
    if suffix(path) == ".npz":
        for key, value in draft.items():
            if isinstance(value, str) and value.endswith("\0"):
                reason = "ends in NUL, which a text in an NPZ archive loses"
                raise InputError(reason, place=key, hint="a JSON file keeps it")
        from backprop_cli.render import npy

        return partial(npy.npz, arrays=_leaves(draft))
    if suffix(path) == ".safetensors":
        leaves = _leaves(draft)
        tensors = {key: value for key, value in leaves.items() if isinstance(value, np.ndarray)}
        return _safetensors(tensors, {key: value for key, value in leaves.items() if key not in tensors})
    from backprop_cli.render import json

    return partial(write_text, json.problem(draft))


def _leaves(draft: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a draft by dotted name, its expected values among them."""
    given = {key: value for key, value in draft.items() if key != "expected"}
    expected = {f"expected.{name}": value for name, value in flatten(draft.get("expected", {}))}
    return dict(flatten(given)) | expected


def _safetensors(tensors: Mapping[str, Any], settings: Mapping[str, Any]) -> Write:
    """Return the function that writes arrays as tensors, and settings as metadata.

    Raises:
        InputError: A text has half of a surrogate pair, which UTF-8 cannot have.
    """
    from backprop_cli.render import safetensors

    metadata = {key: safetensors.as_text(value) for key, value in settings.items()}
    for key, text in metadata.items():
        if has_half_pair(text):
            reason = "has half of a surrogate pair, which a text in safetensors cannot have"
            raise InputError(reason, place=key, hint="a JSON file keeps it")
    return partial(safetensors.safetensors, tensors=tensors, metadata=metadata)


def write_text(parts: Iterable[str], file: IO[bytes]) -> None:
    """Write a text in parts to a file."""
    for part in parts:
        file.write(part.encode())
