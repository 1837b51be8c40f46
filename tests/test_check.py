"""The command: verdicts, statuses, formats, and what a check is given to compare with."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Run

SAMPLES = sorted((ROOT / "samples").glob("*.json"))
EXAMPLES = sorted((ROOT / "tests" / "data").glob("*.json"))
DENSE = ROOT / "samples" / "dense_relu.json"
TRAP = ROOT / "tests" / "data" / "trap_float_kink.json"
WRONG = {"inputs": [[1, 2], [3, 4]], "weights": [[1, 0], [0, 1]], "biases": [0, 0], "upstream": [[1, 1], [1, 1]]}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, expected in (("right", [4, 6]), ("wrong", [2, 3])):
        problem = WRONG | {"upstream": [[1, 2], [3, 4]], "expected": {"dbiases": expected}}
        Path(f"{name}.json").write_text(json.dumps(problem))
    Path("broken.json").write_text("{")


def test_every_sample_and_example_passes(backprop: Run) -> None:
    ran = backprop("check", *SAMPLES, *EXAMPLES)
    lines = ran.out.splitlines()
    assert (ran.status, ran.err) == (0, "")
    assert lines[-1] == f"{len(SAMPLES) + len(EXAMPLES)} problems: {len(SAMPLES) + len(EXAMPLES)} passed"
    assert all(line.startswith("ok ") for line in lines[:-2])


def test_every_sample_passes_rounded_and_exactly(backprop: Run) -> None:
    assert backprop("check", *SAMPLES, "--rounded", "--exact").status == 0


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (["right.json"], 0),
        (["right.json", "right.json"], 0),
        (["wrong.json"], 1),
        (["right.json", "wrong.json"], 1),
        (["broken.json"], 3),
        (["missing.json", "right.json"], 3),
        (["wrong.json", "broken.json", "right.json"], 3),
        ([], 2),
        (["right.json", "--rtol", "-1"], 2),
        (["right.json", "--eps", "0"], 2),
        (["right.json", "--samples", "0"], 2),
        (["right.json", "right.json", "--expect", "right.json"], 2),
        (["right.json", "--format", "csv"], 2),
    ],
)
def test_statuses(backprop: Run, argv: list[str], status: int) -> None:
    assert backprop("check", *argv).status == status


def test_a_page_of_verdicts(backprop: Run) -> None:
    ran = backprop("check", "right.json", "broken.json", "wrong.json")
    assert ran.err == "backprop: broken.json:1:2: not JSON: expecting property name enclosed in double quotes\n"
    assert ran.out == (
        "ok    right.json   expected values 2 of 2; finite differences 10 of 10\n"
        "error broken.json  not JSON: expecting property name enclosed in double quotes\n"
        "FAIL  wrong.json   expected values 0 of 2; finite differences 10 of 10\n"
        "\n"
        "3 problems: 1 passed, 1 failed, 1 could not be checked\n"
        "\n"
        "wrong.json\n"
        "  dbiases: 2 of 2 expected values wrong\n"
        "  Greatest absolute difference: 3 at dbiases[1], up to 6e-07 allowed\n"
        "  Greatest relative difference: 0.5 at dbiases[0], up to 1e-07 allowed\n"
        "                 expected   value   difference   allowed\n"
        "────────────────────────────────────────────────────────\n"
        "    dbiases[1]          3       6            3     6e-07\n"
        "    dbiases[0]          2       4            2     4e-07\n"
        "  likely: the gradient divided by n_samples = 2: a mean, not a sum (explains all 2 entries)\n"
    )


def test_the_same_as_json(backprop: Run) -> None:
    found = json.loads(backprop("check", "right.json", "broken.json", "wrong.json", "--format", "json").out)
    assert (found["schema"], found["passed"]) == ("backprop.check/1", False)
    right, broken, wrong = found["files"]
    assert (right["file"], right["passed"]) == ("right.json", True)
    assert right["finite_differences"]["checked"] == right["finite_differences"]["entries"] == 10
    assert broken["passed"] is False
    assert broken["error"].startswith("broken.json:1:2: not JSON")
    dbiases = wrong["expected"]["dbiases"]
    assert (dbiases["passed"], dbiases["different"]) == (False, 2)
    assert [(entry["place"], entry["expected"], entry["value"]) for entry in dbiases["listed"]] == [
        ("dbiases[1]", 3, 6),
        ("dbiases[0]", 2, 4),
    ]
    assert dbiases["explanations"] == ["the gradient divided by n_samples = 2: a mean, not a sum"]


@pytest.mark.parametrize("target", ["golden.json", "golden.npz", "golden", "golden_npy"])
@pytest.mark.parametrize("problem", [DENSE, ROOT / "samples" / "two_layers.json"], ids=lambda path: path.stem)
def test_a_saved_result_is_what_is_expected_of_the_same_problem(backprop: Run, problem: Path, target: str) -> None:
    backprop("run", problem, "--save", target, *["--save-format=npy"] * target.endswith("npy"))
    ran = backprop("check", problem, "--expect", target, "--format", "json")
    assert ran.status == 0
    (verdict,) = json.loads(ran.out)["files"]
    assert len(verdict["expected"]) == 8 * len(json.loads(problem.read_text()).get("layers", [0]))


def test_a_result_from_elsewhere_is_expected_in_place_of_the_problems_own(backprop: Run) -> None:
    Path("golden.json").write_text('{"dbiases": [4, 6]}')
    assert backprop("check", "wrong.json", "--expect", "golden.json").status == 0


@pytest.mark.parametrize(
    ("golden", "line"),
    [
        (
            '{"dbias": [1]}',
            "golden.json: expected.dbias: no such quantity is computed\nhint: did you mean 'dbiases'?\n",
        ),
        ('{"dbiases": [1, null]}', "golden.json: expected.dbiases[1]: expected a number, got null\n"),
        ('{"weight_layout": "out-in"}', "golden.json: weight_layout: expected the layout 'in-out', got 'out-in'\n"),
        ("{", "golden.json:1:2: not JSON: expecting property name enclosed in double quotes\n"),
    ],
)
def test_what_is_expected_may_be_malformed(backprop: Run, golden: str, line: str) -> None:
    Path("golden.json").write_text(golden)
    ran = backprop("check", "wrong.json", "--expect", "golden.json")
    assert (ran.status, ran.err) == (3, f"backprop: {line}")


def test_nothing_to_check_is_not_a_pass(backprop: Run) -> None:
    Path("part.json").write_text('{"upstream": [[1]], "activation": "linear"}')
    ran = backprop("check", "part.json")
    assert (ran.status, ran.err) == (
        3,
        "backprop: part.json: there is nothing to check: no expected values, and finite differences need inputs,"
        " the weights and biases of every layer, and upstream\n",
    )


def test_a_network_of_nothing_but_kinks_says_so(backprop: Run) -> None:
    ran = backprop("check", TRAP)
    assert ran.status == 0
    assert "7 at kinks: every entry is at a kink, which shows nothing" in ran.out


def test_exact_arithmetic_finds_the_relu_on_the_wrong_side(backprop: Run) -> None:
    ran = backprop("check", TRAP, "--exact")
    assert ran.status == 1
    assert (
        "  layers[0].z[0,0] is 5.551115123125783e-17 in float64 and 0 exactly: its ReLU is on the wrong side\n"
    ) in ran.out


def test_rounded_numbers_need_digits(backprop: Run) -> None:
    backprop("run", DENSE, "--save", "golden.npz")
    ran = backprop("check", DENSE, "--expect", "golden.npz", "--rounded")
    assert ran.status == 3
    assert ran.err.endswith("expected.z: rounded values have to be written as text, not in binary\n")


def test_the_exact_proof_says_what_was_binary(backprop: Run) -> None:
    backprop("run", DENSE, "--next", "next.npz")
    ran = backprop("check", "next.npz", "--exact")
    assert ran.status == 0
    assert "(binary inputs, weights and biases)" in ran.out


def test_run_prints_exact_decimals(backprop: Run) -> None:
    sample = ROOT / "samples" / "dinputs_one_sample.json"
    page = backprop("run", sample, "--exact", "--only", "dinputs")
    assert page.out.splitlines()[-1].split()[2:] == ["0.44", "-0.38", "-0.07", "1.37"]
    found: Any = json.loads(backprop("run", sample, "--exact", "--format", "json").out, parse_float=str)
    assert found["exact"] is True
    assert found["dinputs"] == [["0.44", "-0.38", "-0.07", "1.37"]]
    assert backprop("run", sample, "--exact", "--save", "out.npz").status == 2


def test_exact_runs_chain(backprop: Run) -> None:
    """Each step takes 0.1 * 0.3 * 0.1 = 0.003 off, which float64 would get wrong from the second on."""
    Path("p.json").write_text(
        '{"inputs": [0.3], "weights": [0.5], "activation": "linear", "upstream": 0.1, "learning_rate": 0.1}'
    )
    for literal in ("0.497", "0.494", "0.491", "0.488"):
        ran = backprop("run", "p.json", "--next", "p.json", "--exact", "--format", "csv", "--only", "new_weights")
        assert ran.out == f"{literal}\n"
