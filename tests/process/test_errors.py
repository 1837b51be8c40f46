"""Errors are one line that names file and place; texts that they quote cannot control the terminal."""

import json
import os
import re
import shlex
import sys
import textwrap
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.process.command import ESC, LAYER, NASTY, NASTY_SHOWN, NEURON, Process, refusal, success


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.json", "{", "p.json:1:2: not JSON: the text ends before its last bracket is closed"),
        ("p.json", "", "p.json: the file is empty (expected JSON)"),
        ("p.json", '{\n "z": [[1 2]]\n}', "p.json:2:11: not JSON: expected a comma or ], got '2'"),
        ("p.json", "[" * 100_000, "p.json: nested too deeply"),
        ("p.json", '{"layers": [{"z": [[true]]}]}', "p.json: layers[0].z[0][0]: expected a number, got true"),
        ("p.json", "[[1, 2]]", "p.json: expected a problem (an object), got a list"),
        ("p.json", '{"z": [[1]], "wieghts": 1}', "p.json: wieghts: unknown key"),
        ("p.json", '{"z": [[1]], "upstream": "output"}', "p.json: upstream: expected a matrix, 'outputs' or 'ones'"),
        ("p.npz", "PK no", "p.npz: damaged, or not an NPZ archive"),
        ("z.csv", "1,2\n3,x\n", "z.csv:2:2: expected a number, got 'x'"),
        ("z.npy", "\x93NUMPY no", "z.npy: damaged, or not an NPY file"),
        ("z.txt", "1\n", "z.txt: unknown file type '.txt' (expected .csv, .tsv, .json, .npy or .safetensors)"),
    ],
)
def test_an_error_is_one_line_that_says_where(
    backprop: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content.encode("latin-1"))
    argv = [name] if name.startswith("p") else ["--z", name]
    error = refusal(backprop("run", *argv), 3)
    assert error.startswith(f"backprop: {message}")


def test_backprop_debug_shows_the_traceback(process: Process, tmp_path: Path) -> None:
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
def test_misspelled_names_are_corrected_and_abbreviations_refused(backprop: Run, argv: list[str], message: str) -> None:
    assert refusal(backprop(*argv), 2) == f"backprop: {message}"


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
def test_errors_escape_control_characters(process: Process, tmp_path: Path, argv: list[str], status: int) -> None:
    (tmp_path / f"{NASTY}.csv").write_text(f"1,{NASTY}\n", encoding="utf-8")
    (tmp_path / f"key {NASTY}.json").write_text(json.dumps({NASTY: 1}))
    (tmp_path / "neuron.json").write_text(json.dumps(NEURON))
    error = refusal(process(*argv, cwd=tmp_path, env={"PYTHONIOENCODING": "utf-8"}), status)
    assert NASTY_SHOWN in error
    assert all(line.isprintable() for line in error.split("\n"))


@pytest.mark.parametrize("color", ["never", "always"])
def test_tables_escape_control_characters(process: Process, tmp_path: Path, color: str) -> None:
    name = f"{NASTY}.csv"
    (tmp_path / name).write_text(f"{NASTY},[/red],:tada:\n1.5,-2.5,3.5\n", encoding="utf-8")
    (tmp_path / "p.json").write_text(json.dumps({"title": f"{NASTY}\n", "activation": "linear"}))
    options = ["--upstream", name, "--only", "dz", "--color", color]
    text = success(process("run", "p.json", *options, cwd=tmp_path, env={"PYTHONIOENCODING": "utf-8"}))
    assert (ESC.decode() in text) is (color == "always")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()
    assert lines[0] == NASTY_SHOWN + r"\n"
    assert re.split(" {2,}", lines[3].strip()) == [NASTY_SHOWN, "[/red]", ":tada:"]
    assert lines[5].split() == ["sample", "0", "1.5", "-2.5", "3.5"]
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("key", "answer"),
    [("lr", "learning_rate"), ("X", "inputs"), ("dW", "dweights"), ("target", "targets"), ("kernel", "weights")],
)
def test_a_key_of_other_tools_is_answered_with_the_key_here(
    process: Process, tmp_path: Path, key: str, answer: str
) -> None:
    (tmp_path / "p.json").write_text(json.dumps(NEURON | {key: [[1]]}))
    ran = process("run", "p.json", cwd=tmp_path)
    lines = ran.stderr.decode().splitlines()
    assert (ran.returncode, ran.stdout, len(lines)) == (3, b"", 2)
    assert lines[0].startswith(f"backprop: p.json: {key}: unknown key")
    assert lines[1].startswith("hint: ")
    assert answer in lines[1]


def test_an_error_in_what_is_expected_names_that_file_once(process: Process) -> None:
    ran = process("check", LAYER, "--expect", "nope.npz")
    assert (ran.returncode, ran.stderr) == (3, b"backprop: nope.npz: cannot read: no such file or directory\n")
    assert b"nope.npz" not in ran.stdout


@pytest.mark.parametrize("text", ["1,2\n3,4\n", "1\t2\n3\t4\n", "[[1, 2], [3, 4]]"], ids=["CSV", "TSV", "JSON"])
def test_a_matrix_in_a_pipe_is_recognised_by_its_content(process: Process, text: str) -> None:
    ran = process("run", "--z", "-", "--format", "csv", "--only", "z", input=text.encode())
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"1.0,2.0\n3.0,4.0\n", b"")


def test_a_check_that_tested_nothing_fails_with_the_reason(process: Process, tmp_path: Path) -> None:
    inactive = NEURON | {"activation": "relu", "biases": [-100]}
    (tmp_path / "p.json").write_text(json.dumps(inactive))
    ran = process("check", "p.json", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (1, b"")
    assert ran.stdout.startswith(b"EMPTY p.json")
    assert b"nothing was tested: every unit is inactive" in ran.stdout


@pytest.mark.parametrize(
    ("argv", "status", "message"),
    [
        (["--save", "o.json"], 4, "o.json: cannot write: no such file or directory"),
        (["--save", "folder"], 4, "folder: cannot make the folder: no such file or directory"),
        (["--next", "o.json"], 4, "o.json: cannot write: no such file or directory"),
        (["--inputs", "i.csv"], 3, "i.csv: cannot read: no such file or directory"),
    ],
)
def test_a_relative_path_in_a_folder_that_is_gone_is_an_error(
    shell: Process, tmp_path: Path, argv: list[str], status: int, message: str
) -> None:
    (tmp_path / "p.json").write_text(json.dumps(NEURON))
    words = shlex.join(["backprop", "run", str(tmp_path / "p.json"), "--format", "json", *argv])
    ran = shell(f"mkdir gone; cd gone; rmdir ../gone; exec {words}")
    assert refusal(ran, status).splitlines()[0] == f"backprop: {message}"


@pytest.mark.parametrize(
    "argv", [["--save", "{}o.json"], ["--save", "{}"], ["--next", "{}o.json"], ["--inputs", "{}i"]]
)
def test_a_path_of_thousands_of_parts_is_an_error(backprop: Run, argv: list[str]) -> None:
    path = argv[1].format("part/" * 2500)
    ran = backprop("run", LAYER, argv[0], path)
    said = "make the folder" if argv[1] == "{}" else "read" if argv[0] == "--inputs" else "write"
    assert (ran.status, ran.err) == (
        3 if said == "read" else 4,
        f"backprop: {path}: cannot {said}: file name too long\n",
    )


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--save", "a\0b.json"], r"a\x00b.json: cannot write: embedded null byte"),
        (["--save", "a\0b"], r"a\x00b: cannot make the folder: embedded null byte"),
        (["--next", "a\0b.npz"], r"a\x00b.npz: cannot write: embedded null byte"),
        (["--save", "o.json", "--next", "a\0b.json"], r"a\x00b.json: cannot write: embedded null byte"),
        (["--inputs", "a\0b.csv"], r"a\x00b.csv: cannot read: embedded null byte"),
    ],
)
def test_a_nul_in_a_path_is_an_error(
    backprop: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argv: list[str], message: str
) -> None:
    """Only a program that calls `main` can give one."""
    monkeypatch.chdir(tmp_path)
    ran = backprop("run", LAYER, *argv)
    assert ran.err.splitlines()[0] == f"backprop: {message}"
    assert ran.status == (3 if argv[0] == "--inputs" else 4)
    assert os.listdir() == []


def test_no_temporary_folder_is_an_error(patched: Process, tmp_path: Path) -> None:
    """A table of 32 MB and more is kept in a temporary file."""
    planted = """
        import tempfile
        from backprop_cli.core import scratch

        def missing():
            raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

        tempfile._get_default_tempdir = missing
        scratch.FILE_BYTES = 8
    """
    (tmp_path / "u.csv").write_text("1,2\n")
    ran = patched(textwrap.dedent(planted), "run", "--upstream", tmp_path / "u.csv", "--activation", "linear")
    assert refusal(ran, 4) == (
        "backprop: cannot make room for 16 bytes: no usable temporary directory found in ['/tmp']\n"
        "hint: TMPDIR names another folder for what does not fit into memory"
    )


@pytest.mark.usefixtures("with_coverage")
@pytest.mark.parametrize("name", ["pwsh", "powershell", "bash"])
@pytest.mark.parametrize("script", ["exit 1", 'echo "$HOME/folder"'])
def test_completion_that_cannot_be_installed_is_an_error(
    shell: Process, tmp_path: Path, name: str, script: str
) -> None:
    """PowerShell fails, or names a profile that cannot be written; bash has a start-up file that is not UTF-8."""
    (tmp_path / "folder").mkdir()
    (tmp_path / ".bashrc").write_bytes(b"# caf\xe9\n")
    if name != "bash":
        (tmp_path / name).write_text(f"#!/bin/sh\nif [ $1 = -NoProfile ]; then {script}; fi\n")
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    ran = shell(f"PATH={shlex.quote(path)}; backprop --install-completion {name}", env={"HOME": str(tmp_path)})
    assert "cannot install completion: " in refusal(ran, 4)
