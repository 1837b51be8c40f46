"""Results are printed without loss of digits; colour, encoding and progress depend on the terminal."""

import json
import random
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT, clean_environment
from tests.process.command import ESC, LAYER, SMALL, Process, Started, Terminal, refusal, screen, success


def not_json(constant: str) -> float:
    raise AssertionError(f"{constant} is not JSON")


def awkward_numbers() -> list[float]:
    """Return numbers from the whole range of float64, its ends included, most of them with 17 digits."""
    rng = random.Random(14)
    drawn = [struct.unpack("<d", rng.randbytes(8))[0] for _ in range(60)]
    ends = [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -0.0, 0.1, 1 / 3, 1e22, 1e23, 2.0**53]
    return ends + [number for number in drawn if np.isfinite(number)]


@pytest.mark.parametrize("output", ["json", "csv"])
def test_numbers_come_back_bit_for_bit(process: Process, output: str) -> None:
    numbers = awkward_numbers()
    given = json.dumps({"activation": "linear", "upstream": [numbers]})
    text = success(process("run", "-", "--format", output, "--only", "dz", input=given.encode()))
    if output == "json":
        result = json.loads(text, parse_constant=not_json)
        assert result["schema"] == "backprop.result/1"
        (back,) = result["dz"]
    else:
        back = [float(cell) for cell in text.split(",")]
    assert [number.hex() for number in back] == [number.hex() for number in numbers]


def decimals(text: str) -> list[str]:
    return sorted(re.findall(r"-?\d+\.\d+", text))


def seventeen_digits(n_rows: int, n_columns: int) -> list[list[float]]:
    rng = random.Random(15)
    return [[rng.uniform(-1, 1) * 10 ** rng.randrange(6) for _ in range(n_columns)] for _ in range(n_rows)]


@pytest.mark.parametrize("columns", ["0", "1", "20", "80", "10000"])
def test_a_piped_table_loses_no_digit_and_no_column(process: Process, columns: str) -> None:
    rows = seventeen_digits(3, 12)
    given = json.dumps({"z": rows}).encode()
    table = process(
        *["run", "-", "--only", "z", "--precision", "17"],
        input=given,
        env={"COLUMNS": columns, "PYTHONIOENCODING": "utf-8"},
    )
    text = success(table)
    assert decimals(text) == sorted(repr(number) for row in rows for number in row)
    assert [j for j in range(12) if not re.search(rf"neuron {j}\b", text)] == []


def test_the_table_shows_every_number_of_the_json(process: Process) -> None:
    names = ["z", "outputs", "dz", "dbiases"]
    given = json.dumps({"z": seventeen_digits(3, 12), "upstream": "outputs"}).encode()
    argv = ["run", "-", "--only", ",".join(names)]
    result = json.loads(success(process(*argv, "--format", "json", input=given)))
    env = {"COLUMNS": "20", "PYTHONIOENCODING": "utf-8"}
    table = success(process(*argv, "--precision", "17", input=given, env=env))
    numbers = [number for name in names for number in np.ravel(result[name]).tolist()]
    assert decimals(table) == sorted(repr(number) for number in numbers if number != 0)


def test_a_table_that_leaves_rows_out_says_so(process: Process) -> None:
    rows = seventeen_digits(25, 120)
    given = json.dumps({"z": rows}).encode()
    options = ["run", "-", "--only", "z", "--precision", "17"]
    env = {"PYTHONIOENCODING": "utf-8"}
    assert "(--rows 0 shows all)" in success(process(*options, input=given, env=env))
    whole = success(process(*options, "--rows", "0", input=given, env=env))
    assert decimals(whole) == sorted(repr(number) for row in rows for number in row)


@pytest.mark.parametrize(
    ("option", "env", "colored"),
    [
        ("auto", {}, False),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, True),
        ("never", {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ("auto", {"NO_COLOR": "", "FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ("auto", {"FORCE_COLOR": "0", "CLICOLOR_FORCE": "1"}, False),
        ("auto", {"CLICOLOR_FORCE": "1"}, True),
        ("auto", {"CLICOLOR_FORCE": "0"}, False),
    ],
    ids=str,
)
def test_color_in_a_pipe(process: Process, neuron: Path, option: str, env: dict[str, str], colored: bool) -> None:
    ran = process("run", neuron, "--only", "z", "--color", option, env={"TERM": "xterm", **env})
    assert (ESC in success(ran).encode()) is colored


@pytest.mark.parametrize(
    ("option", "env", "colored"),
    [
        ("auto", {}, True),
        ("never", {}, False),
        ("auto", {"TERM": "dumb"}, False),
        ("always", {"TERM": "dumb"}, True),
        ("auto", {"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True),
        ("auto", {"NO_COLOR": "1"}, False),
        ("auto", {"NO_COLOR": ""}, True),
        ("auto", {"FORCE_COLOR": "0"}, False),
    ],
    ids=str,
)
def test_color_in_a_terminal(
    started: Started, terminal: Terminal, neuron: Path, option: str, env: dict[str, str], colored: bool
) -> None:
    options = ["--only", "z", "--color", option]
    ran = started("run", neuron, *options, env={"TERM": "xterm", **env}, stdout=terminal[1])
    assert (ESC in screen(terminal, ran)) is colored
    assert ran.returncode == 0


@pytest.mark.parametrize("output", ["json", "csv"])
def test_data_has_no_color(process: Process, output: str) -> None:
    ran = process("run", LAYER, "--only", "dz", "--format", output, "--color", "always")
    assert ESC not in success(ran).encode()


LOCALES = [
    {"LC_ALL": "C"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "POSIX", "PYTHONUTF8": "1"},
]


@pytest.mark.parametrize(
    ("encoding", "locale"),
    [
        *((encoding, {}) for encoding in ("ascii:strict", "ascii", "latin-1", "cp1252", "utf-8", None)),
        *((encoding, locale) for encoding in ("ascii:strict", None) for locale in LOCALES),
    ],
    ids=str,
)
def test_output_in_any_encoding_keeps_every_digit(
    process: Process, foreign: Path, encoding: str | None, locale: dict[str, str]
) -> None:
    ran = process(
        *["run", "p.json", "--inputs", "∂inputs.csv", "--precision", "17", "--only", "z,dinputs,dweights"],
        env=locale | ({"PYTHONIOENCODING": encoding} if encoding else {}),
        cwd=foreign,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    text = ran.stdout.decode((encoding or "utf-8").partition(":")[0])
    z = 0.1 * (1 / 3) + 0.25 * (-2 / 3) + 5
    assert decimals(text) == sorted(map(repr, [z, 1 / 3, -2 / 3, 0.1, 0.25]))


def test_an_error_is_printed_in_ascii(process: Process, foreign: Path) -> None:
    ran = process("run", "p.json", "--weights", "∂inputs.csv", env={"PYTHONIOENCODING": "ascii"}, cwd=foreign)
    assert refusal(ran, 3).isascii()


def test_no_progress_bar_in_a_pipe(shell: Process, large: Path) -> None:
    script = "backprop run --z large.npy --upstream outputs 2>&1 >/dev/null | wc -c"
    assert success(shell(script, cwd=large)).strip() == "0"


def test_no_progress_bar_for_short_work(started: Started, terminal: Terminal) -> None:
    ran = started(*SMALL, stderr=terminal[1], stdout=subprocess.DEVNULL)
    assert screen(terminal, ran) == b""
    assert ran.returncode == 0


@pytest.mark.parametrize(
    ("planted", "options", "shown"),
    [
        ("", [], False),
        ("import backprop_cli.cli.progress as p; p._DELAY = p._INTERVAL = 0", [], True),
        ("import backprop_cli.cli.progress as p; p._DELAY = p._INTERVAL = 0", ["-q"], False),
    ],
    ids=["short work", "long work", "quiet"],
)
def test_the_progress_bar_is_erased_at_the_end(
    terminal: Terminal, tmp_path: Path, planted: str, options: list[str], shown: bool
) -> None:
    (tmp_path / "z[b].csv").write_text("1.5,2\n" * 1000)
    code = f"{planted}\nimport sys\nfrom backprop_cli.cli.app import main\nsys.exit(main(sys.argv[1:]))"
    ran = subprocess.Popen(
        [sys.executable, "-c", code, "run", "--z", "z[b].csv", "--only", "outputs", "--format", "csv", *options],
        env=clean_environment({"TERM": "xterm", "COLUMNS": "100"}),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal[1],
    )
    assert ran.stdout is not None
    out = ran.stdout.read()
    seen = screen(terminal, ran).decode()
    ran.stdout.close()
    assert (ran.returncode, out) == (0, b"1.5,2.0\n" * 1000)
    assert ("6,000 bytes of z[b].csv" in seen) is shown
    assert ("1,000 rows" in seen) is shown
    assert ("a second" in seen) is False or shown
    assert seen.endswith("\x1b[2K") is shown  # the last output erases the line


@pytest.mark.parametrize(
    ("argv", "status"),
    [(["missing.json"], 3), ([str(LAYER)], 0)],
    ids=["bad input", "fine"],
)
def test_quiet_hides_no_error_and_no_result(process: Process, argv: list[str], status: int) -> None:
    loud, quiet = process("run", *argv), process("run", "-q", *argv)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (loud.returncode, loud.stdout, loud.stderr)
    assert quiet.returncode == status


PAGES = {
    "explanation": ["explain", ROOT / "samples" / "two_layers.json", "layers[0].dweights[0,0]", "--depth", "all"],
    "walk": ["explain", ROOT / "samples" / "two_layers.json"],
    "check": ["check", *sorted((ROOT / "samples").glob("*.json")), "--exact"],
}


@pytest.mark.parametrize("argv", PAGES.values(), ids=PAGES)
def test_lines_fit_a_terminal_of_80_columns_and_keep_their_words(
    started: Started, terminal: Terminal, process: Process, argv: list[object]
) -> None:
    fcntl = pytest.importorskip("fcntl")
    termios = pytest.importorskip("termios")
    fcntl.ioctl(terminal[1], termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = {"TERM": "dumb", "PYTHONUTF8": "1"}
    rows = screen(terminal, started(*argv, env=env, stdout=terminal[1])).decode().split("\r\n")
    paths = max(map(len, map(str, (ROOT / "samples").glob("*.json"))))
    assert max(map(len, rows)) <= max(80, 6 + paths)
    piped = process(*argv, env={"PYTHONUTF8": "1"}).stdout.decode()
    assert " ".join(rows).split() == piped.split()
    assert max(map(len, piped.splitlines())) > 80, "off a terminal, lines stay whole"


def test_markdown_is_ascii_where_the_encoding_is(process: Process) -> None:
    ran = process("explain", LAYER, "--format", "markdown", env={"PYTHONIOENCODING": "ascii"})
    assert ran.stdout.isascii()
    assert rb"\x" not in ran.stdout
