"""Files are written whole or not at all, and hold the same bytes wherever the command runs."""

import json
import os
import random
import re
import shlex
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.checks.rounding import bounds
from backprop_cli.core.quantities import OF_A_LAYER
from backprop_cli.core.solve import solve
from backprop_cli.load.problem import load_problem
from tests.conftest import Run, sized
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
def test_a_target_that_cannot_be_written_is_kept(process: Process, neuron: Path, option: str, target: str) -> None:
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
    """Return a null device that the command may try to replace: a copy, where it could replace the system's own."""
    if os.geteuid() != 0:
        return Path("/dev/null")
    try:
        os.mknod(folder / "null", 0o666 | stat.S_IFCHR, os.stat("/dev/null").st_rdev)
    except OSError as error:
        pytest.skip(f"no device of its own can be made here: {error}")
    return folder / "null"


SAVES = {
    "json": ["--save", "old.json"],
    "npz": ["--save", "old.npz"],
    "folder of CSV": ["--save", "old"],
    "folder of NPY": ["--save", "old", "--save-format", "npy"],
    "next json": ["--next", "old.json"],
    "next npz": ["--next", "old.npz"],
    "safetensors": ["--save", "old.safetensors"],
    "next safetensors": ["--next", "old.safetensors"],
}
saves = pytest.mark.parametrize("argv", SAVES.values(), ids=SAVES)


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    """A folder with old results and a problem; each result of the problem takes kilobytes."""
    rng = np.random.default_rng(27)
    inputs, weights, biases = (rng.normal(size=shape).tolist() for shape in ((20, 30), (30, 20), 20))
    problem = {"inputs": inputs, "weights": weights, "biases": biases, "upstream": "outputs"}
    (tmp_path / "p.json").write_text(json.dumps(problem))
    (tmp_path / "old").mkdir()
    files = ("old.json", "old.npz", "old.safetensors")
    for name in (*files, *(f"old/{name}.{kind}" for name in OF_A_LAYER for kind in ("csv", "npy"))):
        (tmp_path / name).write_text("old")
    return tmp_path


@saves
def test_a_full_disk_leaves_the_old_file(shell: Process, wide: Path, argv: list[str]) -> None:
    before = contents(wide)
    # `ulimit` limits files to a kilobyte; Python must not hit the limit with bytecode.
    script = f"ulimit -f 1; backprop run p.json --format json {shlex.join(argv)}"
    ran = shell(script, env={"PYTHONDONTWRITEBYTECODE": "1"}, cwd=wide)
    assert re.fullmatch(r"backprop: old[^:]*: cannot write: file too large", refusal(ran, 4))
    assert contents(wide) == before


@saves
def test_a_read_only_folder_leaves_the_old_file(shell: Process, wide: Path, argv: list[str]) -> None:
    before = contents(wide)
    folders = (wide / "old", wide)
    for folder in folders:
        folder.chmod(0o555)
    # Root may write to any folder unless it drops that capability.
    without_capability = "setpriv --bounding-set -dac_override,-dac_read_search -- " if os.geteuid() == 0 else ""
    if without_capability and shutil.which("setpriv") is None:
        pytest.skip("root may write anywhere, and there is no setpriv here")
    ran = shell(f"{without_capability}backprop run p.json --format json {shlex.join(argv)}", cwd=wide)
    for folder in folders:
        folder.chmod(0o755)
    assert re.fullmatch(r"backprop: old[^:]*: cannot write: permission denied", refusal(ran, 4))
    assert contents(wide) == before


@saves
def test_a_target_of_another_kind_is_kept(shell: Process, wide: Path, argv: list[str]) -> None:
    if argv[1] == "old":
        shutil.rmtree(wide / "old")
        (wide / "old").write_text("old")
    else:
        (wide / argv[1]).unlink()
        (wide / argv[1]).mkdir()
    before = contents(wide)
    reason = "cannot make the folder: it is a file" if argv[1] == "old" else "cannot write: it is not a regular file"
    ran = shell(f"backprop run p.json --format json {shlex.join(argv)}", cwd=wide)
    assert refusal(ran, 4) == f"backprop: {argv[1]}: {reason}"
    assert contents(wide) == before


@saves
def test_no_file_is_written_when_standard_output_fails(shell: Process, wide: Path, argv: list[str]) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full here")
    shutil.rmtree(wide / "old")  # the command must not create the folder either
    before = contents(wide)
    ran = shell(f"backprop run p.json --format json {shlex.join(argv)} >/dev/full", cwd=wide)
    assert refusal(ran, 4) == "backprop: cannot write to standard output: no space left on device"
    assert contents(wide) == before


@sized("count", 12, 500)
@pytest.mark.usefixtures("without_coverage")
def test_kill_9_leaves_old_or_new(
    started: Started, backprop: Run, wide: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Half of the kills come at any time, and half at the time when files are written."""
    rng = random.Random(27)
    streams = {"cwd": wide, "stdout": subprocess.DEVNULL, "env": {"PYTHONDONTWRITEBYTECODE": "1"}}
    monkeypatch.chdir(wide)
    command = ["run", "p.json", "--format", "json"]
    old = contents(wide)
    new: dict[str, dict[str, bytes | None]] = {}
    for name, argv in SAVES.items():
        assert backprop(*command, *argv).status == 0
        new[name] = contents(wide)
        restore(wide, old)
    begin = time.monotonic()
    assert started(*command, **streams).wait(timeout=30) == 0
    takes = time.monotonic() - begin
    left_over = killed = 0
    for number in range(count):
        name = list(SAVES)[number % len(SAVES)]
        ran = started(*command, *SAVES[name], **streams)
        if number % 2:
            time.sleep(rng.uniform(0, 1.2 * takes))
        else:
            wait_until(partial(has_begun_to_write, wide, ran))
            time.sleep(rng.uniform(0, 0.005))
        ran.kill()
        killed += ran.wait(timeout=30) == -signal.SIGKILL
        found = {path: content for path, content in contents(wide).items() if ".tmp" not in path}
        assert set(found) == set(old)
        assert [path for path in found if found[path] not in (old[path], new[name][path])] == []
        if temporary(wide):
            left_over += 1
            assert started(*command, *SAVES[name], **streams).wait(timeout=30) == 0
            assert contents(wide) == new[name]  # the next run has removed the temporary files
        restore(wide, old)
    # With many kills, some come before the end, and some of these while files are written.
    assert (killed and left_over) or count < 100


def has_begun_to_write(folder: Path, process: subprocess.Popen[bytes]) -> bool:
    return bool(temporary(folder)) or process.poll() is not None


def temporary(folder: Path) -> list[str]:
    return [path for path in contents(folder) if ".tmp" in path]


def restore(folder: Path, contents: dict[str, bytes | None]) -> None:
    for path, content in contents.items():
        if content is not None:
            (folder / path).write_bytes(content)


def test_a_shell_loop_can_replace_the_problem_by_the_next_one(shell: Process, tmp_path: Path) -> None:
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


# Two environments that differ in all that must not change a byte of the output.
ENVIRONMENTS = [
    {"PYTHONHASHSEED": "1", "TZ": "UTC"},
    {
        "PYTHONHASHSEED": "2",
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C.UTF-8",
        "LANG": "de_DE.UTF-8",
        "OPENBLAS_NUM_THREADS": "2",
        "OMP_NUM_THREADS": "2",
        "PYTHONOPTIMIZE": "2",
    },
]


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
def test_the_environment_changes_no_byte(process: Process, tmp_path: Path, argv: Sequence[str]) -> None:
    runs = []
    for number, env in enumerate(ENVIRONMENTS):
        folder = tmp_path / str(number)
        folder.mkdir()
        out = success(process("run", LAYER, *argv, cwd=folder, env={"PYTHONIOENCODING": "utf-8", **env})).encode()
        runs.append({"stdout": out, **contents(folder)})
    first, second = runs
    assert first == second
    texts = {name: content for name, content in first.items() if content and not name.endswith(".npz")}
    assert [name for name, text in texts.items() if b"\r" in text or not text.endswith(b"\n")] == []


def test_threads_change_no_integer_and_no_float_beyond_the_rounding_bound(process: Process, tmp_path: Path) -> None:
    """The layer is large enough for NumPy to compute its products with several threads."""
    rng = np.random.default_rng(28)
    shapes = {"inputs": (300, 200), "weights": (200, 250), "biases": (250,), "upstream": (300, 250)}
    whole: dict[str, Any] = {key: rng.integers(-9, 10, shape) for key, shape in shapes.items()}
    np.savez(tmp_path / "whole.npz", **whole)
    np.savez(tmp_path / "real.npz", **{key: value + rng.normal(size=value.shape) for key, value in whole.items()})
    for name in ("whole", "real"):
        for threads in ("1", "2"):
            env = {"OPENBLAS_NUM_THREADS": threads}
            success(
                process("run", f"{name}.npz", "--rows", "1", "--save", f"{name}{threads}.npz", cwd=tmp_path, env=env)
            )
    assert (tmp_path / "whole1.npz").read_bytes() == (tmp_path / "whole2.npz").read_bytes()
    problem = load_problem(str(tmp_path / "real.npz"))
    allowed = bounds(solve(problem))
    with np.load(tmp_path / "real1.npz") as one, np.load(tmp_path / "real2.npz") as other:
        for name in OF_A_LAYER:
            assert (np.abs(one[name] - other[name]) <= 2 * allowed[name]).all()


def test_keys_of_json_are_in_the_documented_order(process: Process) -> None:
    keys = ["schema", "learning_rate", "weight_layout", "z", "outputs", "dz", "dinputs", "dweights", "dbiases"]
    assert list(json.loads(success(process(*SMALL)))) == [*keys, "new_weights", "new_biases", "not_computed"]


def test_kill_9_while_writing_leaves_the_old_file_and_the_next_run_removes_the_temporary_one(
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
