"""Many submissions for one problem: which files they are, and a verdict on each."""

import csv
import json
import os
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks import verdict
from backprop_cli.cli import verdicts
from backprop_cli.cli.submissions import Submissions, find_submissions
from backprop_cli.errors import UsageError
from tests.conftest import Run

Matrix = list[list[int]]
Numbers = dict[str, Any]

# Two samples, three inputs and two linear neurons, in whole numbers.
PROBLEM: dict[str, Any] = {
    "inputs": [[1, 2, -1], [3, -2, 4]],
    "weights": [[2, 1], [-1, 3], [1, -2]],
    "biases": [1, -3],
    "activation": "linear",
    "upstream": [[2, -1], [3, 5]],
    "learning_rate": 1,
}
WORKING_ORDER = ("z", "outputs", "dz", "dinputs", "dweights", "dbiases", "new_weights", "new_biases")


def rules(own: Numbers) -> dict[str, Callable[[], Any]]:
    """Return how each quantity follows from a person's own numbers, in lists of whole numbers."""
    x, w, b, upstream = (PROBLEM[name] for name in ("inputs", "weights", "biases", "upstream"))
    samples, inputs, neurons = range(2), range(3), range(2)
    return {
        "z": lambda: [[sum(x[n][i] * w[i][j] for i in inputs) + b[j] for j in neurons] for n in samples],
        "outputs": lambda: [list(row) for row in own["z"]],
        "dz": lambda: [list(row) for row in upstream],
        "dinputs": lambda: [[sum(own["dz"][n][j] * w[i][j] for j in neurons) for i in inputs] for n in samples],
        "dweights": lambda: [[sum(x[n][i] * own["dz"][n][j] for n in samples) for j in neurons] for i in inputs],
        "dbiases": lambda: [sum(own["dz"][n][j] for n in samples) for j in neurons],
        "new_weights": lambda: [[w[i][j] - own["dweights"][i][j] for j in neurons] for i in inputs],
        "new_biases": lambda: [b[j] - own["dbiases"][j] for j in neurons],
    }


def worked(slips: Mapping[str, tuple[int, int]]) -> tuple[Numbers, dict[str, tuple[int, ...]]]:
    """Return the numbers of a person who adds slips to entries, by quantity, and goes on with them.

    A slip is the number of an entry, and what is added to it. The second result has the counts of each quantity:
    entries, right, follows, wrong. An entry without a slip that is not right follows.
    """
    right: Numbers = {}
    own: Numbers = {}
    counts: dict[str, tuple[int, ...]] = {}
    for name in WORKING_ORDER:
        right[name] = rules(right)[name]()
        values = np.array(rules(own)[name](), float)  # written with a decimal, to which they may be rounded
        followed = values.copy()
        if name in slips:
            values.flat[slips[name][0]] += slips[name][1]
        own[name] = values.tolist()
        is_right = values == np.array(right[name])
        is_followed = (values == followed) & ~is_right
        n_right, n_followed = int(is_right.sum()), int(is_followed.sum())
        counts[name] = (values.size, n_right, n_followed, values.size - n_right - n_followed)
    return own, counts


def first_wrong(slips: Mapping[str, tuple[int, int]]) -> str:
    """Return the place of the first slip in the order of work, or nothing."""
    name = next((name for name in WORKING_ORDER if name in slips), None)
    if name is None:
        return ""
    index = np.unravel_index(slips[name][0], np.shape(worked({})[0][name]))
    return f"{name}[{','.join(map(str, index))}]"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.json").write_text(json.dumps(PROBLEM))


def write(path: str, numbers: Any) -> None:
    """Write a submission, and make its folder."""
    Path(path).parent.mkdir(exist_ok=True)
    if path.endswith(".npz"):
        np.savez(path, **numbers)
    else:
        Path(path).write_text(numbers if isinstance(numbers, str) else json.dumps(numbers))


def files(names: str) -> None:
    """Make empty files, and folders where a name ends in `/`."""
    for name in names.split():
        path = Path("class") / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.touch()


@pytest.mark.parametrize(
    ("names", "found"),
    [
        # One submission: a file is named after a quantity, or there is nothing to read.
        ("dz.csv", None),
        ("dz.csv z.json notes.txt", None),
        ("dz.csv dx.csv", None),
        ("z.json", None),
        ("loss.json", None),
        ("layers[0].dweights.csv", None),
        ("layers.10.dweights.NPY", None),
        ("notes.txt", None),
        ("marks.csv", None),
        (".dz.csv .ann.json", None),
        ("sub/notes.txt", None),
        ("sub/ann.json z.csv", None),
        ("./", None),
        # A submission in each file.
        ("ann.json", "ann.json"),
        ("b.json a.npz", "a.npz b.json"),
        ("2.json 10.json a.json B.json", "10.json 2.json B.json a.json"),
        ("ann.JSON ben.Npz", "ann.JSON ben.Npz"),
        ("z.npz Z.json", "Z.json z.npz"),
        ("ann.json .ben.json ._ann.json", "ann.json"),
        # Names that only look like those of quantities; they are sorted.
        ("dz-1.json fc.0.dz.json layers.x.dz.json layers.json x.layers.0.dz.json layers..dz.json", ""),
    ],
)
def test_a_folder_is_one_submission_or_has_one_in_each_file(names: str, found: str | None) -> None:
    files(names)
    if found is None:
        assert find_submissions(["class"]) == Submissions(paths=("class",))
    else:
        paths = tuple(str(Path("class") / name) for name in found.split() or sorted(names.split()))
        assert find_submissions(["class"]) == Submissions(paths=paths, are_many=True)


@pytest.mark.parametrize(
    ("names", "part", "other"),
    [
        ("dz.csv ann.json", "dz.csv", "ann.json"),
        ("ann.json z.json", "z.json", "ann.json"),
        ("dz.npy all.npz", "dz.npy", "all.npz"),
        ("layers[0].dz.tsv dw.json", "layers[0].dz.tsv", "dw.json"),
    ],
)
def test_a_mixture_is_wrong_usage(backprop: Run, names: str, part: str, other: str) -> None:
    files(names)
    ran = backprop("check", "p.json", "--expect", "class")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == (
        f"backprop: class holds {part}, a part of one submission, and {other}, which would be another one\n"
        "hint: a folder holds one submission in files named after quantities,"
        " or a .json, .npz or .safetensors file for each one\n"
    )
    with pytest.raises(UsageError):
        find_submissions(["elsewhere.json", "class"])


@pytest.mark.parametrize(
    ("names", "n_folders", "wanted"),
    [
        ("ann/z.csv", "1 folder", "--expect class/ann"),
        ("ann/z.csv ben/layers.0.dz.npy notes/a.txt", "2 folders", "--expect class/ann --expect class/ben"),
        ("b/b.json a/a.npz c/dz.json marks.csv", "3 folders", "--expect class/a --expect class/b ..."),
        ("ann lee/z.csv", "1 folder", "--expect 'class/ann lee'"),
    ],
)
def test_a_folder_of_folders_is_wrong_usage(backprop: Run, names: str, n_folders: str, wanted: str) -> None:
    for name in [names] if "lee" in names else names.split():
        path = Path("class") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    ran = backprop("check", "p.json", "--expect", "class")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == (
        f"backprop: class holds no expected values itself, but in {n_folders}\nhint: give each folder: {wanted}\n"
    )


def test_a_folder_that_cannot_be_read_is_passed_over(backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    files("ann/z.csv ben/z.csv")
    original = os.listdir

    def listdir(path: str) -> list[str]:
        if path.endswith("ann"):
            raise PermissionError
        return original(path)

    monkeypatch.setattr(os, "listdir", listdir)
    assert backprop("check", "p.json", "--expect", "class").err.endswith("give each folder: --expect class/ben\n")


@pytest.mark.parametrize(
    ("targets", "paths", "are_many"),
    [
        ([], (), False),
        (["a.json"], ("a.json",), False),
        (["a\0b"], ("a\0b",), False),
        (["b.npz", "a.json"], ("b.npz", "a.json"), True),
        (["b.npz", "class", "-"], ("b.npz", "class/ann.json", "class/ben.json", "-"), True),
        (["class/"], ("class/ann.json", "class/ben.json"), True),
        (["parts", "a.json"], ("parts", "a.json"), True),
    ],
)
def test_any_number_of_files_and_folders(targets: list[str], paths: tuple[str, ...], are_many: bool) -> None:
    files("ben.json ann.json ../parts/dz.csv")
    assert find_submissions(targets) == Submissions(paths=paths, are_many=are_many)


@pytest.mark.parametrize(
    ("others", "named"),
    [
        ("notes.txt", "notes.txt"),
        ("notes.txt old/ann.json", "notes.txt and old/"),
        ("1.txt 2.txt 3.txt 4.txt 5.txt 6.txt", "1.txt, 2.txt, 3.txt, 4.txt, 5.txt and 6.txt"),
        ("1.txt 2.txt 3.txt 4.txt 5.txt 6.txt 7.csv", "1.txt, 2.txt, 3.txt, 4.txt, 5.txt and 2 more"),
    ],
)
def test_what_is_passed_over_in_a_folder_is_named(backprop: Run, others: str, named: str) -> None:
    files(others)
    write("class/ann.json", worked({})[0])
    ran = backprop("check", "p.json", "--expect", "class")
    note = (
        f"backprop: class: passed over {named} (expected .json, .npz or .safetensors files, one for each submission)\n"
    )
    assert (ran.status, ran.err) == (0, note)
    assert backprop("check", "p.json", "--expect", "class", "-q").err == ""


def submitted() -> Iterator[tuple[str, Mapping[str, tuple[int, int]]]]:
    """Yield the names of 30 people, and slips of up to three quantities each, at random."""
    rng = random.Random(16)
    sizes = {name: np.size(values) for name, values in worked({})[0].items()}
    for k in range(30):
        names = rng.sample(WORKING_ORDER, k % 4)
        yield f"{k:02}", {name: (rng.randrange(sizes[name]), rng.choice([-9, -2, 1, 10])) for name in names}


@pytest.mark.parametrize("options", [[], ["--marks", "follow"], ["--marks", "strict"], ["--rounded"], ["--exact"]])
def test_thirty_submissions_have_the_marks_that_they_were_made_for(
    backprop: Run, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """The problem is solved once for all of them, and finite differences are taken once."""
    calls: list[str] = []
    for module, name in ((verdicts, "solve"), (verdicts, "load"), (verdict, "check_gradients")):
        _count(monkeypatch, calls, module, name)
    everyone = dict(submitted())
    for name, slips in everyone.items():
        write(f"class/{name}.json", worked(slips)[0])
    ran = backprop("check", "p.json", "--expect", "class", "--format", "csv", *options)
    assert (ran.status, ran.err) == (1, "")
    in_exact_numbers = options in (["--rounded"], ["--exact"])
    assert (calls.count("check_gradients"), calls.count("solve")) == (1, 1 + in_exact_numbers)
    assert calls.count("load") == 1 + in_exact_numbers
    rows = list(csv.DictReader(ran.out.splitlines()))
    assert len(rows) == 30 * 9
    for name, slips in everyone.items():
        mine = [row for row in rows if row["file"] == f"class/{name}.json"]
        assert [row["quantity"] for row in mine] == [*WORKING_ORDER, "total"]
        _, counts = worked(slips)
        counts["total"] = tuple(map(sum, zip(*counts.values(), strict=True)))
        for row in mine:
            found = tuple(int(row[column]) for column in ("entries", "right", "follows", "wrong"))
            assert found == counts[row["quantity"]], (name, slips, row)
            assert row["open"] == "0"
            assert int(row["marks"]) == found[1] + (0 if "strict" in options else found[2])
        assert mine[-1]["first_wrong"] == first_wrong(slips)
    totals = [row for row in rows if row["quantity"] == "total"]
    assert sum(int(row["follows"]) for row in totals) > 30  # the slips had consequences


def _count(monkeypatch: pytest.MonkeyPatch, calls: list[str], module: ModuleType, name: str) -> None:
    """Note every call of a module's function."""
    original = getattr(module, name)

    def counted(*args: Any, **options: Any) -> Any:
        calls.append(name)
        return original(*args, **options)

    monkeypatch.setattr(module, name, counted)


def test_each_submission_has_a_verdict_and_others_are_checked_where_one_cannot_be_read(backprop: Run) -> None:
    right = worked({})[0]
    write("class/ann.json", right)
    write("class/ben.npz", worked({"z": (0, 1)})[0])
    write("class/cleo.json", "{")
    write("class/dora.json", {"dbias": [1, 2]})
    write("class/emil.json", right | {"dbiases": None, "z": [[1, None], [None, None]]})
    ran = backprop("check", "p.json", "--expect", "class", "--expect", "none.json")
    assert ran.status == 3
    assert [line.split()[:2] for line in ran.out.splitlines()[:6]] == [
        ["ok", "class/ann.json"],
        ["FAIL", "class/ben.npz"],
        ["error", "class/cleo.json"],
        ["error", "class/dora.json"],
        ["FAIL", "class/emil.json"],
        ["error", "none.json"],
    ]
    assert "\n6 submissions: 1 passed, 2 failed, 3 could not be checked\n" in ran.out
    assert ran.err == (
        "backprop: class/cleo.json:1:2: not JSON: the text ends before its last bracket is closed\n"
        "backprop: class/dora.json: expected.dbias: no such quantity is computed\n"
        "hint: give dbias as dbiases\n"
        "backprop: none.json: cannot read: no such file or directory\n"
    )
    table = backprop("check", "p.json", "--expect", "class", "--expect", "none.json", "--format", "csv")
    assert (table.status, table.err) == (ran.status, ran.err)
    rows = list(csv.reader(table.out.splitlines()))
    totals = [row[2:] for row in rows if row[1] == "total"]
    assert totals == [
        ["34", "34", "0", "0", "0", "", "", "34"],
        ["34", "32", "1", "1", "0", "z[0,0]", "", "33"],
        ["", "", "", "", "", "", f"not checked: {ran.err.splitlines()[0].removeprefix('backprop: ')}", ""],
        ["", "", "", "", "", "", f"not checked: {ran.err.splitlines()[1].removeprefix('backprop: ')}", ""],
        ["34", "28", "0", "1", "5", "z[0,0]", "", "28"],
        ["", "", "", "", "", "", f"not checked: {ran.err.splitlines()[3].removeprefix('backprop: ')}", ""],
    ]
    assert [row[:7] for row in rows if row[:2] == ["class/emil.json", "dbiases"]] == [
        ["class/emil.json", "dbiases", "2", "0", "0", "0", "2"]
    ]


def test_json_has_an_item_for_each_submission(backprop: Run) -> None:
    write("ann.json", worked({})[0])
    write("ben.json", worked({"dbiases": (1, 1)})[0])
    write("cleo.json", "{")
    argv = ["--expect", "ben.json", "--expect", "cleo.json", "--expect", "ann.json", "--format", "json"]
    found = json.loads(backprop("check", "p.json", *argv).out)
    assert (found["schema"], found["passed"]) == ("backprop.check/1", False)
    assert [(each["file"], each["problem"], each["outcome"]) for each in found["files"]] == [
        ("ben.json", "p.json", "wrong"),
        ("cleo.json", "p.json", "error"),
        ("ann.json", "p.json", "ok"),
    ]
    assert found["files"][0]["expected"]["dbiases"]["verdict"] == "wrong"
    (alone,) = json.loads(backprop("check", "p.json", "--expect", "ann.json", "--format", "json").out)["files"]
    assert found["files"][2] == {"file": "ann.json", "problem": "p.json"} | {
        key: value for key, value in alone.items() if key != "file"
    }
    assert (alone["file"], "problem" in alone) == ("p.json", False)


def test_the_problem_may_come_from_options(backprop: Run) -> None:
    for name in ("inputs", "weights", "biases"):
        Path(f"{name}.csv").write_text("\n".join(",".join(map(str, row)) for row in np.atleast_2d(PROBLEM[name])))
    write("class/ann.json", {"z": rules({})["z"]()})
    write("class/ben.json", {"z": None})
    argv = ["--inputs", "inputs.csv", "--weights", "weights.csv", "--biases", "biases.csv", "--expect", "class"]
    ran = backprop("check", *argv, "--format", "json")
    assert [(each["file"], each["problem"], each["outcome"]) for each in json.loads(ran.out)["files"]] == [
        ("class/ann.json", "<options>", "ok"),
        ("class/ben.json", "<options>", "open"),
    ]


def test_a_submission_may_be_a_folder_or_standard_input(process: Any, backprop: Run) -> None:
    backprop("run", "p.json", "--save", "ann")
    argv = ["check", "p.json", "--expect", "ann", "--expect", "-", "--format", "csv"]
    ran = process(*argv, input=json.dumps(worked({"dz": (0, 1)})[0]).encode())
    assert (ran.returncode, ran.stderr) == (1, b"")
    rows = list(csv.DictReader(ran.stdout.decode().splitlines()))
    assert [(row["file"], row["marks"]) for row in rows if row["quantity"] == "total"] == [
        ("ann", "34"),
        ("<stdin>", "33"),
    ]


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        ("{", "p.json:1:2: not JSON: the text ends before its last bracket is closed"),
        (json.dumps(PROBLEM | {"inputs": [[1e308, 1e308, 0]], "upstream": [[1, 1]]}), "p.json: z[0,0]: overflows"),
    ],
)
def test_a_problem_that_cannot_be_solved_is_one_error(backprop: Run, problem: str, line: str) -> None:
    Path("p.json").write_text(problem)
    write("ann.json", {"dbiases": [1, 1]})
    ran = backprop("check", "p.json", "--expect", "ann.json", "--expect", "ann.json")
    assert (ran.status, ran.out.splitlines()[0].split()[:2]) == (3, ["error", "p.json"])
    assert ran.err.startswith(f"backprop: {line}")
    assert ran.err.count("backprop: ") == 1


def test_a_problem_is_not_solved_where_no_submission_can_be_read(
    backprop: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    _count(monkeypatch, calls, verdicts, "solve")
    ran = backprop("check", "p.json", "--expect", "a.json", "--expect", "b.json")
    assert (ran.status, calls) == (3, [])


def test_a_submission_in_a_narrower_type_than_stored_is_named(backprop: Run) -> None:
    write("ann.json", worked({})[0])
    np.savez("ben.npz", dz=np.array(PROBLEM["upstream"], np.float16))
    argv = ["check", "p.json", "--stored", "float32", "--expect"]
    one, many = backprop(*argv, "ben.npz"), backprop(*argv, "ann.json", "--expect", "ben.npz")
    reason = "--stored float32: the expected values of dz have the narrower type float16\n"
    assert (one.status, one.out, one.err) == (2, "", f"backprop: {reason}")
    assert (many.status, many.out, many.err) == (2, "", f"backprop: ben.npz: {reason}")


def test_several_problems_with_their_own_expected_values_have_marks(backprop: Run) -> None:
    own, counts = worked({"dweights": (2, 5)})
    Path("p.json").write_text(json.dumps(PROBLEM | {"expected": own}))
    Path("bare.json").write_text(json.dumps(PROBLEM))
    ran = backprop("check", "p.json", "bare.json", "--format", "csv")
    rows = list(csv.DictReader(ran.out.splitlines()))
    assert [row["file"] for row in rows] == ["p.json"] * 9 + ["bare.json"]
    assert [tuple(int(row[key]) for key in ("entries", "right", "follows", "wrong")) for row in rows[:8]] == list(
        counts.values()
    )
    assert (rows[8]["first_wrong"], rows[9]["entries"], rows[9]["marks"]) == ("dweights[1,0]", "0", "0")
