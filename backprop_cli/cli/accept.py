"""`backprop check --accept`: make the computed values the expected values of a problem's file."""

import io
import os
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import partial
from typing import IO, Any

import numpy as np

from backprop_cli.checks.changes import Change, changes
from backprop_cli.checks.verdict import Verdict, check_alone, compare
from backprop_cli.cli.atomic import Write, pending
from backprop_cli.cli.options import CheckOptions
from backprop_cli.cli.streams import write_notes, write_stdout
from backprop_cli.cli.terminal import look
from backprop_cli.core.expected import Expected
from backprop_cli.core.places import dotted
from backprop_cli.core.precision import type_name
from backprop_cli.core.quantities import Node
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import ExitStatus, UsageError
from backprop_cli.load import json_spans
from backprop_cli.load.expected import validate_expected
from backprop_cli.load.files import STDIN, Data, Mapped, named, shown, suffix
from backprop_cli.load.json_spans import Member, Span, Style
from backprop_cli.load.problem import load_problem, read_problem
from backprop_cli.messages import clean

# The options of finite differences, and how the verdict is printed
_COMPATIBLE = ("problems", "accept", "eps", "fd_rtol", "fd_atol", "samples", "seed", "color", "quiet")


def accept(options: CheckOptions) -> ExitStatus:
    """Write the computed values into the problem's own expected values, and print what changes.

    They replace the values of each quantity that `expected` names, or are all of it where it names none. Where nothing
    changes, or finite differences fail, the file stays as it is.

    Raises:
        UsageError: An option does not go with this, or there is not exactly one file.
        InputError: The file cannot be read.
        OutputError, ClosedPipeError: The file, or what changes, cannot be written.
    """
    _refuse_conflicts(options)
    (path,) = options.problems
    with named(path):
        data = read_problem(path)
        problem = load_problem(path, contents={path: data})
        write_notes(problem.notes, quiet=options.quiet)
        expected = validate_expected(problem.expected, problem)
        solution = solve(problem, (*problem.nodes, *expected))
        found = changes(solution, expected, expected or problem.nodes)
        arrays = _arrays(path, data)
        found = {node: _with_old_type(change, arrays or {}) for node, change in found.items()}
        verdict = _verdict(path, solution, expected, found, options)
    from backprop_cli.render.terminal import changes as lines
    from backprop_cli.render.terminal import verdict as pages

    page = pages.verdicts([verdict], look(options.color))
    if verdict.outcome == "wrong":
        write_stdout(page + f"\n{clean(shown(path))} stays as it is\n")
        return ExitStatus.DIFFERENT
    files: dict[str, Write] = {}
    if any(change.changed.any() for change in found.values()):
        whole = None if expected else solution
        into_text = partial(_into_text, data, found, whole)
        into_archive = _into_safetensors if suffix(path) == ".safetensors" else _into_npz
        files[path] = into_text if arrays is None else partial(into_archive, data, arrays, found)
    with pending(files):
        write_stdout(page + lines.changes(list(found.values()), look(options.color)))
    return ExitStatus.OK


def _refuse_conflicts(options: CheckOptions) -> None:
    if len(options.problems) > 1:
        raise UsageError(f"--accept is for one problem, got {len(options.problems)}")
    if not options.problems:
        raise UsageError("--accept needs a file to write to (expected a PROBLEM)")
    (path,) = options.problems
    if path == STDIN or (os.path.exists(path) and not os.path.isfile(path)):  # such as a pipe
        raise UsageError(f"--accept needs a file to write to, and {shown(path)} is none")
    for field in fields(options):
        value = getattr(options, field.name)
        is_given = (tuple(value) if isinstance(value, list) else value) != field.default
        if is_given and field.name not in _COMPATIBLE:
            hint = "--accept writes what follows from the file alone, with every digit"
            raise UsageError(f"--accept and --{field.name.replace('_', '-')} exclude each other", hint=hint)


def _verdict(
    path: str,
    solution: Solution,
    expected: Mapping[Node, Expected],
    found: Mapping[Node, Change],
    options: CheckOptions,
) -> Verdict:
    """Return the verdict on the problem with its new expected values."""
    accepted = {
        node: Expected(values=change.value, is_open=np.zeros(change.value.shape, bool))
        for node, change in found.items()
    }
    alone = check_alone(shown(path), solution, steps=options.differences)
    return compare(alone, solution, {**expected, **accepted}, options.tolerance)


def _arrays(path: str, data: Data) -> Mapping[str, Any] | None:
    """Return the arrays (and texts, in NPZ) in a binary file by dotted name, or None for a text."""
    if suffix(path) == ".safetensors":
        from backprop_cli.load import safetensors

        return safetensors.contents(data).tensors
    if suffix(path) != ".npz":
        return None
    from backprop_cli.load import npy

    return dict(npy.parse_npz(data))


def _with_old_type(change: Change, arrays: Mapping[str, Any]) -> Change:
    """Return a change with the type of the array that it replaces in an archive, if it is not float64."""
    old = arrays.get(dotted(f"expected.{change.place}"))
    if old is None or type_name(old) == "float64" or not change.changed.any():
        return change
    return replace(change, old_type=type_name(old))


def _into_npz(data: Data, arrays: Mapping[str, Any], found: Mapping[Node, Change], file: IO[bytes]) -> None:
    """Write an NPZ archive with other expected values; other members keep their bytes."""
    from backprop_cli.render import npy

    npy.npz_with(file, data if isinstance(data, Mapped) else io.BytesIO(data), _new_values(arrays, found))


def _into_safetensors(data: Data, arrays: Mapping[str, Any], found: Mapping[Node, Change], file: IO[bytes]) -> None:
    """Write safetensors with other expected values; other tensors and the metadata stay as they are."""
    from backprop_cli.load.safetensors import contents
    from backprop_cli.render import safetensors

    safetensors.safetensors(file, {**arrays, **_new_values(arrays, found)}, contents(data).metadata)


def _new_values(arrays: Mapping[str, Any], found: Mapping[Node, Change]) -> Mapping[str, Any]:
    """Return the expected values that change by dotted name, in float64; those whose shape fits keep it."""
    values = {}
    for change in found.values():
        if change.changed.any():
            name = dotted(f"expected.{change.place}")
            values[name] = change.value if change.old is None else change.value.reshape(np.shape(arrays[name]))
    return values


def _into_text(data: Data, found: Mapping[Node, Change], whole: Solution | None, file: IO[bytes]) -> None:
    """Write a JSON text with other expected values, or all those of a `whole` solution; the rest keeps its bytes."""
    text = bytes(data).decode()
    members = json_spans.members(text)
    style = json_spans.style(text, next(iter(members.values())))
    edits = _entries(text, members, style, found) if whole is None else _whole(text, members, style, whole)
    at, parts = 0, []
    for span, new in sorted(edits.items()):
        parts += [text[at : span.start], new]
        at = span.end
    file.write("".join([*parts, text[at:]]).encode())


def _whole(text: str, members: Mapping[str, Member], style: Style, solution: Solution) -> Mapping[Span, str]:
    """Return the edit that makes all quantities the expected ones: by span of the text, what takes its place."""
    from backprop_cli.render import json

    last = members.get("expected", list(members.values())[-1])
    line = json_spans.line_before(text, last)
    value = json.value(json.quantities(solution), line, *style)
    if "expected" in members:
        return {last.value: value}
    before = "," + line if line else style.comma
    return {Span(last.value.end, last.value.end): f'{before}"expected"{style.colon}{value}'}


def _entries(
    text: str, members: Mapping[str, Member], style: Style, found: Mapping[Node, Change]
) -> Mapping[Span, str]:
    """Return the edits for the entries that change, and for whole quantities that had none or another shape."""
    from backprop_cli.render import json, numbers

    places = json_spans.leaves(text, members["expected"].value.start)
    edits = {}
    for change in found.values():
        member = places[change.place]
        if change.old is None:
            edits[member.value] = json.value(change.value, json_spans.line_before(text, member), *style)
            continue
        spans, value = json_spans.numbers(text, member.value), change.value.ravel()
        for k in np.flatnonzero(change.changed).tolist():
            edits[spans[k]] = numbers.literal(float(value[k]))
    return edits
