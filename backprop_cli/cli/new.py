"""`backprop new`: make problems, and write them to standard output or to files."""

import os

from backprop_cli.cli import values
from backprop_cli.cli.atomic import Write, pending
from backprop_cli.cli.new_options import LARGEST_SEED, NewOptions
from backprop_cli.cli.saving import folder_of, problem_draft, problem_file
from backprop_cli.cli.streams import write_stdout
from backprop_cli.core.loss_names import FRAMEWORK_NAMES
from backprop_cli.core.loss_names import loss as loss_of
from backprop_cli.core.quantities import Reduction, WeightLayout
from backprop_cli.errors import ExitStatus, UsageError
from backprop_cli.exercises.assembly import in_floats
from backprop_cli.exercises.new import new
from backprop_cli.exercises.specification import DEFAULT_DIGITS, Specification, activations_of
from backprop_cli.load.files import suffix

__all__ = ["write_new"]


def write_new(options: NewOptions) -> ExitStatus:
    """Make one problem or several, and write them to standard output or files; if one fails, no file changes.

    Raises:
        UsageError: The options exclude each other, or there are no such numbers.
        InputError: Expected values would take too long to compute.
        OutputError, ClosedPipeError: They cannot be written.
    """
    _refuse_conflicts(options)
    first = _specification(options)
    specs = [first.of_seed(first.seed + k) for k in range(options.count)]
    if options.save is None:
        from backprop_cli.render import json

        write_stdout(json.problem(problem_draft(new(*specs))))
        return ExitStatus.OK
    files = {path: _file(spec, path) for path, spec in zip(_paths(options), specs, strict=True)}
    with pending(files, folder_of(options.save)):
        pass
    return ExitStatus.OK


def _refuse_conflicts(options: NewOptions) -> None:
    """Refuse options that exclude each other, before anything is drawn."""
    is_folder = folder_of(options.save) is not None
    if options.shape is None:
        raise UsageError("--shape is missing (expected --shape 3,2,1: inputs, and neurons of each layer)")
    if options.digits is not None and options.numbers == "normal":
        raise UsageError("--digits is for friendly numbers; normal ones have 4 decimals")
    if options.init is not None and options.numbers == "friendly":
        raise UsageError("--init needs --numbers normal: it scales normal weights")
    if options.reduction is not None and options.loss is None:
        raise UsageError("--reduction needs a loss (expected --loss NAME, too)")
    if options.count > 1 and not is_folder:
        reason = f"--count {options.count} needs a folder to write to"
        raise UsageError(reason, hint="--save FOLDER writes 001.json, 002.json and so on to it")
    if options.save_format is not None and not is_folder:
        raise UsageError("--save-format is for the files in a folder (expected --save FOLDER, too)")
    if options.seed + options.count - 1 > LARGEST_SEED:
        raise UsageError(f"--count: the last seed would be {options.seed + options.count - 1} (at most {LARGEST_SEED})")


def _specification(options: NewOptions) -> Specification:
    """Return what the options ask for."""
    shape, digits = options.shape or (), options.digits
    names = () if options.activation is None else tuple(map(str.strip, options.activation.split(",")))
    loss = None if options.loss is None else loss_of(values.loss(options.loss)).name
    of_loss: Reduction = "mean" if options.loss in FRAMEWORK_NAMES else "sum"
    layout: WeightLayout = "out-in" if options.samples_in == "columns" else "in-out"
    return Specification(
        shape=shape,
        n_samples=options.n_samples,
        activations=activations_of(tuple(map(values.activation, names)), len(shape) - 1, loss),
        loss=loss,
        reduction=options.reduction or of_loss,
        biases=not options.no_biases,
        numbers=options.numbers,
        digits=DEFAULT_DIGITS if digits is None else digits,
        learning_rate=options.learning_rate,
        seed=options.seed,
        weight_layout=options.weight_layout or layout,
        samples_in=options.samples_in,
        mean_gradients=options.mean_gradients,
        init=options.init,
    )


def _paths(options: NewOptions) -> list[str]:
    """Return the paths of the problems: the file that is named, or 001.json and so on in the folder."""
    save = options.save or ""
    if folder_of(save) is None:
        return [save]
    ending = options.save_format or "json"
    return [os.path.join(save, f"{number:03}.{ending}") for number in range(1, options.count + 1)]


def _file(spec: Specification, path: str) -> Write:
    """Return the function that writes the problem of a specification; only JSON holds more than float64."""
    problem = new(spec)
    return problem_file(in_floats(problem) if suffix(path) != ".json" and problem.exact else problem, path)
