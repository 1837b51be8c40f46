"""Reads JUnit XML strictly: the elements and attributes that both Jenkins and GitLab take, and counts that are true.

The rules are those of junit-10.xsd of Jenkins' xUnit plugin, and GitLab's: names of test cases are different within
their class. Times are left out.
"""

from typing import NamedTuple
from xml.etree import ElementTree

Element = ElementTree.Element


class Rule(NamedTuple):
    required: str
    children: str
    has_text: bool = False


RULES = {
    "testsuites": Rule("tests failures errors name", "testsuite"),
    "testsuite": Rule("name tests failures errors skipped", "properties testcase"),
    "properties": Rule("", "property"),
    "property": Rule("name value", ""),
    "testcase": Rule("classname name", "failure error skipped"),
    "failure": Rule("type message", "", has_text=True),
    "error": Rule("type message", "", has_text=True),
    "skipped": Rule("type message", "", has_text=True),
}


def read(text: str) -> Element:
    """Return the root of a document that keeps all rules."""
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    root = ElementTree.fromstring(text.encode("utf-8"))  # noqa: S314 (our own text)
    assert root.tag == "testsuites"
    _validate(root)
    suites = root.findall("testsuite")
    for suite in suites:
        cases = suite.findall("testcase")
        _require_counts(suite, cases, "failures errors skipped")
        assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases) > 0
        assert [child.tag for child in suite] == ["properties"] + ["testcase"] * len(cases)
        assert all(len(case) <= 1 for case in cases)
    _require_counts(root, root.findall("testsuite/testcase"), "failures errors")
    return root


def _validate(element: Element) -> None:
    rule = RULES[element.tag]
    assert set(element.attrib) == set(rule.required.split()), element.tag
    assert {child.tag for child in element} <= set(rule.children.split()), element.tag
    assert rule.has_text or not (element.text or "").strip(), element.tag
    assert not (element.tail or "").strip(), element.tag
    for child in element:
        _validate(child)


def _require_counts(element: Element, cases: list[Element], counts: str) -> None:
    assert element.get("tests") == str(len(cases))
    for name in counts.split():
        tag = name.removesuffix("s")
        assert element.get(name) == str(sum(case.find(tag) is not None for case in cases)), name


def outcomes(root: Element) -> dict[str, str]:
    """Return what each test case of the first suite is: `passed`, or the element that it has."""
    cases = root[0].findall("testcase")
    return {str(case.get("name")): case[0].tag if len(case) else "passed" for case in cases}
