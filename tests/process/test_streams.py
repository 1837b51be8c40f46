"""Standard output, standard error and the exit status, also when a stream is closed or full."""

import os
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from tests.process.command import (
    LARGE,
    LAYER,
    SMALL,
    Process,
    buffering,
    everything_printed,
    everything_printed_and_buffering,
    refusal,
    success,
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
        import backprop_cli.cli.run

        def broken(*arguments, **options):
            raise ZeroDivisionError("planted\\n\x1b[2J")

        backprop_cli.cli.run.load_problem = broken
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
