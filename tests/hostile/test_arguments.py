"""Hostile arguments and file names: the answer is a result, or one line and a status."""

import contextlib
import io
import json
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from backprop_cli.cli.app import main
from tests.conftest import sized
from tests.hostile.messages import are_errors

PROBLEM = {"inputs": [[1, 2]], "weights": [[3], [4]], "biases": [5], "upstream": [[1]]}

# Texts with a special meaning for a terminal, a shell, the markup of Rich, a format string or a file system.
MARKUP = ("[red]", "[/]", "[link=file:///etc/passwd]x[/link]", ":smile:", "{0}", "{error}", "%s%n", "$(id)", "`id`")
QUOTES = ("\\", "'", '"', "/", "//", "~", "*", "?", "#", "=", ",", " ", "", "..")
CONTROLS = ("\x1b[2J", "\x1b]0;owned\x07", "\x9b31m", "\x7f", "\r", "\n", "\t", "\u202e", "\u2028", "\ufeff", "\u0301")
UNUSUAL = ("🙂", "é", "\udcff", "\udced\udca0\udc80", "A" * 5000)
OPTION_LIKE = ("-", "--", "-x", "-q", "--lr", "--help=1", "--only=z")
NUMBERS = ("-1", "-1e-3", "0", "1e999", "nan", "inf", "9" * 5000, "0x10", "1_0")
WORDS = (
    "outputs",
    "ones",
    "relu",
    "in-out",
    "json",
    "csv",
    "table",
    "always",
    "auto",
    "z,outputs",
    "z,z",
    "layers[0].z",
)
ENTRIES = ("dweights[0,0]", "dweights[9,9]", "layers[999999].dz[0,0]", "[0]", "z[", "z[0,0,0]", "z[-1,0]")
FILES = ("p.json", "./p.json", "p.json/", "p.json/x", "missing.json", "w.csv", "x.json.gz", "x.npz", "folder")
ELSEWHERE = ("/dev/null", "/dev/stdin/x", "/proc/self/mem", "http://localhost/x.json", "file:p.json")
TEXTS = (
    *(*MARKUP, *QUOTES, *CONTROLS, *UNUSUAL, *OPTION_LIKE),
    *(*NUMBERS, *WORDS, *ENTRIES, *FILES, *ELSEWHERE),
)
RUN_OPTIONS = """--inputs --weights --biases --upstream --z --activation --weight-layout --learning-rate --only --format
    --exact --precision --rows --save --save-format --next --color -q"""
OPTIONS = {
    "run": RUN_OPTIONS.split(),
    "check": [
        "--expect",
        "--rounded",
        "--exact",
        "--eps",
        "--rtol",
        "--atol",
        "--samples",
        "--seed",
        "--format",
        "--marks",
        "--color",
        "-q",
    ],
    "explain": ["--exact", "--terms", "--depth", "--precision", "--format", "--color", "-q"],
}
STATUSES = {0, 1, 2, 3, 4}  # neither a crash nor an interrupt

# Codes for colours, which `--color always` asks for, are allowed; all other escape sequences are not.
COLOR = re.compile(rb"\x1b\[[0-9;]*m")


def arguments(number: int) -> list[str]:
    """Return the hostile command line of this number."""
    rng = random.Random(number)

    def text() -> str:
        return "".join(rng.choice(TEXTS) for _ in range(rng.choice((1, 1, 1, 2, 3))))

    def argument() -> list[str]:
        option = rng.choice(options)
        return rng.choice(([option, text()], [f"{option}={text()}"], [option], [text()], [f"--{text()}"]))

    command = rng.choice((*OPTIONS, *OPTIONS, text()))
    options = OPTIONS.get(command, ["--version", "--show-completion"])
    problem = rng.choice(("p.json", "p.json", "p.json", text(), text() + ".json"))
    words = [command, problem, *(word for _ in range(rng.choice((0, 1, 1, 2, 4))) for word in argument())]
    return [word.replace("\0", "") for word in words if not word.startswith("--install")]


def fault_of(status: int, out: bytes, err: bytes) -> str | None:
    """Return what is wrong with the outcome of a run, or None."""
    text = err.decode()
    if status not in STATUSES:
        return "the exit status"
    if any(byte in COLOR.sub(b"", stream).replace(b"\n", b"") for stream in (out, err) for byte in b"\x1b\x07\x7f\r"):
        return "a control character"
    if status in (0, 1) and err:
        return "a result, and something on standard error"
    if status > 1 and not are_errors(text):
        return "not one line of printable text and a hint"
    return None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current directory with a problem, a matrix, a folder and problems with hostile names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "w.csv").write_text("1\n2\n")
    for name in ("p", *TEXTS):
        with contextlib.suppress(OSError, ValueError):  # not every text can be a name
            Path(f"{name}.json").write_text(json.dumps(PROBLEM))
    return tmp_path


@sized("count", 500, 20_000)
def test_hostile_arguments_give_a_result_or_one_line(count: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statuses = set()
    for number in range(count):
        argv = arguments(number)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
            status = main(argv)
        streams = [stream.getvalue().encode("utf-8", "backslashreplace") for stream in (out, err)]
        assert not (fault := fault_of(status, *streams)), (fault, number, argv, status, streams)
        statuses.add(status)
    assert statuses >= {0, 2, 3}
    assert folder.is_dir()


@sized("count", 15, 1000)
def test_the_real_command_answers_hostile_arguments_alike(
    count: int, folder: Path, process: Callable[..., subprocess.CompletedProcess[bytes]]
) -> None:
    for number in range(count):
        argv = arguments(-1 - number)
        ran = process(*argv, cwd=folder, env={"PYTHONIOENCODING": "utf-8"})
        assert not (fault := fault_of(ran.returncode, ran.stdout, ran.stderr)), (fault, number, argv, ran)
