"""Files that claim to be huge, or never end, are refused in one line, in little time and with little memory."""

import io
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backprop_cli.load import files
from tests.conftest import Run, clean_environment
from tests.hostile.damage import packed
from tests.safetensors_files import with_header

SECONDS = 20  # of processor time, which other processes on the machine do not change; each run takes less than one
MEGABYTES = 300
pytestmark = pytest.mark.usefixtures("without_coverage")

# A program that tells, when it ends, the most memory that it had. What the system counts for a child (ru_maxrss) would
# begin with what its parent has.
MEASURED = """
import atexit, resource, sys
def tell_memory():
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    open("memory", "w").write(status["VmHWM"].split()[0])
atexit.register(tell_memory)
seconds, sys.argv = int(sys.argv[1]), sys.argv[1:]
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
"""
BACKPROP = "from backprop_cli.cli.app import main\nsys.exit(main())"

PROBLEM = '{"inputs": [[1, 2]], "weights": [[3], [4]], "biases": [5], "upstream": [[1]]}'


def npy_header(shape: tuple[int, ...], dtype: str = "<f8") -> bytes:
    """Return the beginning of an NPY file whose header states a shape."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
    return file.getvalue()


def sparse(beginning: bytes = b"", end: bytes = b"", size: int = 8 * 2**30) -> Callable[[Path], None]:
    """Return a function that writes a file of this size, almost none of it stored on the disk."""

    def make(path: Path) -> None:
        with path.open("wb") as file:
            file.write(beginning)
            file.truncate(size)
            file.seek(-len(end) or size, os.SEEK_END if end else os.SEEK_SET)
            file.write(end)

    return make


def holding(data: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(data)


def deflated_zeros(megabytes: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("inputs.npy", "w") as member:
        member.write(npy_header((megabytes * 2**17,)))
        for _ in range(megabytes):
            member.write(bytes(2**20))
    return file.getvalue()


# Each: the name of the file, a function that makes it (None for a device), and a part of the message.
ENDLESS: dict[str, tuple[str, Callable[[Path], object] | None, str]] = {
    "NPY that promises 8 TB": (
        "z.npy",
        holding(npy_header((2**40,))),
        "the header promises 8796093022208 bytes, 0 follow",
    ),
    "NPY that promises more than there are numbers": (
        "z.npy",
        holding(npy_header((2**62, 2**62))),
        "the header promises",
    ),
    "NPY with a header of its own length": (
        "z.npy",
        holding(b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b" " * 2**20),
        "damaged, or not an NPY file",
    ),
    "NPY that promises 16 GB and has 8": (
        "z.npy",
        sparse(npy_header((2**31,))),
        "the header promises 17179869184 bytes",
    ),
    "NPZ that promises 8 TB": (
        "p.npz",
        holding(packed({"z.npy": npy_header((2**40,))})),
        "z: damaged: the header promises",
    ),
    "NPZ of 200 KB that unpacks to 200 MB": ("p.npz", holding(deflated_zeros(200)), "unpacks to 209715"),
    "NPZ within NPZ": ("p.npz", holding(packed({"z.npz": packed({})})), "z.npz: expected arrays only"),
    "sparse JSON": ("p.json", sparse(), "expected UTF-8 text, got the byte 0x00"),
    "sparse CSV": ("z.csv", sparse(b"1,2\n"), "z.csv:2:1: expected UTF-8 text, got the byte 0x00"),
    "sparse NPY": ("z.npy", sparse(), "damaged, or not an NPY file"),
    "sparse NPZ": ("p.npz", sparse(b"PK\3\4"), "damaged, or not an NPZ archive"),
    "safetensors that promises 8 TB": (
        "p.safetensors",
        holding(with_header({"z": {"dtype": "F64", "shape": [2**40], "data_offsets": [0, 2**43]}})),
        "the header promises 8796093022208 bytes, 0 follow",
    ),
    "safetensors that promises 16 GB and has 8": (
        "p.safetensors",
        sparse(with_header({"z": {"dtype": "BF16", "shape": [2**33], "data_offsets": [0, 2**34]}})),
        "the header promises 17179869184 bytes",
    ),
    "safetensors of a header without an end": ("p.safetensors", sparse(b"\0\xe1\xf5\x05\0\0\0\0{"), "no JSON object"),
    "sparse safetensors": ("p.safetensors", sparse(), "damaged: the header is no JSON object"),
    "lists in lists": ("p.json", holding(b'{"z": ' + b"[" * 10**6), "nested too deeply"),
    "objects in objects": ("p.json", holding(b'{"z": ' * 10**6), "nested too deeply"),
    "names in names": (
        "p.npz",
        holding(packed({"a." * 30_000 + "npy": npy_header((1,)) + bytes(8)})),
        "nested too deeply",
    ),
    "integer of 5,000 digits": ("p.json", holding(b'{"z": [[' + b"9" * 5000 + b"]]}"), "out of the range of float64"),
    "integer of 5,000,000 digits": ("z.csv", holding(b"9" * 5_000_000), "field larger than field limit"),
    "fraction of 5,000,000 digits": ("p.json", holding(b'{"z": [["' + b"1" * 5_000_000), "not JSON"),
    "device without an end": ("/dev/zero", None, "expected UTF-8 text, got the byte 0x00"),
    "pipe to which nobody writes": ("p.json", os.mkfifo, "cannot read: nobody writes to this pipe"),
    "pipe for a matrix": ("z", os.mkfifo, "cannot read: nobody writes to this pipe"),
    "folder": ("p.json", Path.mkdir, "cannot read: is a directory"),
    "folder for a matrix": ("z.npy", Path.mkdir, "cannot read: is a directory"),
}


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc, which only Linux has")


@on_linux
@pytest.mark.parametrize("case", ENDLESS)
def test_a_huge_or_endless_file_is_refused_at_once(case: str, tmp_path: Path) -> None:
    name, make, said = ENDLESS[case]
    if make is not None:
        make(tmp_path / name)
    elif not os.path.exists(name):
        pytest.skip(f"there is no {name} here")
    argv = ["run", "--z", name] if name.startswith("z") else ["run", name]
    status, err, megabytes = measured(BACKPROP, *argv, cwd=tmp_path)
    assert status == 3
    assert re.fullmatch(r"backprop: .*\n(hint: .*\n)?", err)
    assert err.startswith(f"backprop: {name}")
    assert said in err
    assert megabytes < MEGABYTES


@on_linux
def test_exact_arithmetic_refuses_exponents_that_would_fill_the_memory(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"upstream": [[1e-999999999, 1e999999999]], "activation": "linear"}')
    status, err, megabytes = measured(BACKPROP, "run", "p.json", "--exact", cwd=tmp_path)
    assert (status, err.count("\n")) == (3, 1)
    assert "out of the range of exact arithmetic" in err
    assert megabytes < MEGABYTES


@on_linux
def test_memory_beyond_the_limit_is_noticed_and_that_of_this_process_is_not(tmp_path: Path) -> None:
    own = b"x" * (2 * MEGABYTES * 2**20)
    for code, is_much in ((f"x = b'x' * {MEGABYTES * 2**20}", True), ("", False)):
        status, _, megabytes = measured(code, cwd=tmp_path)
        assert (status, megabytes > MEGABYTES) == (0, is_much)
    assert len(own) > MEGABYTES


@on_linux
def test_time_beyond_the_limit_is_noticed(tmp_path: Path) -> None:
    assert measured("while True: pass", cwd=tmp_path, seconds=1)[0] == -signal.SIGXCPU


def measured(code: str, *argv: str, cwd: Path, seconds: int = SECONDS) -> tuple[int, str, float]:
    """Return the exit status of Python, its standard error, and the most megabytes that it had (0 if it was killed).

    It is killed when it has taken more than some seconds of processor time.
    """
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED + code, str(seconds), *argv],
        cwd=cwd,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=300,
        check=False,
    )
    memory = cwd / "memory"
    return ran.returncode, ran.stderr.decode(), int(memory.read_text()) / 1024 if memory.exists() else 0


def test_a_pipe_is_read_when_its_writer_comes_late(
    tmp_path: Path, backprop: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_PIPE_TIMEOUT", 60)  # the machine may be busy
    fifo = tmp_path / "p"
    os.mkfifo(fifo)
    writer = threading.Timer(0.3, fifo.write_text, [PROBLEM])
    writer.start()
    ran = backprop("run", fifo, "--format", "csv", "--only", "z")
    writer.join()
    assert ran == (0, "16.0\n", "")


def test_a_pipe_is_read_to_its_end_when_its_writer_is_slow(
    tmp_path: Path, backprop: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_PIPE_TIMEOUT", 60)
    fifo = tmp_path / "p"
    os.mkfifo(fifo)
    slow = subprocess.Popen(["bash", "-c", 'exec >"$0"; sleep 0.7; printf %s "$1"; sleep 0.2; echo', fifo, PROBLEM])
    ran = backprop("run", fifo, "--format", "csv", "--only", "z")
    assert slow.wait(timeout=60) == 0
    assert ran == (0, "16.0\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere `ulimit -v` limits nothing")
@pytest.mark.parametrize("limit", ["-v", "-d"])
@pytest.mark.parametrize("megabytes", [25, 40, 60, 80, 100, 120, 140, 160, 200, 400, 600, 800])
@pytest.mark.parametrize("name", ["rows.csv", "p.json"])
def test_little_memory_is_no_other_error(tmp_path: Path, limit: str, megabytes: int, name: str) -> None:
    """OpenBLAS would end the process with status 1, and Polars with 134, both with messages of their own."""
    (tmp_path / "rows.csv").write_text("1.5,2.5\n" * 200_000)
    (tmp_path / "p.json").write_text('{"upstream": [[300000, 500000]], "activation": "linear"}')
    argv = ["run", *(["--upstream"] if name == "rows.csv" else []), name, "--activation", "linear"]
    words = [sys.executable, "-m", "backprop_cli", *argv, "--only", "dbiases", "--format", "csv"]
    script = f'ulimit {limit} {megabytes * 1000}; exec "$@"'
    ran = subprocess.run(
        ["bash", "-c", script, "bash", *words], cwd=tmp_path, env=clean_environment(), capture_output=True, check=False
    )
    if ran.returncode == 0:
        assert (ran.stdout, ran.stderr) == (b"300000.0,500000.0\n", b"")
    else:
        assert (ran.returncode, ran.stdout, ran.stderr) == (
            3,
            b"",
            b"backprop: not enough memory for this problem\n",
        )
    assert ran.returncode == 0 or megabytes < 400
