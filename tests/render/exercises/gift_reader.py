"""A strict reader of GIFT with numerical questions, which follows Moodle's question/format/gift/format.php.

It raises `ValueError` for what Moodle would read otherwise than it is meant.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.render.exercises.moodle_reader import Alternative, first_match

_ESCAPED = {"\\:": "&&058;", "\\#": "&&035;", "\\=": "&&061;", "\\{": "&&123;", "\\}": "&&125;", "\\~": "&&126;"}
_ESCAPED |= {"\\n": "&&010;"}
_WEIGHT = re.compile(r"%(\d{1,3})%")


class Question(NamedTuple):
    """A numerical question, as Moodle stores it."""

    name: str
    text: str  # HTML
    alternatives: Sequence[Alternative]
    general_feedback: str
    idnumber: str
    tags: Sequence[str]

    def matched(self, typed: str) -> Alternative | None:
        """Return the first alternative within whose tolerance an answer lies, as Moodle compares them."""
        return first_match(self.alternatives, typed)


def read(document: str) -> tuple[str, list[Question]]:
    """Return the category and the questions of a file."""
    first, *others = _blocks(document)
    if len(first) != 1 or not first[0].startswith("$CATEGORY:"):
        raise ValueError("no category")
    return first[0].removeprefix("$CATEGORY:").strip(), [_question(block) for block in others]


def _blocks(document: str) -> Iterator[list[str]]:
    """Yield the lines of each question; PHP takes a line `0` for empty, too."""
    block: list[str] = []
    for line in [*map(str.strip, document.split("\n")), ""]:
        if line not in ("", "0"):
            block.append(line)
        elif block:
            yield block
            block = []


def _question(lines: Sequence[str]) -> Question:
    comments = "\n".join(line for line in lines if line.startswith("//"))
    text = _with_placeholders("\n".join(line for line in lines if not line.startswith("//")).strip())
    found = re.fullmatch(r"::(.*?)::([^{}]*)\{([^{}]*)\}", text, re.DOTALL)
    if found is None:
        raise ValueError(f"no question: {text[:60]}")
    name, question, answers = found.groups()
    if not question.startswith("[html]") or not answers.startswith("#") or "~" in answers:
        raise ValueError("no numerical question in HTML")
    answers, _, general = answers[1:].rpartition("####")
    before, *parts = answers.split("=")
    if before.strip():
        raise ValueError(f"before the first answer: {before}")
    alternatives = [_alternative(part.strip()) for part in parts]
    identity, tags = _of_comments(comments)
    html = _without_placeholders(question.removeprefix("[html]"))
    return Question(
        _without_placeholders(name), html, alternatives, _without_placeholders(general).strip(), identity, tags
    )


def _alternative(text: str) -> Alternative:
    weight = _WEIGHT.match(text)
    if weight is None:
        raise ValueError(f"no weight: {text}")
    answer, _, feedback = text[weight.end() :].partition("#")
    if "#" in feedback:
        raise ValueError(f"# without a backslash: {feedback}")
    number, _, tolerance = answer.strip().partition(":")
    float(number), float(tolerance)
    return Alternative(int(weight[1]) / 100, number, tolerance, _without_placeholders(feedback).strip())


def _of_comments(comments: str) -> tuple[str, list[str]]:
    identity = re.search(r"\[id:((?:\\\]|[^\]\x00-\x1f])+)\]", comments)
    if identity is None or len(identity[1]) > 100:
        raise ValueError("no idnumber that fits")
    tags = re.findall(r"\[tag:((?:\\\]|[^\]<>`\x00-\x1f])+)\]", comments)
    return identity[1].replace(r"\]", "]"), [tag.replace(r"\]", "]") for tag in tags]


def _with_placeholders(text: str) -> str:
    text = text.replace("\\\\", "&&092;")
    for escaped, placeholder in _ESCAPED.items():
        text = text.replace(escaped, placeholder)
    return text.replace("&&092;", "\\")


def _without_placeholders(text: str) -> str:
    for escaped, placeholder in _ESCAPED.items():
        text = text.replace(placeholder, "\n" if escaped == "\\n" else escaped[1])
    return text
