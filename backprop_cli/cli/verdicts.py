"""The verdicts on one problem, which is loaded and solved once for all of its submissions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

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
from backprop_cli.load.files import shown
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
    """A problem at its last step, as it is given, and the same in exact numbers if options ask for them."""

    name: str
    problem: Problem
    given: Problem
    exact: Problem | None


def _load(name: str, path: str | None, options: CheckOptions) -> _Loaded:
    contents = contents_of(path, options.files)
    given = load(path, options, contents=contents)
    problem = at_last_step(given)
    write_notes(problem.notes, quiet=options.quiet)
    is_exact = options.exact or options.rounded
    exact = load(path, options, exact=True, contents=contents) if is_exact else None
    return _Loaded(name=name, problem=problem, given=given, exact=exact)


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
    else:
        own = loaded.exact if loaded.exact is not None and rounded else problem
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
    problem, exact = loaded.problem, loaded.exact
    wanted = tuple(dict.fromkeys((*problem.nodes, *(node for expected in every for node in expected))))
    solution = solve(problem, wanted)
    rounded = solve(exact, wanted) if exact is not None and options.rounded else None
    proof = None if exact is None or not options.exact else solve(with_parameters_of(exact, problem), wanted)
    alone = check_alone(loaded.name, solution, steps=options.differences, proof=proof)
    for expected in every:
        yield compare(alone, solution, expected, options.tolerance, exact=rounded)
