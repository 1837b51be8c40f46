"""What is not needed is not imported: each claim is tried in a fresh process, and the trial itself is tried."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT, clean_environment

HEAVY = ("numpy", "typer", "rich")


def imported_by(code: str) -> set[str]:
    """Return which of the heavy packages a fresh process has imported after running `code`."""
    report = f"\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    ran = subprocess.run(
        [sys.executable, "-c", code + report],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(ran.stderr.split())


def command(*argv: str) -> str:
    return f"from backprop_cli.cli.app import main; assert main({list(argv)!r}) == 0"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("import backprop_cli", set(), id="the package"),
        pytest.param("import backprop_cli.core.solve", {"numpy"}, id="the maths"),
        pytest.param("import backprop_cli.load.problem, backprop_cli.render.json", {"numpy"}, id="files"),
        pytest.param(command("--version"), set(), id="--version"),
        pytest.param(command("--help"), {"typer"}, id="--help"),
        pytest.param(command("run", "--help"), {"typer"}, id="run --help"),
        pytest.param(command("run", "samples/dense_relu.json", "--format", "json"), {"numpy", "typer"}, id="json"),
        pytest.param(
            command("run", "samples/dense_relu.json", "--format", "csv", "--only", "dz"), {"numpy", "typer"}, id="csv"
        ),
        pytest.param(command("run", "samples/dense_relu.json"), {"numpy", "typer", "rich"}, id="tables"),
    ],
)
def test_only_what_is_needed_is_imported(code: str, expected: set[str]) -> None:
    assert imported_by(code) == expected


def test_the_trial_can_fail() -> None:
    assert imported_by("import rich, backprop_cli.core.solve") == {"numpy", "rich"}
