"""Which module may import which, read from the source; and which packages a fresh process imports."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.conftest import ROOT, clean_environment

PACKAGE = "backprop_cli"
GROUND = ["errors", "messages"]

# What a folder of the package may import, besides itself and the standard library. Modules beside the folders have
# a row of their own.
TABLE = {
    "messages": [],
    "errors": ["messages"],
    "core": [*GROUND, "numpy"],
    "load": [*GROUND, "core", "numpy", "polars"],
    "checks": [*GROUND, "core", "numpy"],
    "explanations": [*GROUND, "core", "numpy"],
    "exercises": [*GROUND, "core", "checks.mistakes", "explanations", "numpy"],
    "render": ["messages", "core", "checks", "explanations", "exercises", "numpy", "rich"],
    "cli": [*GROUND, "core", "load", "checks", "explanations", "exercises", "render", "numpy", "rich", "typer"],
    "__main__": ["cli"],
}


def package_sources() -> dict[str, str]:
    """Return the source of every module of the package, by name: `core.solve`; the package itself is ``."""
    paths = {path: path.relative_to(ROOT / PACKAGE).with_suffix("").parts for path in (ROOT / PACKAGE).rglob("*.py")}
    return {
        ".".join(parts[:-1] if parts[-1] == "__init__" else parts): path.read_text(encoding="utf-8")
        for path, parts in sorted(paths.items())
    }


def imports(module: str, modules: Mapping[str, str], *, when_loaded: bool = False) -> set[str]:
    """Return the modules and the packages outside the standard library that a module imports.

    Args:
        module: The name of the module.
        modules: The source of every module, by name.
        when_loaded: Leave out imports inside functions and under `if TYPE_CHECKING`.
    """
    found: set[str] = set()
    for node in _statements(ast.parse(modules[module]), when_loaded=when_loaded):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            modules_inside = {name for name in inside if name.removeprefix(f"{PACKAGE}.") in modules}
            found |= modules_inside or {str(node.module)}
    own = {name.removeprefix(PACKAGE).removeprefix(".") for name in found if name.split(".")[0] == PACKAGE}
    others = {name.split(".")[0] for name in found} - sys.stdlib_module_names - {PACKAGE}
    return own | others


def _statements(tree: ast.AST, *, when_loaded: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        for_types = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        if not (when_loaded and (for_types or isinstance(node, ast.FunctionDef))):
            yield node
            yield from _statements(node, when_loaded=when_loaded)


def forbidden_imports(modules: Mapping[str, str]) -> list[str]:
    """Return the imports that the table does not allow, each as `core.solve -> load.csv`."""

    def is_allowed(imported: str, folder: str) -> bool:
        allowed = ["", folder, *TABLE.get(folder, [])]
        return any(imported == name or imported.startswith(f"{name}.") for name in allowed if name or not imported)

    return [
        f"{module} -> {imported}"
        for module in modules
        for imported in sorted(imports(module, modules))
        if not is_allowed(imported, module.split(".")[0])
    ]


def import_circle(modules: Mapping[str, str]) -> list[str]:
    """Return modules of which each imports the next when it is loaded, the last being the first again."""
    graph = {module: imports(module, modules, when_loaded=True) & set(modules) for module in modules}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return []


def test_the_package_follows_the_table_of_imports() -> None:
    assert forbidden_imports(package_sources()) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert import_circle(package_sources()) == []


def test_every_folder_has_a_row_in_the_table_of_imports() -> None:
    assert {module.split(".")[0] for module in package_sources()} <= {"", *TABLE}


@pytest.mark.parametrize(
    ("module", "source", "forbidden"),
    [
        ("core.solve", "import numpy.typing as npt, fractions", None),
        ("core.solve", "import rich", "rich"),
        ("core.solve", "from backprop_cli.core.problem import Problem", None),
        ("core.solve", "from backprop_cli.load.csv import read", "load.csv"),
        ("core.solve", "def f():\n    from backprop_cli.load import csv", "load.csv"),
        ("core.solve", "if TYPE_CHECKING:\n    import backprop_cli.checks.verdict", "checks.verdict"),
        ("load.csv", "from backprop_cli.checks.verdict import Verdict", "checks.verdict"),
        ("load.csv", "try:\n    import polars\nexcept ImportError: pass", None),
        ("checks.verdict", "from backprop_cli import __version__", None),
        ("checks.verdict", "from backprop_cli import load", "load"),
        ("checks.verdict", "from backprop_cli.explanations.terms import Term", "explanations.terms"),
        ("explanations.terms", "from backprop_cli.cli.entries import Name", "cli.entries"),
        ("exercises.sheet", "from backprop_cli.checks import mistakes", None),
        ("exercises.sheet", "from backprop_cli.checks import verdict", "checks.verdict"),
        ("render.json", "from backprop_cli.errors import InputError", "errors"),
        ("render.json", "import typer", "typer"),
        ("cli.app", "import typer\nfrom backprop_cli.render import json", None),
        ("errors", "import numpy", "numpy"),
        ("messages", "from backprop_cli.errors import InputError", "errors"),
        ("__main__", "from backprop_cli.cli.app import main", None),
        ("elsewhere", "from backprop_cli.errors import InputError", "errors"),
    ],
)
def test_a_forbidden_import_is_found(module: str, source: str, forbidden: str | None) -> None:
    modules = dict.fromkeys(["", *GROUND, "load", "checks", "load.csv", "checks.mistakes", "checks.verdict"], "")
    modules |= {"render.json": "", module: source}
    assert forbidden_imports(modules) == ([f"{module} -> {forbidden}"] if forbidden else [])


@pytest.mark.parametrize(
    ("second", "is_circle"),
    [
        ("from backprop_cli.core import first", True),
        ("class C:\n    import backprop_cli.core.first", True),
        ("def f():\n    from backprop_cli.core import first", False),
        ("if TYPE_CHECKING:\n    from backprop_cli.core.first import F", False),
    ],
)
def test_a_circle_of_imports_is_found(second: str, is_circle: bool) -> None:
    modules = {
        "core.first": "from backprop_cli.core.between import B",
        "core.between": "import backprop_cli.core.second",
        "core.second": second,
    }
    assert set(import_circle(modules)) == (set(modules) if is_circle else set())


HEAVY = ("numpy", "typer", "rich", "pydantic")


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
        pytest.param("import backprop_cli.errors, backprop_cli.messages", set(), id="errors and messages"),
        pytest.param("import backprop_cli.core.solve", {"numpy"}, id="the maths"),
        pytest.param("import backprop_cli.load.problem, backprop_cli.render.json", {"numpy"}, id="files"),
        pytest.param(command("--version"), set(), id="--version"),
        pytest.param(command("--help"), {"typer"}, id="--help"),
        pytest.param(command("run", "--help"), {"typer"}, id="run --help"),
        pytest.param(command("run", "samples/dense_relu.json", "--format", "json"), {"numpy", "typer"}, id="json"),
        pytest.param(
            command("run", "samples/dense_relu.json", "--format", "csv", "--only", "dz"), {"numpy", "typer"}, id="csv"
        ),
        pytest.param(command("explain", "samples/dense_relu.json", "--format", "html"), {"numpy", "typer"}, id="html"),
        pytest.param(command("run", "samples/dense_relu.json"), {"numpy", "typer", "rich"}, id="tables"),
    ],
)
def test_a_process_imports_only_what_it_needs(code: str, expected: set[str]) -> None:
    assert imported_by(code) == expected


def test_an_import_that_is_not_needed_is_noticed() -> None:
    assert imported_by("import rich, backprop_cli.core.solve") == {"numpy", "rich"}
