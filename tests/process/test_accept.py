"""`check --accept` in a real process: the file is written whole, or stays as it is."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from tests.process.command import Process, contents, refusal, success

WRONG_RULE = """
from dataclasses import replace
from functools import partial
from backprop_cli.cli import accept
from backprop_cli.core.rules import RULES
rule = replace(RULES["dbiases"], formula=lambda dz, out=None: 2 * dz.sum(axis=0))
accept.solve = partial(accept.solve, rules={**RULES, "dbiases": rule})
"""


@pytest.fixture
def golden(neuron: Path) -> Path:
    """The problem of one neuron as p.json, with a wrong expected value: it is 16."""
    neuron.write_text(neuron.read_text()[:-1] + ', "expected": {"z": [[15]]}}\n')
    return neuron


def test_a_golden_is_accepted_once(process: Process, golden: Path) -> None:
    before = golden.read_bytes()
    assert process("check", "p.json").returncode == 1
    assert golden.read_bytes() == before
    assert success(process("check", "p.json", "--accept")).endswith(
        "\n  z: 1 of 1 entry changed, most at [0,0]: was 15, is 16\n"
    )
    after, status = golden.read_bytes(), golden.stat()
    assert after == before.replace(b"[[15]]", b"[[16.0]]")
    assert success(process("check", "p.json")).startswith("ok ")
    assert success(process("check", "p.json", "--accept")).endswith("\n  nothing changed\n")
    assert (golden.read_bytes(), golden.stat().st_mtime_ns) == (after, status.st_mtime_ns)
    assert [*contents(golden.parent)] == ["p.json"]


def test_finite_differences_that_fail_leave_the_file(patched: Process, golden: Path) -> None:
    before, status = golden.read_bytes(), golden.stat()
    ran = patched(WRONG_RULE, "check", "p.json", "--accept")
    assert (ran.returncode, ran.stderr) == (1, b"")
    assert ran.stdout.startswith(b"FAIL  p.json  ")
    assert ran.stdout.endswith(b"\np.json stays as it is\n")
    assert (golden.read_bytes(), golden.stat().st_mtime_ns) == (before, status.st_mtime_ns)


def test_standard_input_is_refused_unread(process: Process, golden: Path) -> None:
    ran = process("check", "-", "--accept", input=golden.read_bytes())
    assert refusal(ran, 2) == "backprop: --accept needs a file to write to, and <stdin> is none"


def test_a_pipe_is_refused_unread(shell: Process, golden: Path) -> None:
    ran = shell("cat p.json | backprop check /dev/stdin --accept", cwd=golden.parent)
    assert refusal(ran, 2) == "backprop: --accept needs a file to write to, and /dev/stdin is none"


def test_a_link_is_followed_and_permissions_stay(process: Process, golden: Path) -> None:
    golden.chmod(0o640)
    Path("folder").mkdir()
    Path("folder/link.json").symlink_to("../p.json")
    assert process("check", "folder/link.json", "--accept").returncode == 0
    assert os.readlink("folder/link.json") == "../p.json"
    assert b"[[16.0]]" in golden.read_bytes()
    assert stat.S_IMODE(golden.stat().st_mode) == 0o640


def test_a_read_only_folder_leaves_the_file(shell: Process, golden: Path) -> None:
    before = contents(golden.parent)
    golden.parent.chmod(0o555)
    # Root may write to any folder unless it drops that capability.
    without_capability = "setpriv --bounding-set -dac_override,-dac_read_search -- " if os.geteuid() == 0 else ""
    if without_capability and shutil.which("setpriv") is None:
        pytest.skip("root may write anywhere, and there is no setpriv here")
    ran = shell(f"{without_capability}backprop check p.json --accept", cwd=golden.parent)
    golden.parent.chmod(0o755)
    assert refusal(ran, 4) == "backprop: p.json: cannot write: permission denied"
    assert contents(golden.parent) == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_the_file_stays_where_standard_output_fails(shell: Process, golden: Path) -> None:
    before = contents(golden.parent)
    ran = shell("backprop check p.json --accept > /dev/full", cwd=golden.parent)
    assert ran.returncode == 4
    assert contents(golden.parent) == before
