"""`backprop exercise`: question sheets, answer keys and quizzes of problems."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import IO, Literal, assert_never

from backprop_cli.cli.atomic import Write, pending
from backprop_cli.cli.entries import nodes
from backprop_cli.cli.exercise_options import ENDINGS, EVERYTHING, ExerciseOptions
from backprop_cli.cli.saving import write_text
from backprop_cli.cli.streams import write_notes, write_stdout
from backprop_cli.core.problem import Problem
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import BackpropError, ExitStatus, UsageError
from backprop_cli.exercises.exercise import Exercise
from backprop_cli.exercises.sheet import asked_nodes, exercise, notes
from backprop_cli.exercises.specification import seed_of
from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.worked import worked
from backprop_cli.load.draft import to_draft
from backprop_cli.load.files import STDIN, shown
from backprop_cli.load.problem import contents_of, load_problem
from backprop_cli.render import json

_SHORT = 10  # digits of the digest of a problem that is known by its seed
_EXTENT = Extent(depth=0)
_IN_FULL = None, 0  # the decimals of numbers and the rows of matrices in a key, which are not limited
_IN_UTF_8 = ("moodle", "gift", "json")
_NAME_OF_STDIN = "problem"  # of its file in a folder


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class _Made:
    """An exercise with the file of its problem."""

    path: str
    exercise: Exercise
    solution: Solution  # in float64


def print_exercises(options: ExerciseOptions) -> ExitStatus:
    """Make an exercise of each problem, and write them to standard output or to files.

    Raises:
        BackpropError: Of any kind.
    """
    _refuse_conflicts(options)
    files = _paths(options)
    made = [_made(path, number, options) for number, path in enumerate(options.problems, 1)]
    for each in made:
        write_notes((f"{shown(each.path)}: {note}" for note in notes(each.exercise)), quiet=options.quiet)
    if options.save is None:
        write_stdout(_rendered(made, options), encoding="utf-8" if options.output in _IN_UTF_8 else None)
        return ExitStatus.OK
    parts = {files[0]: made} if len(files) == 1 else {file: [each] for file, each in zip(files, made, strict=True)}
    writes: dict[str, Write] = {file: partial(_write, part, options) for file, part in parts.items()}
    with pending(writes, None if options.is_file else options.save):
        pass
    return ExitStatus.OK


def _refuse_conflicts(options: ExerciseOptions) -> None:
    """Refuse options that exclude each other, before anything is read.

    Raises:
        UsageError: There are such options, or too many problems or none.
    """
    if not options.problems:
        raise UsageError("there is nothing to ask about (expected a PROBLEM)")
    output = options.output
    if options.key and output in ("moodle", "gift"):
        hint = "a quiz holds its answers; --format html, latex, markdown or json has a key"
        raise UsageError(f"--key and --format {output} exclude each other", hint=hint)
    if options.standalone and output != "latex":
        raise UsageError(f"--standalone is for --format latex, got {output}")
    written = options.format_of_file
    if written not in (None, output):
        reason = f"--save {options.save} and --format {output} exclude each other"
        raise UsageError(reason, hint=f"did you mean --format {written}?")
    if len(options.problems) > 1 and output == "json" and (options.save is None or options.is_file):
        reason = f"--format json is one file for each problem, got {len(options.problems)} problems"
        raise UsageError(reason, hint="--save FOLDER writes them all")


def _paths(options: ExerciseOptions) -> list[str]:
    """Return the paths of the files to write: one for all problems, or one for each; none without `--save`.

    Raises:
        UsageError: Two of them are the same, or one is that of a problem.
    """
    if options.save is None:
        return []
    files = [options.save] if options.is_file else [_in_folder(path, options) for path in options.problems]
    problems = {_real(path): path for path in options.problems if path != STDIN}
    for number, file in enumerate(files):
        if _real(file) in problems:
            raise UsageError(f"--save and PROBLEM both name {file}")
        if file in files[:number]:
            first = options.problems[files.index(file)]
            reason = f"{shown(first)} and {shown(options.problems[number])} would both be written to {file}"
            raise UsageError(reason, hint="name one file for all, or save them one after the other")
    return files


def _in_folder(path: str, options: ExerciseOptions) -> str:
    name = _NAME_OF_STDIN if path == STDIN else os.path.splitext(os.path.basename(path))[0]
    return os.path.join(str(options.save), os.path.normcase(name) + ENDINGS[options.output][0])


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):  # a path that leads nowhere is refused when it is opened
        return path


def _made(path: str, number: int, options: ExerciseOptions) -> _Made:
    """Return the exercise of a problem, the number-th of all.

    Raises:
        InputError: The problem cannot be read or solved, or what is asked for cannot be computed.
        UsageError: It has no such layer.
    """
    contents = contents_of(path, {})
    problem, exact = (load_problem(path, exact=is_exact, contents=contents) for is_exact in (False, True))
    write_notes(problem.notes, quiet=options.quiet)
    try:
        names = options.ask or ()
        asked = asked_nodes(problem, nodes(names, problem), every=EVERYTHING in names)
        solution = solve(problem, tuple(dict.fromkeys((*problem.nodes, *asked))))
        found = exercise(
            worked(problem, _EXTENT),
            solve(exact, asked),
            solution,
            title=f"Exercise {number}",
            identity=_identity(problem),
            digits=options.digits,
        )
    except BackpropError as error:
        raise error.at(shown(path)) from None
    return _Made(path=path, exercise=found, solution=solution)


def _identity(problem: Problem) -> str:
    """Return the SHA-256 of what a problem gives, or the seed of a drawn one and the beginning of its SHA-256.

    It depends neither on the type of the file nor on how it is written, nor on the title, source and expected values.
    """
    draft = {key: value for key, value in to_draft(problem).items() if key not in ("title", "source")}
    digest = sha256("".join(json.problem(draft)).encode()).hexdigest()
    seed = seed_of(problem.source)
    return digest if seed is None else f"seed-{seed}-{digest[:_SHORT]}"


def _write(made: Sequence[_Made], options: ExerciseOptions, file: IO[bytes]) -> None:
    text = _rendered(made, options)
    write_text([text] if isinstance(text, str) else text, file)


def _rendered(made: Sequence[_Made], options: ExerciseOptions) -> str | Iterator[str]:
    """Return one document of exercises, or of their worked solutions."""
    exercises, output = [each.exercise for each in made], options.output
    match output:
        case "json":
            from backprop_cli.render.answers import answers

            return answers(exercises[0], key=options.key)
        case "markdown":
            from backprop_cli.render.exercises import markdown

            return markdown.keys(exercises, *_IN_FULL) if options.key else markdown.sheets(exercises)
        case "latex":
            from backprop_cli.render.exercises import latex

            if options.key:
                return latex.keys(exercises, *_IN_FULL, standalone=options.standalone)
            return latex.sheets(exercises, standalone=options.standalone)
        case "html":
            from backprop_cli.render.exercises import html

            if options.key:
                from backprop_cli.cli.html_page import shown as opened

                return html.keys(exercises, [opened(each.solution, _EXTENT, 0) for each in exercises], None)
            return html.sheets(exercises)
        case "moodle" | "gift":
            return _quizzes(made, output)
        case _:
            assert_never(output)


def _quizzes(made: Sequence[_Made], output: Literal["moodle", "gift"]) -> Iterator[str]:
    from backprop_cli.exercises.quiz import quiz

    quizzes = [quiz(each.exercise, each.solution) for each in made]
    if output == "moodle":
        from backprop_cli.render.exercises import moodle

        return moodle.quiz(quizzes)
    from backprop_cli.render.exercises import gift

    return gift.quiz(quizzes)
