"""The texts of a quiz in HTML, for formats of Moodle: what is given, the solution, and the feedback to a wrong answer.

Everything is ASCII in one line. A text from a file never has a brace, a tilde or a backslash, which the syntax of gaps
gives a meaning, but references to these characters: `&#123;` for `{`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from backprop_cli.exercises.exercise import Exercise
from backprop_cli.exercises.quiz import Quiz, WrongAnswer
from backprop_cli.explanations.explanation import Explanation
from backprop_cli.explanations.worked import Matrix, WorkedStep
from backprop_cli.render.html.text import safe
from backprop_cli.render.notes import conventions, signs
from backprop_cli.render.numbers import number
from backprop_cli.render.steps import steps
from backprop_cli.render.xml import shown

__all__ = ["CATEGORY", "code", "feedback", "figures", "given", "idnumber", "names", "paragraph", "rule", "solution"]
__all__ += ["statement", "table", "tags", "text", "worked_entry"]

CATEGORY = "$course$/top/Backpropagation"

_EVERY_DIGIT = 17  # of what is given: numbers of float64 have no more
_REFERENCES = {ord(character): f"&#{ord(character)};" for character in "{}~\\"}
_LONGEST_ID = 100  # of the column `idnumber` in Moodle's database
_LONGEST_TITLE = 180  # Moodle cuts a name at 255 characters
_LONGEST_TAG = 50
_REFERENCE = re.compile(r"&(?=[a-zA-Z0-9#]{1,8};)")
_STYLE = "display:inline-table;vertical-align:middle;caption-side:top;border-collapse:collapse;margin:0 0.5em 0.5em 0"
_TABLE = f'<table border="1" cellpadding="5" style="{_STYLE}">'
_FOR_FILES = re.compile(r': (?:with )?"(?:weight_layout|samples)".*')  # how to write the problem, which is not asked


def text(content: str) -> str:
    """Return a text of a file as HTML."""
    return safe(shown(content)).translate(_REFERENCES).encode("ascii", "xmlcharrefreplace").decode("ascii")


def code(content: str) -> str:
    """Return words of the files in the font of code."""
    return f"<code>{text(content)}</code>"


def paragraph(content: str) -> str:
    """Return HTML as a paragraph."""
    return f"<p>{content}</p>"


def names(quizzes: Iterable[Quiz]) -> Iterator[str]:
    """Yield a name for each quiz, made of its title, that no other has."""
    used: set[str] = set()
    for each in quizzes:
        title = shown(each.exercise.title)
        title = title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 3]}..."
        name = next(name for k in count(1) if (name := title if k == 1 else f"{title} ({k})") not in used)
        used.add(name)
        yield _as_name(name)


def _as_name(title: str) -> str:
    """Return a title that Moodle shows as it is.

    Moodle removes what begins like a tag from the name of a question, and shows references as their characters
    (`clean_param` for PARAM_TEXT, in lib/moodlelib.php, and `format_string`, in lib/weblib.php). It cleans a name with
    PHP's `strip_tags`, for which no tag begins with a space.
    """
    return re.sub(r"<(?!\s)", "< ", _REFERENCE.sub("&amp;", title))


def idnumber(exercise: Exercise, suffix: str = "") -> str:
    """Return the identity of an exercise, cut where it is too long for Moodle, and a suffix."""
    return shown(exercise.identity)[: _LONGEST_ID - len(suffix)] + suffix


def tags(exercise: Exercise) -> Sequence[str]:
    """Return what a teacher may search a quiz by: its activations and its loss."""
    problem = exercise.solution.problem
    found = ["backpropagation", *(layer.activation.name for layer in problem.layers)]
    found += [] if problem.loss is None else [problem.loss.name]
    return [tag for tag in dict.fromkeys(found) if len(tag) <= _LONGEST_TAG]


def statement(exercise: Exercise) -> Iterator[str]:
    """Yield the title of an exercise, and its sentences, each in a line."""
    yield paragraph(f"<strong>{text(exercise.title)}</strong>")
    yield paragraph("<br>".join(map(text, exercise.statement)))


def given(exercise: Exercise) -> Iterator[str]:
    """Yield what is given with every digit, matrices beside each other."""
    yield f"<div>{' '.join(_named(matrix, _EVERY_DIGIT, matrix.place) for matrix in exercise.given)}</div>"


def figures(matrix: Matrix, precision: int | None) -> list[list[str]]:
    """Return the numbers of a matrix row by row, with signs of ASCII, so that a student can copy them."""
    return [[number(value, precision) for value in row] for row in matrix.grid.tolist()]


def table(cells: Sequence[Sequence[str]], caption: str) -> str:
    """Return cells of HTML as a table that counts its rows and columns from 0."""
    head = "".join(f'<th scope="col">{j}</th>' for j in range(len(cells[0])))
    rows = "".join(
        f'<tr><th scope="row">{i}</th>{"".join(f"<td>{cell}</td>" for cell in row)}</tr>' for i, row in enumerate(cells)
    )
    return f"{_TABLE}<caption>{caption}</caption><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _named(matrix: Matrix, precision: int | None, name: str) -> str:
    """Return a matrix under its name, or a number after it."""
    cells = figures(matrix, precision)
    return table(cells, code(name)) if matrix.values.ndim else f"{code(name)} = {cells[0][0]}"


def solution(exercise: Exercise, precision: int | None) -> Iterator[str]:
    """Yield the worked solution: the rule of each quantity, with its matrices and with one entry term by term."""
    found = exercise.solution
    yield paragraph(text("; ".join([signs(found), *conventions(found)])) + ".")
    for step in found.steps:
        yield f"<h5>{code(step.node_place)}</h5>"
        yield rule(step)
        yield f"<div>{_calculation(step, precision)}</div>"
        yield from (worked_entry(example, precision) for example in step.examples)
    if exercise.source:
        yield paragraph(f"Source: {text(exercise.source)}")


def rule(step: WorkedStep) -> str:
    """Return the rule of a quantity in words of the files."""
    return paragraph(code(f"{step.result.name} = {step.rule}"))


def _calculation(step: WorkedStep, precision: int | None) -> str:
    """Return the rule with the numbers of its matrices, and the result."""
    parts = [
        _named(part, precision, part.name) if isinstance(part, Matrix) else text(part)
        for part in (step.parts if step.fills_in else ())
    ]
    result = step.result
    cells = figures(result, precision)
    parts.append(f" = {table(cells, code(result.name)) if result.values.ndim else cells[0][0]}")
    return "".join(parts)


def worked_entry(found: Explanation, precision: int | None) -> str:
    """Return an entry, what it is the sum of, the same in numbers, and its value."""
    return paragraph(code(" = ".join([found.entry, *steps(found, precision)])))


def feedback(wrong: WrongAnswer) -> str:
    """Return what a student reads who gave a wrong answer that known mistakes lead to."""
    mistakes = [f"<em>{text(_FOR_FILES.sub('', each))}</em>" for each in wrong.descriptions]
    if len(mistakes) == 1:
        return f"A mistake leads to this number: {mistakes[0]}"
    return "<br>- ".join(["Each of these mistakes leads to this number:", *mistakes])
