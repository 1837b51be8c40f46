"""Explanations: the terms add up, the factors are what they are called, and a bad entry is told what there is."""

import json
import os
import random
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.rounding import bounds
from backprop_cli.cli.entries import nodes
from backprop_cli.core.arrays import Array
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, QUANTITIES, Node
from backprop_cli.core.solve import solve
from backprop_cli.explanations import terms
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Explanation, Extent
from backprop_cli.explanations.walk import walk
from backprop_cli.load.schema import build
from backprop_cli.render import json as render_json
from tests.conftest import ROOT, Run
from tests.reference import as_draft, random_network

SAMPLES = ROOT / "samples"
GOLDEN = ROOT / "tests" / "golden"


class Entries:
    """The value of any entry by its name: given, or computed by the solver."""

    def __init__(self, problem: Problem) -> None:
        last = len(problem.layers) - 1
        self._arrays: dict[str, Array] = dict(solve(problem, nodes(None, last + 1)).matrices())
        given = {"inputs": problem.inputs, "upstream": problem.upstream}
        for i, layer in enumerate(problem.layers):
            weights = None if layer.weights is None else problem.as_written("weights", layer.weights)
            given |= {problem.place(i, "weights"): weights, problem.place(i, "biases"): layer.biases}
        self._arrays |= {name: array for name, array in given.items() if isinstance(array, np.ndarray)}
        self._learning_rate = problem.learning_rate

    def __getitem__(self, name: str) -> Any:
        if name == "learning_rate":
            return self._learning_rate
        found = re.fullmatch(r"(.*)\[([\d,]+)\]", name)
        assert found, name
        return self._arrays[found[1]][tuple(map(int, found[2].split(",")))]


def random_entry(rng: random.Random, problem: Problem, node: Node) -> tuple[int, ...]:
    layer = problem.layers[node.layer]
    sizes = {"n": problem.n_samples, "i": layer.n_inputs, "j": layer.n_neurons}
    axes = AXES[node.quantity]
    turned = len(axes) == 2 and "n" not in axes and problem.weight_layout == "out-in"
    return tuple(rng.randrange(sizes[axis] or 1) for axis in (axes[::-1] if turned else axes))


def said(explanation: Explanation) -> Any:
    return json.loads(render_json.explanation(explanation), parse_float=Fraction, parse_int=Fraction)


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "float64"])
@pytest.mark.parametrize("seed", range(100))
def test_the_terms_add_up_and_the_factors_are_what_they_are_called(seed: int, exact: bool) -> None:
    rng = random.Random(seed)
    draft = as_draft(random_network(rng, denominator=10), rng.choice(("in-out", "out-in")))
    draft |= {"upstream": rng.choice((draft["upstream"], "outputs", "ones"))}
    written = json.loads(json.dumps(draft), parse_float=Decimal, parse_int=Decimal)
    problem = build(written, exact=True) if exact else build(draft)
    entries = Entries(problem)
    solution = solve(build(draft), nodes(None, len(problem.layers)))
    allowed = {} if exact else bounds(solution)
    for i in range(len(problem.layers)):
        for quantity in QUANTITIES:
            node = Node(i, quantity)
            index = random_entry(rng, problem, node)
            found = said(explain(problem, node, index, Extent()))
            place = f"layers[{i}].{quantity}"
            assert found["entry"] == f"{place}[{','.join(map(str, index))}]"
            value = Fraction(entries[found["entry"]])
            total = sum((term["value"] for term in found["terms"]), Fraction(0))
            assert abs(total - value) <= (0 if exact else Fraction(float(allowed[place][index])))
            assert found["value"] == (value if exact else Fraction(repr(float(value))))
            for term in found["terms"]:
                product = Fraction(1)
                for factor in term["factors"]:
                    if factor["name"].startswith("upstream") and draft["upstream"] == "ones":
                        true = Fraction(1)
                    else:
                        true = Fraction(entries[factor["name"]])
                    assert factor["value"] == (true if exact else Fraction(repr(float(true)))), factor["name"]
                    product *= factor["value"]
                product *= term.get("coefficient", 1)
                if "function" in term:
                    product = max(product, Fraction(0)) if term["function"] == "max(z, 0)" else product
                assert abs(product - term["value"]) <= (0 if exact else abs(product) * Fraction(1, 10**15))
                assert not term["closed"] or not term["value"]


def test_the_walk_through_the_single_neuron_is_the_notebooks_cell(backprop: Run) -> None:
    """Cell 12 prints 1.0, then 1.0 1.0 1.0 1.0, then -3.0; on the way it computes -3, 2, 6, and 6 twice."""
    page = backprop("explain", SAMPLES / "single_neuron.json").out
    printed = [
        r"z\[0,0\] = (?s:.*?)= -3 \+ 2 \+ 6 \+ 1\n +\= 6\n",
        r"outputs\[0,0\] = (?s:.*?)= 6\n",
        r"dz\[0,0\] = (?s:.*?)= 1\n",
        *(rf" passed on to inputs\[0,{i}\] \* weights\[{i},0\]: 1\n" for i in range(3)),
        r" passed on to biases\[0\]: 1\n",
        r"dinputs\[0,0\] = (?s:.*?)= -3\n",
    ]
    assert re.search("(?s:.*?)".join(printed), page)


@pytest.mark.parametrize("name", [path.stem for path in sorted(SAMPLES.glob("*.json"))])
def test_every_sample_has_its_walk_in_every_format(name: str) -> None:
    assert {path.name for path in GOLDEN.glob(f"{name}.*")} >= {f"{name}.{ending}" for ending in ("txt", "md", "json")}


@pytest.mark.parametrize("path", sorted(GOLDEN.iterdir()), ids=lambda path: path.name)
def test_golden(path: Path, backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dense_relu@dweights[2,1].md` is `explain dense_relu.json 'dweights[2,1]' --format markdown --depth all`.

    Without @ it is the walk. JSON is exact, so that no last bit depends on the machine. BACKPROP_GOLDEN=write writes
    what is printed now.
    """
    monkeypatch.setenv("COLUMNS", "100")
    sample, _, entry = path.stem.partition("@")
    output = {".txt": "table", ".md": "markdown", ".json": "json"}[path.suffix]
    ran = backprop(
        "explain",
        SAMPLES / f"{sample}.json",
        *[entry] * bool(entry),
        *["--format", output],
        *["--exact"] * (output == "json"),
        *["--depth", "all"] * bool(entry),
    )
    if os.environ.get("BACKPROP_GOLDEN") == "write":
        path.write_text(ran.out, encoding="utf-8")
    assert (ran.status, ran.out) == (0, path.read_text(encoding="utf-8"))


def explained(backprop: Run, problem: dict[str, Any], tmp_path: Path, *argv: str) -> Any:
    path = tmp_path / "p.json"
    path.write_text(json.dumps(problem))
    ran = backprop("explain", path, *argv)
    assert (ran.status, ran.err) == (0, "")
    return json.loads(ran.out) if "json" in argv else ran.out


def test_a_long_sum_shows_its_largest_terms_and_the_rest_as_one(backprop: Run, tmp_path: Path) -> None:
    """The terms are 1 to 10,000; the ten largest make 99,955, and the rest 9,990 * 9,991 / 2."""
    problem = {
        "inputs": [[k] for k in range(1, 10_001)],
        "upstream": [[1]] * 10_000,
        "activation": "linear",
    }
    found = explained(backprop, problem, tmp_path, "dweights[0,0]", "--terms", "10", "--format", "json")
    assert [term["value"] for term in found["terms"]] == [*range(9991, 10_001), 9990 * 9991 / 2]
    assert found["terms"][-1]["rest"] == 9990
    assert found["value"] == 10_000 * 10_001 / 2
    page = explained(backprop, problem, tmp_path, "dweights[0,0]")
    assert len(page.splitlines()) < 60
    assert "  9980 other terms" in page


def test_an_inactive_unit_is_marked(backprop: Run, tmp_path: Path) -> None:
    problem = {"inputs": [[1], [2]], "z": [[3], [-1]], "upstream": [[5], [7]]}
    found = explained(backprop, problem, tmp_path, "dweights[0,0]", "--format", "json")
    assert [(term["value"], term["closed"]) for term in found["terms"]] == [(5, False), (0, True)]
    assert explained(backprop, problem, tmp_path, "dweights[0,0]").count("inactive") == 2


def test_the_tree_goes_all_the_way_and_explains_each_entry_once(backprop: Run) -> None:
    found = json.loads(
        backprop(
            "explain", SAMPLES / "two_layers.json", "layers[0].dweights[0,0]", "--depth", "all", "--format", "json"
        ).out
    )

    def entries(tree: Any) -> list[str]:
        below = [name for child in tree.get("from", []) for name in entries(child)]
        return [tree["entry"]] * ("terms" in tree) + below

    assert sorted(entries(found)) == sorted(set(entries(found)))
    assert {
        "layers[0].dweights[0,0]",
        "layers[0].dz[0,0]",
        "layers[0].z[0,0]",
        "layers[1].dinputs[0,0]",
        "layers[1].dz[0,2]",
    } <= set(entries(found))


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
        ("dense_relu", "dweights[1,3]", 2, "dweights[1,3]: dweights has 4 rows (0 to 3) and 3 columns (0 to 2)\n"),
        ("dense_relu", "dweights[1]", 2, "dweights[1]: dweights has 4 rows (0 to 3) and 3 columns (0 to 2)\n"),
        ("dense_relu", "dbiases[3]", 2, "dbiases[3]: dbiases has 3 entries (0 to 2)\n"),
        ("single_neuron", "dbiases[1]", 2, "dbiases[1]: dbiases has 1 entry (0 to 0)\n"),
        (
            "dense_relu",
            "dweights",
            2,
            "dweights: dweights has 4 rows (0 to 3) and 3 columns (0 to 2)\n"
            "hint: quote an entry for the shell, to which [ is special: 'dweights[2,1]'\n",
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
            "no quantity is called 'dwieghts' (expected z, outputs, dz, dinputs, dweights, dbiases, new_weights or"
            " new_biases)\nhint: did you mean 'dweights'?\n",
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
            "weights is given, not computed (expected z, outputs, dz, dinputs, dweights, dbiases, new_weights or"
            " new_biases)\n",
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


def test_a_problem_of_more_entries_is_walked_by_one_of_each_that_is_not_zero() -> None:
    problem = build(
        json.loads((SAMPLES / "relu_mask.json").read_text())
        | {"z": [[-1] * 12, [-1] * 11 + [1]]}
        | {"upstream": [[1] * 12] * 2}
    )
    assert [step.entry for step in walk(problem, Extent()).steps] == [
        "z[1,11]",
        "outputs[1,11]",
        "dz[1,11]",
        "dbiases[11]",
    ]


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


def test_what_the_terms_add_up_to_is_said_truly(backprop: Run, tmp_path: Path) -> None:
    """1e16 + 1 - 1e16 + 0.5 is 1.5, though float64 loses the 1 on the way."""
    problem = {"inputs": [[1e16, 1, -1e16]], "weights": [[1], [1], [1]], "biases": [0.5], "activation": "linear"}
    page = explained(backprop, problem, tmp_path, "z[0,0]")
    assert "The 4 terms add up to 1.5, and float64, which rounds on the way, to z[0,0] = 0.5.\n" in page
    assert "The 4 terms add up to z[0,0] = 1.5.\n" in explained(backprop, problem, tmp_path, "z[0,0]", "--exact")


def test_a_term_that_an_inactive_unit_of_the_layer_before_makes_zero_is_marked(backprop: Run, tmp_path: Path) -> None:
    problem = {
        "inputs": [[1]],
        "layers": [
            {"weights": [[1, -1]], "biases": [0, 0]},
            {"weights": [[1], [1]], "biases": [0], "activation": "linear"},
        ],
        "upstream": "ones",
    }
    found = explained(backprop, problem, tmp_path, "layers[1].dweights[1,0]", "--format", "json")
    assert [term["closed"] for term in found["terms"]] == [True]


@pytest.mark.parametrize("output", ["table", "markdown", "json"])
def test_a_very_deep_network_is_cut_off_and_says_so(backprop: Run, tmp_path: Path, output: str) -> None:
    layers = [{"weights": [[1]], "biases": [0], "activation": "linear"}] * 400
    problem = {"inputs": [[1]], "layers": layers, "upstream": "ones"}
    path = tmp_path / "p.json"
    path.write_text(json.dumps(problem))
    ran = backprop("explain", path, "layers[0].dweights[0,0]", "--depth", "all", "--format", output)
    assert ran.status == 0
    assert ("left out" in ran.out) or ('"cut": true' in ran.out)
    assert len(ran.out) < 1_000_000


def test_a_wide_network_is_cut_off_too(backprop: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    layers = [{"weights": rng.normal(size=(20, 20)).tolist(), "biases": [0] * 20} for _ in range(20)]
    problem = {"inputs": rng.normal(size=(30, 20)).tolist(), "layers": layers, "upstream": "ones"}
    page = explained(backprop, problem, tmp_path, "layers[0].dweights[0,0]", "--depth", "all")
    assert len(page.splitlines()) < 3000
    assert "left out" in page


def test_a_large_problem_that_lacks_something_says_so_too(backprop: Run, tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    np.savez(path, inputs=np.ones((2000, 100)), biases=np.ones(60), upstream=np.ones((2000, 60)))
    ran = backprop("explain", path, "dweights[0,0]")
    assert ran.status == 3
    assert ran.err.startswith(f"backprop: {path}: too little was given: dweights needs z (or weights)\n")


def test_a_title_cannot_inject_markdown(backprop: Run, tmp_path: Path) -> None:
    problem = {"title": "# *a* [b](c) <d> \x1b[2J", "upstream": [[1]], "activation": "linear"}
    page = explained(backprop, problem, tmp_path, "--format", "markdown")
    assert page.splitlines()[0] == r"# \# \*a\* \[b\](c) \<d\> \\x1b\[2J"


@pytest.mark.parametrize("output", ["table", "markdown", "json"])
def test_a_gradient_that_is_passed_on_to_many_says_to_how_many_more(backprop: Run, tmp_path: Path, output: str) -> None:
    """dz[0,0] goes on to the three products and the bias that z[0,0] is the sum of."""
    path = tmp_path / "p.json"
    path.write_text('{"inputs": [[1, 2, 3]], "weights": [[1], [2], [3]], "biases": [0], "upstream": [[1]]}')
    ran = backprop("explain", path, "--terms", "2", "--format", output)
    assert (ran.status, ran.err) == (0, "")
    if output == "json":
        (step,) = (step for step in json.loads(ran.out)["walk"] if step["entry"] == "dz[0,0]")
        assert [factor["name"] for factor in step["passed_on"]] == [
            "inputs[0,0] * weights[0,0]",
            "inputs[0,1] * weights[1,0]",
        ]
        assert step["more_passed_on"] == 2
    elif output == "table":
        assert "    and to 2 more\n" in ran.out
    else:
        assert "more" in ran.out


def test_an_entry_of_given_numbers_has_nothing_behind_it(backprop: Run, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('{"inputs": [[2]], "weights": [[3]], "biases": [1]}')
    page = backprop("explain", path, "z[0,0]", "--format", "markdown").out
    assert page.startswith("## `z[0,0]` = 7\n")
    assert "Where the factors come from" not in page


def test_a_single_entry_of_a_large_matrix_may_overflow_on_the_way(
    backprop: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the matrix is not computed for the sake of one entry, its terms are what overflows, in any order."""
    monkeypatch.setattr(terms, "_SMALL", 0)
    path = tmp_path / "p.json"
    for column, said in (
        ([1e308, 1e308, -1e308, -1e308], "overflows float64 on the way"),
        ([1e308, -1e308, 1e308, -1e308], None),
    ):
        problem = {"inputs": [column], "weights": [[1]] * 4, "biases": [0]}
        path.write_text(json.dumps(problem))
        ran = backprop("explain", path, "z[0,0]")
        assert (said in ran.err) if said else (ran.status == 0)
