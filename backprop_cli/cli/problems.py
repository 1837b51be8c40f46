"""Load the problem that a command is given: a file, matrices that options name, or a file with other matrices."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from backprop_cli.cli import values
from backprop_cli.cli.problem_options import ProblemOptions
from backprop_cli.core.problem import Problem
from backprop_cli.core.progress import Progress, no_progress
from backprop_cli.core.quantities import UPSTREAM_RULES, Dtype
from backprop_cli.errors import InputError, UsageError
from backprop_cli.load.files import Data, shown
from backprop_cli.load.problem import load_problem
from backprop_cli.messages import listed


def refuse_conflicts(options: ProblemOptions, paths: Sequence[str], purpose: str) -> None:
    """Refuse options that exclude each other or do not fit the number of problem files, before anything is read.

    Raises:
        UsageError: They do, or there is neither a problem nor a matrix to `purpose` ("compute from").
    """
    if not paths and not options.files:
        raise UsageError(f"there is nothing to {purpose} (expected a PROBLEM, or matrices)")
    if len(paths) > 1 and options.files:
        verb = "are" if len(options.files) > 1 else "is"
        raise UsageError(f"{listed(f'--{key}' for key in options.files)} {verb} for one problem, got {len(paths)}")
    if options.upstream is not None and options.loss is not None:
        raise UsageError("--upstream and --loss exclude each other: upstream is the gradient of the loss")
    if options.upstream is not None and options.targets is not None:
        raise UsageError("--upstream and --targets exclude each other: targets are for a loss")
    if options.biases is not None and options.no_biases:
        raise UsageError("--biases and --no-biases exclude each other")
    if options.reduction is not None and not paths and options.loss is None:
        raise UsageError("--reduction needs a loss (expected --loss NAME, too)")


def load(
    path: str | None,
    options: ProblemOptions,
    *,
    exact: bool = False,
    dtype: Dtype = "float64",
    contents: Mapping[str, Data] = MappingProxyType({}),
    progress: Progress = no_progress,
) -> Problem:
    """Return the problem in a file and options; `contents` are the bytes of files that have been read already.

    Raises:
        InputError: With the file, and the place in it.
        UsageError: A value is invalid, or a key belongs to a layer and the problem has several.
    """
    return load_problem(
        path,
        options.files,
        _overrides(options, exact=exact),
        exact=exact,
        dtype=dtype,
        without=options.dropped,
        contents=contents,
        header=options.header,
        progress=progress,
        names=options.names,
    )


@contextmanager
def naming_file(path: str | None, options: ProblemOptions) -> Iterator[None]:
    """Add to an InputError of the block the file of the value that it names, or of the problem, if there is one."""
    try:
        yield
    except InputError as error:
        parents, _, key = (error.place or "").rpartition(".")
        key = "" if parents.startswith("expected") else key
        file = options.files.get(key, path)
        raise error if file is None else error.at(shown(file)) from None


def _overrides(options: ProblemOptions, *, exact: bool) -> dict[str, Any]:
    """Return the values that override the problem's own, by key."""
    name, rate, upstream = options.activation, options.learning_rate, options.upstream
    overrides = {
        "activation": None if name is None else values.activation(name),
        "loss": None if options.loss is None else values.loss(options.loss),
        "reduction": options.reduction,
        "samples": options.samples_in,
        "mean_gradients": options.mean_gradients or None,
        "steps": options.steps,
        "weight_layout": options.weight_layout,
        "learning_rate": None if rate is None else (Decimal if exact else float)(rate),
        "upstream": upstream if upstream in UPSTREAM_RULES else None,
    }
    return {key: value for key, value in overrides.items() if value is not None}
