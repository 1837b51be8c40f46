"""Files that are written: rows 27 and 28."""

import json
import os
import re
import shlex
import stat
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.process.command import LAYER, SMALL, Process, Started, contents, refusal, success, wait_until


@pytest.mark.parametrize(
    ("option", "target"),
    [
        ("--next", "missing/p.json"),
        ("--next", "folder.json"),
        ("--next", "fifo.npz"),
        ("--next", "device.json"),
        ("--save", "folder.json"),
        ("--save", "old"),
        ("--save", "/dev/null"),
    ],
)
def test_row_27_an_unwritable_place_stays_as_it_was(process: Process, neuron: Path, option: str, target: str) -> None:
    folder = neuron.parent
    (folder / "folder.json").mkdir()
    (folder / "folder.json" / "kept.txt").write_text("kept")
    (folder / "old").write_text("old")
    os.mkfifo(folder / "fifo.npz")
    (folder / "device.json").symlink_to(null_device(folder) if target == "device.json" else "/dev/null")
    before = contents(folder)
    assert refusal(process("run", neuron, option, target, cwd=folder), 4).startswith(f"backprop: {target}: cannot ")
    assert contents(folder) == before
    assert stat.S_ISFIFO(os.stat(folder / "fifo.npz").st_mode)
    assert stat.S_ISCHR(os.stat(folder / "device.json").st_mode)


def null_device(folder: Path) -> Path:
    """Return a null device that a program may try to replace: the system's own, unless it could succeed."""
    if os.geteuid() != 0:
        return Path("/dev/null")
    try:
        os.mknod(folder / "null", 0o666 | stat.S_IFCHR, os.stat("/dev/null").st_rdev)
    except OSError as error:
        pytest.skip(f"no device of its own can be made here: {error}")
    return folder / "null"


@pytest.mark.parametrize("target", ["old.json", "old.npz"])
def test_row_27_a_disk_that_fills_up_leaves_the_old_file(
    shell: Process, large: Path, tmp_path: Path, target: str
) -> None:
    old = tmp_path / target
    old.write_text("old")
    # A file may grow to a kilobyte, which bytecode must not try.
    argv = ["run", "--z", "large.npy", "--only", "z", "--save", str(old)]
    ran = shell(f"ulimit -f 1; backprop {shlex.join(argv)}", env={"PYTHONDONTWRITEBYTECODE": "1"}, cwd=large)
    assert refusal(ran, 4).startswith(f"backprop: {old}: cannot write: ")
    assert contents(tmp_path) == {target: b"old"}


def test_row_27_kill_9_leaves_the_old_file_or_the_new_one(started: Started, large: Path, tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    argv = ["run", "--z", "large.npy", "--only", "z", "--save", target]
    streams = {"cwd": large, "stdout": subprocess.DEVNULL}
    assert started(*argv, **streams).wait(timeout=30) == 0
    new = target.read_bytes()
    for enough in (0, 1, len(new) // 2, len(new)):  # killed when that much of the new file is there
        target.write_bytes(b"old")
        known = set(tmp_path.iterdir())
        ran = started(*argv, **streams)

        def has_begun(known: set[Path] = known, ran: subprocess.Popen[bytes] = ran, enough: int = enough) -> bool:
            sizes = []
            for path in set(tmp_path.iterdir()) - known:
                with suppress(FileNotFoundError):
                    sizes.append(path.stat().st_size)
            return any(size >= enough for size in sizes) or ran.poll() is not None

        wait_until(has_begun)
        ran.kill()
        ran.wait(timeout=30)
        assert target.read_bytes() in (b"old", new)


def test_rows_27_and_28_runs_chain_in_a_shell_loop(shell: Process, tmp_path: Path) -> None:
    problem = {
        "inputs": [[1, 2]],
        "weights": [[0.5], [0.25]],
        "biases": [1],
        "activation": "linear",
        "upstream": "outputs",
        "learning_rate": 0.125,
    }
    (tmp_path / "p.json").write_text(json.dumps(problem))
    loop = "for i in 1 2 3; do backprop run p.json --next p.json -q --format json --only new_biases; done"
    printed = success(shell(f"set -e; {loop}"))
    # z = 2, then 0.25 - 0.5 + 0.75 = 0.5, then 0.1875 - 0.75 + 0.6875 = 0.125, and each step takes z / 8.
    assert re.findall(r'"new_biases": \[(.*)\]', printed) == ["0.75", "0.6875", "0.671875"]
    after = json.loads((tmp_path / "p.json").read_text())
    assert after == {
        **problem,
        "weights": [[0.171875], [-0.40625]],
        "biases": [0.671875],
        "weight_layout": "in-out",
    }
    assert sorted(contents(tmp_path)) == ["p.json"]


@pytest.mark.parametrize(
    "argv",
    [
        ["--format", "table", "--color", "always"],
        ["--format", "json", "--save", "result.npz", "--next", "next.json"],
        ["--format", "csv", "--only", "dweights", "--save", "result.json"],
        ["--save", "result", "--next", "next.npz"],
    ],
    ids=["table", "json", "csv", "folder"],
)
def test_row_28_the_same_bytes_twice(process: Process, tmp_path: Path, argv: Sequence[str]) -> None:
    runs = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        out = success(process("run", LAYER, *argv, cwd=folder, env={"PYTHONHASHSEED": seed})).encode()
        runs.append({"stdout": out, **contents(folder)})
    first, second = runs
    assert first == second
    texts = {name: content for name, content in first.items() if content and not name.endswith(".npz")}
    assert [name for name, text in texts.items() if b"\r" in text or not text.endswith(b"\n")] == []


def test_row_28_keys_keep_their_order(process: Process) -> None:
    keys = ["schema", "learning_rate", "weight_layout", "z", "outputs", "dz", "dinputs", "dweights", "dbiases"]
    assert list(json.loads(success(process(*SMALL)))) == [*keys, "new_weights", "new_biases", "not_computed"]


def test_row_27_a_kill_in_the_middle_leaves_the_old_file_or_the_new_and_the_next_run_clears_up(
    patched: Process, process: Process, neuron: Path
) -> None:
    old = neuron.read_bytes()
    for step in ("fsync", "replace"):
        planted = f"import os, signal\nos.{step} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)"
        assert patched(planted, "run", neuron, "--next", neuron).returncode == -9
        assert neuron.read_bytes() == old
        assert len(os.listdir(neuron.parent)) == 2
        assert process("run", neuron, "--save", neuron.with_name("out.json")).returncode == 0
        assert sorted(os.listdir(neuron.parent)) == sorted([neuron.name, "out.json"])
        neuron.with_name("out.json").unlink()
