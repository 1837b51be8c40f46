"""`explain --format latex` prints a part of a document, or with --standalone a whole one."""

import pytest

from tests.conftest import ROOT, Run
from tests.render.tex import faults

SAMPLE = ROOT / "samples" / "dense_relu.json"


@pytest.mark.parametrize("entry", [(), ("dweights[2,1]",), ("dweights",), ("dz[0,:]",), ("layers[0]",)])
@pytest.mark.parametrize("exact", [False, True])
def test_every_part_of_a_problem(entry: tuple[str, ...], backprop: Run, *, exact: bool) -> None:
    arguments = ("explain", SAMPLE, *entry, "--format", "latex", *["--exact"] * exact)
    fragment, document = backprop(*arguments), backprop(*arguments, "--standalone")
    assert (fragment.status, document.status) == (0, 0)
    assert r"\documentclass" not in fragment.out
    assert document.out.startswith(r"\documentclass[a4paper]{article}")
    assert (faults(fragment.out), faults(document.out)) == ([], [])
    assert backprop(*arguments).out == fragment.out


def test_options_for_numbers(backprop: Run) -> None:
    ran = backprop("explain", SAMPLE, "z[1,2]", "--format", "latex", "--precision", "2", "--terms", "2", "--depth", "0")
    assert r"5 \cdot (-0.27) + 2 \cdot 0.87 + \text{3 other terms}" in ran.out
    assert r"-1.35 + 1.74 - 0.19 = 0.2 &&" in ran.out
    edges = backprop("explain", SAMPLE, "--format", "latex", "--rows", "2")
    assert r"\texttt{weights} shows rows 0 to 0 and 3 to 3 of 4 and columns 0 to 0 and 2 to 2 of 3." in edges.out


@pytest.mark.parametrize("output", ["table", "markdown", "json"])
def test_standalone_is_for_latex(output: str, backprop: Run) -> None:
    ran = backprop("explain", SAMPLE, "--format", output, "--standalone")
    assert (ran.status, ran.out) == (2, "")
    assert f"--standalone is for --format latex and tikz, got {output}" in ran.err
