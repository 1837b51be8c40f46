"""The command as a shell sees it: bytes on its three streams, its exit status, and the files that it leaves behind.

Nothing here runs inside the test's own process. The rows are those of the conventions that command lines are measured
by, and each test says in its name which of them it tries; input and output are tried with Python's buffering and
without, for a result that fits into a pipe and for one that does not.
"""

import array
import json
import os
import random
import re
import shlex
import shutil
import signal
import stat
import struct
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

from backprop_cli import __version__
from backprop_cli.cli import app
from tests.conftest import ROOT, clean_environment

Process: TypeAlias = Callable[..., subprocess.CompletedProcess[bytes]]
Started: TypeAlias = Callable[..., subprocess.Popen[bytes]]
Terminal: TypeAlias = tuple[int, int]

ESC = b"\x1b"
STATUSES = ["0", "1", "2", "3", "4", "70", "130", "141"]
LAYER = ROOT / "samples" / "dense_relu.json"
SMALL = ["run", str(LAYER), "--format", "json"]
LARGE = ["run", "--z", "large.npy", "--only", "z", "--format", "csv"]  # four times what a pipe holds

# One linear neuron, small enough for the head: z = 1*3 + 2*4 + 5 = 16.
NEURON = {
    "inputs": [[1, 2]],
    "weights": [[3], [4]],
    "biases": [5],
    "activation": "linear",
    "upstream": [[1]],
    "learning_rate": 1,
}

# A name that a terminal, Rich's markup or its emoji would make something else of, and how it is to be shown.
NASTY = "[red]\x1b[2J:smile:[b]\x9b31m\u202e"
NASTY_SHOWN = r"[red]\x1b[2J:smile:[b]\x9b31m\u202e"

COMMANDS = [[], *([str(command.name)] for command in app.registered_commands)]
commands = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(["backprop", *command]))
buffering = pytest.mark.parametrize("env", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
everything_printed = pytest.mark.parametrize(
    "argv", [SMALL, LARGE, ["--help"], ["--version"]], ids=["small", "large", "help", "version"]
)


@pytest.fixture(autouse=True, scope="module")
def _interruptible() -> Iterator[None]:
    """A shell that runs the tests in the background has them ignore Ctrl-C, and with them all that they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the runs: no threads for NumPy to start, and coverage only where other tests cannot have it."""
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    if not {"started", "pipe", "redirection"} & set(request.fixturenames):
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a matrix whose text is far larger than a pipe holds."""
    folder = tmp_path_factory.mktemp("large")
    np.save(folder / "large.npy", np.arange(15_000).reshape(5_000, 3) / 7)
    return folder


@pytest.fixture
def neuron(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The problem of one neuron, as p.json in an otherwise empty current directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "p.json"
    path.write_text(json.dumps(NEURON))
    return path


@pytest.fixture
def shell(tmp_path: Path) -> Process:
    """A shell in an empty folder, whose `backprop` is the one under test."""
    if shutil.which("bash") is None:
        pytest.skip("there is no bash here")

    def run(script: str, env: Mapping[str, str] | None = None, cwd: Path = tmp_path) -> Any:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "-c", script],
            cwd=cwd,
            env=clean_environment({"PATH": path, **(env or {})}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def patched() -> Process:
    """The command line in a fresh process, after some code has planted a fault in it."""

    def run(code: str, *argv: object, env: Mapping[str, str] | None = None) -> Any:
        whole = f"import sys\n{code}\nfrom backprop_cli.cli import main\nsys.exit(main(sys.argv[1:]))\n"
        return subprocess.run(
            [sys.executable, "-c", whole, *map(str, argv)],
            env=clean_environment(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def started() -> Iterator[Started]:
    """The command line as a process that is left running, until the test is over at the latest."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*argv: object, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
        streams: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-m", "backprop_cli", *map(str, argv)],
            env=clean_environment(env),
            **streams | options,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The reading and the writing end of a pipe, both open until the test is over."""
    ends = os.pipe()
    yield ends
    _close(*ends)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """The two ends of a terminal: the one a person sees and types at, and the one that a process is given."""
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    try:
        ends: Terminal = pty.openpty()
    except OSError as error:
        pytest.skip(f"no pseudo-terminal can be opened here: {error}")
    yield ends
    _close(*ends)


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        with suppress(OSError):
            os.close(descriptor)


def screen(terminal: Terminal, process: subprocess.Popen[bytes]) -> bytes:
    """Return what a process has written to a terminal when it has ended."""
    seen, given = terminal
    os.close(given)
    shown = b""
    with suppress(OSError):  # on Linux, that nobody writes to the other end any more
        while piece := os.read(seen, 65536):
            shown += piece
    process.wait(timeout=30)
    return shown


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.002)


def unread(descriptor: int) -> int:
    """Return how many bytes wait in a pipe."""
    import fcntl
    import termios

    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]


def waits(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a process sleeps in a system call: a signal just before that would not wake it."""
    try:
        state = Path(f"/proc/{process.pid}/stat").read_text()
    except OSError:  # there is no /proc here
        time.sleep(0.05)
        return True
    return state.rpartition(") ")[2].startswith("S")


def refusal(ran: subprocess.CompletedProcess[bytes], status: int) -> str:
    """Return the error of a run, which is one line and perhaps a hint, and not a word on standard output."""
    assert ran.stdout == b""
    lines = ran.stderr.decode().splitlines()
    assert [line.split(": ")[0] for line in lines] in (["backprop"], ["backprop", "hint"])
    assert ran.stderr.endswith(b"\n")
    assert ran.returncode == status
    return "\n".join(lines)


def success(ran: subprocess.CompletedProcess[bytes]) -> str:
    """Return what a run has printed, having said nothing on standard error."""
    assert (ran.returncode, ran.stderr) == (0, b"")
    return ran.stdout.decode()


def contents(folder: Path) -> dict[str, bytes | None]:
    """Return every path below a folder with what it holds, if it is a regular file."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def examples(help_text: str) -> list[str]:
    """Return the commands under a help's heading `Examples:`; one that goes on in the next line is indented there."""
    block = help_text.partition("Examples:\n")[2].partition("\n\n")[0]
    return re.split(r"\n(?! )", textwrap.dedent(block))


def not_json(constant: str) -> float:
    raise AssertionError(f"{constant} is not JSON")


# Rows 1 to 6: help and version


@commands
def test_row_01_help_is_on_stdout_and_h_is_the_same(process: Process, command: list[str]) -> None:
    text = success(process(*command, "--help"))
    assert text.startswith(f"Usage: {' '.join(['backprop', *command])} [OPTIONS]")
    assert success(process(*command, "-h")) == text


@pytest.mark.parametrize("waiting", [False, True], ids=["no input", "input that never comes"])
@commands
def test_row_02_no_arguments_give_a_short_help_and_no_hang(
    started: Started, process: Process, pipe: tuple[int, int], command: list[str], waiting: bool
) -> None:
    ran = started(*command, stdin=pipe[0] if waiting else subprocess.DEVNULL)
    assert ran.wait(timeout=2) == 2
    out, err = ran.communicate()
    assert out == b""
    assert b"Examples:\n" in err
    assert b"Options:" not in err
    assert success(process(*command, "--help")).startswith(err.decode().rstrip())


@commands
def test_row_03_help_starts_with_what_it_does_and_its_examples_work(
    process: Process, shell: Process, tmp_path: Path, command: list[str]
) -> None:
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    text = success(process(*command, "--help"))
    assert re.match(r"  [A-Z][a-z]+ ", text.splitlines()[2])
    lines = examples(text)
    assert len(lines) >= 2
    for line in lines:
        line = line.replace("/tmp/", "")  # noqa: S108 (what an example writes there is written here)
        assert success(shell(f"set -euo pipefail\n{line}"))


@pytest.mark.parametrize(
    ("argv", "env"),
    [
        *(([*command, "--help"], {}) for command in COMMANDS),
        *((command, {}) for command in COMMANDS),
        (["run", "--help"], {"COLUMNS": "200"}),
    ],
    ids=str,
)
def test_row_04_help_is_80_columns_of_ascii(process: Process, argv: list[str], env: dict[str, str]) -> None:
    ran = process(*argv, env=env)
    lines = (ran.stdout + ran.stderr).decode("ascii").split("\n")
    assert len(lines) > 5
    assert [line for line in lines if len(line) > 80 or line.endswith((" ", "\t"))] == []


def test_row_05_exit_statuses_are_listed_in_help_and_readme(process: Process) -> None:
    block = success(process("--help")).partition("Exit status:\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in block.splitlines()] == STATUSES
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d+) \|", readme, re.MULTILINE) == STATUSES


@pytest.mark.parametrize(
    "argv",
    [
        ["--version"],
        ["run", "missing.json", "--version"],
        ["--nonsense", "--version"],
        ["run", "--lr", "nan", "--version"],
        ["run", "--weights", "--version"],
    ],
    ids=" ".join,
)
def test_row_06_version_wins_over_errors(process: Process, argv: list[str]) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    assert success(process(*argv)) == f"backprop {__version__}\n"


@pytest.mark.parametrize(("argv", "loads"), [(["--version"], False), (SMALL, True)], ids=["version", "run"])
def test_row_06_version_loads_no_numpy(process: Process, argv: list[str], loads: bool) -> None:
    assert (b" numpy\n" in process(*argv, env={"PYTHONPROFILEIMPORTTIME": "1"}).stderr) is loads


# Rows 7 and 8: streams and exit statuses


@buffering
def test_row_07_a_small_result_is_all_that_is_on_stdout(shell: Process, env: dict[str, str]) -> None:
    script = f"backprop {shlex.join(SMALL)} 2>e | {shlex.quote(sys.executable)} -m json.tool --compact && test ! -s e"
    assert success(shell(script, env=env)).startswith('{"schema":"backprop.result/1"')


@buffering
def test_row_07_a_large_result_is_all_that_is_on_stdout(process: Process, large: Path, env: dict[str, str]) -> None:
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
def test_row_08_exit_statuses(process: Process, neuron: Path, argv: list[str], status: int) -> None:
    neuron.with_name("two.csv").write_text("1,2\n")
    neuron.with_name("huge.csv").write_text("1.7e308\n")
    ran = process("run", *argv)
    assert refusal(ran, status) if status else success(ran)


def test_row_08_a_bug_is_70_and_never_a_traceback(patched: Process) -> None:
    planted = """
        import backprop_cli.run

        def broken(*arguments, **options):
            raise ZeroDivisionError("planted\\n\x1b[2J")

        backprop_cli.run.load_problem = broken
    """
    ran = patched(textwrap.dedent(planted), "run", LAYER)
    message, hint = refusal(ran, 70).splitlines()
    assert message == r"backprop: a bug in backprop: ZeroDivisionError: planted\n\x1b[2J"
    assert hint.startswith("hint: BACKPROP_DEBUG=1 ")
    ran = patched(textwrap.dedent(planted), "run", LAYER, env={"BACKPROP_DEBUG": "1"})
    assert ran.returncode == 70
    assert ran.stderr.startswith(b"Traceback (most recent call last):\n")


# Rows 9 to 13: options and their values


@pytest.mark.parametrize(
    ("argv", "text", "name", "value"),
    [
        pytest.param(["-"], json.dumps(NEURON), "z", [[16]], id="PROBLEM"),
        pytest.param(["p.json", "--inputs", "-"], "2,3\n", "z", [[23]], id="inputs"),
        pytest.param(["p.json", "--weights=-"], "1\n1\n", "z", [[8]], id="weights"),
        pytest.param(["p.json", "--biases", "-"], "7", "z", [[18]], id="biases"),
        pytest.param(["p.json", "--upstream", "-"], "-10\r\n", "dbiases", [-10], id="upstream"),
        pytest.param(["--z", "-", "p.json"], "-9\n", "z", [[-9]], id="z"),
    ],
)
def test_row_09_a_dash_is_stdin(
    process: Process, neuron: Path, argv: list[str], text: str, name: str, value: list[Any]
) -> None:
    ran = process("run", *argv, "--format", "json", "--only", name, input=text.encode(), cwd=neuron.parent)
    assert json.loads(success(ran))[name] == value


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["-", "--inputs", "-"], "PROBLEM and --inputs"),
        (["--weights=-", "--upstream=-"], "--weights and --upstream"),
        (["--biases", "-", "p.json", "--z", "-"], "--biases and --z"),
    ],
    ids=["problem and inputs", "weights and upstream", "biases and z"],
)
def test_row_10_a_dash_twice_is_refused(process: Process, neuron: Path, argv: list[str], named: str) -> None:
    assert named in refusal(process("run", *argv, input=b"1\n", cwd=neuron.parent), 2)


@pytest.mark.parametrize(
    ("argv", "typed", "reads"),
    [
        (["-"], json.dumps(NEURON), b"PROBLEM"),
        (["p.json", "--weights", "-"], "3\n4", b"--weights"),
        (["p.json", "--weights", "-", "-q"], "3\n4", None),
    ],
    ids=["problem", "weights", "quiet"],
)
def test_rows_10_and_19_a_terminal_on_stdin_gets_a_notice_unless_quiet(
    started: Started, terminal: Terminal, neuron: Path, argv: list[str], typed: str, reads: bytes | None
) -> None:
    import select

    seen, given = terminal
    ran = started("run", *argv, "--format", "csv", "--only", "z", stdin=given, cwd=neuron.parent)
    assert ran.stderr is not None
    notice = b""
    if reads is not None:  # said before the first key is pressed
        assert select.select([ran.stderr], [], [], 30)[0]
        notice = os.read(ran.stderr.fileno(), 4096)
        assert notice == b"backprop: reading " + reads + b" from the terminal; end it with Ctrl-D\n"
    os.write(seen, typed.encode() + b"\n\x04")
    out, err = ran.communicate(timeout=30)
    assert (ran.returncode, out, err) == (0, b"16.0\n", b"")


@pytest.mark.parametrize(
    "argv",
    [["--lr", "-0.5"], ["--lr=-5e-1"], ["--learning-rate", "-.5"]],
    ids=" ".join,
)
def test_row_11_negative_numbers_are_values(process: Process, neuron: Path, argv: list[str]) -> None:
    ran = process("run", *argv, neuron, "--format", "csv", "--only", "new_biases")
    assert success(ran) == "5.5\n"  # 5 + 0.5 * 1


@pytest.mark.parametrize("argv", [["--", "-x.json"], ["--", "p.json"], ["./-x.json"]], ids=" ".join)
def test_row_11_two_dashes_end_the_options(process: Process, neuron: Path, argv: list[str]) -> None:
    neuron.with_name("-x.json").write_text(json.dumps(NEURON))
    ran = process("run", "--format", "csv", "--only", "z", *argv, cwd=neuron.parent)
    assert success(ran) == "16.0\n"


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["--weights", "--lr", "1"], "--weights: expected a value, got the option --lr"),
        (["--weights", "-q"], "--weights: expected a value, got the option -q"),
        (["--save", "--next", "n.json"], "--save: expected a value, got the option --next"),
        (["--only", "--"], "--only: expected a value, got the option --"),
        (["--weights"], "'--weights' requires an argument"),
        (["--weights", ""], "--weights: expected a value, got an empty text"),
        (["--weights="], "--weights: expected a value, got an empty text"),
        (["--lr", ""], "--learning-rate: expected a value, got an empty text"),
        (["--only", ""], "--only: expected a value, got an empty text"),
        (["--format", ""], "--format: expected a value, got an empty text"),
        (["--save", ""], "--save: expected a value, got an empty text"),
        (["--next", ""], "--next: expected a value, got an empty text"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_row_12_a_missing_or_empty_value_is_caught(process: Process, argv: list[str], named: str) -> None:
    assert named in refusal(process("run", LAYER, *argv), 2)


def test_row_12_an_empty_problem_is_caught(process: Process) -> None:
    assert refusal(process("run", ""), 2) == "backprop: PROBLEM: expected a value, got an empty text"


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["--lr", "nan"], "--learning-rate: expected a finite number, got 'nan'"),
        (["--lr", "-inf"], "--learning-rate: expected a finite number, got '-inf'"),
        (["--lr", "1e999"], "--learning-rate: expected a finite number, got '1e999'"),
        (["--lr", "1_000"], "--learning-rate: expected a finite number, got '1_000'"),
        (["--rows", "-1"], "--rows: expected a whole number, 0 or more, got '-1'"),
        (["--precision", "18"], "--precision: expected a whole number from 0 to 17, got '18'"),
        (["--only", "nonsense"], "no quantity is called 'nonsense' (expected z, outputs, dz, dinputs, dweights,"),
        (["--only", "z,dweigths"], "hint: did you mean 'dweights'?"),
        (["--format", "jsn"], "hint: did you mean 'json'?"),
        (["--color", "sometimes"], "--color: expected auto, always or never, got 'sometimes'"),
        (["--next", "n.txt"], "--next: expected a file that ends in .json or .npz, got 'n.txt'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_row_13_senseless_values_are_refused(process: Process, argv: list[str], line: str) -> None:
    assert line in refusal(process("run", LAYER, *argv), 2)


# Rows 14 and 15: no digit is lost


def awkward_numbers() -> list[float]:
    """Return the ends of float64's range, and others all over it, none of them with a short notation."""
    rng = random.Random(14)
    drawn = [struct.unpack("<d", rng.randbytes(8))[0] for _ in range(60)]
    ends = [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -0.0, 0.1, 1 / 3, 1e22, 1e23, 2.0**53]
    return ends + [number for number in drawn if np.isfinite(number)]


@pytest.mark.parametrize("output", ["json", "csv"])
def test_row_14_numbers_come_back_bit_for_bit(process: Process, output: str) -> None:
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


def with_a_point(text: str) -> list[str]:
    return sorted(re.findall(r"-?\d+\.\d+", text))


def seventeen_digits(n_rows: int, n_columns: int) -> list[list[float]]:
    rng = random.Random(15)
    return [[rng.uniform(-1, 1) * 10 ** rng.randrange(6) for _ in range(n_columns)] for _ in range(n_rows)]


@pytest.mark.parametrize("columns", ["0", "1", "20", "80", "10000"])
def test_row_15_a_piped_table_loses_no_digit_and_no_column(process: Process, columns: str) -> None:
    rows = seventeen_digits(3, 12)
    given = json.dumps({"z": rows}).encode()
    table = process(
        *["run", "-", "--only", "z", "--precision", "17"],
        input=given,
        env={"COLUMNS": columns, "PYTHONIOENCODING": "utf-8"},
    )
    text = success(table)
    assert with_a_point(text) == sorted(repr(number) for row in rows for number in row)
    assert [j for j in range(12) if not re.search(rf"neuron {j}\b", text)] == []


def test_row_15_the_table_has_every_number_of_the_json(process: Process) -> None:
    names = ["z", "outputs", "dz", "dbiases"]
    given = json.dumps({"z": seventeen_digits(3, 12), "upstream": "outputs"}).encode()
    argv = ["run", "-", "--only", ",".join(names)]
    result = json.loads(success(process(*argv, "--format", "json", input=given)))
    env = {"COLUMNS": "20", "PYTHONIOENCODING": "utf-8"}
    table = success(process(*argv, "--precision", "17", input=given, env=env))
    numbers = [number for name in names for number in np.ravel(result[name]).tolist()]
    assert with_a_point(table) == sorted(repr(number) for number in numbers if number != 0)


def test_row_15_a_matrix_that_is_not_shown_whole_says_so(process: Process) -> None:
    rows = seventeen_digits(25, 120)
    given = json.dumps({"z": rows}).encode()
    options = ["run", "-", "--only", "z", "--precision", "17"]
    env = {"PYTHONIOENCODING": "utf-8"}
    assert "(--rows 0 shows all)" in success(process(*options, input=given, env=env))
    whole = success(process(*options, "--rows", "0", input=given, env=env))
    assert with_a_point(whole) == sorted(repr(number) for row in rows for number in row)


# Rows 16 to 19: colour, encodings, progress, quiet


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
def test_row_16_color_off_a_terminal(
    process: Process, neuron: Path, option: str, env: dict[str, str], colored: bool
) -> None:
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
def test_row_16_color_on_a_terminal(
    started: Started, terminal: Terminal, neuron: Path, option: str, env: dict[str, str], colored: bool
) -> None:
    options = ["--only", "z", "--color", option]
    ran = started("run", neuron, *options, env={"TERM": "xterm", **env}, stdout=terminal[1])
    assert (ESC in screen(terminal, ran)) is colored
    assert ran.returncode == 0


@pytest.mark.parametrize("output", ["json", "csv"])
def test_row_16_data_has_no_color(process: Process, output: str) -> None:
    ran = process("run", LAYER, "--only", "dz", "--format", output, "--color", "always")
    assert ESC not in success(ran).encode()


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A problem whose texts and names no narrow encoding holds."""
    folder = tmp_path_factory.mktemp("foreign")
    problem = {**NEURON, "title": "∂L/∂w … café ✓ 🙂", "weights": [[1 / 3], [-2 / 3]]}
    (folder / "p.json").write_text(json.dumps(problem))
    (folder / "∂inputs.csv").write_text("größe,文字\n0.1,0.25\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("encoding", ["ascii:strict", "latin-1", "cp1252", "utf-8"])
def test_row_17_no_encoding_crashes_or_loses_a_digit(process: Process, foreign: Path, encoding: str) -> None:
    ran = process(
        *["run", "p.json", "--inputs", "∂inputs.csv", "--precision", "17", "--only", "z,dinputs,dweights"],
        env={"PYTHONIOENCODING": encoding},
        cwd=foreign,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    text = ran.stdout.decode(encoding.partition(":")[0])
    z = 0.1 * (1 / 3) + 0.25 * (-2 / 3) + 5
    assert with_a_point(text) == sorted(map(repr, [z, 1 / 3, -2 / 3, 0.1, 0.25]))


def test_row_17_an_error_in_ascii_is_still_an_error(process: Process, foreign: Path) -> None:
    ran = process("run", "p.json", "--weights", "∂inputs.csv", env={"PYTHONIOENCODING": "ascii"}, cwd=foreign)
    assert refusal(ran, 3).isascii()


def test_row_18_no_progress_off_a_terminal(shell: Process, large: Path) -> None:
    script = "backprop run --z large.npy --upstream outputs 2>&1 >/dev/null | wc -c"
    assert success(shell(script, cwd=large)).strip() == "0"


def test_row_18_no_progress_for_short_work(started: Started, terminal: Terminal) -> None:
    ran = started(*SMALL, stderr=terminal[1], stdout=subprocess.DEVNULL)
    assert screen(terminal, ran) == b""
    assert ran.returncode == 0


@pytest.mark.parametrize(
    ("argv", "status"),
    [(["missing.json"], 3), ([str(LAYER)], 0)],
    ids=["bad input", "fine"],
)
def test_row_19_quiet_silences_no_error_and_no_result(process: Process, argv: list[str], status: int) -> None:
    loud, quiet = process("run", *argv), process("run", "-q", *argv)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (loud.returncode, loud.stdout, loud.stderr)
    assert quiet.returncode == status


# Rows 20 to 23: errors, and what they quote


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.json", "{", "p.json:1:2: not JSON: expecting property name enclosed in double quotes"),
        ("p.json", "", "p.json: the file is empty (expected JSON)"),
        ("p.json", '{\n "z": [[1 2]]\n}', "p.json:2:11: not JSON: expecting ',' delimiter"),
        ("p.json", "[" * 100_000, "p.json: nested too deeply"),
        ("p.json", '{"layers": [{"z": [[true]]}]}', "p.json: layers[0].z[0][0]: expected a number, got true"),
        ("p.json", "[[1, 2]]", "p.json: expected a problem (an object), got a list"),
        ("p.json", '{"z": [[1]], "wieghts": 1}', "p.json: wieghts: unknown key"),
        ("p.json", '{"z": [[1]], "upstream": "output"}', "p.json: upstream: expected a matrix, 'outputs' or 'ones'"),
        ("p.npz", "PK no", "p.npz: damaged, or not an NPZ archive"),
        ("z.csv", "1,2\n3,x\n", "z.csv:2:2: expected a number, got 'x'"),
        ("z.npy", "\x93NUMPY no", "z.npy: damaged, or not an NPY file"),
        ("z.txt", "1\n", "z.txt: unknown file type '.txt' (expected .csv, .tsv, .json or .npy)"),
    ],
)
def test_rows_20_and_21_an_error_is_one_line_that_says_where(
    process: Process, tmp_path: Path, name: str, content: str, message: str
) -> None:
    (tmp_path / name).write_bytes(content.encode("latin-1"))
    argv = [name] if name.startswith("p") else ["--z", name]
    error = refusal(process("run", *argv, cwd=tmp_path), 3)
    assert error.startswith(f"backprop: {message}")


def test_row_20_debugging_brings_the_traceback_back(process: Process, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    ran = process("run", bad, env={"BACKPROP_DEBUG": "1"})
    assert ran.returncode == 3
    assert ran.stderr.startswith(b"Traceback (most recent call last):\n")
    assert ran.stderr.splitlines()[-1].startswith(b"backprop: ")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["run", "p.json", "--wieghts", "w.csv"], "no such option: --wieghts\nhint: did you mean --weights?"),
        (["run", "p.json", "--weigh", "w.csv"], "no such option: --weigh\nhint: did you mean --weights?"),
        (["run", "p.json", "--prec=3"], "no such option: --prec\nhint: did you mean --precision?"),
        (["rnu", "p.json"], "no such command 'rnu'\nhint: did you mean 'run'?"),
        (["ru", "p.json"], "no such command 'ru'\nhint: did you mean 'run'?"),
        (["--versio"], "no such option: --versio\nhint: did you mean --version?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_row_22_near_misses_are_suggested_and_abbreviations_refused(
    process: Process, argv: list[str], message: str
) -> None:
    assert refusal(process(*argv), 2) == f"backprop: {message}"


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        ([NASTY], 2),
        (["run", f"--{NASTY}"], 2),
        (["run", "--only", NASTY], 2),
        (["run", "--color", NASTY], 2),
        (["run", f"missing {NASTY}.json"], 3),
        (["run", "--z", f"{NASTY}.csv"], 3),
        (["run", f"key {NASTY}.json"], 3),
        (["run", "neuron.json", "--save", f"missing/{NASTY}.json"], 4),
    ],
    ids=["command", "option", "quantity", "choice", "missing file", "cell", "key", "unwritable file"],
)
def test_row_23_errors_quote_without_injecting(process: Process, tmp_path: Path, argv: list[str], status: int) -> None:
    (tmp_path / f"{NASTY}.csv").write_text(f"1,{NASTY}\n", encoding="utf-8")
    (tmp_path / f"key {NASTY}.json").write_text(json.dumps({NASTY: 1}))
    (tmp_path / "neuron.json").write_text(json.dumps(NEURON))
    error = refusal(process(*argv, cwd=tmp_path, env={"PYTHONIOENCODING": "utf-8"}), status)
    assert NASTY_SHOWN in error
    assert all(line.isprintable() for line in error.split("\n"))


@pytest.mark.parametrize("color", ["never", "always"])
def test_row_23_tables_quote_without_injecting(process: Process, tmp_path: Path, color: str) -> None:
    name = f"{NASTY}.csv"
    (tmp_path / name).write_text(f"{NASTY},[/],:tada:\n1.5,-2.5,3.5\n", encoding="utf-8")
    (tmp_path / "p.json").write_text(json.dumps({"title": f"{NASTY}\n", "activation": "linear"}))
    options = ["--upstream", name, "--only", "dz", "--color", color]
    text = success(process("run", "p.json", *options, cwd=tmp_path, env={"PYTHONIOENCODING": "utf-8"}))
    assert (ESC.decode() in text) is (color == "always")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()
    assert lines[0] == NASTY_SHOWN + r"\n"
    assert re.split(" {2,}", lines[3].strip()) == [NASTY_SHOWN, "[/]", ":tada:"]
    assert lines[5].split() == ["sample", "0", "1.5", "-2.5", "3.5"]
    assert all(line.isprintable() for line in lines)


# Row 24: Ctrl-C


def test_row_24_ctrl_c_while_reading_stdin_leaves_nothing_behind(
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


def test_row_24_ctrl_c_while_reading_a_pipe_ends_it_at_once(started: Started, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    ends: list[int] = []

    def has_a_reader() -> bool:
        with suppress(OSError):
            ends.append(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
        return bool(ends)

    took: list[float] = []
    while not took or (len(took) < 3 and min(took) > 0.2):  # a busy machine gets a second chance
        ran = started("run", LAYER, "--inputs", fifo)
        wait_until(has_a_reader)
        wait_until(partial(waits, ran))
        begin = time.monotonic()
        ran.send_signal(signal.SIGINT)
        ran.wait(timeout=30)
        took.append(time.monotonic() - begin)
        assert (ran.returncode, *ran.communicate()) == (130, b"", b"")
        _close(*ends)
        ends.clear()
    assert min(took) < 0.2


def test_row_24_ctrl_c_while_writing_to_a_full_pipe(started: Started, large: Path, pipe: tuple[int, int]) -> None:
    ran = started(*LARGE, cwd=large, stdout=pipe[1])
    wait_until(lambda: unread(pipe[0]) > 0 and waits(ran))
    ran.send_signal(signal.SIGINT)
    _, err = ran.communicate(timeout=30)
    assert (ran.returncode, err) == (130, b"")


@pytest.mark.parametrize("option", ["--next", "--save"])
def test_row_24_ctrl_c_while_writing_a_file_keeps_the_old_one(patched: Process, neuron: Path, option: str) -> None:
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
def test_row_24_ctrl_c_while_a_module_is_loaded(process: Process, tmp_path: Path, module: str) -> None:
    (tmp_path / f"{module}.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    ran = process(*SMALL, env={"PYTHONPATH": str(tmp_path)})
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, b"", b"")


# Rows 25 and 26: a standard output that is gone or full


@buffering
def test_row_25_head_takes_one_line_and_nobody_complains(shell: Process, large: Path, env: dict[str, str]) -> None:
    ran = shell(f"set -o pipefail; backprop {shlex.join(LARGE)} | head -1", env=env, cwd=large)
    assert (ran.returncode, ran.stdout.count(b"\n"), ran.stderr) == (141, 1, b"")


@buffering
@everything_printed
def test_row_25_a_reader_that_has_gone_is_no_error(
    process: Process, large: Path, pipe: tuple[int, int], argv: list[str], env: dict[str, str]
) -> None:
    os.close(pipe[0])
    streams = {"capture_output": False, "stdout": pipe[1], "stderr": subprocess.PIPE}
    ran = process(*argv, env=env, cwd=large, **streams)
    assert (ran.returncode, ran.stderr) == (141, b"")


@buffering
@everything_printed
@pytest.mark.parametrize(
    ("redirection", "reason"),
    [
        pytest.param(
            ">/dev/full",
            "cannot write to standard output: no space left on device",
            id="full",
            marks=pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here"),
        ),
        pytest.param(">&-", "cannot write: standard output is closed", id="closed"),
    ],
)
def test_row_26_what_cannot_be_written_is_said_in_one_line(
    shell: Process, large: Path, argv: list[str], env: dict[str, str], redirection: str, reason: str
) -> None:
    ran = shell(f"backprop {shlex.join(argv)} {redirection}", env={**env, "LC_ALL": "C"}, cwd=large)
    assert refusal(ran, 4) == f"backprop: {reason}"


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
def test_row_26_the_exit_status_speaks_where_stderr_is_closed(shell: Process, script: str, status: int) -> None:
    ran = shell(script)
    assert ran.returncode == status
    assert bool(ran.stdout) is (status == 0)
    assert ran.stderr == b""


# Rows 27 and 28: files


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
def test_row_27_an_unwritable_place_stays_as_it_was(process: Process, neuron: Path, option: str, target: str) -> None:
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
    """Return a null device that a program may try to replace: the system's own, unless it could succeed."""
    if os.geteuid() != 0:
        return Path("/dev/null")
    try:
        os.mknod(folder / "null", 0o666 | stat.S_IFCHR, os.stat("/dev/null").st_rdev)
    except OSError as error:
        pytest.skip(f"no device of its own can be made here: {error}")
    return folder / "null"


@pytest.mark.parametrize("target", ["old.json", "old.npz"])
def test_row_27_a_disk_that_fills_up_leaves_the_old_file(
    shell: Process, large: Path, tmp_path: Path, target: str
) -> None:
    old = tmp_path / target
    old.write_text("old")
    # A file may grow to a kilobyte, which bytecode must not try.
    argv = ["run", "--z", "large.npy", "--only", "z", "--save", str(old)]
    ran = shell(f"ulimit -f 1; backprop {shlex.join(argv)}", env={"PYTHONDONTWRITEBYTECODE": "1"}, cwd=large)
    assert refusal(ran, 4).startswith(f"backprop: {old}: cannot write: ")
    assert contents(tmp_path) == {target: b"old"}


def test_row_27_kill_9_leaves_the_old_file_or_the_new_one(started: Started, large: Path, tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    argv = ["run", "--z", "large.npy", "--only", "z", "--save", target]
    streams = {"cwd": large, "stdout": subprocess.DEVNULL}
    assert started(*argv, **streams).wait(timeout=30) == 0
    new = target.read_bytes()
    for enough in (0, 1, len(new) // 2, len(new)):  # killed when that much of the new file is there
        target.write_bytes(b"old")
        known = set(tmp_path.iterdir())
        ran = started(*argv, **streams)

        def has_begun(known: set[Path] = known, ran: subprocess.Popen[bytes] = ran, enough: int = enough) -> bool:
            sizes = []
            for path in set(tmp_path.iterdir()) - known:
                with suppress(FileNotFoundError):
                    sizes.append(path.stat().st_size)
            return any(size >= enough for size in sizes) or ran.poll() is not None

        wait_until(has_begun)
        ran.kill()
        ran.wait(timeout=30)
        assert target.read_bytes() in (b"old", new)


def test_rows_27_and_28_runs_chain_in_a_shell_loop(shell: Process, tmp_path: Path) -> None:
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
def test_row_28_the_same_bytes_twice(process: Process, tmp_path: Path, argv: Sequence[str]) -> None:
    runs = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        out = success(process("run", LAYER, *argv, cwd=folder, env={"PYTHONHASHSEED": seed})).encode()
        runs.append({"stdout": out, **contents(folder)})
    first, second = runs
    assert first == second
    texts = {name: content for name, content in first.items() if content and not name.endswith(".npz")}
    assert [name for name, text in texts.items() if b"\r" in text or not text.endswith(b"\n")] == []


def test_row_28_keys_keep_their_order(process: Process) -> None:
    keys = ["schema", "learning_rate", "weight_layout", "z", "outputs", "dz", "dinputs", "dweights", "dbiases"]
    assert list(json.loads(success(process(*SMALL)))) == [*keys, "new_weights", "new_biases", "not_computed"]


def test_row_27_a_kill_in_the_middle_leaves_the_old_file_or_the_new_and_the_next_run_clears_up(
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
