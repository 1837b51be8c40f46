r"""Quizzes in Moodle XML: one question for each exercise, of type cloze, with a gap for each number that is asked.

The rules, found in the source of Moodle 5 (github.com/moodle/moodle):

- question/format/xml/format.php: the file is one `quiz`. A question of type `category` says where the others belong. A
  `cloze` has name, questiontext, generalfeedback, penalty, idnumber and tags; its mark is the sum of those of its gaps.
  Texts are trimmed. Of two questions with one idnumber in a category, the second loses it. Older versions do not read
  the idnumber of a cloze.
- question/type/multianswer/questiontype.php: gaps are found in the question's text as it stands, before HTML is read.
  A gap is a brace, a mark, `:NUMERICAL:`, alternatives between tildes, and a brace. An alternative is `=` or a
  percentage between `%`, the number and its tolerance with a colon between them, and after `#` its feedback, which
  ends before a tilde or a brace that has no backslash before it. References in the feedback are resolved, then the
  backslashes of `\}` and `\#` are removed, but not that of `\~`; what is left is HTML. So the feedback is written as
  HTML in which references stand for all these characters, and every `&` in it once more as `&amp;`. `{#1}` in a text
  means the first gap.
- question/type/numerical/question.php: an answer gets the first alternative within whose tolerance it lies, both ends
  included, with 1e-14 more, or 1e-14 times the number where that is greater.

XML allows no control character, and neither U+FFFE nor U+FFFF (XML 1.0, production 2); `]]>` ends a CDATA section.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from backprop_cli.exercises.exercise import Asked
from backprop_cli.exercises.quiz import Gap, Quiz
from backprop_cli.render.exercises.quiz_html import (
    CATEGORY,
    code,
    feedback,
    given,
    idnumber,
    names,
    paragraph,
    solution,
    statement,
    table,
    tags,
)

__all__ = ["quiz"]

_PENALTY = "0.3333333"  # of each further try, where a quiz allows several; Moodle's own default


def quiz(quizzes: Sequence[Quiz]) -> Iterator[str]:
    """Yield the parts of the file, in ASCII."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n'
    category = f"    <category>{_plain(CATEGORY)}</category>"
    yield f'  <question type="category">\n{category}\n  </question>\n'
    for name, each in zip(names(quizzes), quizzes, strict=True):
        lines = "\n".join(f"    {line}" for line in _question(name, each))
        yield f'  <question type="cloze">\n{lines}\n  </question>\n'
    yield "</quiz>\n"


def _question(name: str, found: Quiz) -> Iterator[str]:
    exercise = found.exercise
    asked = [_asked(each, gaps) for each, gaps in zip(exercise.asked, found.gaps, strict=True)]
    yield f"<name>{_plain(name)}</name>"
    yield f'<questiontext format="html">{_html([*statement(exercise), *given(exercise), *asked])}</questiontext>'
    yield f'<generalfeedback format="html">{_html(solution(exercise, None))}</generalfeedback>'
    yield f"<penalty>{_PENALTY}</penalty>"
    yield "<hidden>0</hidden>"
    yield f"<idnumber>{_escaped(idnumber(exercise))}</idnumber>"
    yield f"<tags>{''.join(f'<tag>{_plain(tag)}</tag>' for tag in tags(exercise))}</tags>"


def _asked(asked: Asked, gaps: Sequence[Gap]) -> str:
    """Return a quantity with gaps in place of its numbers."""
    matrix = asked.matrix
    if not matrix.values.ndim:
        return paragraph(f"{code(matrix.place)} = {_gap(gaps[0])}")
    n_rows, n_columns = matrix.grid.shape
    cells = [[_gap(gap) for gap in gaps[i * n_columns :][:n_columns]] for i in range(n_rows)]
    return f"<div>{table(cells, code(matrix.place))}</div>"


def _gap(gap: Gap) -> str:
    alternatives = [f"={gap.answer}:{gap.tolerance}"]
    for wrong in gap.wrong:
        alternatives.append(f"%0%{wrong.answer}:{gap.tolerance}#{feedback(wrong).replace('&', '&amp;')}")
    return f"{{1:NUMERICAL:{'~'.join(alternatives)}}}"


def _html(parts: Iterable[str]) -> str:
    content = "\n".join(parts)  # without `]]>`, because a text has `&gt;`
    return f"<text><![CDATA[{content}]]></text>"


def _plain(content: str) -> str:
    return f"<text>{_escaped(content)}</text>"


def _escaped(content: str) -> str:
    return escape(content).encode("ascii", "xmlcharrefreplace").decode("ascii")
