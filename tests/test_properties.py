"""Properties that hold for every problem, tested on problems that hypothesis draws."""

import contextlib
import io
import json
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backprop_cli.checks.rounding import bounds
from backprop_cli.cli.app import main
from backprop_cli.core.arrays import Array
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build

MODERATE = st.floats(-1e100, 1e100, allow_subnormal=True)
SMALL = st.integers(-50, 50).map(float)
GRADIENTS = ("dz", "dinputs", "dweights", "dbiases")


@st.composite
def problems(draw: st.DrawFn, numbers: st.SearchStrategy[float] = SMALL) -> dict[str, Any]:
    """A network of one to three layers, each array as nested lists."""
    n_samples, *widths = draw(st.lists(st.integers(1, 4), min_size=3, max_size=5))

    def array(*shape: int) -> Any:
        return draw(hnp.arrays(np.float64, shape, elements=numbers)).tolist()

    layers = [
        {"weights": array(a, b), "biases": array(b), "activation": draw(st.sampled_from(("relu", "linear")))}
        for a, b in pairwise(widths)
    ]
    return {
        "inputs": array(n_samples, widths[0]),
        "layers": layers,
        "upstream": array(n_samples, widths[-1]),
        "learning_rate": draw(st.sampled_from((0.5, 1.0, 0.0, -2.0))),
    }


def solved(draft: dict[str, Any]) -> Solution:
    return solve(build(draft))


def printed(*argv: object) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(list(map(str, argv))) == 0
    return out.getvalue()


@given(problems(st.floats(-1e20, 1e20, allow_subnormal=True)), st.sampled_from(("json", "npz", "safetensors")))
@settings(max_examples=40, deadline=None)
def test_the_next_problem_reads_back_bit_for_bit(draft: dict[str, Any], ending: str) -> None:
    """A learning rate of 0 makes the next problem equal to the first, and its results too."""
    draft = draft | {"learning_rate": 0.0}
    with tempfile.TemporaryDirectory() as name:
        first, following = Path(name) / "p.json", Path(name) / f"n.{ending}"
        first.write_text(json.dumps(draft))
        result = printed("run", first, "--format", "json", "--next", following)
        again = printed("run", following, "--format", "json")
    assert again == result


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=MODERATE))
@settings(max_examples=40, deadline=None)
def test_every_format_of_a_matrix_reads_back_bit_for_bit(matrix: Array) -> None:
    with tempfile.TemporaryDirectory() as name:
        files = [Path(name) / f"m.{ending}" for ending in ("csv", "tsv", "json", "npy")]
        files[0].write_text("\n".join(",".join(map(repr, row)) for row in matrix.tolist()))
        files[1].write_text("\n".join("\t".join(map(repr, row)) for row in matrix.tolist()))
        files[2].write_text(json.dumps(matrix.tolist()))
        np.save(files[3], matrix)
        for file in files:
            text = printed("run", "--upstream", file, "--activation", "linear", "--only", "dz", "--format", "csv")
            read = np.array([[float(cell) for cell in line.split(",")] for line in text.splitlines()])
            assert read.tobytes() == matrix.tobytes()


@given(problems())
@settings(max_examples=60, deadline=None)
def test_doubling_upstream_doubles_every_gradient(draft: dict[str, Any]) -> None:
    once, twice = solved(draft), solved(draft | {"upstream": (2 * np.array(draft["upstream"])).tolist()})
    for one, two in zip(once.layers, twice.layers, strict=True):
        for name in GRADIENTS:
            assert (2 * one.computed[name] == two.computed[name]).all()


@given(problems(st.floats(-10, 10)), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_another_order_of_samples_changes_only_the_order_of_rows(draft: dict[str, Any], rng: Any) -> None:
    order = list(range(len(draft["inputs"])))
    rng.shuffle(order)
    reordered = draft | {name: [draft[name][n] for n in order] for name in ("inputs", "upstream")}
    before, after = solved(draft), solved(reordered)
    allowed = bounds(before)
    pairs = list(zip(before.layers, after.layers, strict=True))
    # Another order may round differently; leave out problems where that moves a z across its kink.
    assume(all((np.sign(a.computed["z"][order]) == np.sign(b.computed["z"])).all() for a, b in pairs))
    for i, (one, other) in enumerate(pairs):
        for name in GRADIENTS:
            slack = 2 * allowed[f"layers[{i}].{name}"]
            of_samples = name in ("dz", "dinputs")
            value = one.computed[name][order] if of_samples else one.computed[name]
            assert (np.abs(value - other.computed[name]) <= (slack[order] if of_samples else slack)).all()


@given(problems(), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_a_batch_is_the_sum_of_its_parts(draft: dict[str, Any], cut: int) -> None:
    n = len(draft["inputs"])
    assume(0 < cut < n)
    parts = [
        solved(draft | {name: draft[name][rows] for name in ("inputs", "upstream")})
        for rows in (slice(cut), slice(cut, n))
    ]
    whole = solved(draft)
    for layers in zip(whole.layers, *(part.layers for part in parts), strict=True):
        all_of_it, first, second = (layer.computed for layer in layers)
        for name in ("dweights", "dbiases"):
            assert (all_of_it[name] == first[name] + second[name]).all()
        assert (all_of_it["dinputs"] == np.vstack([first["dinputs"], second["dinputs"]])).all()
