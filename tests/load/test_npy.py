"""NPY and NPZ: the sizes in headers and archives, and the types of values."""

import json
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from backprop_cli.load import npy
from tests.conftest import Run
from tests.load.conftest import PROBLEM


def test_a_single_integer_in_an_archive_is_a_number(backprop: Run) -> None:
    np.savez("p.npz", **PROBLEM, learning_rate=1)
    assert json.loads(backprop("run", "p.npz", "--format", "json").out)["learning_rate"] == 1


@pytest.mark.parametrize("compressed", [False, True])
def test_the_unpacked_size_of_an_archive_is_limited(
    backprop: Run, monkeypatch: pytest.MonkeyPatch, compressed: bool
) -> None:
    """Zeros compress to a thousandth; numbers do not."""
    monkeypatch.setattr(npy, "UNPACKED_BYTES", 1000)
    (np.savez_compressed if compressed else np.savez)("p.npz", upstream=np.zeros((1000, 20)), activation="linear")
    ran = backprop("run", "p.npz", "--only", "dbiases", "--format", "csv")
    if compressed:
        assert (ran.status, ran.out) == (3, "")
        assert "(expected at most 100 times as many)" in ran.err
    else:
        assert (ran.status, ran.err) == (0, "")


@pytest.mark.parametrize("order", ["C_CONTIGUOUS", "F_CONTIGUOUS"])
@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<i8", "u1", "f2"])
def test_an_array_keeps_its_values_and_type(order: Literal["C_CONTIGUOUS", "F_CONTIGUOUS"], dtype: str) -> None:
    array = np.require(np.arange(12).reshape(3, 4), dtype, [order])
    np.save("a.npy", array)
    read = npy.parse_npy(Path("a.npy").read_bytes())
    assert (read.dtype, read.tolist()) == (array.dtype, array.tolist())
    assert not read.flags.writeable
