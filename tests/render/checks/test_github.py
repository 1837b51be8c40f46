"""Workflow commands as GitHub's runner reads them back."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_cli.checks.verdict import Verdict
from backprop_cli.errors import InputError
from backprop_cli.messages import clean
from backprop_cli.render.checks.github import Location, annotations
from tests.render.checks.runner import Command, command, commands
from tests.render.checks.verdicts import HOSTILE, TAKEN, VERDICTS, WRONG

LOCATION = Location("goldens/p.json", 12)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("::error::a", Command("error", {}, "a")),
        ("  ::error file=a%3Ab,line=3::%25%0A::", Command("error", {"file": "a:b", "line": "3"}, "%\n::")),
        ("::error title=a=b%2C,::%3A%250A", Command("error", {"title": "a=b,"}, "%3A%0A")),
        ("a ::error::b", None),
        ("::unknown::a", None),
        ("::error:a", None),
        ("a ##[ERROR]b%3B", Command("ERROR", {}, "b;")),
        ("##[error", None),
        ("##[unknown]", None),
    ],
)
def test_the_reader_follows_the_rules_of_the_runner(line: str, found: Command | None) -> None:
    assert command(line) == found


def test_an_annotation_has_a_place_a_title_and_the_table() -> None:
    log = annotations([VERDICTS["wrong"]], [LOCATION])
    (found,) = commands(log)
    assert found.name == "error"
    assert found.properties == {"file": "goldens/p.json", "line": "12", "title": "dweights is wrong"}
    assert found.message == (
        "expected values 5 right, 5 wrong, 2 follow, 3 open of 15; finite differences 9 of 9\n"
        "dweights is wrong in 5 of 6 entries; the first is dweights[0,0]: yours 2, correct 4\n"
        "likely, as all 6 entries agree: the gradient divided by n_samples = 2: a mean, not a sum; or the sign\n"
        "                  yours   correct   difference   relative   allowed\n"
        "─────────────────────────────────────────────────────────────────────\n"
        "  dweights[0,0]       2         4            2      0.5       1e-07\n"
        "  dweights[0,1]       2         5            3      0.6       1e-07\n"
        "> dweights[0,2]       2         6            4      0.667     1e-07\n"
        "(> the largest difference)\n"
        "  and 2 more\n"
        "Right for your dweights: new_weights\n"
        "(for numbers of few digits, from a book or worked by hand, use --rounded)"
    )
    assert log.splitlines()[1:] == ["1 problem: 1 failed"]


TITLES = {
    "wrong": "dweights is wrong",
    "wrong in a submission": "dweights is wrong",
    "wrong twice": "dweights and dbiases are wrong",
    "wrong in all": "dweights and 3 more are wrong",
    "wrong by following": "new_weights follows from rounded numbers",
    "wrong by following twice": "new_weights and dz follow from rounded numbers",
    "wrong as a whole": "dz is wrong",
    "wrong gradients": "finite differences do not agree with every gradient",
    "wrong at a kink": "finite differences do not agree with every gradient",
    "wrong side": "exact arithmetic does not agree with the float64 result",
    "wrong in exact numbers": "exact arithmetic does not agree with the float64 result",
    "open": "every expected value is open",
    "open and no slope": "every expected value is open",
    "empty": "nothing was tested",
    "empty by undecided values": "no expected value was tested",
    "empty without differences": "nothing was tested",
    "empty as inactive": "nothing was tested",
    "error": "the problem cannot be checked",
    "error elsewhere": "the problem cannot be checked",
    "error in a submission": "the submission cannot be checked",
}


@pytest.mark.parametrize("kind", VERDICTS)
def test_what_does_not_pass_is_annotated_and_what_passes_is_a_line(kind: str) -> None:
    verdict = VERDICTS[kind]
    log = annotations([verdict], [LOCATION])
    found = commands(log)
    assert [each.properties["title"] for each in found] == ([TITLES[kind]] if kind in TITLES else [])
    assert verdict.passed == (kind not in TITLES) == log.startswith("ok    ")
    assert [each.name for each in found] == (
        [] if verdict.passed else ["error" if kind.startswith(("wrong", "error")) else "warning"]
    )
    assert len(log.splitlines()) == 2
    assert all(each.message.strip() for each in found)


def test_an_error_says_its_reason_and_its_hint() -> None:
    (found,) = commands(annotations([VERDICTS["error"]], [Location("p.json", 3, 7)]))
    assert found.properties | {"title": ""} == {"file": "p.json", "line": "3", "col": "7", "title": ""}
    assert found.message == "p.json: layers[0]: unknown key 'wieghts'\nhint: did you mean 'weights'?"


def test_the_log_tells_of_every_problem() -> None:
    found = [VERDICTS[kind] for kind in ("ok", "wrong", "open", "error", "ok")]
    log = annotations(found, [Location()] * 5)
    assert [line[:4] for line in log.splitlines()] == ["ok  ", "::er", "::wa", "::er", "ok  ", "5 pr"]
    assert log.endswith("\n5 problems: 2 passed, 1 failed, 1 open, 1 could not be checked\n")
    assert all("file" not in each.properties for each in commands(log))


def hostile(name: str) -> list[Command]:
    """Return the commands in the log of verdicts on files of a name, and on submissions for a problem of it."""
    error = InputError(name, file=name, place=name, hint=name)
    every = [VERDICTS[kind] for kind in ("ok", "wrong", "open", "empty", "error")]
    found = [replace(verdict, file=name, error=verdict.error and error) for verdict in every]
    found += [replace(VERDICTS["wrong"], problem=name), replace(VERDICTS["ok"], problem=name)]
    log = annotations(found, [Location(name, 1)] * len(found))
    assert len(log.splitlines()) == len(found) + 1
    assert len(commands(log)) == sum(not verdict.passed for verdict in found)
    return commands(log)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_no_name_is_a_command(name: str) -> None:
    for found in hostile(name):
        assert found.name in ("error", "warning")
        assert [*found.properties] == ["file", "line", "title"]
        assert found.properties["file"] in (clean(name), clean(name).strip())
        assert found.properties["title"] in TITLES.values()


@settings(max_examples=40)
@given(st.text(st.sampled_from(":#[]%,=; ae0AD\n\r\u2028\x85\t"), min_size=1) | st.text(min_size=1))
def test_no_text_is_a_command(name: str) -> None:
    assert {found.name for found in hostile(name)} == {"error", "warning"}


@pytest.mark.parametrize("n", [1, 30, 100])
def test_a_message_is_no_longer_than_github_shows(n: int) -> None:
    checks = tuple(replace(WRONG, place=f"layers[{i}].dweights", explanations=()) for i in range(n))
    (found,) = commands(annotations([Verdict(file="p.json", gradients=TAKEN, expected=checks)], [LOCATION]))
    assert len(found.message) <= 4096
    lines = found.message.splitlines()
    assert lines[1].startswith("layers[0].dweights is wrong in 5 of 6 entries")
    if n > 1:
        n_more = int(lines[-1].removeprefix("(").split()[0])
        assert lines[-1] == f"({n_more} more lines: --format table shows all)"
        assert len(lines) - 1 + n_more == 2 + n * 8


def test_one_long_line_stays_whole() -> None:
    error = InputError("x" * 10_000, file="p.json")
    (found,) = commands(annotations([Verdict(file="p.json", error=error)], [LOCATION]))
    assert len(found.message) == 10_008
