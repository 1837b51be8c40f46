"""The documentation is true: commands and problems in the README files, and examples in docstrings, are run here."""

import doctest
import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import backprop_cli
from backprop_cli.errors import ExitStatus
from tests.conftest import ROOT, Run, clean_environment

MAX_README_LINES = 320
MAX_PROSE_COLUMNS = 120

PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in ("README.md", "samples/README.md", "tests/README.md", "CHANGELOG.md")
}
README = PAGES["README.md"]


def blocks(language: str) -> list[str]:
    """Return the code blocks in one language, of all pages."""
    pattern = rf"^```{language}\n(.*?)^```$"
    return [block for page in PAGES.values() for block in re.findall(pattern, page, re.DOTALL | re.MULTILINE)]


SESSIONS = blocks("console")
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


@pytest.mark.parametrize("block", blocks("json"), ids=["layer", "network"])
def test_a_problem_in_the_documentation_has_its_expected_values(block: str, tmp_path: Path, backprop: Run) -> None:
    problem = tmp_path / "p.json"
    problem.write_text(block)
    ran = backprop("check", problem)
    assert (ran.status, ran.err) == (ExitStatus.OK, "")
    assert re.search(r"expected values (\d+) of \1 \(.*\); finite differences (\d+) of \2$", ran.out.rstrip())


def test_every_key_of_a_problem_stands_in_the_readme(tmp_path: Path, backprop: Run) -> None:
    problem = tmp_path / "p.json"
    problem.write_text('{"no such key": 1}')
    (listed,) = re.findall(r"\(expected (.*)\)", backprop("run", problem).err)
    keys = re.findall(r"\w+", listed.replace(" or ", " "))
    assert {"inputs", "weights", "layers", "expected"} <= set(keys)
    assert [key for key in keys if f"`{key}`" not in README] == []


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= MAX_README_LINES


@pytest.mark.parametrize("name", PAGES)
def test_prose_fits_in_120_columns(name: str) -> None:
    prose = re.sub(r"^```.*?^```$", "", PAGES[name], flags=re.DOTALL | re.MULTILINE)
    long = [line for line in prose.splitlines() if len(line) > MAX_PROSE_COLUMNS and not line.startswith("|")]
    assert long == []


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_to_a_file_and_a_heading(name: str) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", PAGES[name]):
        path = ((ROOT / name).parent / target) if target else ROOT / name
        assert path.exists(), target
        headings = re.findall("^#+ (.*)", path.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
        anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors, anchor


def test_every_exit_status_stands_in_the_readme() -> None:
    assert re.findall(r"^\| (\d+) \|", README, re.MULTILINE) == [str(status.value) for status in ExitStatus]


def test_every_command_and_option_has_help_and_stands_in_the_readme(backprop: Run) -> None:
    commands = re.findall(r"^  (\w+)  ", backprop("--help").out.partition("Commands:")[2], re.MULTILINE)
    assert {"run", "check", "explain"} <= set(commands)
    for command in commands:
        page = backprop(command, "--help").out
        assert f"backprop {command}" in README
        for option in re.findall(r"^  (--[a-z-]+)(?:, --\w+)?(?: \S+)?(.*(?:\n {20,}\S.*)*)", page, re.MULTILINE):
            assert option[1].strip(), f"{option[0]} has no help"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_samples_are_all_described() -> None:
    described = PAGES["samples/README.md"]
    for path in (ROOT / "samples").iterdir():
        assert path.name == "README.md" or f"[{path.name}" in described, path.name
