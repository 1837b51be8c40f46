"""JUnit XML as a strict reader, Jenkins and GitLab take it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop_cli.errors import InputError
from backprop_cli.messages import clean
from backprop_cli.render.checks.junit import suites
from tests.render.checks.junit import outcomes, read
from tests.render.checks.verdicts import HOSTILE, VERDICTS

DIFFERENCES, EXACT = "finite differences", "exact arithmetic"
CASES = {
    "ok": {"z": "passed", DIFFERENCES: "passed", EXACT: "passed"},
    "ok without expected values": {DIFFERENCES: "passed"},
    "ok in part": {"z": "passed", "dinputs": "skipped", "outputs": "skipped", DIFFERENCES: "skipped"},
    "ok at kinks": {"z": "passed", DIFFERENCES: "skipped"},
    "ok without differences": {"z": "passed", DIFFERENCES: "skipped"},
    "ok but inactive": {"z": "passed", DIFFERENCES: "skipped"},
    "ok alone": {"z": "passed"},
    "ok for the problem of others": {"z": "passed", DIFFERENCES: "passed"},
    "wrong": {
        "z": "passed",
        "dweights": "failure",
        "new_weights": "failure",
        "dinputs": "skipped",
        DIFFERENCES: "passed",
    },
    "wrong in a submission": {"dweights": "failure", DIFFERENCES: "passed"},
    "wrong twice": {"dweights": "failure", "dbiases": "failure", DIFFERENCES: "passed"},
    "wrong by following": {"z": "passed", "new_weights": "failure", DIFFERENCES: "passed"},
    "wrong by following twice": {"new_weights": "failure", "dz": "failure", DIFFERENCES: "passed"},
    "wrong as a whole": {"dz": "failure", DIFFERENCES: "passed"},
    "wrong gradients": {"z": "passed", DIFFERENCES: "failure"},
    "wrong at a kink": {DIFFERENCES: "failure"},
    "wrong side": {DIFFERENCES: "passed", EXACT: "failure"},
    "wrong in exact numbers": {DIFFERENCES: "passed", EXACT: "failure"},
    "open": {"dinputs": "failure", DIFFERENCES: "passed"},
    "open and no slope": {"dinputs": "failure", DIFFERENCES: "failure"},
    "empty": {DIFFERENCES: "failure"},
    "empty by undecided values": {"outputs": "failure", DIFFERENCES: "passed"},
    "empty without differences": {DIFFERENCES: "failure"},
    "empty as inactive": {DIFFERENCES: "failure"},
    "error": {"problem": "error"},
    "error elsewhere": {"problem": "error"},
    "error in a submission": {"submission": "error"},
}


@pytest.mark.parametrize("kind", CASES)
def test_each_quantity_and_each_other_check_is_a_test_case(kind: str) -> None:
    verdict = VERDICTS[kind]
    root = read(suites([verdict]))
    found = outcomes(root)
    assert found == CASES[kind]
    # What makes the exit status 1 is a failure, and what makes it 3 an error.
    assert ("failure" in found.values()) == kind.startswith(("wrong", "open", "empty"))
    assert ("error" in found.values()) == kind.startswith("error")
    properties = {each.get("name"): each.get("value") for each in root.iter("property")}
    assert properties["outcome"] == kind.partition(" ")[0] == verdict.outcome
    assert properties.get("problem") == verdict.problem


def test_the_text_of_a_failure_has_the_table() -> None:
    (failure, follows) = read(suites([VERDICTS["wrong"]])).iter("failure")
    assert (failure.get("type"), follows.get("type")) == ("wrong", "follows")
    headline = "dweights is wrong in 5 of 6 entries; the first is dweights[0,0]: yours 2, correct 4"
    assert failure.get("message") == headline
    assert str(failure.text).splitlines()[:8] == [
        headline,
        "likely, as all 6 entries agree: the gradient divided by n_samples = 2: a mean, not a sum; or the sign",
        "                  yours   correct   difference   relative   allowed",
        "─────────────────────────────────────────────────────────────────────",
        "  dweights[0,0]       2         4            2      0.5       1e-07",
        "  dweights[0,1]       2         5            3      0.6       1e-07",
        "> dweights[0,2]       2         6            4      0.667     1e-07",
        "(> the largest difference)",
    ]
    assert follows.text == follows.get("message") == "Right for your dweights: new_weights"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("open", "not tested: 3 open"),
        ("empty by undecided values", "not tested: 1 undecided, 2 hidden by rounding"),
        ("empty", "nothing was tested: every entry is at a kink"),
        ("empty without differences", "nothing was tested: no expected values, and there are no inputs"),
        ("empty as inactive", "nothing was tested: every unit of layers[0] is inactive and every gradient is zero"),
        ("ok at kinks", "not tested: every entry is at a kink"),
        ("ok in part", "not tested: 3 open"),
        ("ok without differences", "not tested: there are no inputs"),
        ("error", "p.json: layers[0]: unknown key 'wieghts'"),
        ("error elsewhere", "golden.csv:3:2: no numbers in it"),
        ("wrong gradients", "12 gradients of 9 not the slope of the loss"),
        ("wrong side", "z[0,0] is 1e-17 in float64 and 0 exactly: on the wrong side of a kink"),
    ],
)
def test_a_message_says_why(kind: str, message: str) -> None:
    root = read(suites([VERDICTS[kind]]))
    found = next(child for case in root.iter("testcase") for child in case)
    assert found.get("message") == message
    if found.tag != "skipped":
        assert str(found.text).startswith(message)


def test_many_problems_have_a_suite_each() -> None:
    every = [replace(verdict, file=f"{k}.json") for k, verdict in enumerate(VERDICTS.values())]
    every = [verdict for verdict in every if len({check.place for check in verdict.expected}) == len(verdict.expected)]
    root = read(suites(every))
    assert [suite.get("name") for suite in root] == [verdict.file for verdict in every]
    assert [bool(int(str(suite.get("failures"))) + int(str(suite.get("errors")))) for suite in root] == [
        not verdict.passed for verdict in every
    ]


def names_stay(name: str) -> None:
    error = InputError(name, file=name, place=name, hint=name)
    for kind in ("ok", "ok in part", "wrong", "open", "error"):
        verdict = replace(VERDICTS[kind], file=name, error=VERDICTS[kind].error and error, problem=name)
        root = read(suites([verdict]))
        shown = str(root[0].get("name"))
        assert shown == clean(name).replace("\ufffe", r"\ufffe").replace("\uffff", r"\uffff")
        assert {case.get("classname") for case in root.iter("testcase")} == {shown}
        for found in root.iter("error"):
            assert len(str(found.text).split("\n")) == 1 + bool(name)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_document_is_well_formed_whatever_a_name_is(name: str) -> None:
    names_stay(name)


@settings(max_examples=40)
@given(st.text())
def test_a_document_is_well_formed_whatever_a_text_is(name: str) -> None:
    names_stay(name)
