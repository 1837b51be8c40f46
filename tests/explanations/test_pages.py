"""Three exercises of courses as a learner reads them, at 80 columns; each page was worked through by hand.

- mazur: https://mattmazur.com/2015/03/17/a-step-by-step-backpropagation-example/ prints 0.138498562, 0.036350306 and
  0.000438568 on the way.
- dlai_columns: "Logistic Regression with a Neural Network mindset" (DeepLearning.AI), whose test expects
  dw = [0.99845601, 2.39507239].
- softmax_cross_entropy: the softmax of 0 and log 3 is 1/4 and 3/4, and the class is 1, so that dz is (3/4 - 1) / 2.
"""

import json
import os
from pathlib import Path

import pytest

from backprop_cli.core.quantities import Node
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Extent
from backprop_cli.load.schema import build
from backprop_cli.render.terminal import explanation
from backprop_cli.render.terminal.page import Look

PAGES = Path(__file__).parent / "pages"


@pytest.mark.parametrize(
    ("name", "quantity", "index", "depth", "numbers"),
    [
        ("mazur", "dweights", (0, 0), 100, ["0.13849856", "0.036350306", "0.00043856773"]),
        ("dlai_columns", "dweights", (0, 1), 2, ["7.18521717", "2.39507239"]),
        ("softmax_cross_entropy", "dz", (0, 1), 1, ["0.75", "-0.25", "-0.125"]),
    ],
)
def test_a_page_at_80_columns(name: str, quantity: str, index: tuple[int, ...], depth: int, numbers: list[str]) -> None:
    """BACKPROP_GOLDEN=write writes what is printed now."""
    found = explain(
        build(json.loads((PAGES / f"{name}.json").read_text())), Node(0, quantity), index, Extent(depth=depth)
    )
    page, path = explanation.explanation(found, Look(width=80), None), PAGES / f"{name}.txt"
    if os.environ.get("BACKPROP_GOLDEN") == "write":
        path.write_text(page, encoding="utf-8")
    assert page == path.read_text(encoding="utf-8")
    assert max(map(len, page.splitlines())) <= 80
    for number in numbers:
        assert number in page
