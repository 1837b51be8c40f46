"""The size of blocks changes no integer result, and others only within the rounding bound."""

import json
import mmap
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.rounding import bounds
from backprop_cli.core import blocks, scratch
from backprop_cli.core.blocks import evaluate
from backprop_cli.core.plan import plan
from backprop_cli.core.quantities import OF_A_LAYER
from backprop_cli.core.rules import RULES
from backprop_cli.core.solution import Solution
from backprop_cli.core.solve import solve
from backprop_cli.errors import InputError
from backprop_cli.load.json import parse
from backprop_cli.load.schema import build
from tests.conftest import ROOT, Run
from tests.reference import as_draft, backpropagate, random_network

SIZES = (1, 2, 3, 4, 1000)


def solved(draft: dict[str, Any], block_rows: int | None, *, exact: bool = False) -> Solution:
    problem = build(parse(json.dumps(draft).encode(), exact=exact), exact=exact)
    return solve(problem, block_rows=block_rows)


@pytest.mark.parametrize("block_rows", SIZES)
@pytest.mark.parametrize("seed", range(12))
def test_blocks_change_no_bit_of_integers(seed: int, block_rows: int) -> None:
    network = random_network(random.Random(seed), denominator=1)
    solution = solved(as_draft(network), block_rows)
    for i, exact in enumerate(backpropagate(network)):
        for quantity in OF_A_LAYER:
            got = solution.layers[i].computed[quantity]
            assert np.ravel(got).tolist() == [value for row in exact[quantity] for value in row]


@pytest.mark.parametrize("block_rows", SIZES)
@pytest.mark.parametrize("seed", range(8))
def test_blocks_change_decimals_within_the_bound_and_fractions_not_at_all(seed: int, block_rows: int) -> None:
    draft = as_draft(random_network(random.Random(seed), denominator=10, activations=["linear"] * 2))
    whole, blocked = solved(draft, 1000), solved(draft, block_rows)
    allowed = bounds(whole)
    for (place, one), (_, other) in zip(whole.matrices(), blocked.matrices(), strict=True):
        assert (np.abs(one - other) <= 2 * allowed[place]).all()
    whole, blocked = solved(draft, 1000, exact=True), solved(draft, block_rows, exact=True)
    for (_, one), (_, other) in zip(whole.matrices(), blocked.matrices(), strict=True):
        assert one.tolist() == other.tolist()
        assert {type(value) for value in other.flat} == {Fraction}


@pytest.mark.parametrize("block_rows", SIZES)
def test_blocks_change_no_inactive_unit(block_rows: int) -> None:
    draft = as_draft(random_network(random.Random(1), denominator=2))
    pairs = zip(solved(draft, 1000).layers, solved(draft, block_rows).layers, strict=True)
    for one, other in pairs:
        assert np.array_equal(np.array(one.inactive), np.array(other.inactive))


@pytest.mark.parametrize("block_rows", [1, 2, 3, 7])
@pytest.mark.parametrize("layout", ["in-out", "out-in"])
def test_an_overflow_is_named_by_its_place_in_the_whole_matrix(block_rows: int, layout: str) -> None:
    inputs = [[1.0, 1], [1, 1], [1, 1], [1, 1e308], [1, 1]]
    weights = [[1, 1, 1], [1, 1, 100]] if layout == "in-out" else [[1, 1], [1, 1], [1, 100]]
    draft = {"inputs": inputs, "weights": weights, "biases": [0, 0, 0], "weight_layout": layout}
    with pytest.raises(InputError) as refused:
        solved(draft, block_rows)
    assert refused.value.place == "z[3,2]"
    with pytest.raises(InputError) as refused:
        solved(
            {"inputs": [[1, 1e308]] * 2, "upstream": [[1, 1, 1]] * 2, "z": [[1, 1, 1]] * 2} | {"weight_layout": layout},
            1,
        )
    assert refused.value.place == ("dweights[1,0]" if layout == "in-out" else "dweights[0,1]")


def test_progress_is_reported_after_each_block() -> None:
    problem = build({"inputs": [[1]] * 7, "weights": [[1]], "biases": [0], "upstream": "ones"})
    told: list[tuple[str, int, int | None]] = []
    evaluate(
        problem, plan(problem, problem.nodes).order, [], RULES, block_rows=3, progress=lambda *words: told.append(words)
    )
    assert told == [("rows", 3, 7), ("rows", 6, 7), ("rows", 7, 7)]


def test_a_large_array_is_kept_in_a_file_with_the_same_values(monkeypatch: pytest.MonkeyPatch) -> None:
    draft = as_draft(random_network(random.Random(3), denominator=10))
    in_memory = solved(draft, 2)
    monkeypatch.setattr(scratch, "FILE_BYTES", 1)
    in_files = solved(draft, 2)
    for (_, one), (_, other) in zip(in_memory.matrices(), in_files.matrices(), strict=True):
        assert one.tobytes() == other.tobytes()
    z = in_files.layers[0].computed["z"]
    assert _mapping(z) is not None
    assert _mapping(in_memory.layers[0].computed["z"]) is None


def _mapping(array: Any) -> Any:
    while isinstance(array, np.ndarray):
        array = array.base
    return array if isinstance(array, mmap.mmap) else None


@pytest.mark.parametrize("way", ["result", "text"])
def test_a_full_temporary_folder_is_reported(
    backprop: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A missing temporary folder stands for a full disk."""
    monkeypatch.setattr(scratch, "FILE_BYTES", 1)
    monkeypatch.setattr(blocks, "BLOCK_ROWS", 1)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    (tmp_path / "z.csv").write_text("x,y\n1,2\n3,4\n")
    np.save(tmp_path / "z.npy", np.array([[1.0, 2], [3, 4]]))
    ran = backprop("run", "--z", tmp_path / ("z.npy" if way == "result" else "z.csv"), "--save", tmp_path / "out")
    assert (ran.status, ran.out) == (4, "")
    assert ran.err == (
        f"backprop: cannot make room for 32 bytes in {tmp_path}/missing: no such file or directory\n"
        "hint: TMPDIR names another folder for what does not fit into memory\n"
    )


def test_checks_and_explanations_succeed_in_blocks_of_one_row(backprop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks and explanations use masks and bounds of the pass, which must fit for any size of block."""
    samples = sorted((ROOT / "samples").glob("*.json"))

    def everything() -> list[Any]:
        return [
            backprop("check", *samples, "--exact", "--format", "json"),
            *(backprop("explain", sample, "--format", "json") for sample in samples),
        ]

    whole = everything()
    assert {ran.status for ran in whole} == {0}
    monkeypatch.setattr(blocks, "BLOCK_ROWS", 1)
    in_rows = everything()
    assert [(ran.status, ran.err) for ran in in_rows] == [(0, "")] * len(whole)
