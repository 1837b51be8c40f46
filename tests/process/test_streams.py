"""Standard output, standard error and the exit status, also when a stream is closed or full."""

import os
import shlex
import subprocess
import sys
import textwrap
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.process.command import (
    LARGE,
    LAYER,
    SMALL,
    Process,
    Started,
    buffering,
    everything_printed,
    everything_printed_and_buffering,
    refusal,
    success,
    unread,
    wait_until,
    waits,
)


@buffering
def test_standard_output_holds_only_a_small_result(shell: Process, env: dict[str, str]) -> None:
    script = f"backprop {shlex.join(SMALL)} 2>e | {shlex.quote(sys.executable)} -m json.tool --compact && test ! -s e"
    assert success(shell(script, env=env)).startswith('{"schema":"backprop.result/1"')


@buffering
def test_standard_output_holds_only_a_large_result(process: Process, large: Path, env: dict[str, str]) -> None:
    lines = success(process(*LARGE, env=env, cwd=large)).splitlines()
    cells = [[float(cell) for cell in line.split(",")] for line in lines]
    assert np.array_equal(cells, np.load(large / "large.npy"))


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        pytest.param(["p.json"], 0, id="fine"),
        pytest.param(["p.json", "--nonsense"], 2, id="an unknown option"),
        pytest.param(["p.json", "p.json"], 2, id="too many arguments"),
        pytest.param(["p.json", "--format", "csv"], 2, id="several matrices as CSV"),
        pytest.param(["p.json", "--only", "layers[1].dz"], 2, id="a layer that is not there"),
        pytest.param(["missing.json"], 3, id="an unreadable problem"),
        pytest.param(["."], 3, id="a folder"),
        pytest.param(["p.json", "--biases", "two.csv"], 3, id="a wrong shape"),
        pytest.param(["p.json", "--biases", "huge.csv", "--lr", "-1e308"], 3, id="an overflow"),
        pytest.param(["p.json", "--save", "missing/result.json"], 4, id="an unwritable file"),
    ],
)
def test_exit_statuses(process: Process, neuron: Path, argv: list[str], status: int) -> None:
    neuron.with_name("two.csv").write_text("1,2\n")
    neuron.with_name("huge.csv").write_text("1.7e308\n")
    ran = process("run", *argv)
    assert refusal(ran, status) if status else success(ran)


def test_a_bug_is_one_line_with_status_70_and_no_traceback(patched: Process) -> None:
    planted = """
        import backprop_cli.cli.problems

        def broken(*arguments, **options):
            raise ZeroDivisionError("planted\\n\x1b[2J")

        backprop_cli.cli.problems.load_problem = broken
    """
    ran = patched(textwrap.dedent(planted), "run", LAYER)
    message, hint = refusal(ran, 70).splitlines()
    assert message == r"backprop: a bug in backprop: ZeroDivisionError: planted\n\x1b[2J"
    assert hint.startswith("hint: BACKPROP_DEBUG=1 ")
    ran = patched(textwrap.dedent(planted), "run", LAYER, env={"BACKPROP_DEBUG": "1"})
    assert ran.returncode == 70
    assert ran.stderr.startswith(b"Traceback (most recent call last):\n")


@buffering
def test_head_ends_the_command_silently(shell: Process, large: Path, env: dict[str, str]) -> None:
    ran = shell(f"set -o pipefail; backprop {shlex.join(LARGE)} | head -1", env=env, cwd=large)
    assert (ran.returncode, ran.stdout.count(b"\n"), ran.stderr) == (141, 1, b"")


@everything_printed_and_buffering
def test_a_closed_pipe_ends_the_command_silently(
    process: Process, large: Path, pipe: tuple[int, int], argv: list[str], env: dict[str, str]
) -> None:
    os.close(pipe[0])
    streams = {"capture_output": False, "stdout": pipe[1], "stderr": subprocess.PIPE}
    ran = process(*argv, env=env, cwd=large, **streams)
    assert (ran.returncode, ran.stderr) == (141, b"")


@everything_printed_and_buffering
@pytest.mark.usefixtures("with_coverage")
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_disk_is_reported_in_one_line(shell: Process, large: Path, argv: list[str], env: dict[str, str]) -> None:
    ran = shell(f"backprop {shlex.join(argv)} >/dev/full", env={**env, "LC_ALL": "C"}, cwd=large)
    assert refusal(ran, 4) == "backprop: cannot write to standard output: no space left on device"


@everything_printed
@pytest.mark.usefixtures("with_coverage")
def test_a_closed_standard_output_is_reported_in_one_line(shell: Process, large: Path, argv: list[str]) -> None:
    ran = shell(f"backprop {shlex.join(argv)} >&-", cwd=large)
    assert refusal(ran, 4) == "backprop: cannot write: standard output is closed"


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (f"backprop {shlex.join(SMALL)} >&- 2>&-", 4),
        (f"backprop {shlex.join(SMALL)} 2>&-", 0),
        ("backprop run missing.json 2>&-", 3),
        ("backprop 2>&-", 2),
        ("backprop run - <&- 2>&-", 3),
    ],
)
def test_the_exit_status_is_right_when_standard_error_is_closed(shell: Process, script: str, status: int) -> None:
    ran = shell(script)
    assert ran.returncode == status
    assert bool(ran.stdout) is (status == 0)
    assert ran.stderr == b""


ROWS = ["run", "--upstream", "-", "--activation", "linear", "--only", "dbiases", "--format", "csv"]


@pytest.mark.parametrize(
    ("argv", "parts", "printed"),
    [
        (ROWS, [b"1,2\n3,4\n", b"5,6\n"], b"9.0,12.0\n"),
        (ROWS, [b"1,2\n3,", b"4\n5,6"], b"9.0,12.0\n"),
        (["run", "-", *ROWS[5:]], [b'{"activation": "linear", "upstream": [[1, 2],', b" [8, 10]]}"], b"9.0,12.0\n"),
    ],
    ids=["rows", "cells", "JSON"],
)
def test_standard_input_that_is_set_not_to_wait_is_read_to_its_end(
    started: Started, pipe: tuple[int, int], argv: list[str], parts: list[bytes], printed: bytes
) -> None:
    """Node.js leaves pipes so. The rest is written when the process waits for it."""
    os.set_blocking(pipe[0], False)
    ran = started(*argv, stdin=pipe[0])
    for part in parts:
        os.write(pipe[1], part)
        wait_until(lambda: unread(pipe[0]) == 0)
        wait_until(partial(waits, ran))
    os.close(pipe[1])
    assert (*ran.communicate(timeout=30), ran.returncode) == (printed, b"", 0)


def test_all_is_written_to_streams_that_are_set_not_to_wait(started: Started, large: Path) -> None:
    """A slow reader of a full pipe gets everything."""
    for argv, name in ((LARGE, "stdout"), (["run", "--nonsense"], "stderr")):
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        filled = b""
        if name == "stderr":
            with suppress(BlockingIOError):
                while True:
                    filled += b"x" * os.write(writing, b"x")
        ran = started(*argv, cwd=large, **{name: writing})
        os.close(writing)
        wait_until(partial(waits, ran))
        wait_until(lambda: unread(reading) >= 60_000)  # noqa: B023 (it is called in this turn of the loop)
        with open(reading, "rb") as file:
            text = file.read().removeprefix(filled)
        assert ran.wait(timeout=30) == (0 if name == "stdout" else 2)
        if name == "stdout":
            cells = [[float(cell) for cell in line.split(b",")] for line in text.splitlines()]
            assert np.array_equal(cells, np.load(large / "large.npy"))
        else:
            assert text.startswith(b"backprop: no such option: --nonsense\n")
