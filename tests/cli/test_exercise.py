"""`backprop exercise`: one document or files, options that exclude each other, and answers that `check` takes."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.places import flatten
from tests.any_problem import any_problem
from tests.conftest import ROOT, Run, sized

MARK = 123.456789
FORMATS = ("markdown", "latex", "html", "moodle", "gift", "json")
ENDINGS = {"markdown": "md", "latex": "tex", "html": "html", "moodle": "xml", "gift": "gift", "json": "json"}

# dz = upstream, as the layer is linear; dweights = 1/4 * 1/4 is halfway between 0.062 and 0.063.
PROBLEM: dict[str, Any] = {
    "title": "One neuron",
    "inputs": [[0.25, 2]],
    "weights": [[1], [2]],
    "biases": [1],
    "activation": "linear",
    "upstream": [[0.25]],
    "learning_rate": 1,
    "expected": {"dz": [[MARK]], "dbiases": [MARK]},
}
SQUARED = {"targets": [[3]], "loss": "squared_error"}
RIGHT: dict[str, Any] = {
    "dz": [[0.25]],
    "dweights": [[0.0625], [0.5]],
    "dbiases": [0.25],
    "dinputs": [[0.25, 0.5]],
    "new_weights": [[0.9375], [1.5]],
    "new_biases": [0.75],
}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("p.json", PROBLEM)


def write(path: str, tree: Any) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(tree if isinstance(tree, str) else json.dumps(tree))


def printed(backprop: Run, *argv: object) -> str:
    ran = backprop("exercise", *argv)
    assert (ran.status, ran.err) == (0, "")
    return ran.out


def refused(backprop: Run, status: int, *argv: object) -> str:
    ran = backprop("exercise", *argv)
    assert (ran.status, ran.out) == (status, "")
    return ran.err


@pytest.mark.parametrize("output", FORMATS)
@pytest.mark.parametrize("key", [False, True])
def test_expected_values_are_never_shown(backprop: Run, output: str, key: bool) -> None:
    if key and output in ("moodle", "gift"):
        return
    texts = [printed(backprop, "p.json", "--format", output, *["--key"] * key)]
    if output != "json":
        write("q.json", PROBLEM | {"title": "Another neuron"})
        texts.append(printed(backprop, "p.json", "q.json", "--format", output, *["--key"] * key))
        assert "Another neuron" in texts[1]
    for text in texts:
        assert "One neuron" in text
        assert str(MARK) not in text
        assert "123.4" not in text


@pytest.mark.parametrize("output", ["markdown", "latex", "html"])
def test_answers_are_in_the_key_and_not_on_the_sheet(backprop: Run, output: str) -> None:
    write("p.json", PROBLEM | {"upstream": [[0.3125]]})  # dweights 0.078125 and 0.625
    sheet, key = (printed(backprop, "p.json", "--format", output, *more) for more in ([], ["--key"]))
    assert "0.078125" not in sheet
    assert "0.078125" in key
    assert "round each answer to 6 decimals" in sheet


@pytest.mark.parametrize(
    ("options", "digits", "places"),
    [
        ([], 4, list(RIGHT)),
        (["--ask", "dweights,dbiases"], 4, ["dweights", "dbiases"]),
        (["--ask", "dbiases,z,layers[0].dz"], 2, ["z", "dz", "dbiases"]),
        (["--ask", "new_biases", "--digits", "5"], 5, ["new_biases"]),
        (["--ask", "all"], 4, ["z", "outputs", *RIGHT]),
        (["--ask", "dz, all"], 4, ["z", "outputs", *RIGHT]),
        (["--digits", "0"], 0, list(RIGHT)),
        (["--digits", "15", "-q"], 15, list(RIGHT)),
    ],
)
def test_a_file_of_nulls_to_fill_in(backprop: Run, options: list[str], digits: int, places: list[str]) -> None:
    ran = backprop("exercise", "p.json", "--format", "json", *options)
    tree = json.loads(ran.out)
    assert list(tree) == ["schema", "problem", "digits", *places]
    assert (tree["schema"], tree["problem"], tree["digits"]) == ("backprop.answers/1", "One neuron", digits)
    for place in places:
        assert np.shape(tree[place]) == np.shape(RIGHT.get(place, [[0]]))
        assert set(np.ravel(np.array(tree[place], dtype=object))) == {None}


def test_the_losses_of_one_step_are_asked_for_by_their_name(backprop: Run) -> None:
    write("p.json", {key: value for key, value in PROBLEM.items() if key != "upstream"} | SQUARED)
    sheet = printed(backprop, "p.json", "--ask", "losses")
    assert "\n- Compute losses (1 number): the value of L before the step.\n" in sheet
    # z = outputs = 1/4 + 2 * 2 + 1
    assert '"losses": [5.0625]' in printed(backprop, "p.json", "--ask", "losses", "--format", "json", "--key")
    assert "losses" not in printed(backprop, "p.json", "--ask", "all")


def test_the_layout_of_a_file_to_fill_in(backprop: Run) -> None:
    assert printed(backprop, "p.json", "--format", "json", "--ask", "dweights,dbiases") == (
        '{\n  "schema": "backprop.answers/1",\n  "problem": "One neuron",\n  "digits": 4,\n'
        '  "dweights": [\n    [null],\n    [null]\n  ],\n  "dbiases": [null]\n}\n'
    )
    key = printed(backprop, "p.json", "--format", "json", "--ask", "dweights,dbiases", "--key", "--digits", "3")
    assert '  "dweights": [\n    [0.062],\n    [0.500]\n  ],\n  "dbiases": [0.250]\n' in key


def test_a_network_is_laid_out_as_its_expected_values_are(backprop: Run) -> None:
    layer = {"weights": [[1]], "biases": [0]}
    write("p.json", {"inputs": [[1]], "layers": [layer, layer], "targets": [[2]], "loss": "squared_error"})
    tree = json.loads(printed(backprop, "p.json", "--format", "json", "--key", "--ask", "loss,layers[1].dz"))
    assert tree == {"schema": "backprop.answers/1", "digits": 0, "loss": 1, "layers": [{}, {"dz": [[-2]]}]}
    write("a.json", tree)
    assert backprop("check", "p.json", "--expect", "a.json").status == 0


def filled(**changes: Any) -> dict[str, Any]:
    """Return right answers to three decimals, some of them changed."""
    return {"schema": "backprop.answers/1", "problem": "One neuron", "digits": 3, **RIGHT, **changes}


@pytest.mark.parametrize(
    ("answers", "status", "words"),
    [
        (filled(), 0, "expected values 9 of 9 to 3 decimals"),
        # 0.0625 is halfway: both neighbours are right, and what is within half a unit
        (filled(dweights=[[0.062], [0.5]]), 0, "9 of 9"),
        (filled(dweights=[[0.063], [0.5]]), 0, "9 of 9"),
        (filled(dweights=[[0.0620], [0.50049]]), 0, "9 of 9"),
        (filled(dweights=[[0.0631], [0.5]]), 1, "expected values 8 of 9 to 3 decimals"),
        (filled(dweights=[[0.06], [0.5]]), 1, "dweights[0,0] is wrong: yours 0.060, correct 0.0625"),
        (filled(dweights=[[0.061], [0.5]]), 1, "8 of 9"),
        (filled(dz=[[0.2505]]), 0, "9 of 9"),  # the end of the interval belongs to it
        (filled(dz=[[0.250501]]), 1, "dz[0,0] is wrong: yours 0.250501, correct 0.25"),
        (filled(digits=6, dz=[[0.2505]]), 1, "yours 0.250500"),
        (filled(digits=0, dz=[[0.7]]), 0, "9 of 9 to 0 decimals"),
        (filled(dbiases=[None], dz=None), 0, "7 right, 0 wrong, 2 open of 9 to 3 decimals"),
        (filled(dbiases=[None], dinputs=[[None, 7]]), 1, "6 right, 1 wrong, 2 open of 9"),
        # a step in the wrong direction is named
        (filled(new_weights=[[1.063], [2.5]]), 1, "a step uphill: the gradient added, not subtracted"),
        # Without digits, each number has those that it is written with.
        ({"schema": "backprop.answers/1", "dinputs": [[0.3, 0.5]]}, 0, "expected values 2 of 2;"),
        ({"schema": "backprop.answers/1", "dinputs": [[0.2499, 0.5]]}, 1, "1 of 2;"),
        ({"schema": "backprop.answers/1", "problem": None, "digits": None, "dz": [[0.25]]}, 0, "1 of 1;"),
        ({"schema": "backprop.answers/1", "layers": [{"dz": [[0.25]]}]}, 0, "1 of 1;"),
        (filled(**dict.fromkeys(RIGHT)), 1, "OPEN"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--rounded"], ["--exact"]])
def test_check_compares_answers(backprop: Run, answers: Any, status: int, words: str, options: list[str]) -> None:
    write("a.json", answers)
    ran = backprop("check", "p.json", "--expect", "a.json", *options)
    assert (ran.status, ran.err) == (status, "")
    assert words in re.sub(r"\s+", " ", ran.out)
    assert "--rounded" not in ran.out


@pytest.mark.parametrize(
    ("answers", "status", "words"),
    [
        (filled(dweights=[[0.0631], [0.5]]), 1, "expected values 8 of 9 to 3 decimals"),
        (filled(dweights=[[0.063], [None]]), 0, "8 right, 0 wrong, 1 open of 9 to 3 decimals"),
        ({"digits": 1, "dz": [[0.3]]}, 0, "1 of 1 to 1 decimal"),
        # the digits of a result in exact numbers are those that it was computed with
        ({"exact": True, "digits": 50, "dz": [[0.25]]}, 0, "1 of 1"),
        ({"dz": [[0.3]]}, 1, "0 of 1;"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--rounded"]])
def test_answers_without_a_schema_are_known_by_their_digits(
    backprop: Run, answers: dict[str, Any], status: int, words: str, options: list[str]
) -> None:
    if options and answers == {"dz": [[0.3]]}:
        return  # rounded, 0.3 is right
    write("a.json", {key: value for key, value in answers.items() if key != "schema"})
    ran = backprop("check", "p.json", "--expect", "a.json", *options)
    assert (ran.status, ran.err) == (status, "")
    assert words in re.sub(r"\s+", " ", ran.out)


def test_digits_without_a_schema_are_validated(backprop: Run) -> None:
    write("a.json", {"digits": 16, "dz": [[0.25]]})
    np.savez("a.npz", digits=3, dz=[[0.25]])
    for file, got in (("a.json", "16"), ("a.npz", "")):
        ran = backprop("check", "p.json", "--expect", file)
        assert ran.status == 3
        assert f"{file}: digits: expected a whole number from 0 to 15, got {got}" in ran.err


def test_check_says_in_json_how_many_decimals_count(backprop: Run) -> None:
    write("a.json", filled())
    (file,) = json.loads(backprop("check", "p.json", "--expect", "a.json", "--format", "json").out)["files"]
    assert {quantity["digits"] for quantity in file["expected"].values()} == {3}


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (
            filled(problem="Two neurons"),
            "a.json: problem: these are answers to 'Two neurons', and the problem is 'One neuron'",
        ),
        (
            filled(problem="A title that is longer than forty characters, for variant 2"),
            "a.json: problem: these are answers to 'A title that is longer than forty characters, for variant 2', and ",
        ),
        (filled(problem="x" * 201), f"a.json: problem: these are answers to '{'x' * 37}...', and the problem"),
        (filled(problem=["One neuron"]), "a.json: problem: these are answers to a list, and the problem"),
        (
            filled(schema="backprop.answers/2"),
            "a.json: schema: expected backprop.result/1 or backprop.answers/1, got 'backprop.answers/2'\n"
            "hint: run --format json writes results, and exercise --format json answers to fill in\n",
        ),
        (filled(digits=16), "a.json: digits: expected a whole number from 0 to 15, got 16"),
        (filled(digits=2.5), "a.json: digits: expected a whole number from 0 to 15, got 2.5"),
        (filled(digits=-1), "a.json: digits: expected a whole number from 0 to 15, got -1"),
        (filled(digits="3"), "a.json: digits: expected a whole number from 0 to 15, got '3'"),
        (filled(digits=True), "a.json: digits: expected a whole number from 0 to 15, got true"),
        (filled(dz=[["1/4"]]), "a.json: expected.dz[0][0]: expected a number, got '1/4'"),
        (filled(dweihgts=[[1]]), "a.json: expected.dweihgts: no such quantity is computed"),
        (filled(weights=[[1], [1]]), "a.json: expected.weights: no such quantity is computed"),
        ({"schema": "backprop.answers/1", "digits": 3}, "a.json: there are no expected values in it"),
        (filled(z=[[1]], expected={}), "a.json: unknown keys"),
    ],
)
def test_answers_that_cannot_be_read(backprop: Run, answers: Any, message: str) -> None:
    write("a.json", answers)
    ran = backprop("check", "p.json", "--expect", "a.json")
    assert ran.status == 3
    assert ran.err.startswith(f"backprop: {message}")


def test_answers_with_a_title_for_a_problem_without_one(backprop: Run) -> None:
    write("p.json", {key: value for key, value in PROBLEM.items() if key != "title"})
    assert '"problem"' not in printed(backprop, "p.json", "--format", "json")
    write("a.json", filled())
    ran = backprop("check", "p.json", "--expect", "a.json")
    assert ran.err.rstrip() == (
        "backprop: a.json: problem: these are answers to 'One neuron', and the problem has no title"
    )


@pytest.mark.parametrize("option", ["--rtol", "--atol", "--stored", "--accumulated"])
@pytest.mark.parametrize("several", [False, True])
def test_answers_have_their_own_tolerance(backprop: Run, option: str, several: bool) -> None:
    write("a.json", filled())
    value = "0.1" if option.endswith("tol") else "float32"
    ran = backprop("check", "p.json", *["--expect", "a.json"] * (1 + several), option, value)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"backprop: a.json: {option} and answers to an exercise exclude each other: ")


def test_answers_and_results_may_stand_side_by_side(backprop: Run) -> None:
    write("class/ann.json", filled(dz=[[0.2501]]))
    write("class/ben.json", {"dz": [[0.2501]], "dbiases": [0.25]})
    write("class/cem.json", filled(problem="Two neurons"))
    ran = backprop("check", "p.json", "--expect", "class", "--format", "csv")
    assert ran.status == 3
    rows = {row["file"]: row for row in csv.DictReader(ran.out.splitlines()) if row["quantity"] == "total"}
    found = {file: (row["right"], row["wrong"]) for file, row in rows.items()}
    assert found["class/ann.json"] == ("9", "0")
    assert found["class/ben.json"] == ("1", "1")
    assert "class/cem.json: problem: these are answers to 'Two neurons'" in ran.err


def test_answers_on_standard_input(backprop: Run, process: Any) -> None:
    del backprop
    text = json.dumps(filled(dz=[[0.2501]])).encode()
    ran = process("check", "p.json", "--expect", "-", input=text)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"9 of 9 to 3 decimals" in ran.stdout


@sized("n_problems", 6, 1000)
def test_the_key_of_any_problem_is_right_and_one_unit_more_is_not(backprop: Run, n_problems: int) -> None:
    for seed in range(n_problems):
        write("any.json", any_problem(seed))
        text = printed(backprop, "any.json", "--format", "json", "--key", "--digits", "6", "-q")
        write("a.json", text)
        ran = backprop("check", "any.json", "--expect", "a.json", "--format", "json")
        (file,) = json.loads(ran.out)["files"]
        assert all(quantity["passed"] for quantity in file["expected"].values()), seed
        tree = json.loads(text)
        dotted = {name for name, _ in flatten(tree)} - {"schema", "digits"}
        assert dotted == {place.replace("[", ".").replace("]", "") for place in file["expected"]}
        number = re.search(r"-?\d+\.\d{6}", text)
        assert number is not None
        other = f"{float(number[0]) + 2e-6:.6f}"
        write("a.json", text[: number.start()] + other + text[number.end() :])
        ran = backprop("check", "any.json", "--expect", "a.json", "--format", "json")
        (file,) = json.loads(ran.out)["files"]
        assert sum(quantity["different"] for quantity in file["expected"].values()) == 1, seed


def identity(backprop: Run, path: str) -> str:
    found = re.search(r"<idnumber>(.*?)</idnumber>", printed(backprop, path, "--format", "moodle"))
    assert found is not None
    return found[1]


def test_the_identity_of_a_problem_is_that_of_its_numbers(backprop: Run) -> None:
    first = identity(backprop, "p.json")
    assert re.search(r"[0-9a-f]{64}", first)
    same = PROBLEM | {"title": "Another", "source": "me", "expected": {"dz": [[1]]}}
    write("spaces.json", json.dumps(dict(reversed(same.items())), indent=9).replace("0.25", "2.5e-1"))
    np.savez("arrays.npz", **{key: value for key, value in PROBLEM.items() if key != "expected"})
    write("other.json", PROBLEM | {"biases": [1.5]})
    assert identity(backprop, "spaces.json") == identity(backprop, "arrays.npz") == first
    assert identity(backprop, "other.json") != first


@pytest.mark.parametrize(
    ("source", "seed"),
    [
        ("backprop 0.1.0: backprop new --shape 3,2,1 --activation relu --seed 7", "seed-7-"),
        ("backprop 1.0.0.dev2: backprop new --shape 2,1 --seed 12345 --numbers normal", "seed-12345-"),
        ("a book, p. 7", ""),
        ("like backprop 0.1.0: backprop new --seed 7", ""),
        ("backprop 0.1.0: backprop new --shape 3,2,1", ""),
    ],
)
def test_a_problem_that_was_drawn_is_known_by_its_seed(backprop: Run, source: str, seed: str) -> None:
    digest = re.search(r"[0-9a-f]{64}", identity(backprop, "p.json"))
    assert digest is not None
    write("p.json", PROBLEM | {"source": source})
    assert (seed + digest[0][:10] if seed else digest[0]) in identity(backprop, "p.json")


@pytest.mark.parametrize("output", FORMATS)
@pytest.mark.parametrize("argv", [["--shape", "2,1"], ["--shape", "2,2,1", "--numbers", "normal", "--n-samples", "1"]])
def test_the_command_that_makes_a_problem_again_is_not_on_its_sheet(
    backprop: Run, output: str, argv: list[str]
) -> None:
    made = backprop("new", *argv, "--seed", "7").out
    write("p.json", made)
    source = json.loads(made)["source"]
    assert " new " in source
    sheet = printed(backprop, "p.json", "--format", output, "-q")
    assert "backprop new" not in sheet
    assert "Source" not in sheet
    if output in ("latex", "html"):
        assert re.search(r"backprop\W+new", printed(backprop, "p.json", "--format", output, "--key", "-q"))


@pytest.mark.parametrize("output", FORMATS)
def test_files_in_a_folder_are_named_after_those_of_the_problems(backprop: Run, output: str) -> None:
    write("q/r.json", PROBLEM)
    assert printed(backprop, "p.json", "q/r.json", "--format", output, "--save", "sheets") == ""
    written = {path.name: path.read_text(encoding="utf-8") for path in Path("sheets").iterdir()}
    assert set(written) == {f"p.{ENDINGS[output]}", f"r.{ENDINGS[output]}"}
    assert written[f"p.{ENDINGS[output]}"] == printed(backprop, "p.json", "--format", output)


@pytest.mark.parametrize("output", FORMATS)
def test_one_file_has_what_standard_output_has(backprop: Run, output: str) -> None:
    problems = ["p.json", ROOT / "samples" / "dense_relu.json"][: 1 if output == "json" else 2]
    path = f"all.{ENDINGS[output]}"
    assert printed(backprop, *problems, "--format", output, "--save", path) == ""
    assert Path(path).read_text(encoding="utf-8") == printed(backprop, *problems, "--format", output)


@pytest.mark.parametrize(
    ("file", "output"), [*((f"a.{ending}", output) for output, ending in ENDINGS.items()), ("a.txt", "gift")]
)
def test_a_file_has_the_format_of_its_ending(backprop: Run, file: str, output: str) -> None:
    printed(backprop, "p.json", "--save", file)
    assert Path(file).read_text(encoding="utf-8") == printed(backprop, "p.json", "--format", output)


def test_a_folder_that_ends_like_a_file_has_no_format(backprop: Run) -> None:
    Path("week.html").mkdir()
    printed(backprop, "p.json", "--save", "week.html")
    assert [path.name for path in Path("week.html").iterdir()] == ["p.md"]


def test_a_folder_may_exist_and_have_a_dot_in_its_name(backprop: Run) -> None:
    Path("week.2").mkdir()
    printed(backprop, "p.json", "--format", "json", "--save", "week.2")
    printed(backprop, "p.json", "--format", "gift", "--save", "quiz.txt")
    assert Path("week.2/p.json").exists()
    assert Path("quiz.txt").exists()


def test_a_problem_on_standard_input(process: Any) -> None:
    text = json.dumps(PROBLEM).encode()
    ran = process("exercise", "-", "--format", "json", "--save", "out", input=text)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert [path.name for path in Path("out").iterdir()] == ["problem.json"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("--key", "there is nothing to ask about (expected a PROBLEM)"),
        ("p.json --format moodle --key", "--key and --format moodle exclude each other"),
        ("p.json --format gift --key", "--key and --format gift exclude each other"),
        ("p.json --format html --standalone", "--standalone is for --format latex, got html"),
        ("p.json --format markdown --save p.html", "--save p.html and --format markdown exclude each other"),
        ("p.json --save p.xml --key", "--key and --format moodle exclude each other"),
        ("p.json --save p.html --standalone", "--standalone is for --format latex, got html"),
        ("p.json p.json --save a.json", "--format json is one file for each problem, got 2 problems"),
        ("p.json --format gift --save p.md", "--save p.md and --format gift exclude each other"),
        ("p.json --save p.docx", "--save: expected a folder, or a file that ends like its format, got 'p.docx'"),
        ("p.json --save -", "--save: expected a folder, or a file that ends like its format, got '-'"),
        ("p.json p.json --format json", "--format json is one file for each problem, got 2 problems"),
        ("p.json p.json --format json --save a.json", "--format json is one file for each problem, got 2 problems"),
        ("p.json q/p.json --save out", "p.json and q/p.json would both be written to out/p.md"),
        ("p.json --format json --save .", "--save and PROBLEM both name ./p.json"),
        ("p.json --format json --save p.json", "--save and PROBLEM both name p.json"),
        ("p.json --ask dwieghts", "no quantity is called 'dwieghts'"),
        ("p.json --ask all,dwieghts", "no quantity is called 'dwieghts'"),
        ("p.json --ask weights", "weights is given, not computed"),
        ("p.json --ask layers[1].dz", "p.json: there is no layers[1].dz (the problem has 1 layer, numbered from 0)"),
        ("p.json --digits 16", "--digits: expected a whole number from 0 to 15, got '16'"),
        ("p.json --digits x", "--digits: expected a whole number from 0 to 15, got 'x'"),
        ("p.json --format pdf", "--format: expected markdown, latex, html, moodle, gift or json, got 'pdf'"),
    ],
)
def test_a_wrong_command_line(backprop: Run, argv: str, message: str) -> None:
    write("q/p.json", PROBLEM)
    before = sorted(Path().rglob("*"))
    assert refused(backprop, 2, *argv.split()).startswith(f"backprop: {message}")
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize(
    ("problem", "options", "message"),
    [
        (PROBLEM, ["--ask", "loss"], "bad.json: loss: cannot be asked for: it needs a loss function"),
        ("{", [], "bad.json:1:2: "),
        (PROBLEM | {"weights": [[1]]}, [], "bad.json: weights: "),
        (PROBLEM | {"inputs": [[1e200, 1]], "weights": [[1e200], [1]]}, ["--ask", "z"], "bad.json: z[0,0]: overflows"),
        (PROBLEM | {"layer": 1}, [], "bad.json: layer: unknown key"),
    ],
)
def test_a_problem_that_cannot_be_asked(backprop: Run, problem: Any, options: list[str], message: str) -> None:
    write("bad.json", problem)
    argv = ["p.json", "bad.json", "--format", "json", "--save", "out", *options]
    if options == ["--ask", "loss"]:
        argv.remove("p.json")
    assert refused(backprop, 3, *argv).startswith(f"backprop: {message}")
    assert not Path("out").exists()


def test_a_path_that_no_file_can_have(backprop: Run) -> None:
    ran = refused(backprop, 3, "p.json", "a\0.json", "--format", "json", "--save", "out")
    assert ran.startswith("backprop: a\\x00.json: cannot read: ")
    assert not Path("out").exists()


def test_answers_that_are_all_rounded_to_0_are_noted(backprop: Run) -> None:
    write("p.json", PROBLEM | {"upstream": [[0.001]]})
    ran = backprop("exercise", "p.json", "--format", "json", "--digits", "2")
    noted = [f"backprop: p.json: {name} is 0 everywhere with 2 decimals (--digits asks for more)" for name in RIGHT]
    assert ran.err.splitlines() == noted[:4]
    assert backprop("exercise", "p.json", "--format", "json", "--digits", "2", "--quiet").err == ""


def test_a_problem_has_the_notes_of_its_file(backprop: Run) -> None:
    write("p.json", {key: value for key, value in PROBLEM.items() if key != "upstream"} | {"targets": [[1]]})
    ran = backprop("exercise", "p.json", "--format", "json", "--ask", "z")
    assert (ran.status, ran.err) == (0, "backprop: p.json: targets are not used, because there is no loss\n")


OF_A_COURSE: dict[str, object] = {
    "names": "deeplearning",
    "X": [[1, 2], [3, 4]],
    "W1": [[1, -2], [2, 1]],
    "b1": [[0.5], [1]],
    "W2": [[1, -1]],
    "b2": [[0.5]],
    "Y": [[1, 0]],
    "activation": "sigmoid",
    "loss": "binary_cross_entropy",
    "learning_rate": 1,
}
OF_A_BOOK = {"names": "nnfs", "activation": "relu", "inputs": [[1, 2]], "weights": [[1], [2]], "dvalues": [[3]]}


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (OF_A_COURSE, "layers[1] has 2 inputs and 1 neuron: Z2 = W2 @ A1 + b2, A2 = sigmoid(Z2)."),
        (
            OF_A_COURSE,
            "Compute dW2 (1 x 2) and dW1 (2 x 2): the gradient of L with respect to W2 and W1.",
        ),
        (
            OF_A_COURSE,
            "Compute dA1 (2 x 2) and dA0 (2 x 2): the gradient of the loss of each sample with respect to A1 and X.",
        ),
        (
            OF_A_COURSE,
            "Compute b1 (2 numbers) and b2 (1 number): the biases after the step, b1 - learning_rate * db1 and"
            " b2 - learning_rate * db2.",
        ),
        (OF_A_COURSE, "The learning_rate is 1."),
        (OF_A_BOOK, "dvalues is the gradient of a loss L with respect to output."),
    ],
)
def test_a_sheet_speaks_the_names_of_the_problem(backprop: Run, problem: dict[str, object], expected: str) -> None:
    write("p.json", problem)
    sentences = backprop("exercise", "p.json").out.replace("\\", "").splitlines()
    assert f"- {expected}" in sentences


def test_a_worked_solution_that_differs_from_the_answers_has_a_note(backprop: Run) -> None:
    """0.1 + 0.2 - 0.3 is 0, and a little more in float64, where the unit is active."""
    at_kink = {"inputs": [[0.1, 0.2]], "weights": [[1], [1]], "biases": [-0.3], "activation": "relu", "upstream": [[1]]}
    write("p.json", at_kink)
    ran = backprop("exercise", "p.json", "--ask", "z,dz", "--key")
    assert ran.status == 0
    assert re.findall(r"p.json: (\w+): the worked solution, in float64, differs", ran.err) == ["dz"]
