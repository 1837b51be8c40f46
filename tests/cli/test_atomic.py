"""Writing: what streams refuse becomes an error, and files are all or nothing."""

import io
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from backprop_cli.cli import atomic as output
from backprop_cli.cli import streams
from backprop_cli.errors import ClosedPipeError, InputError, OutputError


def writes(data: bytes) -> output.Write:
    return lambda file: file.write(data)


class Raw(io.RawIOBase):
    """A stream that takes three bytes at a time, or refuses."""

    def __init__(self, refusal: OSError | None = None) -> None:
        self.taken = b""
        self._refusal = refusal

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self._refusal is not None:
            raise self._refusal
        self.taken += bytes(data[:3])
        return len(data[:3])


def replace_stdout(monkeypatch: pytest.MonkeyPatch, raw: Raw, encoding: str = "utf-8") -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding))


def test_text_is_written_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = Raw()
    replace_stdout(monkeypatch, raw, "ascii")
    streams.write_stdout("∂L and more\n")
    assert raw.taken == b"\\u2202L and more\n"


@pytest.mark.parametrize(
    ("refusal", "error", "said"),
    [
        (BrokenPipeError(), ClosedPipeError, "the reader of standard output went away"),
        (OSError(28, "No space left on device"), OutputError, "standard output: no space left on device"),
    ],
)
def test_a_stream_that_refuses_is_an_error(
    monkeypatch: pytest.MonkeyPatch, refusal: OSError, error: type[Exception], said: str
) -> None:
    replace_stdout(monkeypatch, Raw(refusal))
    with pytest.raises(error, match=said):
        streams.write_stdout("text")


def test_no_standard_output_is_an_error_and_no_standard_error_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OutputError, match="standard output is closed"):
        streams.write_stdout("text")
    monkeypatch.setattr(sys, "stderr", None)
    streams.write_error(InputError("bad", hint="good"))


def test_an_error_without_a_hint_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    streams.write_error(InputError("bad"))
    streams.write_error(InputError("bad", hint="a\nb"))
    assert capsys.readouterr().err == "backprop: bad\nbackprop: bad\nhint: a\\nb\n"


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError], ids=["interrupt", "error"])
def test_what_fails_within_the_block_leaves_everything_as_it_was(tmp_path: Path, failure: type[BaseException]) -> None:
    old, folder = tmp_path / "old", tmp_path / "new" / "folder"
    old.write_text("old")
    during: list[str] = []

    def fail() -> None:
        with output.pending({str(old): writes(b"new"), str(folder / "x"): writes(b"x")}, str(folder)):
            during.extend(os.listdir(tmp_path))
            raise failure

    with pytest.raises(failure):
        fail()
    assert sorted(during) == [f".backprop-{os.getpid()}-0.tmp", "new", "old"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["old"]
    assert old.read_text() == "old"


def test_an_interrupt_among_the_renames_comes_too_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.replace

    def interrupted(source: str, target: str) -> None:
        rename(source, target)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(os, "replace", interrupted)
    before = signal.getsignal(signal.SIGINT)
    files = [tmp_path / name for name in "ab"]
    with output.pending({str(path): writes(b"new") for path in files}):
        pass
    assert [path.read_bytes() for path in files] == [b"new", b"new"]
    assert signal.getsignal(signal.SIGINT) is before


def test_files_can_be_written_from_a_thread(tmp_path: Path) -> None:
    """Where signals cannot be held back."""
    target = tmp_path / "file"

    def write() -> None:
        with output.pending({str(target): writes(b"new")}):
            pass

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("path", ["a\0b", "file/x", "x" * 5000])
def test_names_that_cannot_be_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("old")
    with pytest.raises(OutputError, match="cannot write: "), output.pending({path: writes(b"new")}):
        pass
    with pytest.raises(OutputError, match="cannot make the folder: "), output.pending({}, f"{path}/folder"):
        pass
    assert os.listdir() == ["file"]


def test_what_is_no_file_or_no_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")
    for files, folder, said in (
        ({"folder": writes(b"new")}, None, "folder: cannot write: it is not a regular file"),
        ({}, "file", "file: cannot make the folder: it is a file"),
    ):
        with (
            pytest.raises(OutputError, match=said),
            output.pending(
                {str(tmp_path / name): data for name, data in files.items()}, folder and str(tmp_path / folder)
            ),
        ):
            pass
    assert (tmp_path / "file").read_text() == "old"
    assert (tmp_path / "folder").is_dir()


@pytest.mark.parametrize(
    ("process", "is_left"),
    [
        ("1", True),  # runs, whoever else's it is
        (str(os.getpid()), False),  # a former process with our number, as in a container
        ("999999999", False),  # a number that no process has
        ("9" * 30, True),  # a number that none can have: not our file
        ("x", True),
    ],
)
def test_only_what_killed_processes_have_left_is_removed(tmp_path: Path, process: str, is_left: bool) -> None:
    left = tmp_path / f".backprop-{process}-0.tmp"
    left.write_text("half")
    with output.pending({str(tmp_path / "file"): writes(b"new")}):
        pass
    assert left.exists() is is_left


def test_where_processes_cannot_be_asked_for_nothing_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / ".backprop-999999999-0.tmp"
    left.write_text("half")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(os, "name", "nt")
        output._remove_left_over(str(tmp_path))
    assert left.exists()
