"""The command: verdicts, statuses, formats, and what a check is given to compare with."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import ROOT, Run

SAMPLES = sorted((ROOT / "samples").glob("*.json"))
EXAMPLES = sorted((ROOT / "tests" / "data").glob("*.json"))
DENSE = ROOT / "samples" / "dense_relu.json"
TRAP = ROOT / "tests" / "data" / "trap_float_kink.json"
NO_EXPECTATIONS: list[dict[str, Any]] = [{}, {"expected": {}}]
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
    n = len(SAMPLES) + len(EXAMPLES)
    assert len(SAMPLES) >= 9
    assert len(EXAMPLES) == 7
    assert all(line.startswith("ok ") for line in lines[:n])
    assert lines[n : n + 2] == ["", f"{n} problems: {n} passed"]


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
        "                 expected   value   absolute   relative   allowed\n"
        "─────────────────────────────────────────────────────────────────\n"
        "    dbiases[1]          3       6          3        0.5     6e-07\n"
        "    dbiases[0]          2       4          2        0.5     4e-07\n"
        "  (numbers of few digits, from a book or worked by hand, are held to those with --rounded)\n"
        "  likely, as all 2 entries agree: the gradient divided by n_samples = 2: a mean, not a sum\n"
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


def test_a_network_without_expected_values_is_checked_by_finite_differences(backprop: Run) -> None:
    for expected in NO_EXPECTATIONS:
        problem = {"inputs": [[1]], "layers": [{"weights": [[1]], "biases": [1]}], "upstream": [[1]]} | expected
        Path("network.json").write_text(json.dumps(problem))
        ran = backprop("check", "network.json")
        assert (ran.status, ran.out) == (0, "ok    network.json  finite differences 3 of 3\n")


@pytest.mark.parametrize("only", ["layers[1].dweights", "layers[0].dz,layers[1].dz"])
@pytest.mark.parametrize("target", ["part.json", "part.npz", "part"])
def test_a_part_of_a_result_may_be_expected(backprop: Run, only: str, target: str) -> None:
    backprop("run", ROOT / "samples" / "two_layers.json", "--only", only, "--save", target)
    assert backprop("check", ROOT / "samples" / "two_layers.json", "--expect", target).status == 0


@pytest.mark.parametrize("target", ["empty", "texts", "empty.json"])
def test_nothing_in_what_is_expected_is_no_pass(backprop: Run, target: str) -> None:
    Path("empty").mkdir()
    Path("texts").mkdir()
    Path("texts/readme.txt").write_text("dz")
    Path("empty.json").write_text("{}")
    ran = backprop("check", "right.json", "--expect", target)
    assert (ran.status, ran.err) == (3, f"backprop: {target}: there are no expected values in it\n")


def test_the_problem_may_come_through_a_pipe(process: Any) -> None:
    ran = process("check", "-", "--exact", "--rounded", input=DENSE.read_bytes())
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert process("check", "-", "--expect", "-", input=b"").returncode == 2


def test_goldens_in_float32_are_held_to_what_float32_can_do(backprop: Run) -> None:
    backprop("run", DENSE, "--save", "golden", "--save-format", "npy")
    for path in Path("golden").iterdir():
        np.save(path, np.load(path).astype(np.float32))
    assert backprop("check", DENSE, "--expect", "golden").status == 0
    np.save("golden/dbiases.npy", np.load("golden/dbiases.npy") / 3)
    ran = backprop("check", DENSE, "--expect", "golden")
    assert ran.status == 1
    assert "a mean, not a sum" in ran.out


def test_a_mistake_is_named_in_the_words_of_the_layout(backprop: Run) -> None:
    """In layout out-in, dinputs is dz @ weights; here it was taken with the transpose."""
    problem = {
        "weight_layout": "out-in",
        "inputs": [[1, 2], [3, 4]],
        "weights": [[1, 2], [3, 4]],
        "biases": [0, 0],
        "upstream": [[1, 2], [3, 5]],
        "expected": {"dinputs": [[5, 11], [13, 29]]},
    }
    Path("p.json").write_text(json.dumps(problem))
    assert "dinputs as dz @ weights.T, not dz @ weights (" in backprop("check", "p.json").out


@pytest.mark.parametrize(
    "problem",
    [
        {"upstream": [[1, 2]], "expected": {"dz": [["1e390", 2]]}},
        {"upstream": [[1, 2]], "expected": {"dz": [["0e999999999", 2]]}},
        {"upstream": [["1e-200"]], "inputs": [["1e-200"]], "expected": {"dweights": [[1]]}},
        {"inputs": [[1], [1]], "upstream": [["1e308"], [-1]], "expected": {"dz": [["-1.7e308"], [3]]}},
        {
            "inputs": [["1e-200"]],
            "weights": [[1]],
            "biases": [1],
            "upstream": [["1e-150"]],
            "expected": {"new_weights": [[2]]},
        },
        {"upstream": [["1e-320"]], "expected": {"dz": [[0]]}},
    ],
)
@pytest.mark.parametrize("options", [["--rounded"], ["--exact"], []])
def test_extreme_numbers_are_no_bug(backprop: Run, problem: dict[str, Any], options: list[str]) -> None:
    text = json.dumps(problem | {"activation": "linear"})
    Path("p.json").write_text(re.sub(r'"(-?[\d.]+e-?\d+)"', r"\1", text))
    ran = backprop("check", "p.json", *options)
    assert ran.status in (0, 1, 3)
    assert "Warning" not in ran.err


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
    assert "(binary inputs, weights, biases and learning_rate)" in ran.out


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
