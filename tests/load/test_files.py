"""Bytes from files, named pipes and standard input."""

import io
import os
import threading
import time
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from backprop_cli.errors import InputError
from backprop_cli.load import files
from backprop_cli.load.problem import load_problem
from tests.conftest import Run


@pytest.fixture(autouse=True)
def _patient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait long for the writer of a pipe: the machine may be busy."""
    if request.function is not test_a_named_pipe_without_a_writer_is_an_error_after_half_a_second:
        monkeypatch.setattr(files, "_PIPE_TIMEOUT", 60)


@pytest.mark.parametrize("late", [False, True], ids=["writer waits", "writer comes late"])
def test_a_named_pipe_is_read_like_a_file(backprop: Run, late: bool) -> None:
    os.mkfifo("fifo")
    writer = threading.Timer(0.1 if late else 0, Path("fifo").write_text, ["1,-2\n" * 20_000])
    writer.start()
    if not late:
        time.sleep(0.05)
    ran = backprop("run", "--upstream", "fifo", "--activation", "linear", "--only", "dbiases", "--format", "csv")
    writer.join()
    assert (ran.status, ran.out, ran.err) == (0, "20000.0,-40000.0\n", "")


def test_a_named_pipe_without_a_writer_is_an_error_after_half_a_second(
    backprop: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: sum(slept), sleep=slept.append)
    monkeypatch.setattr(files, "time", clock)
    os.mkfifo("fifo.csv")
    ran = backprop("run", "--z", "fifo.csv")
    assert (ran.status, ran.err) == (
        3,
        "backprop: fifo.csv: cannot read: nobody writes to this pipe\n"
        "hint: start what writes to it first, or beside it with &\n",
    )
    assert 0.5 < sum(slept) < 0.53


@pytest.mark.parametrize("name", ["m.npy", "m.npz"])
def test_a_pipe_for_a_binary_file_is_read_to_its_end(backprop: Run, name: str) -> None:
    matrix = np.arange(200_000.0).reshape(-1, 2)
    content = io.BytesIO()
    if name == "m.npy":
        np.save(content, matrix)
    else:
        np.savez(content, upstream=matrix, activation="linear")
    os.mkfifo(name)
    writer = threading.Thread(target=Path(name).write_bytes, args=[content.getvalue()])
    writer.start()
    argv = ["run", name] if name == "m.npz" else ["run", "--upstream", name, "--activation", "linear"]
    ran = backprop(*argv, "--only", "dbiases", "--format", "csv")
    writer.join()
    assert (ran.status, ran.out, ran.err) == (0, "9999900000.0,10000000000.0\n", "")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("m.npy", "damaged, or not an NPY file"), ("m.safetensors", "damaged: the header is no JSON object")],
)
def test_a_pipe_that_begins_unlike_its_name_is_not_read_to_its_end(
    backprop: Run, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    """NUL stand for a device such as /dev/zero."""
    monkeypatch.setattr(files, "FIRST_CHUNK", 100)
    monkeypatch.setattr(files, "CHUNK", 100)
    os.mkfifo(name)
    writer = threading.Thread(target=Path(name).write_bytes, args=[bytes(300)])
    writer.start()
    assert len(files.read(name)) == 100
    writer.join()
    Path("same" + Path(name).suffix).write_bytes(bytes(300))
    assert backprop("run", "--z", "same" + Path(name).suffix).err.endswith(f": {reason}\n")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("m.npy", "damaged, or not an NPY file"),
        ("m.npz", "damaged, or not an NPZ archive"),
        ("m.safetensors", "damaged, or not a safetensors file"),
        ("m.csv", "the file is empty (expected rows of numbers)"),
        ("m.json", "the file is empty (expected JSON)"),
    ],
)
def test_an_empty_file_is_an_error_in_every_format(backprop: Run, name: str, reason: str) -> None:
    Path(name).write_bytes(b"")
    assert backprop("run", *([] if name == "m.npz" else ["--z"]), name).err == f"backprop: {name}: {reason}\n"


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        *[("endless", b"{"), ("endless.json", b"["), ("endless.npz", b"PK"), ("endless.npy", b"no")],
        ("endless.safetensors", b""),
    ],
)
def test_a_file_that_cannot_be_of_its_format_is_not_read_to_its_end(name: str, begin: bytes) -> None:
    """100 MB of NUL stand for a file without an end."""
    with open(name, "wb") as file:
        file.write(begin)
        file.truncate(10**8)
    tracemalloc.start()
    with pytest.raises(InputError):
        load_problem(None, {"z": name}) if name.endswith(".npy") else load_problem(name)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10**7


def test_progress_is_reported_after_each_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FIRST_CHUNK", 2)
    monkeypatch.setattr(files, "CHUNK", 3)
    Path("u.csv").write_bytes(b"1,2\n3,4\n")
    told: list[tuple[str, int, int | None]] = []
    assert list(files.chunks("u.csv", progress=lambda *words: told.append(words))) == [b"1,", b"2\n3", b",4\n"]
    assert told == [("bytes of u.csv", 2, 8), ("bytes of u.csv", 5, 8), ("bytes of u.csv", 8, 8)]


def test_an_error_gets_the_name_of_its_file_once() -> None:
    with pytest.raises(InputError) as raised, files.named("outer"), files.named("-"):
        raise InputError("reason")
    assert str(raised.value) == "<stdin>: reason"


@pytest.mark.parametrize("argv", [["-"], ["--z", "-"]], ids=["problem", "matrix"])
def test_closed_standard_input(backprop: Run, monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> None:
    monkeypatch.setattr("sys.stdin", None)
    ran = backprop("run", *argv)
    assert (ran.status, ran.err) == (3, "backprop: <stdin>: cannot read: standard input is closed\n")


@pytest.mark.parametrize("buffered", [True, False])
def test_a_short_read_is_not_the_end_and_a_pause_is_waited_for(monkeypatch: pytest.MonkeyPatch, buffered: bool) -> None:
    """Standard input that is set not to wait, as Node.js leaves a pipe, and a writer that pauses."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)

    def write() -> None:
        for part in (b"1,", b"2\n3,", b"4", b"\n"):
            time.sleep(0.02)
            os.write(writing, part)
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    monkeypatch.setattr(files, "FIRST_CHUNK", 3)
    monkeypatch.setattr(files, "CHUNK", 4)
    with open(reading, "rb", buffering=-1 if buffered else 0) as file:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=file))
        assert list(files.chunks("-")) == [b"1,2", b"\n3,4", b"\n"]
    writer.join()


def test_a_terminal_is_not_read_again_after_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.RawIOBase):
        """A person who presses Ctrl-D once."""

        lines: ClassVar = [b"1,2\n", b"3,4\n", b""]

        def read(self, _size: int = -1) -> bytes:
            return self.lines.pop(0)

    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=SimpleNamespace(raw=Terminal())))
    assert files.read("-") == b"1,2\n3,4\n"
