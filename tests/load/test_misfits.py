"""Column numbers, an index, and numbers in one row are named where a shape does not fit; notes where it does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Run
from tests.load.conftest import PROBLEM, as_csv

HEADERS = "the first line of {} may be column numbers, as pandas writes them"
INDEX = "the first column of {} counts the rows and may be an index"
NOTE = "backprop: inputs.csv: the first column counts the rows, from {}, and is read as numbers\n"


@pytest.fixture(autouse=True)
def _files(_folder: None) -> None:
    for name, value in PROBLEM.items():
        Path(f"{name}.csv").write_text(as_csv(value))


def matrices(*names: str) -> list[str]:
    return [f"--{name}={name}.csv" for name in names or PROBLEM]


def hint_of(backprop: Run, *argv: str) -> str:
    ran = backprop("run", *argv)
    assert (ran.status, ran.out) == (3, "")
    return ran.err.partition("\nhint: ")[2].rstrip("\n")


@pytest.mark.parametrize("exact", [(), ("--exact",), ("--dtype", "float32")])
@pytest.mark.parametrize("name", ["inputs", "biases", "upstream"])
def test_column_numbers_are_named(backprop: Run, name: str, exact: tuple[str, ...]) -> None:
    """Under `--header none` they are numbers by the user's own word, and nothing is said of them."""
    Path("inputs.csv").write_text("1.5,2\n3,4\n")
    Path("weights.csv").write_text("1,2\n3,4\n")
    Path("biases.csv").write_text("1,2\n")
    Path("upstream.csv").write_text("1,2\n3,4\n")
    Path(f"{name}.csv").write_text("0,1\n" + Path(f"{name}.csv").read_text())
    assert hint_of(backprop, *matrices(), *exact).startswith(HEADERS.format(f"{name}.csv"))
    assert "column numbers" not in hint_of(backprop, *matrices(), *exact, "--header", "none")
    for other in ("inputs", "weights", "biases", "upstream"):
        Path(f"{other}.csv").write_text("0,1\n" + Path(f"{other}.csv").read_text().removeprefix("0,1\n"))
    assert backprop("run", *matrices(), *exact, "--header", "skip").status == 0


def test_column_numbers_of_two_files_are_named_together(backprop: Run) -> None:
    Path("weights.csv").write_text("0,1\n.25,-.5\n1.5,.7\n-1.1,2\n")
    Path("biases.csv").write_text("0,1\n.5,.25\n")
    Path("inputs.csv").write_text("1.5,2.5,3.5\n")
    hint = hint_of(backprop, *matrices("inputs", "weights", "biases"))
    assert HEADERS.format("weights.csv") in hint
    assert HEADERS.format("biases.csv") in hint


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("exact", [(), ("--exact",)])
def test_a_column_that_counts_the_rows_is_named(backprop: Run, start: int, exact: tuple[str, ...]) -> None:
    rows = [[start + i, *row] for i, row in enumerate(PROBLEM["inputs"])]
    Path("inputs.csv").write_text("n,a,b,c,d\n" + as_csv(rows).replace(f"{start}.0,", f"{start},", 1))
    assert hint_of(backprop, *matrices(), *exact).startswith(INDEX.format("inputs.csv"))
    ran = backprop("run", *matrices("inputs", "upstream"), *exact, "--activation=linear", "--only=dbiases")
    assert (ran.status, ran.err) == (0, NOTE.format(start))
    quiet = backprop("run", *matrices("inputs", "upstream"), *exact, "--activation=linear", "--only=dbiases", "-q")
    assert quiet == (0, ran.out, "")


@pytest.mark.parametrize("rows", ["1,5\n2,5\n", "1\n2\n3\n", "2,1\n3,1\n4,1\n", "1,1\n2,1\n4,1\n", "1,1\n2.5,1\n3,1\n"])
def test_nothing_is_said_of_other_first_columns(backprop: Run, rows: str) -> None:
    Path("inputs.csv").write_text(rows)
    assert backprop("run", "--inputs=inputs.csv", "--weights=w.json", "--only=z").status == 3
    Path("w.json").write_text(str([[1.0]] * (rows.partition("\n")[0].count(",") + 1)))
    assert backprop("run", "--inputs=inputs.csv", "--weights=w.json", "--only=z").err == ""


def test_numbers_in_one_row_are_named(backprop: Run) -> None:
    Path("inputs.csv").write_text(",".join(map(str, np.ravel(PROBLEM["inputs"]))))
    assert hint_of(backprop, *matrices()) == "inputs.csv is one row of 12 numbers; 3 rows of 4 would fit"
    Path("inputs.csv").write_text("1.5,2.5,3.5,4.5,5.5,6.5,7.5")
    assert hint_of(backprop, *matrices()) == ""


def test_causes_are_looked_for_in_a_network_of_one_layer_too(backprop: Run) -> None:
    Path("layers.json").write_text('{"layers": [{"weights": [[1.5, 2], [3, 4]]}]}')
    Path("b.csv").write_text("0,1\n5,6\n")
    assert hint_of(backprop, "layers.json", "--biases=b.csv").startswith(HEADERS.format("b.csv"))


EXPECTED: dict[str, tuple[str, str]] = {
    "column numbers": ("0,1\n0.75,-6.2\n0.35,3.25\n-0.25,-3\n", HEADERS),
    "index": ("1,0.75,-6.2\n2,0.35,3.25\n3,-0.25,-3\n", INDEX),
    "one row": ("0.75,-6.2,0.35,3.25,-0.25,-3\n", "{} is one row of 6 numbers; 3 rows of 2 would fit"),
}
LAYER: dict[str, Any] = {
    "inputs": [[0.1, -1.25, 2], [1.5, 0.7, -0.5], [-2, 0.25, 1 / 3], [3, -0.5, 0.125]],
    "weights": [[0.25, -0.5], [1.5, 0.7], [-1.1, 2]],
    "biases": [0.125, -0.25],
    "upstream": [[1, -2], [0.5, 0.25], [-1.5, 3], [2, -0.75]],
}


@pytest.mark.parametrize("rounded", [(), ("--rounded",)])
@pytest.mark.parametrize("name", EXPECTED)
def test_causes_are_named_in_what_is_expected(backprop: Run, name: str, rounded: tuple[str, ...]) -> None:
    text, hint = EXPECTED[name]
    Path("layer.json").write_text(str(LAYER).replace("'", '"'))
    Path("grads").mkdir()
    file = Path("grads/dweights.csv")
    file.write_text(text)
    ran = backprop("check", "layer.json", "--expect", "grads", *rounded)
    assert ran.status == 3
    assert ran.err.startswith("backprop: grads/dweights.csv: shape (")
    assert ran.err.partition("hint: ")[2].startswith(hint.format(file))
    if name == "column numbers":
        assert backprop("check", "layer.json", "--expect", "grads", *rounded, "--header", "skip").status == 0
        assert backprop("check", "layer.json", "--expect", "grads", *rounded, "--header", "none").status == 1
    file.write_text("0.5,2.5,3.5,4.5,7.5\n")
    assert backprop("check", "layer.json", "--expect", "grads", *rounded).status == 1


def test_what_is_expected_may_be_a_row_or_json(backprop: Run) -> None:
    Path("layer.json").write_text(str(LAYER).replace("'", '"'))
    Path("grads").mkdir()
    Path("grads/dbiases.csv").write_text("0,1\n-0.5,2.5\n")
    ran = backprop("check", "layer.json", "--expect", "grads")
    assert ran.err.partition("hint: ")[2].startswith(HEADERS.format("grads/dbiases.csv"))
    Path("grads/dbiases.csv").unlink()
    Path("grads/dbiases.json").write_text("[[0, 1], [2, 3]]")
    assert backprop("check", "layer.json", "--expect", "grads").status == 1


@pytest.mark.parametrize("command", ["run", "check", "explain"])
def test_the_first_line_is_a_choice_of_every_command(backprop: Run, command: str) -> None:
    ran = backprop(command, "p.json", "--header", "no")
    assert (ran.status, ran.err.splitlines()[0]) == (2, "backprop: --header: expected auto, none or skip, got 'no'")
    assert backprop(command, "p.json", "--header", "none").status == 0


def test_hint_on_a_table_of_spaces(backprop: Run) -> None:
    Path("x.txt").write_text("1 2\n")
    assert "np.savetxt with delimiter" in hint_of(backprop, "--inputs=x.txt", "--upstream=upstream.csv")
