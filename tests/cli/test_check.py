"""The command: verdicts, statuses, formats, and what a check is given to compare with."""

import io
import json
import os
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
        (["right.json", "--samples", "none"], 2),
        (["right.json", "--samples", "all"], 0),
        (["right.json", "right.json", "--expect", "right.json"], 2),
        (["right.json", "--format", "csv"], 0),
        (["wrong.json", "right.json", "--format", "csv"], 1),
        (["broken.json", "right.json", "--format", "csv"], 3),
        (["right.json", "--marks", "strict"], 2),
        (["right.json", "--format", "json", "--marks", "follow"], 2),
        (["right.json", "--format", "csv", "--marks", "strict"], 0),
        (["right.json", "--format", "csv", "--marks", "half"], 2),
    ],
)
def test_statuses(backprop: Run, argv: list[str], status: int) -> None:
    assert backprop("check", *argv).status == status


def test_a_page_of_verdicts(backprop: Run) -> None:
    ran = backprop("check", "right.json", "broken.json", "wrong.json")
    assert ran.err == "backprop: broken.json:1:2: not JSON: the text ends before its last bracket is closed\n"
    assert ran.out == (
        "ok    right.json   expected values 2 of 2 (to the last bit); finite differences 10 of 10\n"
        "error broken.json  not JSON: the text ends before its last bracket is closed\n"
        "FAIL  wrong.json   expected values 0 of 2; finite differences 10 of 10\n"
        "\n"
        "3 problems: 1 passed, 1 failed, 1 could not be checked\n"
        "\n"
        "wrong.json\n"
        "  dbiases is wrong in all 2 entries; the first is dbiases[0]: yours 2, correct 4\n"
        "  likely, as all 2 entries agree: the gradient divided by n_samples = 2: a mean, not a sum\n"
        "                 yours   correct   difference   relative   allowed\n"
        "──────────────────────────────────────────────────────────────────\n"
        "    dbiases[0]       2         4            2        0.5     4e-07\n"
        "  > dbiases[1]       3         6            3        0.5     6e-07\n"
        "  (> the largest difference)\n"
        "  (for numbers of few digits, from a book or worked by hand, use --rounded)\n"
    )


def test_the_same_as_json(backprop: Run) -> None:
    found = json.loads(backprop("check", "right.json", "broken.json", "wrong.json", "--format", "json").out)
    assert (found["schema"], found["passed"]) == ("backprop.check/1", False)
    assert [*found] == ["schema", "passed", "files"]
    right, broken, wrong = found["files"]
    assert [*right] == [*wrong] == ["file", "passed", "outcome", "finite_differences", "expected"]
    assert [*broken] == ["file", "passed", "outcome", "error", "hint"]
    assert [*right["finite_differences"]][:4] == ["passed", "told", "entries", "checked"]
    assert [*wrong["expected"]["dbiases"]][:4] == ["passed", "verdict", "place", "entries"]
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


@pytest.mark.parametrize("target", ["golden.json", "golden.npz", "golden.safetensors", "golden", "golden_npy"])
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
@pytest.mark.parametrize("target", ["part.json", "part.npz", "part.safetensors", "part"])
def test_a_part_of_a_result_may_be_expected(backprop: Run, only: str, target: str) -> None:
    backprop("run", ROOT / "samples" / "two_layers.json", "--only", only, "--save", target)
    assert backprop("check", ROOT / "samples" / "two_layers.json", "--expect", target).status == 0


@pytest.mark.parametrize("target", ["empty", "hidden", "empty.json"])
def test_nothing_in_what_is_expected_is_no_pass(backprop: Run, target: str) -> None:
    Path("empty").mkdir()
    Path("hidden").mkdir()
    Path("hidden/.dz.csv").write_text("1")
    Path("empty.json").write_text("{}")
    ran = backprop("check", "right.json", "--expect", target)
    assert (ran.status, ran.err) == (3, f"backprop: {target}: there are no expected values in it\n")


def test_the_problem_may_come_through_a_pipe(process: Any) -> None:
    ran = process("check", "-", "--exact", "--rounded", input=DENSE.read_bytes())
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert process("check", "-", "--expect", "-", input=b"").returncode == 2


def test_goldens_in_float32_are_compared_with_the_precision_of_float32(backprop: Run) -> None:
    backprop("run", DENSE, "--save", "golden", "--save-format", "npy")
    for path in Path("golden").iterdir():
        np.save(path, np.load(path).astype(np.float32))
    assert backprop("check", DENSE, "--expect", "golden").status == 0
    np.save("golden/dbiases.npy", np.load("golden/dbiases.npy") / 3)
    ran = backprop("check", DENSE, "--expect", "golden")
    assert ran.status == 1
    assert "a mean over the n_samples = 3 in dbiases alone" in ran.out


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
            "golden.json: expected.dbias: no such quantity is computed\nhint: give dbias as dbiases\n",
        ),
        ('{"dbiases": [1, true]}', "golden.json: expected.dbiases[1]: expected a number, got true\n"),
        ('{"dz": [[1, 2], null]}', "golden.json: expected.dz[1]: expected a row, got null\n"),
        ('{"dz": [[1, 2], NaN]}', "golden.json: expected.dz[1]: expected a row, got NaN\n"),
        ('{"dz": [[1, [null]]]}', "golden.json: expected.dz[0][1]: expected a number, got a list\n"),
        ('{"dz": [null, [1, 2]]}', "golden.json: expected.dz[1]: expected a number, got a list\n"),
        ('{"dz": [[null, 2], [3]]}', "golden.json: expected.dz[1]: expected 2 values, got 1\n"),
        (
            '{"weight_layout": "out-in"}',
            "golden.json: weight_layout: expected the problem's 'in-out', got 'out-in'\n",
        ),
        ("{", "golden.json:1:2: not JSON: the text ends before its last bracket is closed\n"),
    ],
)
def test_what_is_expected_may_be_malformed(backprop: Run, golden: str, line: str) -> None:
    Path("golden.json").write_text(golden)
    ran = backprop("check", "wrong.json", "--expect", "golden.json")
    assert (ran.status, ran.err) == (3, f"backprop: {line}")


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        ({"dz": [[1]]}, "expected.dz: expected layers here, as the problem has them\n"),
        ({"layers": {}}, "expected.layers: expected a list of at most 2 layers\n"),
        ({"layers": [{}, {}, {}]}, "expected.layers: expected a list of at most 2 layers\n"),
        ({"layers": [{}, 1]}, "expected.layers[1]: expected an object, got 1\n"),
        (
            {"layers": [{}, {"dw": 1}]},
            "expected.layers[1].dw: no such quantity is computed\nhint: give dw as dweights\n",
        ),
        ({"layers": [{}, {"dz": [False]}]}, "expected.layers[1].dz[0]: expected a number, got false\n"),
    ],
)
def test_what_is_expected_of_a_network_may_be_malformed(backprop: Run, expected: Any, line: str) -> None:
    layer = {"weights": [[1]], "biases": [1]}
    network = {"inputs": [[1]], "layers": [layer, layer], "upstream": [[1]], "expected": expected}
    Path("network.json").write_text(json.dumps(network))
    ran = backprop("check", "network.json")
    assert (ran.status, ran.err) == (3, f"backprop: network.json: {line}")


def test_a_folder_of_expected_values_may_be_unreadable(backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    Path("golden").mkdir()
    monkeypatch.setattr(os, "listdir", refuse)
    ran = backprop("check", "wrong.json", "--expect", "golden")
    assert (ran.status, ran.err) == (3, "backprop: golden: cannot read: permission denied\n")


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("dz.csv", "1,x\n", "golden/dz.csv:1:2: expected a number, got 'x'\n"),
        ("dz.json", "[[1, 2", "golden/dz.json:1:7: not JSON: the text ends before its last bracket is closed\n"),
        ("dx.csv", "1\n", "golden: expected.dx: no such quantity is computed\nhint: give dx as dinputs\n"),
        (
            "layers.1.dz.csv",
            "1\n",
            "golden: expected.layers: the problem has a single layer (expected its quantities here)\n",
        ),
        (
            "dz.txt",
            "1\n",
            "golden: there are no expected values in it (passed over dz.txt)\nhint: a table of spaces becomes a .csv"
            " with awk -v OFS=, '{$1=$1} 1', or np.savetxt with delimiter=\",\"\n",
        ),
        ("layers.x.dz.csv", "1\n", "golden: expected layers.0, got layers.x\n"),
        ("layers.999999.dz.csv", "1\n", "golden: expected layers.0, got layers.999999\n"),
    ],
)
def test_a_folder_of_expected_values_may_be_malformed(backprop: Run, name: str, text: str, line: str) -> None:
    Path("golden").mkdir()
    (Path("golden") / name).write_text(text)
    ran = backprop("check", "wrong.json", "--expect", "golden")
    assert (ran.status, ran.err) == (3, f"backprop: {line}")


@pytest.mark.parametrize("as_folder", [True, False], ids=["folder", "file"])
def test_rounded_values_may_come_from_elsewhere(backprop: Run, as_folder: bool) -> None:
    """z is 1.25 + 2.5 = 3.75, half way between 3.7 and 3.8; 3.80 is wrong in its last digit."""
    problem = {"inputs": [[1.25, 2.5]], "weights": [[1], [1]], "biases": [0]}
    Path("p.json").write_text(json.dumps(problem | {"activation": "linear"}))
    Path("golden").mkdir()
    for written, status in (("3.8", 0), ("3.75", 0), ("3.7", 0), ("3.6", 1), ("3.80", 1)):
        Path("golden/z.csv").write_text(f"{written}\n")
        Path("golden.json").write_text(f'{{"z": [[{written}]]}}')
        ran = backprop("check", "p.json", "--rounded", "--expect", "golden" if as_folder else "golden.json")
        assert (ran.status, ran.err) == (status, "")


def test_an_error_in_the_problem_is_not_put_down_to_what_is_expected(backprop: Run) -> None:
    """What is wrong in the problem is not put down to --expect, nor the other way round."""
    Path("golden.json").write_text('{"dbiases": [4, 6]}')
    assert backprop("check", "broken.json", "--expect", "golden.json").err.startswith("backprop: broken.json:1:2: ")
    Path("golden.json").write_text('{"dbiases": [4, true]}')
    assert backprop("check", "right.json", "--expect", "golden.json").err == (
        "backprop: golden.json: expected.dbiases[1]: expected a number, got true\n"
    )
    Path("bad.json").write_text('{"inputs": [[true]], "expected": {"dz": 1}}')
    assert backprop("check", "bad.json", "--expect", "golden.json").err.startswith("backprop: bad.json: inputs[0][0]: ")


def test_expect_is_for_one_problem(backprop: Run) -> None:
    ran = backprop("check", "right.json", "wrong.json", "--expect", "right.json")
    assert (ran.status, ran.out, ran.err) == (2, "", "backprop: --expect is for one problem\n")


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("nope.npz", "nope.npz: cannot read: no such file or directory"),
        ("nope", "nope: cannot read: no such file or directory"),
        ("golden", "golden/dz.csv:2:2: expected a number, got 'x'"),
        ("dz.json", "dz.json: expected.dz: expected numbers, got 'x'"),
    ],
)
def test_an_error_in_what_is_expected_names_its_file_once_and_not_the_problem(
    backprop: Run, target: str, line: str
) -> None:
    Path("golden").mkdir()
    Path("golden/dz.csv").write_text("1,2\n1,x\n")
    Path("dz.json").write_text('{"dz": "x"}')
    ran = backprop("check", "right.json", "--expect", target)
    assert ran.status == 3
    assert ran.out == "error right.json  not checked: its expected values cannot be used\n"
    assert ran.err == f"backprop: {line}\n"
    (verdict,) = json.loads(backprop("check", "right.json", "--expect", target, "--format", "json").out)["files"]
    assert (verdict["file"], verdict["passed"], verdict["outcome"]) == ("right.json", False, "error")
    assert verdict["error"] == line


def test_colour_where_it_is_asked_for(backprop: Run) -> None:
    assert "\x1b[38;5;28mok" in backprop("check", "right.json", "--color", "always").out
    assert "\x1b" not in backprop("check", "right.json", "--color", "never").out


NEEDED = "finite differences need inputs, the weights of every layer, and upstream"
AT_KINKS = {"inputs": [[1, -1]], "weights": [[1], [1]], "biases": [0], "upstream": [[1]]}
INACTIVE = {"inputs": [[1, 2], [3, 4]], "weights": [[-1], [-1]], "biases": [0], "upstream": [[1], [2]]}
SECOND_INACTIVE = {
    "inputs": [[1]],
    "layers": [{"weights": [[1]], "biases": [1]}, {"weights": [[-1]], "biases": [0]}],
    "upstream": [[1]],
}


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        ({"upstream": [[1]], "activation": "linear"}, f"no expected values, and {NEEDED}"),
        ({"upstream": [[1]], "activation": "linear", "expected": {}}, f"no expected values, and {NEEDED}"),
        (AT_KINKS, "every entry is at a kink"),
        (INACTIVE, "every unit is inactive and every gradient is zero"),
        (SECOND_INACTIVE, "every unit of layers[1] is inactive and every gradient is zero"),
    ],
)
def test_a_check_that_tested_nothing_is_not_a_pass(backprop: Run, problem: dict[str, Any], reason: str) -> None:
    Path("p.json").write_text(json.dumps(problem))
    ran = backprop("check", "p.json")
    first = ran.out.splitlines()[0]
    assert (ran.status, ran.err) == (1, "")
    assert first.startswith("EMPTY p.json  ")
    assert first.endswith(f"nothing was tested: {reason}")
    (verdict,) = json.loads(backprop("check", "p.json", "--format", "json").out)["files"]
    assert (verdict["passed"], verdict["outcome"], verdict["nothing_tested"]) == (False, "empty", reason)
    page = backprop("check", "right.json", "p.json")
    assert page.status == 1
    assert "\n2 problems: 1 passed, 1 tested nothing\n" in page.out


@pytest.mark.parametrize("problem", [AT_KINKS, INACTIVE])
def test_right_expected_values_count_where_differences_show_nothing(backprop: Run, problem: dict[str, Any]) -> None:
    Path("p.json").write_text(json.dumps(problem | {"expected": {"dbiases": [0]}}))
    assert backprop("check", "p.json").status == 0
    Path("p.json").write_text(json.dumps(problem | {"expected": {"dbiases": [1]}}))
    assert backprop("check", "p.json").status == 1


def test_that_every_unit_is_inactive_is_said_of_a_pass_too(backprop: Run) -> None:
    Path("p.json").write_text(json.dumps(INACTIVE | {"expected": {"dbiases": [0]}}))
    assert backprop("check", "p.json").out == (
        "ok    p.json  expected values 1 of 1 (to the last bit); finite differences 7 of 7; "
        "every unit is inactive and every gradient is zero\n"
    )
    (verdict,) = json.loads(backprop("check", "p.json", "--format", "json").out)["files"]
    assert (verdict["passed"], verdict["all_inactive"]) == (True, True)
    some_active = INACTIVE | {"weights": [[-1], [1]], "expected": {"z": [[1], [1]]}}
    Path("p.json").write_text(json.dumps(some_active))
    assert "inactive" not in backprop("check", "p.json").out
    layers = [{"weights": [[-1]], "biases": [0]}, {"weights": [[1]], "biases": [1], "activation": "linear"}]
    Path("p.json").write_text(json.dumps({"inputs": [[1]], "layers": layers, "upstream": [[1]]}))
    assert backprop("check", "p.json").out == "ok    p.json  finite differences 5 of 5\n"
    Path("p.json").write_text(json.dumps(INACTIVE | {"activation": "linear", "upstream": [[0], [0]]}))
    ran = backprop("check", "p.json")
    assert (ran.status, ran.out) == (0, "ok    p.json  finite differences 7 of 7\n")


NOT_FINITE = {
    "NaN": "nan",
    "Infinity": "inf",
    "-Infinity": "-inf",
    "1e400": "inf",
    "-1e400": "-inf",
    "1e999999999": "inf",
    f"1{'0' * 400}": "inf",
}


@pytest.mark.parametrize("options", [[], ["--rounded"], ["--exact"]])
@pytest.mark.parametrize("literal", NOT_FINITE, ids=lambda literal: literal[:12])
def test_nan_and_infinity_are_wrong_values_with_their_places(backprop: Run, literal: str, options: list[str]) -> None:
    golden = f'{{"dbiases": [4, {literal}], "dweights": [[10, {literal}], [14, 20]], "z": [[1, 2], [3, 4]]}}'
    Path("golden.json").write_text(golden)
    problem = Path("right.json").read_text()
    Path("p.json").write_text(problem[: problem.index('"expected"')] + f'"expected": {golden}}}')
    for argv in (["right.json", "--expect", "golden.json"], ["p.json"]):
        ran = backprop("check", *argv, *options)
        assert (ran.status, ran.err) == (1, "")
        for place, correct in (("dbiases[1]", 6), ("dweights[0,1]", 14)):
            line = f"  {place} is wrong: yours {NOT_FINITE[literal]}, correct {correct} (not a finite number)"
            assert line in ran.out
        assert "--rounded" not in ran.out
        (verdict,) = json.loads(backprop("check", *argv, *options, "--format", "json").out)["files"]
        (listed,) = verdict["expected"]["dbiases"]["listed"]
        assert (listed["place"], listed["expected"], listed["value"]) == ("dbiases[1]", NOT_FINITE[literal], 6)
        assert (listed["absolute"], listed["relative"]) == ("inf", "inf")


@pytest.mark.parametrize("options", [[], ["--rounded"], ["--exact"], ["--atol", "1e308", "--rtol", "1e308"]])
def test_nan_and_infinity_are_wrong_beside_zeros_and_within_any_tolerance(backprop: Run, options: list[str]) -> None:
    problem = WRONG | {"upstream": [[1e300, 0], [1e300, 0]], "expected": "EXPECTED"}
    golden = '{"dz": [[1e300, NaN], [Infinity, -1e999]]}'
    Path("p.json").write_text(json.dumps(problem).replace('"EXPECTED"', golden))
    ran = backprop("check", "p.json", *options, "--format", "json")
    (verdict,) = json.loads(ran.out)["files"]
    assert (ran.status, verdict["expected"]["dz"]["different"]) == (1, 3)


def test_values_that_are_not_finite_are_listed_first(backprop: Run) -> None:
    problem = WRONG | {"inputs": [[1] * 20], "weights": [[1]] * 20, "biases": [0], "upstream": [[1]]}
    wrong = [[float(k)] for k in range(1, 20)]
    for literal in ("NaN", "Infinity"):
        golden = json.dumps({"dweights": [*wrong, ["LITERAL"]]}).replace('"LITERAL"', literal)
        Path("p.json").write_text(json.dumps(problem))
        Path("golden.json").write_text(golden)
        page = backprop("check", "p.json", "--expect", "golden.json").out
        assert re.findall(r"^  ([> ]) (dweights\S+) ", page, re.MULTILINE)[-2:] == [
            (" ", "dweights[18,0]"),
            (">", "dweights[19,0]"),
        ]
        assert "and 9 more" in page


@pytest.mark.parametrize("target", ["golden", "golden.npz", "npy"])
def test_nan_and_infinity_are_wrong_in_files_of_matrices_too(backprop: Run, target: str) -> None:
    values = np.array([[np.nan, 14], [np.inf, -np.inf]])
    Path("golden").mkdir()
    Path("npy").mkdir()
    Path("golden/dweights.csv").write_text("nan,14\n+Infinity,-INF\n")
    np.save("npy/dweights.npy", values.astype(">f4"))
    np.savez("golden.npz", dweights=values)
    ran = backprop("check", "right.json", "--expect", target, "--format", "json")
    assert ran.status == 1
    (verdict,) = json.loads(ran.out)["files"]
    dweights = verdict["expected"]["dweights"]
    assert (dweights["entries"], dweights["different"]) == (4, 3)
    assert {entry["place"]: entry["expected"] for entry in dweights["listed"]} == {
        "dweights[0,0]": "nan",
        "dweights[1,0]": "inf",
        "dweights[1,1]": "-inf",
    }


@pytest.mark.parametrize("options", [[], ["--rounded"]])
@pytest.mark.parametrize("cell", ["nan", "NaN", "-nan", "inf", "Infinity", "-inf", "1e400", "-1e999999999", "9" * 400])
def test_a_first_line_that_is_not_finite_is_a_row(backprop: Run, cell: str, options: list[str]) -> None:
    Path("golden").mkdir()
    for row in (f"{cell},{cell}", f"{cell},14", f"10,{cell}"):
        Path("golden/dweights.csv").write_text(f"{row}\n14,20\n")
        ran = backprop("check", "right.json", "--expect", "golden", *options)
        assert (ran.status, ran.err) == (1, "")
        assert f"expected values {4 - row.count(cell)} of 4;" in ran.out


@pytest.mark.parametrize("text", ["1e-1001,2\n", f"0.{'1' * 20_000},2\n", "nano,2\n", "NA,2\n"])
def test_other_cells_are_refused_in_what_is_expected_too(backprop: Run, text: str) -> None:
    Path("golden").mkdir()
    Path("golden/dweights.csv").write_text(f"1,2\n{text}")
    ran = backprop("check", "right.json", "--expect", "golden", "--rounded")
    assert ran.status == 3
    assert ran.err.startswith("backprop: golden/dweights.csv:2:1: ")


def test_a_number_too_small_for_exact_arithmetic_is_refused_in_what_is_expected_too(backprop: Run) -> None:
    Path("golden.json").write_text('{"dbiases": [4, 1e-1001]}')
    ran = backprop("check", "right.json", "--expect", "golden.json", "--rounded")
    reason = "expected.dbiases[1]: expected a number, got 1e-1001, which is out of the range of exact arithmetic"
    assert (ran.status, ran.err) == (3, f"backprop: golden.json: {reason}\n")


def test_the_values_of_a_problem_have_to_be_finite_as_before(backprop: Run) -> None:
    Path("inputs.csv").write_text("nan,1\n1,1\n")
    ran = backprop("run", "right.json", "--inputs", "inputs.csv")
    assert (ran.status, ran.err) == (3, "backprop: inputs.csv:1:1: expected a finite number, got 'nan'\n")
    for literal, words in (("NaN", "NaN"), ("1e400", "1e400, which is out of the range of float64")):
        Path("p.json").write_text(f'{{"upstream": [[{literal}]], "expected": {{"dz": [[{literal}]]}}}}')
        ran = backprop("check", "p.json")
        assert (ran.status, ran.err) == (3, f"backprop: p.json: upstream[0][0]: expected a number, got {words}\n")


@pytest.mark.parametrize(
    ("expected", "line", "status"),
    [
        ({"dbiases": [4, None]}, "ok    p.json  expected values 1 right, 0 wrong, 1 open of 2", 0),
        ({"dbiases": [5, None]}, "FAIL  p.json  expected values 0 right, 1 wrong, 1 open of 2", 1),
        ({"dbiases": [4, 6], "dweights": None}, "ok    p.json  expected values 2 right, 0 wrong, 4 open of 6", 0),
        ({"dbiases": [[4], [None]]}, "ok    p.json  expected values 1 right, 0 wrong, 1 open of 2", 0),
        ({"dz": [[None, 2], [3, None]]}, "ok    p.json  expected values 2 right, 0 wrong, 2 open of 4", 0),
        ({"dbiases": [None, None]}, "OPEN  p.json  expected values 0 right, 0 wrong, 2 open of 2", 1),
        ({"dweights": None, "z": None}, "OPEN  p.json  expected values 0 right, 0 wrong, 8 open of 8", 1),
        ({"dbiases": [4, 6, None]}, "FAIL  p.json  expected values 0 right, 2 wrong, 1 open of 3", 1),
    ],
)
@pytest.mark.parametrize("options", [[], ["--rounded"], ["--exact"], ["--expect", "golden.json"]])
def test_open_entries_are_counted_and_never_right_or_wrong(
    backprop: Run, expected: dict[str, Any], line: str, status: int, options: list[str]
) -> None:
    problem = json.loads(Path("right.json").read_text())
    own = {"dbiases": [0, 0]} if "--expect" in options else expected
    Path("p.json").write_text(json.dumps(problem | {"expected": own}))
    Path("golden.json").write_text(json.dumps(expected))
    ran = backprop("check", "p.json", *options)
    assert (ran.status, ran.err) == (status, "")
    assert ran.out.splitlines()[0].startswith(f"{line}; finite differences 10 of 10")
    (verdict,) = json.loads(backprop("check", "p.json", *options, "--format", "json").out)["files"]
    assert (verdict["passed"], verdict["outcome"]) == (
        status == 0,
        {"ok": "ok", "FAIL": "wrong", "OPEN": "open"}[line.split()[0]],
    )
    open_entries = [quantity["open"] for quantity in verdict["expected"].values()]
    assert sum(open_entries) == int(line.split(" open")[0].split()[-1])


def test_open_problems_are_counted_in_the_summary(backprop: Run) -> None:
    Path("p.json").write_text(json.dumps(WRONG | {"expected": {"dz": None}}))
    assert "\n2 problems: 1 passed, 1 open\n" in backprop("check", "right.json", "p.json").out


def test_what_cannot_be_computed_may_be_open(backprop: Run) -> None:
    part = {"upstream": [[1, 2]], "activation": "linear"}
    Path("p.json").write_text(json.dumps(part | {"expected": {"dz": [[1, 2]], "dweights": None}}))
    ran = backprop("check", "p.json")
    assert (ran.status, ran.out) == (
        0,
        "ok    p.json  expected values 2 right, 0 wrong, 1 open of 3; no finite differences\n",
    )
    Path("p.json").write_text(json.dumps(part | {"expected": {"dz": [[1, 2]], "dweights": [[1, None]]}}))
    ran = backprop("check", "p.json")
    assert ran.status == 1
    assert ran.out.startswith("FAIL  p.json  expected values 2 right, 1 wrong, 1 open of 4; ")


def test_a_mistake_is_named_from_the_entries_that_are_told(backprop: Run) -> None:
    problem = json.loads(Path("right.json").read_text())
    for expected, reason in (
        ({"dweights": [[5, None], [7, None]]}, "as all 2 entries agree: the gradient divided by n_samples = 2"),
        ({"new_weights": [[0.5, None], [-0.4, None]]}, "entries agree: a step with the learning rate 0.1, not 0.001"),
    ):
        old = {"weights": [[1.5, 7], [1, 7]]}
        Path("p.json").write_text(json.dumps(problem | old | {"expected": expected}))
        ran = backprop("check", "p.json")
        assert ran.status == 1
        assert reason in ran.out


def test_exact_arithmetic_is_a_test(backprop: Run) -> None:
    Path("part.json").write_text('{"upstream": [[1]], "activation": "linear"}')
    assert backprop("check", "part.json", "--exact").status == 0


def test_a_network_of_nothing_but_kinks_says_so(backprop: Run) -> None:
    ran = backprop("check", TRAP)
    assert ran.status == 0
    assert "7 at kinks: every entry is at a kink, which shows nothing" in ran.out


def test_exact_arithmetic_finds_the_pre_activation_on_the_wrong_side(backprop: Run) -> None:
    ran = backprop("check", TRAP, "--exact")
    assert ran.status == 1
    assert (
        "  layers[0].z[0,0] is 5.551115123125783e-17 in float64 and 0 exactly: on the wrong side of a kink\n"
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
    for ending in ("npz", "safetensors"):
        assert backprop("run", sample, "--exact", "--save", f"out.{ending}").status == 2


def test_exact_runs_chain(backprop: Run) -> None:
    """Each step takes 0.1 * 0.3 * 0.1 = 0.003 off, which float64 would get wrong from the second on."""
    Path("p.json").write_text(
        '{"inputs": [0.3], "weights": [0.5], "activation": "linear", "upstream": 0.1, "learning_rate": 0.1}'
    )
    for literal in ("0.497", "0.494", "0.491", "0.488"):
        ran = backprop("run", "p.json", "--next", "p.json", "--exact", "--format", "csv", "--only", "new_weights")
        assert ran.out == f"{literal}\n"


def test_differences_that_cannot_be_taken_say_why(backprop: Run) -> None:
    Path("part.json").write_text('{"upstream": [[1]], "activation": "linear", "expected": {"dz": [[1]]}}')
    (verdict,) = json.loads(backprop("check", "part.json", "--format", "json").out)["files"]
    assert verdict["passed"] is True
    assert verdict["finite_differences"] == {
        "not_taken": "finite differences need inputs, the weights of every layer, and upstream"
    }


@pytest.mark.parametrize("path", ["p.csv", "p.txt"])
def test_a_problem_of_an_unknown_type_is_named(backprop: Run, path: str) -> None:
    ran = backprop("check", path)
    assert ran.err.startswith(
        f"backprop: {path}: unknown file type '{path[1:]}' (expected .json, .npz or .safetensors)\n"
    )


def test_what_is_computed_from_a_pipe_is_read_once(backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the exact proof the same bytes are read as decimals."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(DENSE.read_bytes())))
    ran = backprop("check", "-", "--exact", "--rounded")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("ok    <stdin>  ")


def test_no_step_at_all_is_named(backprop: Run) -> None:
    """The new parameters are the old ones, as if the learning rate were 0, and not as if units were inactive."""
    old = {"weights": [[1.25, 0.75], [0.5, -1.5]], "activation": "linear"}
    problem = WRONG | old | {"expected": {"new_weights": [[1.25, 0.75], [0.5, -1.5]]}}
    Path("p.json").write_text(json.dumps(problem))
    ran = backprop("check", "p.json")
    assert ran.status == 1
    assert "a step with the learning rate 0, not 0.001" in ran.out


def test_a_result_in_float32_is_compared_with_the_precision_of_float32(backprop: Run) -> None:
    sample = ROOT / "samples" / "two_layers.json"
    Path("r.json").write_text(backprop("run", sample, "--dtype", "float32", "--format", "json").out)
    assert '"dtype": "float32"' in Path("r.json").read_text()
    assert backprop("check", sample, "--expect", "r.json").status == 0
    Path("r.json").write_text(Path("r.json").read_text().replace('"dtype": "float32"', '"dtype": "float64"'))
    assert backprop("check", sample, "--expect", "r.json").status in (0, 1)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ([], 1),
        (["--rtol", "1e-3"], 0),
        (["--atol", "1e-3"], 1),  # at 1e-3 of 7.5, the other tolerance is 0
        (["--atol", "0.01"], 0),
        (["--fd-rtol", "1"], 1),  # the tolerance of finite differences is another one
    ],
)
def test_a_given_tolerance_is_for_expected_values_alone(backprop: Run, options: list[str], status: int) -> None:
    Path("p.json").write_text('{"inputs": [[2.5]], "weights": [[3]], "biases": [0], "expected": {"z": [[7.505]]}}')
    assert backprop("check", "p.json", *options).status == status


def test_a_tolerance_of_expected_values_is_not_one_of_finite_differences(backprop: Run) -> None:
    problem = {"inputs": [[1e-3]], "weights": [[1]], "biases": [0], "upstream": "ones"}
    Path("p.json").write_text(json.dumps(problem))
    strict = backprop("check", "p.json", "--rtol", "0", "--atol", "0", "--format", "json")
    assert (strict.status, json.loads(strict.out)["files"][0]["finite_differences"]["passed"]) == (0, True)


def test_a_given_tolerance_allows_nothing_else(backprop: Run) -> None:
    """0.1 + 0.2 is not 0.3 in float64, and rounding explains it."""
    problem = {"inputs": [[0.1, 0.2]], "weights": [[1], [1]], "biases": [0], "expected": {"z": [[0.3]]}}
    Path("p.json").write_text(json.dumps(problem))
    assert backprop("check", "p.json").status == 0
    assert backprop("check", "p.json", "--rtol", "0").status == 1


@pytest.mark.parametrize(
    ("stored", "expected", "status"),
    [
        ("float64", 0.333251953125, 1),
        ("float32", 0.333251953125, 1),
        ("float32", 0.3333333432674408, 0),
        ("float32", 0.33333334, 0),  # as float32 numbers are printed
        ("float16", 0.333251953125, 0),
        ("float16", 0.33325, 0),
        ("float16", 0.3340, 1),
        ("bfloat16", 0.333984375, 0),
        ("bfloat16", 0.328125, 1),
    ],
)
def test_values_are_held_to_the_type_that_they_were_stored_in(
    backprop: Run, stored: str, expected: float, status: int
) -> None:
    """1/3 in float16 is 0.333251953125, in bfloat16 0.333984375, in float32 0.3333333432674408."""
    third = {"inputs": [[1 / 3]], "weights": [[1]], "biases": [0], "expected": {"outputs": [[expected]]}}
    Path("p.json").write_text(json.dumps(third))
    assert backprop("check", "p.json", "--stored", stored).status == status


@pytest.mark.parametrize(
    ("kind", "stored", "status"),
    [
        (np.float16, "float32", 2),
        (np.float16, "bfloat16", 2),
        (np.float32, "float64", 2),
        (np.float32, "float16", 0),
        (np.float32, "bfloat16", 0),
        (np.float16, "float16", 0),
    ],
)
def test_a_narrower_array_cannot_have_been_stored_in_a_wider_type(
    backprop: Run, kind: type, stored: str, status: int
) -> None:
    np.savez("e.npz", z=np.array([[0.5]], kind))
    Path("p.json").write_text('{"inputs": [[1]], "weights": [[0.5]], "biases": [0]}')
    ran = backprop("check", "p.json", "--expect", "e.npz", "--stored", stored)
    line = f"--stored {stored}: the expected values of z have the narrower type {kind.__name__}"
    assert (ran.status, line in ran.err) == (status, status == 2)


@pytest.mark.parametrize(
    ("options", "pair"),
    [
        ("--rounded --stored float32", "--stored and --rounded"),
        ("--rounded --accumulated float32", "--accumulated and --rounded"),
        ("--rounded --rtol 0.1", "--rtol and --rounded"),
        ("--rounded --rtol 0", "--rtol and --rounded"),
        ("--rounded --atol 0.1 --rtol 0.1", "--atol and --rounded"),
        ("--accumulated float32 --atol 0.1", "--accumulated and --atol"),
        ("--accumulated float32 --rtol 0 --atol 1", "--accumulated and --rtol"),
        ("--stored float32 --rtol 0.1", None),
        ("--stored float32 --accumulated float64", None),
        ("--rounded --fd-rtol 0.1 --exact", None),
    ],
)
def test_a_tolerance_without_a_say_is_refused(backprop: Run, options: str, pair: str | None) -> None:
    ran = backprop("check", "right.json", *options.split())
    assert ran.status == (0 if pair is None else 2)
    assert ran.err.startswith("" if pair is None else f"backprop: {pair} exclude each other: ")


def test_the_type_of_sums_is_told(backprop: Run) -> None:
    """2**-15 is lost in a float32 sum beside 4096, and not in a float64 sum; so is a sum of 1,000 of them."""
    n = 1001
    inputs = [[4096.0] + [2.0**-15] * (n - 1)]
    lost = {"inputs": inputs, "weights": [[1]] * n, "biases": [0], "activation": "linear", "expected": {"z": [[4096]]}}
    Path("p.json").write_text(json.dumps(lost))
    statuses = [
        backprop("check", "p.json", "--stored", "float32", "--accumulated", accumulated).status
        for accumulated in ("float32", "float64")
    ]
    assert statuses == [0, 1]


def test_undecided_values_are_counted_apart(backprop: Run) -> None:
    """0.1 + 0.2 - 0.3 is 5.55e-17 in float64: whoever adds in another order gets 0, and an inactive unit."""
    problem = {
        "inputs": [[0.1, 0.2, 0.3], [1, 1, 1]],
        "weights": [[1], [1], [-1]],
        "biases": [0],
        "upstream": [[5], [6]],
        "expected": {"dz": [[0], [6]]},
    }
    Path("p.json").write_text(json.dumps(problem))
    ran = backprop("check", "p.json")
    assert ran.status == 0
    assert "expected values 1 of 1" in ran.out
    assert "; 1 undecided" in ran.out
    assert "dz: 1 value undecided: right only if rounding makes a unit active or inactive" in ran.out
    problem["expected"] = {"dz": [[None], [6.1]]}
    Path("p.json").write_text(json.dumps(problem))
    assert backprop("check", "p.json").status == 1
    problem["expected"] = {"dz": [[0], [None]]}
    Path("p.json").write_text(json.dumps(problem))
    ran = backprop("check", "p.json")
    assert (ran.status, ran.out.startswith("EMPTY")) == (1, True)
    reason = "rounding may explain any difference of every expected value"
    assert f"; no expected value was tested: {reason}" in ran.out
    assert "nothing was tested" not in ran.out


def test_a_pass_says_how_tight_it_was(backprop: Run) -> None:
    """1/3 is within half a unit of float32, and 0.33 % off 0.333 is 0.0033 of 1 %."""
    third = {"inputs": [[1 / 3]], "weights": [[1]], "biases": [0], "expected": {"z": [[0.333334]]}}
    Path("p.json").write_text(json.dumps(third))
    ran = backprop("check", "p.json", "--atol", "1e-4")
    assert "expected values 1 of 1 (within 1.2e+10 ulp of float64, 0.67 % of the allowance)" in ran.out
    found = json.loads(backprop("check", "p.json", "--atol", "1e-4", "--format", "json").out)
    assert found["files"][0]["expected"]["z"]["tightness"]["share"] == pytest.approx(0.00667, rel=1e-2)


def test_a_uniform_factor_is_named_as_such(backprop: Run) -> None:
    network = ROOT / "tests" / "data" / "torch" / "float16_2_layers"
    with np.load(f"{network}_expected.npz") as golden:
        np.savez("e.npz", **{"layers.0.dweights": 1.01 * golden["layers.0.dweights"]}, weight_layout="out-in")
    ran = backprop("check", f"{network}.npz", "--expect", "e.npz", "--stored", "float16", "--samples", "1")
    assert ran.status == 1
    assert "likely, as all 128 entries agree: 1.01 times the right values\n" in ran.out
    assert "All together" not in ran.out  # the same in other words


def test_the_type_of_the_numbers_of_the_problem_is_told(backprop: Run) -> None:
    """In float16, 0.1 is 0.0999755859375 and 0.9 is 0.89990234375; ten times the first, less the second, is 0.09985."""
    problem = {"inputs": [[0.1]], "weights": [[10]], "biases": [-0.9], "activation": "linear"}
    Path("p.json").write_text(json.dumps(problem | {"expected": {"z": [[0.09985]]}}))
    ran = backprop("check", "p.json", "--stored", "float16")
    assert "with the problem's numbers in float16" in ran.out


def test_values_that_rounding_hides_are_counted_apart(backprop: Run) -> None:
    """1e16 + 1 - 1e16 is 0 or 1, as the order has it: an expected 0.5 is neither right nor wrong."""
    problem = {
        "inputs": [[1e16, 1, -1e16], [0, 3, 0]],
        "weights": [[1], [1], [1]],
        "biases": [0],
        "activation": "linear",
        "expected": {"z": [[0.5], [3]]},
    }
    for row, status, text in (([0.5], 0, "expected values 1 of 1"), ([100], 1, "expected values 1 of 2")):
        problem["expected"] = {"z": [row, [3]]}
        Path("p.json").write_text(json.dumps(problem))
        ran = backprop("check", "p.json")
        assert (ran.status, text in ran.out, "1 hidden by rounding" in ran.out) == (status, True, status == 0)


def test_each_array_is_held_to_its_own_type(backprop: Run) -> None:
    """1/3 in float16 is 0.333251953125: a wrong value in float32."""
    Path("p.json").write_text(json.dumps({"inputs": [[1 / 3]], "weights": [[1]], "biases": [0]}))
    third = np.array([[1 / 3]])
    for kind, status in ((np.float16, 0), (np.float32, 1)):
        np.savez("e.npz", z=third.astype(np.float16).astype(kind), outputs=third)
        assert backprop("check", "p.json", "--expect", "e.npz").status == status


def test_a_unit_that_flips_explains_just_its_own_change(backprop: Run) -> None:
    """0.1 + 0.2 - 0.3 is 5.55e-17 in float64: dbiases are 11 if the unit is active, 6 if it is not, and never 8."""
    problem = {"inputs": [[0.1, 0.2, 0.3], [1, 1, 1]], "weights": [[1], [1], [-1]], "biases": [0]}
    near, far = (6.0045, 5.9955), (6.0055, 5.9945)  # the change of 5 is known to a thousandth of it
    undecided, wrong = (
        [(value, 1, text) for value in values] for values, text in ((near, "1 undecided"), (far, "0 of 1"))
    )
    cases = [(11, 0, "expected values 1 of 1"), (6, 1, "1 undecided"), (8, 1, "0 of 1"), *undecided, *wrong]
    for dbiases, status, text in cases:
        draft = problem | {"upstream": [[5], [6]], "expected": {"dbiases": [dbiases]}}
        Path("p.json").write_text(json.dumps(draft))
        ran = backprop("check", "p.json")
        assert (ran.status, text in ran.out) == (status, True), dbiases
