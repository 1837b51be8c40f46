"""The files for CI: those that people copy, the hook for pre-commit, and the project's own workflow and gate."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.conftest import ROOT, clean_environment
from tests.render.checks import gfm, junit
from tests.render.checks.runner import commands

CI = ROOT / "samples" / "ci"
INSTALL = "pip install git+https://git.example.com/backprop"  # a name that RFC 2606 keeps free
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]

# Which keys the objects of a file have; the last part of a path stands for any name. Keys of JSON Schemas in
# schemastore.org (github-workflow, gitlab-ci, pre-commit-config, pre-commit-hooks), as far as they are used here.
KEYS = {
    "workflow": "name on permissions jobs",
    "job": "runs-on strategy steps",
    "step": "uses with run",
    "gitlab job": "image script artifacts",
    "config": "repos",
    "repo": "repo rev hooks",
    "hook": "id files args",
    "hook definition": "id name description entry language files types",
}


def load(path: Path, kind: str) -> Any:
    """Return the content of a YAML file, in which no key is given twice and every key is known."""

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = [key.value for key, _ in node.value]
            assert len(set(keys)) == len(keys), keys
            return super().construct_mapping(node, deep)

    text = path.read_text(encoding="utf-8")
    assert text.isascii()
    content = yaml.load(text, Loader)  # noqa: S506 (it is a SafeLoader)
    if isinstance(content, dict):
        content = {"on" if key is True else key: value for key, value in content.items()}  # `on` is true in YAML 1.1
    for part in content if isinstance(content, list) else [content]:
        require_keys(part, kind)
    return content


def require_keys(found: Any, kind: str) -> None:
    assert set(found) <= set(KEYS[kind].split()), (kind, found)


def jobs(path: Path) -> Any:
    """Return the jobs of a workflow of GitHub, which may only read the repository and use the actions of GitHub."""
    workflow = load(path, "workflow")
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        require_keys(job, "job")
        assert job["runs-on"] == "ubuntu-latest"
        for step in job["steps"]:
            require_keys(step, "step")
            assert ("uses" in step) != ("run" in step)
        assert [step["uses"] for step in job["steps"][:2]] == ["actions/checkout@v6", "actions/setup-python@v6"]
        assert isinstance(job["steps"][1]["with"]["python-version"], str)  # 3.10 would be the number 3.1
    return workflow["jobs"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder with the samples as its problems, and other JSON files."""
    shutil.copytree(ROOT / "samples", tmp_path / "problems")
    (tmp_path / "package.json").write_text("[]")
    return tmp_path


def make_wrong(repository: Path) -> str:
    """Change a number of a problem, and return the name of its file."""
    path = repository / "problems" / "dbiases.json"
    problem = json.loads(path.read_text(encoding="utf-8"))
    problem["expected"]["dbiases"][1] += 1
    path.write_text(json.dumps(problem), encoding="utf-8")
    return "problems/dbiases.json"


def bash(script: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script with this Python's `backprop`, as a runner does: the first command that fails ends it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=cwd,
        env=clean_environment({"PATH": path, "PYTHONUTF8": "1", **env}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def without_install(script: list[str]) -> str:
    assert script[0] == INSTALL
    assert sum("pip" in line for line in script) == 1
    return "\n".join(script[1:])


def test_the_workflow_for_github(repository: Path) -> None:
    (job,) = jobs(CI / "github.yml").values()
    script = without_install([step["run"] for step in job["steps"] if "run" in step])
    env = {"GITHUB_STEP_SUMMARY": str(repository / "summary"), "GITHUB_WORKSPACE": str(repository)}
    ran = bash(script, repository, **env)
    n = len(list((ROOT / "samples").glob("*.json")))
    assert (ran.returncode, ran.stderr, commands(ran.stdout)) == (0, "", [])
    assert f"\n{n} problems: {n} passed\n" in ran.stdout
    name = make_wrong(repository)
    ran = bash(script, repository, **env)
    (found,) = commands(ran.stdout)
    assert (ran.returncode, found.name, found.properties["file"]) == (1, "error", name)
    page = gfm.read((repository / "summary").read_text(encoding="utf-8"))
    assert page.headings[1:] == [f"backprop check: {n} problems: {n - 1} passed, 1 failed", name]


def test_the_job_for_gitlab(repository: Path) -> None:
    ((name, job),) = load_gitlab(CI / "gitlab-ci.yml").items()
    assert (name, job["image"]) == ("gradients", "python:3.13")
    assert job["artifacts"]["when"] == "always"  # also of a job that fails
    report = repository / job["artifacts"]["reports"]["junit"]
    assert report.suffix == ".xml"
    script = without_install(job["script"])
    assert bash(script, repository).returncode == 0
    assert junit.read(report.read_text(encoding="utf-8")).get("failures") == "0"
    name = make_wrong(repository)
    assert bash(script, repository).returncode == 1
    root = junit.read(report.read_text(encoding="utf-8"))
    assert [suite.get("name") for suite in root if suite.get("failures") != "0"] == [name]


def load_gitlab(path: Path) -> Any:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for job in content.values():
        require_keys(job, "gitlab job")
    return content


def hook(config: Path | None = None) -> Any:
    """Return the hook of the project, with what a configuration of it sets."""
    (definition,) = load(ROOT / ".pre-commit-hooks.yaml", "hook definition")
    if config is None:
        return {"args": [], **definition}
    (repo,) = load(config, "config")["repos"]
    require_keys(repo, "repo")
    assert repo["repo"] == INSTALL.partition("+")[2]
    assert re.fullmatch(r"v\d+\.\d+\.\d+", repo["rev"])
    (own,) = repo["hooks"]
    require_keys(own, "hook")
    assert own["id"] == definition["id"]
    return {**definition, **own}


@pytest.mark.parametrize("config", [None, CI / "pre-commit-config.yaml"], ids=["default", "configured"])
def test_the_hook_for_pre_commit(repository: Path, config: Path | None) -> None:
    """pre-commit finds `files` in the paths of changed files, and adds these to `entry` and `args`."""
    found = hook(config)
    assert (found["id"], found["language"], found["types"]) == ("backprop-check", "python", ["json"])
    entry = shlex.split(found["entry"])
    assert entry[0] in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    paths = sorted(path.relative_to(repository).as_posix() for path in repository.rglob("*") if path.is_file())
    chosen = [path for path in paths if re.search(found["files"], path) and path.endswith(".json")]
    assert chosen == sorted(f"problems/{path.name}" for path in (ROOT / "samples").glob("*.json"))
    command = shlex.join([*entry, *found["args"], *chosen])
    assert bash(command, repository).returncode == 0
    name = make_wrong(repository)
    ran = bash(command, repository)
    assert ran.returncode == 1
    assert f"FAIL  {name}" in ran.stdout


def test_the_workflow_of_the_project_runs_the_gate() -> None:
    found = jobs(ROOT / ".github" / "workflows" / "ci.yml")
    assert [job["steps"][2:] for job in found.values()] == [[{"run": ".ci/run newest"}], [{"run": ".ci/run lowest"}]]
    assert found["newest"]["strategy"] == {"fail-fast": False, "matrix": {"python": PYTHONS}}
    assert found["newest"]["steps"][1]["with"] == {"python-version": "${{ matrix.python }}"}
    assert found["lowest"]["steps"][1]["with"] == {"python-version": PYTHONS[0]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={PYTHONS[0]}"


STUB = """#!/usr/bin/env bash
echo "${0##*/} $*" >>"$LOG"
if [ "$1 $2" = "-m venv" ]; then
  mkdir -p "$3/bin"
  for name in pip ruff mypy backprop python; do cp "$0" "$3/bin/$name"; done
fi
"""


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A copy of the gate in a folder with the README, and commands that only write down what they are asked for."""
    for name in (".ci/run", "README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "bin").mkdir()
    for name in ("python3", "chromium", "apt-get"):
        (tmp_path / "bin" / name).write_text(STUB)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def asked_for(gate: Path, *argv: str) -> tuple[int, list[str]]:
    """Return the status of the gate and the commands that it has run, without the names of temporary folders."""
    log = gate / "log"
    log.unlink(missing_ok=True)
    env = clean_environment({"PATH": f"{gate / 'bin'}{os.pathsep}{os.environ['PATH']}", "LOG": str(log)})
    ran = subprocess.run(
        [gate / ".ci" / "run", *argv], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    text = log.read_text() if log.exists() else ""
    return ran.returncode, re.sub(r"/\S+/(?=venv|constraints)", "TMP/", text).splitlines()


def test_the_gate_does_both_parts_or_the_one_that_is_named(gate: Path) -> None:
    newest, lowest = (asked_for(gate, part) for part in ("newest", "lowest"))
    assert [status for status, _ in (newest, lowest)] == [0, 0]
    assert [line.split()[0] for line in newest[1]] == (
        ["python3", "pip", "ruff", "ruff", "mypy", "python3", "pip", "backprop", "pip", "python", "backprop"]
    )
    assert lowest[1] == [
        "python3 .ci/lowest.py",
        "python3 -m venv TMP/venv",
        "pip install --quiet --constraint TMP/constraints.txt --editable .[test]",
        "python -m pytest --quiet -p no:cacheprovider",
    ]
    assert asked_for(gate) == (0, newest[1] + lowest[1])


@pytest.mark.parametrize("argv", [["newst"], [""], ["newest", "lowest"], ["--help"]])
def test_the_gate_refuses_another_argument(gate: Path, argv: list[str]) -> None:
    assert asked_for(gate, *argv) == (2, [])


@pytest.mark.parametrize("name", ["ruff", "python"])
def test_the_gate_fails_where_a_command_fails(gate: Path, name: str) -> None:
    stub = STUB + f'test "${{0##*/}}" != {name}\n'
    (gate / "bin" / "python3").write_text(stub)
    status, lines = asked_for(gate)
    assert (status, lines[-1].split()[0]) == (1, name)
