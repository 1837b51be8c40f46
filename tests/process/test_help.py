"""Help, version and shell completion."""

import re
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest

from backprop_cli import __version__
from backprop_cli.cli.commands import app
from backprop_cli.core.quantities import QUANTITIES
from tests.conftest import ROOT
from tests.process.command import LAYER, SMALL, STATUSES, Process, Started, refusal, success

COMMANDS = [[], *([str(command.name)] for command in app.registered_commands)]
commands = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(["backprop", *command]))


def examples(help_text: str) -> list[str]:
    """Return the commands under the heading `Examples:`; an indented line continues the command above it."""
    block = help_text.partition("Examples:\n")[2].partition("\n\n")[0]
    return re.split(r"\n(?! )", textwrap.dedent(block))


@commands
def test_help_is_on_standard_output_and_h_is_the_same(process: Process, command: list[str]) -> None:
    text = success(process(*command, "--help"))
    assert text.startswith(f"Usage: {' '.join(['backprop', *command])} [OPTIONS]")
    assert success(process(*command, "-h")) == text


@pytest.mark.parametrize(
    ("command", "usage"),
    [("run", "[PROBLEM]"), ("check", "[PROBLEM...]"), ("explain", "[PROBLEM] [ENTRY]"), ("exercise", "PROBLEM...")],
)
def test_help_says_nothing_of_how_it_is_made(process: Process, command: str, usage: str) -> None:
    """Typer adds the types of arguments, and the ranges of numbers, in some versions."""
    text = success(process(command, "--help"))
    assert text.startswith(f"Usage: backprop {command} [OPTIONS] {usage}\n")
    assert set(re.findall(r"^  ([A-Z\[]\S+)  ", text, re.MULTILINE)) == set(usage.split())
    assert not re.search(r"[<>]=|<\w+", text)


@pytest.mark.parametrize("waiting", [False, True], ids=["no input", "input that never comes"])
@commands
def test_without_arguments_a_short_help_is_printed_at_once(
    started: Started, process: Process, pipe: tuple[int, int], command: list[str], waiting: bool
) -> None:
    ran = started(*command, stdin=pipe[0] if waiting else subprocess.DEVNULL)
    assert ran.wait(timeout=60) == 2
    out, err = ran.communicate()
    assert out == b""
    assert b"Examples:\n" in err
    assert b"Options:" not in err
    assert success(process(*command, "--help")).startswith(err.decode().rstrip())


@commands
def test_help_starts_with_what_it_does_and_its_examples_work(
    process: Process, shell: Process, tmp_path: Path, command: list[str]
) -> None:
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    text = success(process(*command, "--help"))
    assert re.match(r"  [A-Z][a-z]+ ", text.splitlines()[2])
    lines = examples(text)
    assert len(lines) >= 2
    for line in lines:
        line = line.replace("/tmp/", "")  # noqa: S108 (the example writes to the current directory instead)
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
def test_help_is_80_columns_of_ascii(process: Process, argv: list[str], env: dict[str, str]) -> None:
    ran = process(*argv, env=env)
    lines = (ran.stdout + ran.stderr).decode("ascii").split("\n")
    assert len(lines) > 5
    assert [line for line in lines if len(line) > 80 or line.endswith((" ", "\t"))] == []


def test_exit_statuses_are_listed_in_help_and_readme(process: Process) -> None:
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
def test_version_is_printed_in_spite_of_errors(process: Process, argv: list[str]) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    assert success(process(*argv)) == f"backprop {__version__}\n"


@pytest.mark.parametrize(("argv", "loads"), [(["--version"], False), (SMALL, True)], ids=["version", "run"])
def test_version_loads_no_numpy(process: Process, argv: list[str], loads: bool) -> None:
    assert (b" numpy\n" in process(*argv, env={"PYTHONPROFILEIMPORTTIME": "1"}).stderr) is loads


@pytest.mark.parametrize(
    "argv",
    [
        SMALL,
        ["run", LAYER, "--only", "dz", "--rows=3", "--lr", "0.1", "--upstream", "ones", "--color", "never"],
        ["check", LAYER, LAYER, "--rounded", "--eps", "1e-5", "--samples", "5"],
        ["explain", LAYER, "dz[0,0]", "--depth", "all", "--terms", "2"],
        ["run", "--help"],
        ["--show-completion", "zsh"],
    ],
    ids=lambda argv: " ".join(map(str, argv[:1])),
)
def test_no_command_loads_pydantic(process: Process, argv: list[object]) -> None:
    """From 0.29 on Typer would import it, which takes a third of the time of a small run."""
    imported = process(*argv, env={"PYTHONPROFILEIMPORTTIME": "1"}).stderr
    assert b" typer\n" in imported
    assert b"pydantic" not in imported


@pytest.mark.parametrize("named", ["bash", "zsh", "fish", "powershell", "pwsh"])
@pytest.mark.parametrize("separator", [" ", "="])
def test_the_completion_script_of_a_named_shell_is_printed_whichever_runs(
    shell: Process, named: str, separator: str
) -> None:
    script = success(shell(f"backprop --show-completion{separator}{named}"))
    assert re.search(rf"_BACKPROP_COMPLETE\W+complete_{named.replace('pwsh', 'powershell')}", script)


def test_without_a_name_it_is_the_script_of_the_shell_that_runs(shell: Process) -> None:
    assert success(shell("backprop --show-completion; exit")) == success(shell("backprop --show-completion bash"))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("bash", ".bash_completions/backprop.sh"),
        ("zsh", ".zfunc/_backprop"),
        ("fish", ".config/fish/completions/backprop.fish"),
    ],
)
def test_completion_of_a_named_shell_is_installed(shell: Process, tmp_path: Path, name: str, file: str) -> None:
    said = success(shell(f"backprop --install-completion {name}", env={"HOME": str(tmp_path)}))
    assert said.startswith(f"{name} completion installed in {tmp_path / file}\n")
    assert (tmp_path / file).read_text().strip() == success(shell(f"backprop --show-completion {name}")).strip()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--show-completion", "ksh"], "expected bash, zsh, fish, powershell or pwsh, got 'ksh'"),
        (["--install-completion=tcsh"], "expected bash, zsh, fish, powershell or pwsh, got 'tcsh'"),
        (["--show-completion", "bsh"], "got 'bsh'\nhint: did you mean 'bash'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_unknown_shell_is_refused(process: Process, argv: list[str], message: str) -> None:
    assert refusal(process(*argv), 2).endswith(message)


COMPLETED = [
    ("ru", ["run"]),
    ("run --weight-l", ["--weight-layout"]),
    ("run --format ", ["table", "json", "csv"]),
    ("run --dtype float3", ["float32"]),
    ("explain --format ma", ["markdown"]),
    ("explain --activation li", ["linear"]),
    ("check --upstream u", ["u.tsv"]),
    ("run --activation li", ["linear"]),
    ("run --only ", list(QUANTITIES)),
    ("run --only dw", ["dweights"]),
    ("run --only z,d", ["z,dz", "z,dinputs", "z,dweights", "z,dbiases"]),
    ("run --only dz,dbiases,d", ["dz,dbiases,dinputs", "dz,dbiases,dweights"]),
    ("run --only layers[1].new_", ["layers[1].new_weights", "layers[1].new_biases"]),
    ("run --only layers[0].z,layers[1].z", ["layers[0].z,layers[1].z"]),
    ("run --only layers[1].l", []),
    ("run --loss half", ["half_squared_error"]),
    ("run --loss MS", ["MSELoss"]),
    ("run --reduction ", ["sum", "mean", "batch_mean"]),
    ("run --samples-in c", ["columns"]),
    ("run --upstream o", ["outputs", "ones"]),
    ("run --upstream ", ["outputs", "ones", "data/", "layer.json", "u.tsv"]),
    ("run --upstream u", ["u.tsv"]),
    ("run --upstream data/deep/c", ["data/deep/c.safetensors"]),
    ("new --activation li", ["linear"]),
    ("new --loss half", ["half_squared_error"]),
    ("new --numbers ", ["friendly", "normal"]),
    ("new --sav", ["--save", "--save-format"]),
    ("run l", ["layer.json"]),
    ("run ", ["data/", "layer.json", "net.npz"]),
    ("check n", ["net.npz"]),
    ("check net.npz la", ["layer.json"]),
    ("explain d", ["data/a.json", "data/deep/"]),
    ("run data/de", ["data/deep/b.npz", "data/deep/c.safetensors"]),
    ("run ./ne", ["./net.npz"]),
    ("run .h", [".hidden.json"]),
    ("run nothing", []),
    ("run missing/", []),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for name in (
        "layer.json",
        "net.npz",
        "u.tsv",
        "notes.txt",
        ".hidden.json",
        "data/a.json",
        "data/deep/b.npz",
        "data/deep/c.safetensors",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


@pytest.mark.parametrize(("words", "completed"), COMPLETED)
def test_what_can_be_typed_is_completed(process: Process, files: Path, words: str, completed: list[str]) -> None:
    """In the variables of the script for bash, which separates words by line ends."""
    typed = f"backprop {words}".split(" ")
    env = {"_BACKPROP_COMPLETE": "complete_bash", "COMP_WORDS": "\n".join(typed), "COMP_CWORD": str(len(typed) - 1)}
    assert success(process(env=env, cwd=files)).split() == completed


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        case
        for case in COMPLETED
        if case[0] in ("run --format ", "run --only z,d", "run --upstream ", "check n", "explain d")
    ],
)
def test_zsh_and_fish_complete_the_same(process: Process, files: Path, words: str, completed: list[str]) -> None:
    args = {"_TYPER_COMPLETE_ARGS": f"backprop {words}"}
    fish = {"_BACKPROP_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    assert success(process(env=args | fish, cwd=files)).split() == completed
    zsh = success(process(env=args | {"_BACKPROP_COMPLETE": "complete_zsh"}, cwd=files))
    assert re.findall('"([^"]*)"', zsh) == completed


@pytest.mark.parametrize(("words", "status"), [("run l", 0), ("run nothing", 1)])
@pytest.mark.usefixtures("with_coverage")
def test_fish_is_told_by_the_status_whether_there_is_a_choice(
    process: Process, files: Path, words: str, status: int
) -> None:
    env = {"_BACKPROP_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "is-args"}
    ran = process(env=env | {"_TYPER_COMPLETE_ARGS": f"backprop {words}"}, cwd=files)
    assert (ran.returncode, ran.stdout, ran.stderr) == (status, b"", b"")


def test_bash_completes_with_the_printed_script(shell: Process, files: Path) -> None:
    script = """
    eval "$(backprop --show-completion bash)"
    COMP_WORDS=(backprop run layer.json --only z,dw); COMP_CWORD=4; _backprop_completion backprop
    echo "${COMPREPLY[@]}"
    """
    assert success(shell(script, cwd=files)) == "z,dweights\n"


@pytest.mark.parametrize("name", ["a b.json", "a'b.json", "a$b.json", "a:b.json", "a\nb.json"])
def test_names_that_need_quotes_are_left_to_the_shell(process: Process, tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    (tmp_path / "ab.json").touch()
    env = {"_BACKPROP_COMPLETE": "complete_bash", "COMP_WORDS": "backprop\nrun\na", "COMP_CWORD": "2"}
    assert success(process(env=env, cwd=tmp_path)).strip() == ""
