"""NPY and NPZ: the sizes in headers and archives, and the types of values."""

import io
import json
import zipfile
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from backprop_cli.load import files, npy
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


@pytest.mark.parametrize(("limit", "status"), [(-1, 3), (0, 0)])
def test_an_archive_may_unpack_to_just_the_limit(
    backprop: Run, monkeypatch: pytest.MonkeyPatch, limit: int, status: int
) -> None:
    np.savez_compressed("p.npz", upstream=np.zeros((1000, 20)), activation="linear")
    with zipfile.ZipFile("p.npz") as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    monkeypatch.setattr(npy, "UNPACKED_BYTES", unpacked + limit)
    assert backprop("run", "p.npz", "--only", "dbiases").status == status


def test_an_archive_may_end_in_a_long_comment(backprop: Run) -> None:
    np.savez("p.npz", upstream=[[1, 2]], activation="linear")
    with zipfile.ZipFile("p.npz", "a") as archive:
        archive.comment = b"x" * 65_535
    assert backprop("run", "p.npz", "--only", "dbiases", "--format", "csv").out == "1.0,2.0\n"


@pytest.mark.parametrize("order", ["C_CONTIGUOUS", "F_CONTIGUOUS"])
@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<i8", "u1", "f2"])
def test_an_array_keeps_its_values_and_type(order: Literal["C_CONTIGUOUS", "F_CONTIGUOUS"], dtype: str) -> None:
    array = np.require(np.arange(12).reshape(3, 4), dtype, [order])
    np.save("a.npy", array)
    read = npy.parse_npy(Path("a.npy").read_bytes())
    assert (read.dtype, read.tolist()) == (array.dtype, array.tolist())
    assert not read.flags.writeable


@pytest.mark.parametrize("compressed", [False, True])
def test_an_archive_is_unpacked_in_pieces_whatever_their_size(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, compressed: bool
) -> None:
    monkeypatch.setattr(npy, "_PIECE", 7)
    values = {"z": np.arange(50.0), "title": np.array("text"), "empty": np.zeros((0, 2))}
    (np.savez_compressed if compressed else np.savez)(tmp_path / "p.npz", **values)  # type: ignore[arg-type]
    for data in ((tmp_path / "p.npz").read_bytes(), files.read(str(tmp_path / "p.npz"))):
        read = dict(npy.parse_npz(data))
        assert read["title"] == "text"
        assert (read["z"].tolist(), read["empty"].shape) == (values["z"].tolist(), (0, 2))


def test_a_sound_archive_is_not_called_damaged_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise MemoryError

    archive = io.BytesIO()
    np.savez(archive, z=np.zeros(3))
    monkeypatch.setattr(npy, "_unpacked", refuse)
    with pytest.raises(MemoryError):
        dict(npy.parse_npz(archive.getvalue()))
