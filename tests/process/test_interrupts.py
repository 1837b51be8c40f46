"""Ctrl-C ends a run at once, with status 130, no output and no file changed."""

import json
import os
import signal
import subprocess
import time
import zlib
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import sized
from tests.process.command import LARGE, LAYER, SMALL, Process, Started, close, contents, unread, wait_until, waits


def test_ctrl_c_while_reading_standard_input_leaves_no_file(
    started: Started, neuron: Path, pipe: tuple[int, int]
) -> None:
    before = contents(neuron.parent)
    ran = started("run", "-", "--save", "result.json", "--next", "p.json", stdin=pipe[0], cwd=neuron.parent)
    os.write(pipe[1], b'{"inputs": [[1')
    wait_until(lambda: unread(pipe[0]) == 0 and waits(ran))
    ran.send_signal(signal.SIGINT)
    out, err = ran.communicate(timeout=30)
    assert (ran.returncode, out, err) == (130, b"", b"")
    assert contents(neuron.parent) == before


def test_ctrl_c_while_waiting_for_a_named_pipe_takes_effect_at_once(started: Started, tmp_path: Path) -> None:
    """The other end of the pipe stays open, so that nothing else would end the process."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    ends: list[int] = []

    def has_a_reader() -> bool:
        with suppress(OSError):
            ends.append(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
        return bool(ends)

    patient = "from backprop_cli.load import files\nfiles._PIPE_TIMEOUT = 60"  # for the other end to be opened
    ran = started("run", LAYER, "--inputs", fifo, planted=patient)
    wait_until(has_a_reader)
    wait_until(partial(waits, ran))
    ran.send_signal(signal.SIGINT)
    out, err = ran.communicate(timeout=60)
    close(*ends)
    assert (ran.returncode, out, err) == (130, b"", b"")


def test_ctrl_c_while_waiting_for_a_full_pipe_is_silent(started: Started, large: Path, pipe: tuple[int, int]) -> None:
    ran = started(*LARGE, cwd=large, stdout=pipe[1])
    wait_until(lambda: unread(pipe[0]) > 0 and waits(ran))
    ran.send_signal(signal.SIGINT)
    _, err = ran.communicate(timeout=30)
    assert (ran.returncode, err) == (130, b"")


@pytest.mark.parametrize("option", ["--next", "--save"])
def test_ctrl_c_while_writing_a_file_keeps_the_old_one(patched: Process, neuron: Path, option: str) -> None:
    planted = "import os, signal\nos.fsync = lambda descriptor: os.kill(os.getpid(), signal.SIGINT)"
    (neuron.parent / "old.json").write_text("old")
    before = contents(neuron.parent)
    ran = patched(planted, "run", neuron, option, neuron.parent / "old.json")
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"")
    assert contents(neuron.parent) == before


@pytest.mark.parametrize(
    "module",
    [
        "typing",
        "typer",
        "numpy",
    ],
)
def test_ctrl_c_while_a_module_is_imported_is_silent(process: Process, tmp_path: Path, module: str) -> None:
    (tmp_path / f"{module}.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    ran = process(*SMALL, env={"PYTHONPATH": str(tmp_path)})
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"")


LONG = {
    "reading and printing": [
        *["--z", "z.csv", "--upstream", "outputs", "--only", "dz"],
        *["--save", "old.json", "--format", "csv"],
    ],
    "computing": ["layer.npz", "--inputs", "inputs.npy", "--only", "dweights,dinputs", "--save", "old.npz"],
}


def checksums(folder: Path) -> dict[str, int]:
    """Return a checksum of each file; the files themselves would raise the memory that other tests measure."""
    return {path.name: zlib.crc32(path.read_bytes()) for path in folder.iterdir()}


@sized("count", 6, 50)
@pytest.mark.parametrize("options", LONG.values(), ids=LONG)
@pytest.mark.usefixtures("without_coverage")
def test_ctrl_c_at_any_moment_leaves_old_files_or_new(
    started: Started, tmp_path: Path, options: list[str], count: int
) -> None:
    """Interrupt a run at moments spread over it: with status 0 all files are new, and else no file has changed.

    SIGINT kills a process that has not installed its handler yet.
    """
    rng = np.random.default_rng(24)
    np.savetxt(tmp_path / "z.csv", rng.normal(size=(40_000, 5)), delimiter=",")
    np.save(tmp_path / "inputs.npy", np.broadcast_to(rng.normal(size=300), (20_000, 300)))
    np.savez(tmp_path / "layer.npz", weights=rng.normal(size=(300, 300)), biases=np.zeros(300), upstream="outputs")
    old = tmp_path / options[options.index("--save") + 1]
    old.write_text("old")
    argv = ["run", *options]
    streams = {"cwd": tmp_path, "stdout": subprocess.DEVNULL}
    before = checksums(tmp_path)
    begin = time.monotonic()
    assert started(*argv, **streams).wait(timeout=60) == 0
    whole = time.monotonic() - begin
    after = checksums(tmp_path)
    old.write_text("old")
    statuses: list[int] = []
    for number in range(count):
        ran = started(*argv, **streams)
        time.sleep(0.05 + (number + 0.5) / count * whole)
        ran.send_signal(signal.SIGINT)
        _, err = ran.communicate(timeout=60)
        assert (ran.returncode, err) in ((130, b""), (0, b""), (-signal.SIGINT, b""))
        assert checksums(tmp_path) == (before if ran.returncode else after)
        old.write_text("old")
        statuses.append(ran.returncode)
    assert 130 in statuses


# A call that does not return when a signal comes, as long calls of NumPy do not, and lets other threads run.
STUCK = """
import ctypes, os
def stuck(*_, **__):
    mutex = ctypes.create_string_buffer(256)
    ctypes.CDLL(None).pthread_mutex_lock(mutex)
    open("reached", "w").close()
    ctypes.CDLL(None).pthread_mutex_lock(mutex)
"""
INTERRUPT = "import os, shutil, signal\ndef interrupt(*_, **__): os.kill(os.getpid(), signal.SIGINT)\n"


@pytest.mark.parametrize(
    "where", ["os.fsync", "backprop_cli.cli.run.solve"], ids=["while a file is written", "while numbers are computed"]
)
def test_ctrl_c_ends_a_call_that_does_not_return(started: Started, neuron: Path, where: str) -> None:
    (neuron.parent / "old.json").write_text("old")
    before = contents(neuron.parent)
    code = f"{STUCK}\nimport backprop_cli.cli.run\n{where} = stuck"
    argv = ["run", neuron, "--next", "old.json", "--save", "new/folder"]
    ran = started(*argv, planted=code, cwd=neuron.parent)
    wait_until((neuron.parent / "reached").exists)
    ran.send_signal(signal.SIGINT)
    out, err = ran.communicate(timeout=30)
    assert (ran.returncode, out, err) == (130, b"", b"")
    (neuron.parent / "reached").unlink()
    assert contents(neuron.parent) == before


@pytest.mark.parametrize(
    ("code", "is_new"),
    [
        ("os.fsync = interrupt", False),
        ("mkdir = os.mkdir\nos.mkdir = lambda *a: (mkdir(*a), interrupt())", False),
        ("replace = os.replace\nos.replace = lambda *a: (interrupt(), replace(*a))", True),
        ("replace = os.replace\nos.replace = lambda *a: (replace(*a), interrupt())", True),
        ("shutil.rmtree = interrupt", True),
        ("import atexit\natexit.register(interrupt)", True),
    ],
)
def test_ctrl_c_before_files_are_replaced_keeps_all_and_after_it_none(
    started: Started, neuron: Path, code: str, is_new: bool
) -> None:
    (neuron.parent / "old.json").write_text("old")
    before = contents(neuron.parent)
    argv = ["run", neuron, "-q", "--format", "json", "--next", "old.json", "--save", "new"]
    ran = started(*argv, planted=INTERRUPT + code, cwd=neuron.parent)
    out, err = ran.communicate(timeout=30)
    after = {path: content for path, content in contents(neuron.parent).items() if ".tmp" not in path}
    if is_new:
        assert (ran.returncode, err) == (0, b"")
        assert json.loads(out)["z"] == [[16]]
        assert after["old.json"] != b"old"
        assert after["new/z.csv"] == b"16.0\n"
    else:
        assert (ran.returncode, err) == (130, b"")
        assert after == before


def test_bytes_of_others_in_the_descriptors_of_the_process_are_no_interrupt(started: Started, neuron: Path) -> None:
    """With standard error closed, a library may write into the pipe that tells the second thread of a signal."""
    code = """
import os, time
from backprop_cli.cli import run
solve = run.solve
def noisy(*arguments, **options):
    os.write(2, b"OpenBLAS warning")
    time.sleep(0.2)
    return solve(*arguments, **options)
run.solve = noisy
"""
    close_both = "import os\nos.close(0)\nos.close(2)\n"
    ran = started("run", neuron, "--only", "z", "--format", "csv", planted=close_both + code)
    out, _ = ran.communicate(timeout=30)
    assert (ran.returncode, out) == (0, b"16.0\n")
