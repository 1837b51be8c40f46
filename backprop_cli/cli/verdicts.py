"""The verdicts on one problem, which is loaded and solved once for all of its submissions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from backprop_cli.checks.verdict import Verdict, check_alone, compare
from backprop_cli.cli.options import CheckOptions
from backprop_cli.cli.problems import load, naming_file
from backprop_cli.cli.streams import write_notes
from backprop_cli.cli.submissions import Submissions
from backprop_cli.core.expected import Expected
from backprop_cli.core.precision import PRECISIONS
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solve import solve
from backprop_cli.core.step import with_parameters_of
from backprop_cli.core.training import at_last_step
from backprop_cli.errors import InputError, UsageError
from backprop_cli.load.expected import load_expected, validate_expected
from backprop_cli.load.files import Data, shown
from backprop_cli.load.problem import contents_of
from backprop_cli.load.quantity_files import note_on_folder

_OPTIONS = "<options>"  # the name of a problem that has no file


def verdicts(path: str | None, submissions: Submissions, options: CheckOptions) -> tuple[Verdict, ...]:
    """Return the verdict on a problem or, where there are several submissions, the verdict on each.

    What cannot be read, or cannot be solved, has a verdict that says so.

    Raises:
        UsageError: Expected values have a narrower type than `--stored` names.
    """
    name = _OPTIONS if path is None else shown(path)
    try:
        with naming_file(path, options):
            loaded = _load(name, path, options)
            if submissions.are_many:
                return tuple(_on_each(loaded, submissions.paths, options))
            expected = _expected(loaded, next(iter(submissions.paths), None), options)
            return tuple(_compared(loaded, [expected], options))
    except InputError as error:
        return (Verdict(file=name, error=error),)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class _Loaded:
    """A problem at its last step, as it is given, and what it was read from."""

    name: str
    problem: Problem
    given: Problem
    path: str | None
    options: CheckOptions
    contents: Mapping[str, Data]

    @cached_property
    def exact(self) -> Problem:
        """The problem in exact numbers, as it is given."""
        return load(self.path, self.options, exact=True, contents=self.contents)


def _load(name: str, path: str | None, options: CheckOptions) -> _Loaded:
    contents = contents_of(path, options.files)
    given = load(path, options, contents=contents)
    problem = at_last_step(given)
    write_notes(problem.notes, quiet=options.quiet)
    return _Loaded(name=name, problem=problem, given=given, path=path, options=options, contents=contents)


def _on_each(loaded: _Loaded, paths: Sequence[str], options: CheckOptions) -> Iterator[Verdict]:
    """Yield the verdict on each submission, in order."""
    found: list[Mapping[Node, Expected] | InputError] = []
    for path in paths:
        try:
            found.append(_expected(loaded, path, options))
        except InputError as error:
            found.append(error)
        except UsageError as error:
            raise error.at(shown(path)) from None
    compared = _compared(loaded, [each for each in found if not isinstance(each, InputError)], options)
    for path, each in zip(paths, found, strict=True):
        verdict = Verdict(file="", error=each) if isinstance(each, InputError) else next(compared)
        yield replace(verdict, file=shown(path), problem=loaded.name)


def _expected(loaded: _Loaded, target: str | None, options: CheckOptions) -> Mapping[Node, Expected]:
    """Return the expected values in a file or folder, or the problem's own."""
    problem, rounded = loaded.problem, options.rounded
    if target is not None:
        expected = load_expected(target, loaded.given, rounded=rounded, header=options.header)
        write_notes(note_on_folder(target, problem.naming), quiet=options.quiet)
        if not rounded and _are_rounded(expected):
            refuse_tolerances(options, "answers to an exercise", shown(target))
    else:
        own = loaded.exact if rounded else problem
        expected = validate_expected(own.expected, problem, rounded=rounded)
    if not options.stored:
        return expected
    return {node: _stored_as(options.stored, values, problem.place(*node)) for node, values in expected.items()}


def _stored_as(stored: str, expected: Expected, place: str) -> Expected:
    """Return expected values as stored in the type that `--stored` names.

    Raises:
        UsageError: Their array has a narrower type.
    """
    precision, own = PRECISIONS[stored], expected.stored
    if own != precision and not own.is_wider_than(precision):
        raise UsageError(f"--stored {stored}: the expected values of {place} have the narrower type {own.name}")
    return expected.stored_as(precision)


def _compared(loaded: _Loaded, every: Sequence[Mapping[Node, Expected]], options: CheckOptions) -> Iterator[Verdict]:
    """Yield a verdict for each set of expected values; the problem is solved when the first is asked for.

    Raises:
        InputError: It cannot be solved.
    """
    problem = loaded.problem
    wanted = tuple(dict.fromkeys((*problem.nodes, *(node for expected in every for node in expected))))
    solution = solve(problem, wanted)
    are_rounded = [options.rounded or _are_rounded(expected) for expected in every]
    exact = solve(loaded.exact, wanted) if options.rounded or any(are_rounded) else None
    proof = solve(with_parameters_of(loaded.exact, problem), wanted) if options.exact else None
    alone = check_alone(loaded.name, solution, steps=options.differences, proof=proof)
    for expected, is_rounded in zip(every, are_rounded, strict=True):
        yield compare(alone, solution, expected, options.tolerance, exact=exact if is_rounded else None)


def _are_rounded(expected: Mapping[Node, Expected]) -> bool:
    """Tell whether expected values are decimals, which accept all numbers that round to them."""
    return any(each.is_rounded for each in expected.values())


def refuse_tolerances(options: CheckOptions, what: str, file: str | None = None) -> None:
    """Refuse options for how far a value may be off that another one, or a file, leaves no say.

    Raises:
        UsageError: There are such options; `what` leaves them no say.
    """
    for name in ("accumulated", "atol", "rtol", "stored"):
        if getattr(options, name) is not None:
            reason = f"--{name} and {what} exclude each other"
            rule = "rounded values are decimals, each right to the digits that it was written with"
            raise UsageError(f"{reason}: {rule}", file=file)
