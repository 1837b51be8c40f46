"""A strict reader of Moodle XML with questions of type cloze, and a marker of answers.

It follows Moodle's source (question/format/xml/format.php, question/type/multianswer/questiontype.php and
question/type/numerical/question.php), and raises `ValueError` for what Moodle would read otherwise than it is meant.
"""

import re
from collections.abc import Iterator, Sequence
from html import unescape
from html.parser import HTMLParser
from typing import NamedTuple
from xml.etree import ElementTree as ET

_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_FIELDS = ["name", "questiontext", "generalfeedback", "penalty", "hidden", "idnumber", "tags"]
_REFERENCES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"'}


class Alternative(NamedTuple):
    """An answer of a gap or a question."""

    fraction: float
    answer: str
    tolerance: str
    feedback: str  # HTML


class Gap(NamedTuple):
    """A gap: its mark and its alternatives."""

    mark: int
    alternatives: Sequence[Alternative]

    def matched(self, typed: str) -> Alternative | None:
        """Return the first alternative within whose tolerance an answer lies, as Moodle compares them."""
        return first_match(self.alternatives, typed)


class Question(NamedTuple):
    """A question, as Moodle stores it."""

    name: str
    text: str  # HTML, with {#1} in the place of the first gap
    gaps: Sequence[Gap]
    general_feedback: str
    penalty: float
    idnumber: str
    tags: Sequence[str]


def read(document: str) -> tuple[str, list[Question]]:
    """Return the category and the questions of a file."""
    root = ET.fromstring(document)  # noqa: S314 (made here)
    _require(root.tag == "quiz", "no quiz")
    first, *others = root
    _require(first.tag == "question" and first.attrib == {"type": "category"}, "no category")
    return _text(first.find("category")), [_question(each) for each in others]


def first_match(alternatives: Sequence[Alternative], typed: str) -> Alternative | None:
    """Return the first alternative within whose tolerance an answer lies, as Moodle compares them."""
    value = float(typed)
    for each in alternatives:
        answer = float(each.answer)
        tolerance = abs(float(each.tolerance)) + 1e-14 * max(1.0, abs(answer))
        if answer - tolerance <= value <= answer + tolerance:
            return each
    return None


def _question(found: ET.Element) -> Question:
    _require(found.tag == "question" and found.attrib == {"type": "cloze"}, "no cloze")
    _require([child.tag for child in found] == _FIELDS, "other fields")
    for name in ("questiontext", "generalfeedback"):
        _require(found.find(name).attrib == {"format": "html"}, "no HTML")  # type: ignore[union-attr]
    text, gaps = _gaps(_text(found.find("questiontext")))
    idnumber = found.findtext("idnumber", "")
    _require(0 < len(idnumber) <= 100, "an idnumber that does not fit")
    tags = [_text(tag) for tag in found.iterfind("tags/tag")]
    _require(all(len(tag) <= 50 for tag in tags), "a tag that does not fit")
    name = _text(found.find("name"))
    _require(0 < len(name) <= 255, "a name that does not fit")
    general = _text(found.find("generalfeedback"))
    _require("{" not in general, "a brace, in which an export of Moodle would fill in a gap")
    return Question(name, text, gaps, general, float(found.findtext("penalty", "")), idnumber, tags)


def _text(parent: ET.Element | None) -> str:
    _require(parent is not None and [child.tag for child in parent] == ["text"], "no text")
    return parent[0].text.strip()  # type: ignore[index, union-attr]


def _require(is_so: object, reason: str) -> None:
    if not is_so:
        raise ValueError(reason)


def _gaps(text: str) -> tuple[str, list[Gap]]:
    """Return a question's text with {#1} in the place of its first gap, and the gaps."""
    gaps: list[Gap] = []
    parts, at = [], 0
    while (start := text.find("{", at)) >= 0:
        parts.append(text[at:start])
        gap, at = _gap(text, start)
        gaps.append(gap)
        parts.append(f"{{#{len(gaps)}}}")
    parts.append(text[at:])
    _require("}" not in "".join(parts).replace("}", "", len(gaps)), "a brace outside a gap")
    return "".join(parts), gaps


def _gap(text: str, start: int) -> tuple[Gap, int]:
    """Return the gap that begins at a brace, and where it ends."""
    head = re.compile(r"\{(\d+):NUMERICAL:").match(text, start)
    if head is None:
        raise ValueError(f"a brace that begins no gap: {text[start : start + 20]}")
    parts, at = [], head.end()
    while True:
        end = next(k for k in range(at, len(text)) if text[k] in "~}" and text[k - 1] != "\\")
        parts.append(text[at:end])
        at = end + 1
        if text[end] == "}":
            return Gap(int(head[1]), [_alternative(part) for part in parts]), at


def _alternative(text: str) -> Alternative:
    found = re.fullmatch(r"(?:(=)|%(-?\d+(?:\.\d*)?)%)([^#]+)(?:#(.*))?", text, re.DOTALL)
    if found is None:
        raise ValueError(f"no alternative: {text}")
    answer, _, tolerance = found[3].partition(":")
    _require(_NUMBER.fullmatch(answer) and _NUMBER.fullmatch(tolerance), f"no number: {found[3]}")
    return Alternative(1.0 if found[1] else float(found[2]) / 100, answer, tolerance, _resolved(found[4] or ""))


def _resolved(feedback: str) -> str:
    """Return feedback in which references are resolved once, and the backslashes of two characters are gone."""

    def character(found: re.Match[str]) -> str:
        name = found[1]
        return chr(int(name[1:])) if name.startswith("#") else _REFERENCES[name]

    return re.sub(r"&(#\d+|\w+);", character, feedback).replace(r"\}", "}").replace(r"\#", "#")


class _Visible(HTMLParser):
    """Collects what a reader of HTML sees, with elements that are closed in the right order."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.opened: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "br":
            self.parts.append("\n")
        else:
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        _require(self.opened and self.opened.pop() == tag, f"{tag} ends too early")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def visible(html: str) -> str:
    """Return what a reader of HTML sees, without layout."""
    parser = _Visible()
    parser.feed(html)
    parser.close()
    _require(not parser.opened, f"{parser.opened} do not end")
    return "".join(parser.parts)


def visible_name(name: str) -> str:
    """Return a question's name as Moodle shows it: without tags, and with references resolved."""
    untagged = "".join(_untagged(name)).strip()
    return unescape(re.sub(r"&(?![a-zA-Z0-9#]{1,8};)", "&amp;", untagged))


def _untagged(name: str) -> Iterator[str]:
    """Yield what PHP's `strip_tags` leaves of a text: a tag begins with `<`, unless a space follows."""
    depth = 0
    for k, character in enumerate(name):
        if character == "<" and not name[k + 1 : k + 2].isspace():
            depth += 1
        elif character == ">" and depth:
            depth -= 1
        elif not depth:
            yield character
