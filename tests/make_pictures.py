"""Make the pictures of the README: `python -m tests.make_pictures`. A test compares them with the files in samples/."""

import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from tests.conftest import clean_environment

ROOT = Path(__file__).parent.parent
WRONG = ROOT / "tests" / "golden" / "wrong"
WIDTH = 104
# No request for a font: the picture is to look the same without a network.
_FORMAT = re.sub(r"@font-face \{\{.*?\n    \}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def pictures() -> dict[str, str]:
    """Return the pictures by name."""
    return {
        "mazur_sigmoid.svg": _output(ROOT / "samples", "explain", "mazur_sigmoid.json", "--format", "svg"),
        "named_mistake.svg": _terminal(WRONG, "check", "03_mean_for_sum.json", "--rounded"),
    }


def _output(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "backprop_cli", *arguments]
    env = clean_environment({"COLUMNS": f"{WIDTH}", "PYTHONUTF8": "1"})
    ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False, encoding="utf-8")
    return ran.stdout


def _terminal(folder: Path, *arguments: str) -> str:
    """Return what a terminal shows of a command."""
    console = Console(record=True, width=WIDTH, file=StringIO())
    console.print(f"$ backprop {' '.join(arguments)}", highlight=False)
    console.print(Text.from_ansi(_output(folder, *arguments, "--color", "always")))
    return console.export_svg(title="backprop", code_format=_FORMAT, unique_id="backprop")


if __name__ == "__main__":
    for name, picture in pictures().items():
        (ROOT / "samples" / name).write_text(picture, encoding="utf-8")
