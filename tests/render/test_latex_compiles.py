"""LaTeX compiles what `explain` prints, without a warning about width; needs pdflatex, and is skipped without it."""

import json
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.quantities import Node
from backprop_cli.core.training import at_last_step
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.worked import Worked, worked
from backprop_cli.load.schema import build
from backprop_cli.render import latex
from tests.any_problem import any_problem
from tests.conftest import ROOT, sized
from tests.render.compiler import Compile, article, needs_pdflatex

pytestmark = needs_pdflatex
HOSTILE = (
    "$ \\ { } _ % # & ~ ^ \" ' ` < > | -- --- '' ,, ?` <script>alert(1)</script></style> \x1b[2J \x00 \u202e"
    " \\input{/etc/passwd} \\end{document} [a] Łódź ąę «é» αβ∂ 中文 " + "x" * 200
)
SMALL: dict[str, Any] = {
    "title": "A 2x2 layer with 3 samples",
    "inputs": [[1, 2], [0.5, -1.5], [-2, 0.25]],
    "weights": [[0.5, -1], [0.25, 0.75]],
    "biases": [0.1, -0.2],
    "targets": [[1, 0], [0, 1], [0.5, 0.5]],
    "loss": "half_squared_error",
}


def of_sample(name: str) -> Worked:
    draft = json.loads((ROOT / "samples" / f"{name}.json").read_text(encoding="utf-8"))
    return worked(at_last_step(build(draft), with_losses=False), Extent(depth=0))


@pytest.mark.parametrize("name", [path.stem for path in sorted((ROOT / "samples").glob("*.json"))])
def test_samples(name: str, compiles: Compile) -> None:
    found = of_sample(name)
    assert compiles(latex.worked(found, None, 20, standalone=True)) <= 2
    compiles(article(latex.worked(found, None, 20), 12))


@sized("n_problems", 4, 60)
def test_any_problem(n_problems: int, compiles: Compile) -> None:
    for seed in range(n_problems):
        found = worked(build(any_problem(seed)), Extent(depth=0, every_entry=seed % 4 == 1))
        compiles(latex.worked(found, None, 20, standalone=True))
        compiles(article(latex.worked(found, None, 20), 10 + seed % 3))


@sized("n_problems", 2, 20)
def test_any_entry(n_problems: int, compiles: Compile) -> None:
    for seed in range(n_problems):
        problem = build(any_problem(seed))
        found = explain(problem, Node(0, "dweights"), (0, 0), Extent(depth=20))
        compiles(latex.explanation(found, None, standalone=True))
        compiles(article(latex.explanation(found, None), 12))


def test_a_small_layer_fits_one_page_and_a_network_of_two_layers_two(compiles: Compile) -> None:
    assert compiles(latex.worked(worked(build(SMALL), Extent(depth=0)), None, 20, standalone=True)) == 1
    sigmoid = worked(build(SMALL | {"activation": "sigmoid"}), Extent(depth=0))
    assert compiles(latex.worked(sigmoid, 4, 20, standalone=True)) == 1
    assert compiles(latex.worked(of_sample("two_layers"), None, 20, standalone=True)) == 2


def test_a_title_is_text(compiles: Compile) -> None:
    found = worked(build(SMALL | {"title": HOSTILE, "source": HOSTILE}), Extent(depth=0))
    compiles(latex.worked(found, None, 20, standalone=True))
    compiles(article(latex.worked(found, None, 20), 12))


def test_large_matrices_and_numbers_of_any_size(compiles: Compile) -> None:
    rng = np.random.default_rng(1)
    large = {"inputs": rng.normal(size=(100, 30)), "weights": rng.normal(size=(30, 20)), "upstream": "ones"}
    compiles(article(latex.worked(worked(build(large), Extent(depth=0)), None, 8), 12))
    extreme = {
        "inputs": [[1e-300, -1e300, 123456789012345.5]],
        "weights": [[1e-5], [2e-7], [-1e-9]],
        "upstream": "ones",
    }
    for precision in (None, 17):
        compiles(article(latex.worked(worked(build(extreme), Extent(depth=0)), precision, 20), 12))
