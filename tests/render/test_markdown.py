"""Worked solutions in Markdown say where factors come from and what is left out, and no title injects markup."""

from typing import Any

import pytest

from backprop_cli.core.quantities import Node
from backprop_cli.explanations.explainer import explain
from backprop_cli.explanations.explanation import Extent
from backprop_cli.explanations.worked import worked
from backprop_cli.load.schema import build
from backprop_cli.render import markdown

LAYER: dict[str, Any] = {"inputs": [[1, 2, 3]], "weights": [[1], [2], [3]], "biases": [0], "upstream": [[1]]}


def test_a_title_cannot_inject_markdown() -> None:
    draft = {"title": "# *a* [b](c) <d> \x1b[2J &copy; ~~e~~", "upstream": [[1]], "activation": "linear"}
    page = markdown.worked(worked(build(draft), Extent()), None, 20)
    assert page.splitlines()[0] == r"# \# \*a\* \[b\](c) \<d\> \\x1b\[2J \&copy; \~\~e\~\~"


def test_an_entry_of_given_numbers_has_nothing_behind_it() -> None:
    page = markdown.explanation(explain(build(LAYER), Node(0, "z"), (0, 0), Extent()), None)
    assert page.startswith("## `z[0,0]` = 14\n")
    assert "Where the factors come from" not in page


@pytest.mark.parametrize(
    ("terms", "passed_on"),
    [
        (1, "`inputs[0,0] * weights[0,0]`: 1; and 3 more."),
        (
            3,
            "`inputs[0,0] * weights[0,0]`: 1; `inputs[0,1] * weights[1,0]`: 1; `inputs[0,2] * weights[2,0]`: 1;"
            " and 1 more.",
        ),
        (
            4,
            "`inputs[0,0] * weights[0,0]`: 1; `inputs[0,1] * weights[1,0]`: 1; `inputs[0,2] * weights[2,0]`: 1;"
            " `biases[0]`: 1.",
        ),
    ],
)
def test_a_gradient_that_is_passed_on_says_to_what(terms: int, passed_on: str) -> None:
    page = markdown.worked(worked(build(LAYER), Extent(terms=terms)), None, 20)
    assert f"A sum passes its gradient on unchanged to each of its terms: {passed_on}\n" in page


def test_other_terms_stand_in_a_row_of_their_own() -> None:
    page = markdown.explanation(explain(build(LAYER), Node(0, "z"), (0, 0), Extent(terms=1)), None)
    assert "| `inputs[0,2] * weights[2,0]` | 3 * 3 | 9 | 9 |\n| 3 other terms |  | 5 | 14 |\n" in page


def test_sources_that_are_left_out_are_told() -> None:
    layers = [{"weights": [[1]], "biases": [0], "activation": "linear"}] * 400
    problem = build({"inputs": [[1]], "layers": layers, "upstream": "ones"})
    page = markdown.explanation(explain(problem, Node(0, "dweights"), (0, 0), Extent(depth=100, whole=True)), None)
    assert page.count("(further sources are left out)\n") == 1
    assert len(page) < 1_000_000


def test_a_large_matrix_shows_its_edges_and_says_so() -> None:
    draft = {"inputs": [[k, 2, 3] for k in range(4)], "weights": [[1], [1], [1]], "upstream": "ones"}
    found = worked(build(draft), Extent(depth=0))
    edges, whole = (markdown.worked(found, None, max_rows) for max_rows in (2, 0))
    assert r"X = \begin{bmatrix} 0 & \cdots & 3 \\ \vdots & \ddots & \vdots \\ 3 & \cdots & 3 \end{bmatrix}" in edges
    assert (
        "\n`inputs` shows rows 0 to 0 and 3 to 3 of 4 and columns 0 to 0 and 2 to 2 of 3; `--rows 0` shows all.\n"
        in edges
    )
    assert "\n`z` shows rows 0 to 0 and 3 to 3 of 4; `--rows 0` shows all.\n" in edges
    assert "--rows" not in whole
    assert r"X = \begin{bmatrix} 0 & 2 & 3 \\ 1 & 2 & 3 \\ 2 & 2 & 3 \\ 3 & 2 & 3 \end{bmatrix}" in whole


def test_brackets_in_tex_grow_with_the_matrices_in_them() -> None:
    draft = {"z": [[1, 2]], "activation": "softmax", "targets": [[1, 1]], "loss": "cross_entropy"}
    page = markdown.worked(worked(build(draft), Extent(depth=0)), None, 20)
    assert r"&= \operatorname{softmax}\left(\begin{bmatrix} 1 & 2 \end{bmatrix}\right) \text{ for each sample}" in page
    assert r"\cdot \text{(sum of targets over neurons)} - \begin{bmatrix} 1 & 1 \end{bmatrix}" in page


def test_what_is_missing_is_listed() -> None:
    page = markdown.worked(worked(build({"z": [[1]]}), Extent(depth=0)), None, 20)
    assert "\n## Not computed\n\n- `dz` needs `upstream`\n" in page


def test_a_small_number_is_a_power_of_ten() -> None:
    page = markdown.worked(worked(build({"z": [[1.5e-7]]}), Extent(depth=0)), None, 20)
    assert r"\begin{bmatrix} 1.5 \times 10^{-7} \end{bmatrix}" in page
