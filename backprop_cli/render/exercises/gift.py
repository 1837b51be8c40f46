r"""Quizzes in GIFT: one numerical question for each number that is asked, because GIFT has no question with several.

The rules, found in the source of Moodle 5 (github.com/moodle/moodle), question/format/gift/format.php:

- Blank lines separate questions. A line that begins with `//` is a comment; `[id:...]` and `[tag:...]` in it are the
  idnumber and the tags of the question. `$CATEGORY:` says where the questions after it belong.
- A question is `::name::`, its text after `[html]`, and answers in braces after `{#`. An answer is `=`, a percentage
  between `%`, the number and its tolerance with a colon between them, and feedback after `#`. The feedback to the
  question as a whole stands at the end, after `####`.
- A backslash stands before each of `: # = { } ~` and itself. Feedback has the format of the text.
- Answers are compared as those of `moodle`: the first within whose tolerance it lies counts.
"""

import re
from collections.abc import Iterator, Sequence

from backprop_cli.exercises.exercise import Exercise
from backprop_cli.exercises.quiz import Gap, Quiz
from backprop_cli.explanations.worked import WorkedStep
from backprop_cli.render.exercises.quiz_html import (
    CATEGORY,
    code,
    feedback,
    given,
    idnumber,
    names,
    paragraph,
    rule,
    statement,
    tags,
    worked_entry,
)

__all__ = ["quiz"]

_SPECIAL = re.compile(r"([\\:#={}~])")


def quiz(quizzes: Sequence[Quiz]) -> Iterator[str]:
    """Yield the parts of the file."""
    yield f"$CATEGORY: {CATEGORY}\n"
    for name, each in zip(names(quizzes), quizzes, strict=True):
        exercise = each.exercise
        intro = "".join([*statement(exercise), *given(exercise)])
        steps = {step.node_place: step for step in exercise.solution.steps}
        for asked, gaps in zip(exercise.asked, each.gaps, strict=True):
            for gap in gaps:
                question = intro + paragraph(f"{code(gap.entry)} =")
                lines = [
                    _comment(exercise, gap),
                    f"::{_escaped(f'{name} {gap.entry}')}::[html]{_escaped(question)}{{#",
                    *_answers(gap),
                    f"####{_escaped(_solution(steps.get(asked.matrix.place), gap))}",
                    "}",
                ]
                yield "".join(f"{line}\n" for line in ["", *lines])


def _comment(exercise: Exercise, gap: Gap) -> str:
    """Return the line with the idnumber, which no other entry has, and the tags."""
    entry = re.sub(r"[\[,]", "-", gap.entry).replace("]", "")
    parts = [
        f"[id:{_in_brackets(idnumber(exercise, f'-{entry}'))}]",
        *(f"[tag:{_in_brackets(tag)}]" for tag in tags(exercise)),
    ]
    return f"// {' '.join(parts)}"


def _in_brackets(content: str) -> str:
    return content.replace("]", r"\]")


def _answers(gap: Gap) -> Iterator[str]:
    yield f"=%100%{gap.answer}:{gap.tolerance}"
    for wrong in gap.wrong:
        yield f"=%0%{wrong.answer}:{gap.tolerance}#{_escaped(feedback(wrong))}"


def _solution(step: WorkedStep | None, gap: Gap) -> str:
    """Return the rule, and the entry term by term, or another one as an example.

    Work by hand has no step for the upstream of a pair whose derivative is taken at once, nor for the earlier losses.
    """
    if step is None:
        return ""
    examples = {example.entry: example for example in step.examples}
    return rule(step) + worked_entry(examples.get(gap.entry, step.example), None)


def _escaped(content: str) -> str:
    return _SPECIAL.sub(r"\\\1", content)
