"""Large arrays in temporary files, and chunks of rows."""

import mmap
import tempfile
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from backprop_cli.core import scratch
from backprop_cli.errors import OutputError


def test_released_pages_keep_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "FILE_BYTES", 1)
    monkeypatch.setattr(scratch, "CHUNK_NUMBERS", 100)
    array = scratch.scratch_array((50, 9))
    for number, rows in enumerate(scratch.chunks(array)):
        array[rows] = number
    assert number == 4
    assert array[:, 3].tolist() == [row // 11 for row in range(50)]


@pytest.mark.parametrize("shape", [(0,), (0, 3), (1,), (1, 1), (7, 1), (1, 7), (3, 10**6)])
def test_chunks_cover_the_whole_array(shape: tuple[int, ...]) -> None:
    covered = [row for rows in scratch.chunks(np.broadcast_to(0.0, shape)) for row in range(shape[0])[rows]]
    assert covered == list(range(shape[0]))


def is_mapped(array: Any) -> bool:
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array, mmap.mmap)


@pytest.mark.parametrize(("n_numbers", "in_file"), [(2**22 - 1, False), (2**22, True)])
def test_arrays_of_32_mib_and_more_are_in_a_file(n_numbers: int, in_file: bool) -> None:
    assert is_mapped(scratch.scratch_array((n_numbers,))) == in_file
    assert is_mapped(scratch.scratch_array((2 * n_numbers,), np.float32)) == in_file


@pytest.mark.parametrize(("n_rows", "in_file"), [(9, False), (10, True)])
def test_a_matrix_that_grows_moves_to_a_file(monkeypatch: pytest.MonkeyPatch, n_rows: int, in_file: bool) -> None:
    monkeypatch.setattr(scratch, "FILE_BYTES", 10 * 2 * 8)
    with closing(scratch.Growing()) as growing:
        for row in range(n_rows):
            growing.add(np.full((1, 2), float(row)))
        matrix = growing.matrix()
    assert matrix is not None
    assert is_mapped(matrix) == in_file
    assert matrix.tolist() == [[row, row] for row in range(n_rows)]


@pytest.mark.parametrize(("folder", "where"), [("/some/where", " in /some/where"), (None, "")])
def test_a_temporary_file_that_cannot_be_made_is_an_error(
    monkeypatch: pytest.MonkeyPatch, folder: str | None, where: str
) -> None:
    """The folder is named if there is one that can be used."""

    def refuse() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(scratch, "FILE_BYTES", 1)
    monkeypatch.setattr(tempfile, "tempdir", folder)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(OutputError) as raised:
        scratch.scratch_array((2, 3))
    assert str(raised.value) == f"cannot make room for 48 bytes{where}: no space left on device"
