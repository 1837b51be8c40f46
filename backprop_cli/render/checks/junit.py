"""Verdicts as JUnit XML: a test suite for each problem, with a test case for each quantity and each other check.

What makes the exit status 1 is a failure, what makes it 3 an error. The elements and attributes are those that Jenkins
(junit-10.xsd of its xUnit plugin) and GitLab accept. GitLab tells test cases apart by `classname`, which is the file,
and `name`; it shows the text of a failure.
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Literal, NamedTuple

from backprop_cli.checks.quantity_check import QuantityCheck
from backprop_cli.checks.verdict import Verdict
from backprop_cli.messages import clean
from backprop_cli.render.checks.details import Detail, Line, of_exact, of_expected, of_gradients
from backprop_cli.render.checks.words import in_short, nothing_tested
from backprop_cli.render.terminal.verdict import plain
from backprop_cli.render.xml import shown

__all__ = ["suites"]


class _Case(NamedTuple):
    """A test case: one that passes has no element."""

    name: str
    element: Literal["failure", "error", "skipped"] | None = None
    kind: str = ""
    message: str = ""
    text: str = ""


def suites(found: Sequence[Verdict]) -> str:
    """Return the document."""
    every = [list(_cases(verdict)) for verdict in found]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(f'<testsuites name="backprop check"{_counts([case for cases in every for case in cases])}>')
    for verdict, cases in zip(found, every, strict=True):
        lines += _suite(verdict, cases)
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _suite(verdict: Verdict, cases: Sequence[_Case]) -> Iterator[str]:
    n_skipped = sum(case.element == "skipped" for case in cases)
    yield f'  <testsuite name="{_text(verdict.file)}"{_counts(cases)} skipped="{n_skipped}">'
    properties = {"outcome": verdict.outcome, "problem": verdict.problem, "found": "; ".join(in_short(verdict))}
    yield "    <properties>"
    for name, value in properties.items():
        if value:
            yield f'      <property name="{name}" value="{_text(value)}"/>'
    yield "    </properties>"
    for case in cases:
        start = f'    <testcase classname="{_text(verdict.file)}" name="{_text(case.name)}"'
        if case.element is None:
            yield f"{start}/>"
            continue
        yield f"{start}>"
        about = f'{case.element} type="{case.kind}" message="{_text(case.message)}"'
        lines = "\n".join(map(_text, case.text.split("\n")))
        yield f"      <{about}>{lines}</{case.element}>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _counts(cases: Sequence[_Case]) -> str:
    n_failures, n_errors = (sum(case.element == element for case in cases) for element in ("failure", "error"))
    return f' tests="{len(cases)}" failures="{n_failures}" errors="{n_errors}"'


def _cases(verdict: Verdict) -> Iterator[_Case]:
    if (error := verdict.error) is not None:
        name = "problem" if verdict.problem is None else "submission"
        text = f"{error}\nhint: {clean(error.hint)}" if error.hint else str(error)
        yield _Case(name, "error", "bad input", str(error), text)
        return
    for check in verdict.expected:
        yield _of_quantity(check, verdict)
    yield from _of_gradients(verdict)
    if (exact := verdict.exact) is not None:
        yield _case("exact arithmetic", "wrong", of_exact(exact)) if not exact.passed else _Case("exact arithmetic")


def _of_quantity(check: QuantityCheck, verdict: Verdict) -> _Case:
    if not check.passed:
        return _case(check.place, check.verdict, of_expected([check]))
    if check.compared:
        return _Case(check.place)
    counts = {"open": check.open, "undecided": check.undecided, "hidden by rounding": check.hidden}
    message = f"not tested: {', '.join(f'{n} {what}' for what, n in counts.items() if n)}"
    return _untested(check.place, verdict, message, fails=verdict.outcome in ("open", "empty"))


def _of_gradients(verdict: Verdict) -> Iterator[_Case]:
    """Yield the test case of finite differences; where nothing else is tested, it fails if they show nothing."""
    name, check = "finite differences", verdict.gradients
    if check is not None and not check.passed:
        yield _case(name, "wrong", of_gradients(check))
    elif verdict.outcome == "empty" and not verdict.expected:
        yield _untested(name, verdict, nothing_tested(verdict), fails=True)
    elif reason := verdict.undifferentiable if check is None else check.untold or verdict.all_zero:
        yield _untested(name, verdict, f"not tested: {reason}", fails=False)
    elif check is not None:
        yield _Case(name)


def _untested(name: str, verdict: Verdict, message: str, *, fails: bool) -> _Case:
    if not fails:
        return _Case(name, "skipped", "not tested", message)
    return _Case(name, "failure", verdict.outcome, message, message)


def _case(name: str, kind: str, found: Iterator[Detail]) -> _Case:
    """Return a test case that fails, with its details; their first line is the message."""
    details = list(found)
    message = "".join(next(detail for detail in details if isinstance(detail, Line)))
    return _Case(name, "failure", kind, message, plain(details))


def _text(text: str) -> str:
    """Return a line as text of XML, also inside quotes."""
    return escape(shown(text))
