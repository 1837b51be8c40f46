"""Files are written atomically: all of them, each complete, or none."""

import os
import signal
import threading
from pathlib import Path

import pytest

from backprop_cli.cli import atomic
from backprop_cli.errors import OutputError


def writes(data: bytes) -> atomic.Write:
    return lambda file: file.write(data)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError], ids=["interrupt", "error"])
def test_a_failure_in_the_block_changes_nothing(tmp_path: Path, failure: type[BaseException]) -> None:
    old, folder = tmp_path / "old", tmp_path / "new" / "folder"
    old.write_text("old")
    during: list[str] = []

    def fail() -> None:
        with atomic.pending({str(old): writes(b"new"), str(folder / "x"): writes(b"x")}, str(folder)):
            during.extend(os.listdir(tmp_path))
            raise failure

    with pytest.raises(failure):
        fail()
    assert sorted(during) == [f".backprop-{os.getpid()}-0.tmp", "new", "old"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["old"]
    assert old.read_text() == "old"


def test_an_interrupt_while_renaming_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = os.replace

    def interrupted(source: str, target: str) -> None:
        rename(source, target)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(os, "replace", interrupted)
    before = signal.getsignal(signal.SIGINT)
    files = [tmp_path / name for name in "ab"]
    with atomic.pending({str(path): writes(b"new") for path in files}):
        pass
    assert [path.read_bytes() for path in files] == [b"new", b"new"]
    assert signal.getsignal(signal.SIGINT) is before


def test_files_can_be_written_from_a_thread(tmp_path: Path) -> None:
    """Only the main thread can ignore signals."""
    target = tmp_path / "file"

    def write() -> None:
        with atomic.pending({str(target): writes(b"new")}):
            pass

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("path", ["a\0b", "file/x", "x" * 5000])
def test_impossible_names_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("old")
    with pytest.raises(OutputError, match="cannot write: "), atomic.pending({path: writes(b"new")}):
        pass
    with pytest.raises(OutputError, match="cannot make the folder: "), atomic.pending({}, f"{path}/folder"):
        pass
    assert os.listdir() == ["file"]


def test_folders_and_files_do_not_replace_each_other(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")
    for files, folder, said in (
        ({"folder": writes(b"new")}, None, "folder: cannot write: it is not a regular file"),
        ({}, "file", "file: cannot make the folder: it is a file"),
    ):
        with (
            pytest.raises(OutputError, match=said),
            atomic.pending(
                {str(tmp_path / name): data for name, data in files.items()}, folder and str(tmp_path / folder)
            ),
        ):
            pass
    assert (tmp_path / "file").read_text() == "old"
    assert (tmp_path / "folder").is_dir()


@pytest.mark.parametrize(
    ("process", "is_left"),
    [
        ("1", True),  # runs, and belongs to somebody else
        (str(os.getpid()), False),  # an earlier process with the same id, as in a container
        ("999999999", False),  # no process has this id
        ("9" * 30, True),  # no process can have this id: not one of our files
        ("x", True),
    ],
)
def test_temporary_files_of_killed_processes_are_removed(tmp_path: Path, process: str, is_left: bool) -> None:
    left = tmp_path / f".backprop-{process}-0.tmp"
    left.write_text("half")
    with atomic.pending({str(tmp_path / "file"): writes(b"new")}):
        pass
    assert left.exists() is is_left


def test_nothing_is_removed_if_processes_cannot_be_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = tmp_path / ".backprop-999999999-0.tmp"
    left.write_text("half")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(os, "name", "nt")
        atomic._remove_left_over(str(tmp_path))
    assert left.exists()
