"""What the documentation shows is what happens: every command in the README, and every example in a docstring."""

import doctest
import importlib
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import backprop_cli
from tests.conftest import ROOT, Run, clean_environment

README = (ROOT / "README.md").read_text(encoding="utf-8")
SESSIONS = re.findall(r"^```console\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(backprop_cli.__path__, "backprop_cli.")
    if not module.name.endswith("__main__")
)


def test_there_is_something_to_try() -> None:
    assert len(SESSIONS) >= 5
    assert sum(len(doctest.DocTestFinder().find(importlib.import_module(name))) for name in MODULES) > 50


@pytest.mark.parametrize("session", SESSIONS, ids=lambda session: session.splitlines()[0][2:40])
def test_a_session_in_the_readme(session: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    parts = re.split(r"^\$ (.*\n(?:> .*\n)*)", session, flags=re.MULTILINE)[1:]
    commands, printed = [re.sub("^> ", "", part, flags=re.MULTILINE) for part in parts[::2]], parts[1::2]
    mark = "--- done ---"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-c", "".join(f"{command}echo '{mark}'\n" for command in commands)],
        cwd=tmp_path,
        env=clean_environment({"PATH": path, "PYTHONUTF8": "1"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    shown = ran.stdout.split(f"{mark}\n")
    assert list(map(str.rstrip, shown)) == [*map(str.rstrip, printed), ""]


def test_the_problem_in_the_readme_is_one(tmp_path: Path, backprop: Run) -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    problem = tmp_path / "p.json"
    problem.write_text(block)
    result = json.loads(backprop("run", problem, "--format", "json").out)
    assert result["new_biases"] == pytest.approx(json.loads(block)["expected"]["new_biases"], abs=1e-9)


def test_every_command_and_option_has_help_and_stands_in_the_readme(backprop: Run) -> None:
    commands = re.findall(r"^  (\w+)  ", backprop("--help").out.partition("Commands:")[2], re.MULTILINE)
    assert "run" in commands
    for command in commands:
        page = backprop(command, "--help").out
        assert f"backprop {command}" in README
        for option in re.findall(r"^  (--[a-z-]+)(?:, --\w+)?(?: \S+)?(.*(?:\n {20,}\S.*)*)", page, re.MULTILINE):
            assert option[1].strip(), f"{option[0]} has no help"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_samples_are_all_described() -> None:
    described = (ROOT / "samples" / "README.md").read_text()
    for path in (ROOT / "samples").iterdir():
        assert path.name == "README.md" or f"[{path.name}" in described, path.name
