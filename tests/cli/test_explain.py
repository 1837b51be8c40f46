"""`explain` prints an explanation in three formats; a bad entry is told what there is."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.quantities import QUANTITIES
from backprop_cli.messages import listed
from tests.conftest import ROOT, Run

SAMPLES = ROOT / "samples"
GOLDEN = ROOT / "tests" / "golden"
NOT_RATIONAL = ("logistic_regression_columns", "mazur_sigmoid", "softmax_classifier", "training_100_steps")


@pytest.mark.parametrize("name", [path.stem for path in sorted(SAMPLES.glob("*.json"))])
def test_every_sample_has_its_walk_in_every_format(name: str) -> None:
    assert {path.name for path in GOLDEN.glob(f"{name}.*")} >= {f"{name}.{ending}" for ending in ("txt", "md", "json")}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.*")), ids=lambda path: path.name)
def test_golden(path: Path, backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dense_relu@dweights[2,1].md` is `explain dense_relu.json 'dweights[2,1]' --format markdown --depth all`.

    Without @ it is the worked solution of the whole problem. JSON is exact, so that no last bit depends on the machine;
    of functions that are not rational, numbers are compared to 12 digits. BACKPROP_GOLDEN=write writes what is printed
    now.
    """
    monkeypatch.setenv("COLUMNS", "80")
    sample, _, entry = path.stem.partition("@")
    formats = {".txt": "table", ".md": "markdown", ".json": "json", ".tex": "latex", ".html": "html"}
    output = formats[path.suffix]
    ran = backprop(
        "explain",
        SAMPLES / f"{sample}.json",
        *[entry] * bool(entry),
        *["--format", output],
        *["--exact"] * (output == "json" and sample not in NOT_RATIONAL),
        *["--depth", "all"] * bool(entry),
    )
    if os.environ.get("BACKPROP_GOLDEN") == "write":
        path.write_text(ran.out, encoding="utf-8")
    expected = path.read_text(encoding="utf-8")
    assert ran.status == 0
    if output == "json" and sample in NOT_RATIONAL:
        assert rounded(json.loads(ran.out)) == rounded(json.loads(expected))
    else:
        assert ran.out == expected


def rounded(tree: Any) -> Any:
    """Return JSON in which numbers have 12 significant digits; differences of nearly equal numbers have 15 decimals."""
    if isinstance(tree, float):
        return float(f"{round(tree, 15):.12g}")
    if isinstance(tree, list):
        return [rounded(each) for each in tree]
    return {key: rounded(value) for key, value in tree.items()} if isinstance(tree, dict) else tree


@pytest.mark.parametrize(("depth", "levels"), [("0", 1), ("1", 2), ("2", 3), ("all", 4)])
def test_depth(backprop: Run, depth: str, levels: int) -> None:
    ran = backprop(
        "explain", SAMPLES / "dense_relu.json", "new_biases[0]", "--depth", depth, "--format", "json", "--exact"
    )

    def height(tree: Any) -> int:
        return 1 + max(map(height, tree.get("from", [])), default=0)

    assert height(json.loads(ran.out)) == levels + (depth == "all")


@pytest.mark.parametrize(
    ("sample", "entry", "status", "message"),
    [
        ("dense_relu", "dweights[9,1]", 2, "dweights[9,1]: dweights has 4 rows (0 to 3) and 3 columns (0 to 2)\n"),
        ("dense_relu", "dweights[9,:]", 2, "dweights[9,0]: dweights has 4 rows (0 to 3) and 3 columns (0 to 2)\n"),
        ("two_layers", "layers[2]", 2, "there is no layers[2] (the problem has 2 layers, numbered from 0)\n"),
        ("single_neuron", "dbiases[1]", 2, "dbiases[1]: dbiases has 1 entry (0 to 0)\n"),
        (
            "dense_relu",
            "dbiases[:,1]",
            2,
            "dbiases[0,1]: dbiases has 3 entries (0 to 2)\n",
        ),
        (
            "dense_relu",
            "dweights[2",
            2,
            "'dweights[2' is no entry (expected one like dweights[2,1], counted from 0)\n"
            "hint: quote an entry for the shell, to which [ is special: 'dweights[2,1]'\n",
        ),
        (
            "dense_relu",
            "dwieghts[2,1]",
            2,
            f"no quantity is called 'dwieghts' (expected {listed(QUANTITIES, 'or')})\nhint: did you mean 'dweights'?\n",
        ),
        (
            "dense_relu",
            "dweights[-1,0]",
            2,
            "'dweights[-1,0]' is no entry (expected one like dweights[2,1], counted from 0)\n",
        ),
        (
            "dense_relu",
            "weights[0,0]",
            2,
            f"weights is given, not computed (expected {listed(QUANTITIES, 'or')})\n",
        ),
        ("dense_relu", "layers[1].dz[0,0]", 2, "there is no layers[1].dz (the problem has 1 layer, numbered from 0)\n"),
        (
            "two_layers",
            "dz[0,0]",
            2,
            "which dz? The problem has 2 layers (layers[0].dz to layers[1].dz)\n",
        ),
        ("dbiases", "dweights[0,0]", 3, f"{SAMPLES}/dbiases.json: too little was given: dweights needs inputs\n"),
        (
            "dbiases",
            "outputs[0,0]",
            3,
            f"{SAMPLES}/dbiases.json: too little was given: outputs needs z (or inputs and weights)\n",
        ),
    ],
)
def test_a_bad_entry_is_told_what_there_is(backprop: Run, sample: str, entry: str, status: int, message: str) -> None:
    ran = backprop("explain", SAMPLES / f"{sample}.json", entry)
    assert ran == (status, "", f"backprop: {message}")


@pytest.mark.parametrize("entry", ["dweights[2, 1]", " dweights[2,1]", "layers[0].dweights[2,1]"])
def test_an_entry_may_be_written_with_blanks_and_with_the_only_layer(backprop: Run, entry: str) -> None:
    expected = backprop("explain", SAMPLES / "dense_relu.json", "dweights[2,1]")
    assert backprop("explain", SAMPLES / "dense_relu.json", entry) == expected


@pytest.mark.parametrize("options", [[], ["--exact"]])
@pytest.mark.parametrize("output", ["table", "markdown", "json"])
def test_sums_beyond_float64_are_an_error_and_no_bug(
    backprop: Run, tmp_path: Path, output: str, options: list[str]
) -> None:
    problem = {"inputs": [[1]] * 4, "activation": "linear", "upstream": [[1.7e308], [-1.7e308], [-1.7e308], [1.7e308]]}
    path = tmp_path / "p.json"
    path.write_text(json.dumps(problem))
    ran = backprop("explain", path, "dbiases[0]", "--terms", "1", "--format", output, *options)
    assert ran.status == (0 if options else 3)
    assert ran.err == (
        ""
        if options
        else f"backprop: {path}: dbiases[0]: overflows float64 on the way to its sum (--exact has no such limit)\n"
    )


@pytest.mark.parametrize("output", ["table", "markdown", "json"])
def test_exact_arithmetic_goes_beyond_float64(backprop: Run, tmp_path: Path, output: str) -> None:
    path = tmp_path / "p.json"
    path.write_text('{"activation": "linear", "upstream": [[1e399], [3e399], [-1e399]]}')
    ran = backprop("explain", path, "dbiases[0]", "--exact", "--format", output)
    assert (ran.status, ran.err) == (0, "")
    assert "3e+399" in ran.out


@pytest.mark.parametrize("output", ["table", "markdown", "json"])
def test_of_a_long_sum_as_many_terms_are_shown_as_are_asked_for(backprop: Run, tmp_path: Path, output: str) -> None:
    path = tmp_path / "p.json"
    path.write_text('{"activation": "linear", "upstream": [[1], [2], [3], [4]]}')
    ran = backprop("explain", path, "dbiases[0]", "--terms", "3", "--depth", "0", "--format", output)
    assert (ran.status, ran.err) == (0, "")
    assert [f"dz[{n},0]" in ran.out for n in range(4)] == [False, True, True, True]
    assert ("1 other term" in ran.out) or ('"rest": 1' in ran.out)


@pytest.mark.parametrize("output", ["table", "markdown", "json"])
def test_all_levels_of_a_very_deep_network_are_cut_off_and_say_so(backprop: Run, tmp_path: Path, output: str) -> None:
    layers = [{"weights": [[1]], "biases": [0], "activation": "linear"}] * 400
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"inputs": [[1]], "layers": layers, "upstream": "ones"}))
    ran = backprop("explain", path, "layers[0].dweights[0,0]", "--depth", "all", "--format", output)
    assert ran.status == 0
    assert ("left out" in ran.out) or ('"cut": true' in ran.out)
    assert len(ran.out) < 1_000_000


def test_a_large_npz_that_lacks_something_says_so(backprop: Run, tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    np.savez(path, inputs=np.ones((2000, 100)), biases=np.ones(60), upstream=np.ones((2000, 60)))
    ran = backprop("explain", path, "dweights[0,0]")
    assert ran.status == 3
    assert ran.err.startswith(f"backprop: {path}: too little was given: dweights needs z (or weights)\n")


@pytest.mark.parametrize(
    ("sample", "entry", "shown"),
    [
        ("dense_relu", "dbiases", ["dbiases[0]", "dbiases[1]", "dbiases[2]"]),
        ("dense_relu", "dweights[2,:]", ["dweights[2,0]", "dweights[2,1]", "dweights[2,2]"]),
        ("dense_relu", "dweights[:,1]", [f"dweights[{i},1]" for i in range(4)]),
        ("dense_relu", "upstream[1,:]", [f"outputs[1,{j}]" for j in range(3)]),  # which it is
        ("two_layers", "dbiases", [f"layers[{i}].dbiases[{j}]" for i, n in ((1, 3), (0, 2)) for j in range(n)]),
        (
            "two_layers",
            "layers[0]",
            [
                *(f"layers[0].{name}[0,0]" for name in ("z", "outputs", "dz", "dweights")),
                *("layers[0].dbiases[0]", "layers[0].dinputs[0,0]"),
                *("layers[0].new_weights[0,0]", "layers[0].new_biases[0]"),
            ],
        ),
        ("two_layers", "layers.0.dbiases", ["layers[0].dbiases[0]", "layers[0].dbiases[1]"]),
        ("mazur_sigmoid", "loss", None),
    ],
)
def test_a_quantity_a_row_or_a_layer(backprop: Run, sample: str, entry: str, shown: list[str] | None) -> None:
    found = json.loads(backprop("explain", SAMPLES / f"{sample}.json", entry, "--format", "json").out)
    assert (found["entry"] if shown is None else [step["entry"] for step in found["walk"]]) == (shown or entry)


def test_the_sources_of_many_entries_are_shown_if_they_are_asked_for(backprop: Run) -> None:
    sources = {
        depth: [
            step["from"]
            for step in json.loads(
                backprop("explain", SAMPLES / "dense_relu.json", "dbiases", "--format", "json", *depth).out
            )["walk"]
        ]
        for depth in ((), ("--depth", "1"))
    }
    assert sources[()] == [[], [], []]
    assert [len(each) for each in sources["--depth", "1"]] == [3, 3, 3]


def test_matrices_alone_may_come_with_a_layer(backprop: Run, tmp_path: Path) -> None:
    (tmp_path / "z.csv").write_text("1,-2\n")
    ran = backprop("explain", "--z", tmp_path / "z.csv", "layers[0]")
    assert ran.status == 0
    assert "outputs = max(z, 0) = max([1 -2], 0) = [1 0]\n" in ran.out


@pytest.mark.parametrize("output", ["table", "markdown", "json"])
def test_every_entry(backprop: Run, output: str) -> None:
    """dense_relu has 3 * 9 + 12 + 2 * 12 + 2 * 3 = 69 entries, of which 8 are worked out by default."""
    one, every = (
        backprop("explain", SAMPLES / "dense_relu.json", "--format", output, *options).out
        for options in ((), ("--every-entry",))
    )
    if output == "json":
        assert (json.loads(one)["not_shown"], len(json.loads(one)["walk"])) == (61, 8)
        assert ("not_shown" in json.loads(every), len(json.loads(every)["walk"])) == (False, 69)
    else:
        assert "the terms of 61 of 69 entries: " in one
        assert "not shown" not in every.lower()


@pytest.mark.parametrize("output", ["table", "markdown", "latex", "html", "json", "svg", "tikz"])
@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy", "binary_cross_entropy", "nll"])
def test_a_loss_without_targets_is_not_computed(backprop: Run, tmp_path: Path, output: str, loss: str) -> None:
    activation = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(loss, "linear")
    problem = {
        "inputs": [[1, 2]],
        "weights": [[1, 0], [2, 1]],
        "biases": [0, 0],
        "activation": activation,
        "loss": loss,
    }
    (tmp_path / "p.json").write_text(json.dumps(problem))
    ran = backprop("explain", str(tmp_path / "p.json"), "--format", output)
    assert (ran.status, ran.err) == (0, "")
    assert "targets" in ran.out or output in ("svg", "tikz")
    assert "upstream[0,0]" not in ran.out or output == "json"
