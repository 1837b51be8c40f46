"""Pages of tables show every number at any width."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from backprop_cli.cli.entries import Name, nodes
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build
from backprop_cli.render.terminal.page import Look
from backprop_cli.render.terminal.result import tables


def page(
    draft: dict[str, Any],
    *names: str,
    headers: Mapping[str, tuple[str, ...]] | None = None,
    precision: int | None = None,
    max_rows: int = 20,
    **look: Any,
) -> str:
    problem = build(draft, headers)
    wanted = nodes(tuple(Name(None, name) for name in names) or None, problem)
    return tables(solve(problem, wanted), Look(**{"wraps": False} | look), precision, max_rows)


def gradient(rows: Any) -> dict[str, Any]:
    """Return a problem whose dz is this matrix."""
    return {"upstream": np.array(rows, dtype=float), "activation": "linear"}


def numbers(text: str) -> list[float]:
    text = re.sub(r"^dz .*|(neuron|sample) \d+", "", text)
    return [float(word) for word in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]\d+)?(?![\w.])", text)]


def test_a_page_has_a_title_tables_and_what_is_missing() -> None:
    draft = {"title": "A title", "z": [[1, -2.5], [0.25, 12]], "upstream": [[1, 1], [-3, 4]]}
    assert page(draft, "dz", "dbiases", "dinputs", ascii_only=True) == (
        "A title\n"
        "\n"
        "dz (2, 2) = upstream * (z > 0)\n"
        "           neuron 0   neuron 1\n"
        "------------------------------\n"
        "sample 0          1          0\n"
        "sample 1         -3          4\n"
        "\n"
        "dbiases (2,) = sum of dz over samples\n"
        "   neuron 0   neuron 1\n"
        "----------------------\n"
        "         -2          4\n"
        "\n"
        "not computed\n"
        "  dinputs needs weights\n"
    )


def test_a_network_has_a_heading_for_each_layer() -> None:
    draft = {
        "inputs": [[1]],
        "layers": [{"weights": [[2, 3]], "biases": [0, 0]}, {"biases": [1], "activation": "linear"}],
    }
    headings = [line for line in page(draft).splitlines() if line.startswith(("layers", "  layers"))]
    assert headings[:3] == [
        "layers[0], forward: relu, 1 input, 2 neurons",
        "layers[0].z (1, 2) = inputs @ weights + biases",
        "layers[0].outputs (1, 2) = max(z, 0)",
    ]
    assert "  layers[1].z needs layers[1].weights" in headings


@pytest.mark.parametrize(("upstream", "name"), [("outputs", "outputs"), ("ones", "upstream"), ([[1, 2]], "upstream")])
def test_a_factor_from_another_layer_has_its_place(upstream: Any, name: str) -> None:
    layers = [{"weights": [[2, 3]], "biases": [0, 0]}, {"weights": [[1, 2], [3, 4]], "biases": [1, 1]}]
    lines = page({"inputs": [[1]], "layers": layers, "upstream": upstream}).splitlines()
    formulas = dict(line.split(" = ") for line in lines if " = " in line)
    assert formulas["layers[0].dz (1, 2)"] == "layers[1].dinputs * (z > 0)"
    assert formulas["layers[0].dweights (1, 2)"] == "inputs.T @ dz"
    assert formulas["layers[1].z (1, 2)"] == "layers[0].outputs @ weights + biases"
    assert formulas["layers[1].dz (1, 2)"] == f"{name} * (z > 0)"
    assert formulas["layers[1].dweights (2, 2)"] == "layers[0].outputs.T @ dz"


def test_weights_stored_out_in_have_transposed_tables() -> None:
    draft = {
        "inputs": [[1, 2]],
        "weights": [[1, 2]],
        "biases": 0,
        "upstream": 1,
        "weight_layout": "out-in",
        "activation": "linear",
    }
    assert page(draft, "dweights", ascii_only=True).splitlines() == [
        "dweights (1, 2) = dz.T @ inputs",
        "           input 0   input 1",
        "----------------------------",
        "neuron 0         1         2",
    ]
    assert page(draft, "z", ascii_only=True).splitlines()[0] == "z (1, 1) = inputs @ weights.T + biases"
    assert page(draft, "dinputs", ascii_only=True).splitlines()[0] == "dinputs (1, 2) = dz @ weights"


@pytest.mark.parametrize("width", [1, 20, 40, 80, 200, 10_000])
def test_no_digit_is_lost_at_any_width(width: int) -> None:
    rng = np.random.default_rng(3)
    matrix = rng.uniform(-1, 1, (4, 12)) * 10.0 ** rng.integers(-20, 20, (4, 12))
    text = page(gradient(matrix), "dz", width=width, precision=17)
    assert sorted(numbers(text)) == sorted(matrix.ravel().tolist())
    labels = [f"neuron {j}" for j in range(12)]
    assert [label for label in labels if re.search(rf"{label}\b", text)] == labels
    assert "…" not in text


def test_a_wide_table_is_split_to_fit_the_page() -> None:
    text = page(gradient(np.ones((2, 12))), "dz", width=80)
    widths = [len(line) for line in text.splitlines() if line.startswith("sample")]
    assert max(widths) <= 80
    assert len(widths) == 2 * 2


@pytest.mark.parametrize(
    ("shape", "rows", "note", "count"),
    [
        ((20, 3), 20, None, 60),
        ((21, 3), 20, "  shows rows 0 to 9 and 11 to 20 of 21 (--rows 0 shows all)", 60),
        ((21, 3), 0, None, 63),
        ((50, 2), 5, "  shows rows 0 to 2 and 48 to 49 of 50 (--rows 0 shows all)", 10),
        ((50, 2), 1, "  shows rows 0 to 0 of 50 (--rows 0 shows all)", 2),
        ((2, 101), 20, "  shows columns 0 to 9 and 91 to 100 of 101 (--rows 0 shows all)", 40),
        ((2, 100), 20, None, 200),
        (
            (30, 200),
            4,
            "  shows rows 0 to 1 and 28 to 29 of 30 and columns 0 to 9 and 190 to 199 of 200 (--rows 0 shows all)",
            80,
        ),
    ],
)
def test_a_large_matrix_shows_its_first_and_last_rows_and_columns(
    shape: tuple[int, int], rows: int, note: str | None, count: int
) -> None:
    matrix = np.arange(1, shape[0] * shape[1] + 1).reshape(shape) + 0.5
    text = page(gradient(matrix), "dz", max_rows=rows)
    assert [line for line in text.splitlines() if "shows" in line] == ([note] if note else [])
    shown = [value for value in numbers(text) if value % 1]
    assert len(shown) == count
    assert {matrix[0, 0]} <= set(shown)
    assert rows == 1 or matrix[-1, -1] in shown


def test_colours_distinguish_positive_negative_and_zero_entries() -> None:
    text = page({"z": [[1, 1, -1, 1]], "upstream": [[5, -6, 7, 0]]}, "dz", color=True)
    row = next(line for line in text.splitlines() if "sample" in line)
    styles = dict(reversed(found) for found in re.findall(r"(?:\x1b\[38;5;(\d*)m)? *(-?\d)\x1b\[0m", row))
    assert (styles["5"], styles["-6"], styles["0"]) == ("28", "161", "243")
    assert "\x1b" not in page({"z": [[1]], "upstream": [[5]]}, "dz")


def test_markup_in_names_is_printed_literally() -> None:
    names = ("[red]x[/]", ":smile:", "a\x1b[2Jb", "[/]")
    text = page(
        {"title": "[bold]\x07:smile:\u202e", "upstream": [[1, 2, 3, 4]], "activation": "linear"},
        "dz",
        headers={"upstream": names},
    )
    assert text.splitlines()[0] == "[bold]\\x07:smile:\\u202e"
    assert re.sub(" +", " ", text.splitlines()[3]) == " [red]x[/] :smile: a\\x1b[2Jb [/]"


def test_a_network_is_shown_in_the_order_of_work() -> None:
    layer = {"weights": [[2]], "biases": [0], "activation": "linear"}
    draft = {"inputs": [[1]], "layers": [layer, layer], "targets": [[5]], "loss": "half_squared_error"}
    lines = page(draft).splitlines()
    headings = [line.split(" (")[0] for line in lines if line.startswith(("layers", "loss", "upstream"))]
    assert headings == [
        *("layers[0], forward: linear, 1 input, 1 neuron", "layers[0].z", "layers[0].outputs"),
        *("layers[1], forward: linear, 1 input, 1 neuron", "layers[1].z", "layers[1].outputs"),
        *("loss", lines[lines.index("loss") + 2].split(" (")[0], "upstream"),
        *("layers[1], backward: linear, 1 input, 1 neuron", "layers[1].dz", "layers[1].dinputs"),
        *("layers[1].dweights", "layers[1].dbiases"),
        *("layers[0], backward: linear, 1 input, 1 neuron", "layers[0].dz", "layers[0].dinputs"),
        *("layers[0].dweights", "layers[0].dbiases"),
        *("layers[0], step: linear, 1 input, 1 neuron", "layers[0].new_weights", "layers[0].new_biases"),
        *("layers[1], step: linear, 1 input, 1 neuron", "layers[1].new_weights", "layers[1].new_biases"),
    ]
    assert lines[lines.index("loss") + 2].startswith("loss = 0.5 = ")


def test_samples_in_columns_are_columns_of_the_tables() -> None:
    """relu: z is [[3, -3], [1, -1]], a neuron in each row, so that the second sample is inactive."""
    draft = {"samples": "columns", "inputs": [[1, -1]], "weights": [[3], [1]], "upstream": [[1, 2], [3, 4]]}
    assert page(draft, ascii_only=True).startswith(
        "z (2, 2) = weights @ inputs\n"
        "           sample 0   sample 1\n"
        "------------------------------\n"
        "neuron 0          3         -3\n"
        "neuron 1          1         -1\n"
    )
    colored = page(draft, color=True)
    dz = colored[colored.index("dz ") : colored.index("dinputs ")]
    inactive = [row.count("\x1b[38;5;243m") for row in dz.splitlines() if "neuron" in row]
    assert inactive == [1, 1]


def test_names_of_columns_are_those_of_neurons_only_where_samples_are_rows() -> None:
    draft = {"inputs": [[1, 2], [3, 4]], "weights": [[1, 0], [0, 1]], "targets": [[1, 0], [0, 1]], "loss": "mse"}
    names: dict[str, tuple[str, ...]] = {"targets": ("cat", "dog"), "inputs": ("x", "y")}
    rows = page(draft, headers=names)
    columns = page(draft | {"samples": "columns"}, headers=names)
    assert "cat" in rows
    assert "x " in rows
    assert not any(name in columns for name in ("cat", "dog", "  x", "  y"))
