"""Files are written atomically: all of them, each complete, or none."""

import fcntl
import json
import os
import signal
import struct
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest

from backprop_cli.cli import atomic
from backprop_cli.cli.app import main
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
    assert [bool(atomic._TEMPORARY.fullmatch(name)) for name in sorted(during)] == [True, False, False]
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


@pytest.mark.parametrize("path", ["a\0b", "file/x", "x" * 5000, "abcdefg/" * 600 + "x"])
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


def left_over(folder: Path, digit: str, *names: str) -> Path:
    """Make a temporary folder as a killed process leaves it."""
    left = folder / f".backprop-{digit * 16}.tmp"
    left.mkdir()
    for name in names:
        (left / name).write_text("half")
    return left


def save(folder: Path) -> None:
    with atomic.pending({str(folder / "file"): writes(b"new")}):
        pass


def test_only_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    """What cannot be removed comes first, and does not keep the rest."""
    kept = [
        left_over(tmp_path, "0", "0"),  # without a lock: not ours, or about to be locked
        left_over(tmp_path, "1", "0", "lock"),
        left_over(tmp_path, "x", "0", "lock"),
        tmp_path / ".backprop-1-0.tmp",
    ]
    kept[3].write_text("half")
    gone = [left_over(tmp_path, "2", "0", "lock"), left_over(tmp_path, "3", "lock"), left_over(tmp_path, "4")]
    lock = atomic._locked(str(kept[1]))
    save(tmp_path)
    os.close(lock)
    assert [path.exists() for path in kept + gone] == [True] * 4 + [False] * 3
    save(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted([kept[0].name, kept[2].name, kept[3].name, "file"])


def test_without_locks_files_are_written_and_nothing_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = left_over(tmp_path, "2", "0", "lock")
    monkeypatch.setattr(atomic, "fcntl", None)
    save(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [left.name, "file"]


@pytest.mark.parametrize("when", ["before it is locked", "while it is locked"])
def test_a_folder_that_another_run_takes_for_left_over_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """The other run removes it between two steps of this one."""
    opened, locked = os.open, fcntl.flock
    taken: list[str] = []

    def open_late(path: str, *arguments: int, **options: int) -> int:
        if path.endswith("lock") and not taken:
            taken.append(path)
            os.rmdir(os.path.dirname(path))
        return opened(path, *arguments, **options)

    def lock_late(descriptor: int, flags: int) -> None:
        if not taken:
            folder = next(tmp_path.glob(".backprop-*"))
            taken.append(str(folder))
            (folder / "lock").unlink()
            folder.rmdir()
        locked(descriptor, flags)

    if when == "before it is locked":
        monkeypatch.setattr(os, "open", open_late)
    else:
        monkeypatch.setattr(fcntl, "flock", lock_late)
    save(tmp_path)
    assert len(taken) == 1
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"new"


@pytest.mark.parametrize("place", [".", "deep/er"])
def test_a_folder_that_another_run_makes_meanwhile_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    folder = tmp_path / "new" / place
    make = os.mkdir

    def make_twice(path: str, mode: int = 0o777) -> None:
        make(path, mode)
        if ".tmp" not in path:
            make(path, mode)

    monkeypatch.setattr(os, "mkdir", make_twice)
    with atomic.pending({str(folder / "file"): writes(b"new")}, str(folder)):
        pass
    assert (folder / "file").read_bytes() == b"new"


def test_a_folder_of_a_thousand_parts_is_refused_or_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = "a/" * 1100  # fits into the longest path, and Python could not make it by recursion
    with suppress(OutputError), pytest.raises(ZeroDivisionError), atomic.pending({}, folder):
        raise ZeroDivisionError
    assert os.listdir() == []


@pytest.mark.parametrize("mode", [0o444, 0o555, 0o066])
def test_a_read_only_file_is_not_replaced(tmp_path: Path, mode: int) -> None:
    """For root, too, whom the system lets write to it."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    old.chmod(mode)
    with (
        pytest.raises(OutputError, match="cannot write: it is read-only"),
        atomic.pending({str(new): writes(b"new"), str(old): writes(b"new")}),
    ):
        pass
    assert os.listdir(tmp_path) == ["old"]
    assert (old.stat().st_mode & 0o777, old.stat().st_size) == (mode, 3)


def test_a_file_that_only_others_may_write_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "old"
    old.write_text("old")
    monkeypatch.setattr(os, "access", lambda path, mode: (path, mode) != (str(old), os.W_OK))
    with pytest.raises(OutputError, match="cannot write: it is read-only"), atomic.pending({str(old): writes(b"new")}):
        pass
    assert old.read_text() == "old"


@pytest.mark.parametrize(("before", "after"), [(0o4755, 0o755), (0o2640, 0o640), (0o1600, 0o600), (0o200, 0o200)])
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path, before: int, after: int) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    target.chmod(before)
    save(tmp_path)
    assert target.stat().st_mode & 0o7777 == after


@pytest.mark.parametrize(("before", "after"), [(0o640, 0o600), (0o664, 0o644), (0o070, 0o000), (0o677, 0o677)])
def test_a_group_that_the_new_file_cannot_get_gets_what_all_others_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int, after: int
) -> None:
    path = tmp_path / "file"
    path.write_text("new")

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "chown", refuse)
    old = os.stat_result((before, 0, 0, 1, 4711, 4711, 0, 0, 0, 0))
    atomic._give_access(str(path), str(path), old)
    assert path.stat().st_mode & 0o7777 == after


# user::rw-, user 4711:r--, group::---, mask::r--, other::---, which `stat` shows as 0640.
ACCESS = struct.pack(
    "<I" + "HHI" * 5, 2, 1, 6, 2**32 - 1, 2, 4, 4711, 4, 0, 2**32 - 1, 16, 4, 2**32 - 1, 32, 0, 2**32 - 1
)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="there are no extended attributes here")
@pytest.mark.parametrize("failure", [None, "no lists here", "no attributes here"])
def test_a_replaced_file_keeps_its_access_control_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str | None
) -> None:
    """Where it cannot, its mask does not become a right of the group."""
    target = tmp_path / "file"
    target.write_text("old")
    try:
        os.setxattr(target, atomic._ACCESS, ACCESS)
    except OSError as error:
        pytest.skip(f"there are no access control lists here: {error}")

    def refuse(*_: object) -> None:
        raise OSError

    if failure == "no lists here":
        monkeypatch.setattr(os, "setxattr", refuse)
    elif failure:
        monkeypatch.delattr(os, "getxattr")
    save(tmp_path)
    assert target.stat().st_mode & 0o7777 == (0o600 if failure == "no lists here" else 0o640)
    monkeypatch.undo()
    assert (atomic._ACCESS in os.listxattr(target)) is (failure is None)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="there are no extended attributes here")
def test_a_list_that_a_folder_gives_to_new_files_gives_no_access_to_a_replaced_one(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    target.chmod(0o640)
    try:
        os.setxattr(tmp_path, "system.posix_acl_default", ACCESS)
    except OSError as error:
        pytest.skip(f"there are no access control lists here: {error}")
    save(tmp_path)
    assert target.read_text() == "new"
    assert atomic._ACCESS not in os.listxattr(target)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_replaced_file_keeps_its_owner_and_group(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    os.chown(target, 4711, 4712)
    save(tmp_path)
    assert (target.stat().st_uid, target.stat().st_gid) == (4711, 4712)


def test_a_file_is_never_readable_by_more_people_than_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    target.chmod(0o600)

    def look(file: IO[bytes]) -> None:
        seen.append(os.fstat(file.fileno()).st_mode & 0o777)
        seen.extend(path.stat().st_mode & 0o777 for path in tmp_path.glob(".backprop-*"))

    seen: list[int] = []
    with atomic.pending({str(target): look}):
        pass
    assert seen == [0o600, 0o700]


def test_a_new_file_gets_the_permissions_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        save(tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o7777 == 0o640


def test_links_are_followed_where_they_are_named_only(tmp_path: Path) -> None:
    """A link to a file that is not there names the file; one to itself names none."""
    (tmp_path / "link").symlink_to("file")
    with atomic.pending({str(tmp_path / "link"): writes(b"new")}):
        pass
    assert (tmp_path / "file").read_bytes() == b"new"
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "one").symlink_to("other")
    (tmp_path / "other").symlink_to("one")
    before = sorted(os.listdir(tmp_path))
    for name, folder, said in (
        ("self", None, "too many levels of symbolic links"),
        ("one", None, "too many levels of symbolic links"),
        ("link", str(tmp_path), "it is a symbolic link"),
        ("link", f"{tmp_path}/", "it is a symbolic link"),
    ):
        path = os.path.join(folder or tmp_path, name)
        with pytest.raises(OutputError, match=said), atomic.pending({path: writes(b"x")}, folder):
            pass
    assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_hard_link_keeps_the_old_content(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("old")
    os.link(tmp_path / "other", tmp_path / "file")
    save(tmp_path)
    assert [(tmp_path / name).read_text() for name in ("file", "other")] == ["new", "old"]


def test_threads_that_save_into_one_folder_do_not_touch_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each thread is a run of its own, and standard output is what it was before."""
    monkeypatch.chdir(tmp_path)
    for number in range(4):
        Path(f"{number}.json").write_text(f'{{"z": [[{number + 1}]]}}')
    statuses: list[int] = []

    def run(number: int) -> None:
        statuses.extend(main(["run", f"{number}.json", "--save", f"o{number}.json", "-q"]) for _ in range(5))

    stdout = sys.stdout
    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sys.stdout is stdout
    assert statuses == [0] * 20
    assert [json.loads(Path(f"o{number}.json").read_text())["z"] for number in range(4)] == [
        [[n + 1]] for n in range(4)
    ]
    assert capsys.readouterr().out.count("z (1, 1)") == 20
    assert not list(tmp_path.glob(".backprop-*"))
