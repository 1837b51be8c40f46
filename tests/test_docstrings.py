"""Every public function that takes or returns an array states the array's shape in its docstring."""

import ast
import re
from collections.abc import Iterator, Mapping

import pytest

from tests.test_layering import package_sources

# Such as (n_samples, n_inputs), (n,) or (); or a comparison with another array.
_SHAPE = re.compile(r"(?<!\w)\((\w+,|\w+(,\s*\w+)+)?\)|same\s+shape|shaped\s+like")


def without_shape(modules: Mapping[str, str]) -> list[str]:
    """Return the public functions and methods that have an array in their signature and no shape in the docstring."""
    return [
        f"{module}.{name}"
        for module, source in modules.items()
        for name, function in _public_functions(ast.parse(source))
        if _has_arrays(function.args, function.returns) and not _SHAPE.search(ast.get_docstring(function) or "")
    ]


def _public_functions(tree: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            if isinstance(node, ast.FunctionDef):
                yield prefix + node.name, node
            else:
                yield from _public_functions(node, f"{prefix}{node.name}.")


def _has_arrays(arguments: ast.arguments, result: ast.expr | None) -> bool:
    every_argument = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    annotations = [result, *(argument.annotation for argument in every_argument if argument)]
    texts = [ast.unparse(annotation) for annotation in annotations if annotation]
    return any(re.search(r"\bArray\b", text) for text in texts)


@pytest.mark.xfail(strict=False, reason="some docstrings do not state shapes yet")
def test_docstrings_state_the_shapes_of_arrays() -> None:
    assert without_shape(package_sources()) == []


def test_the_package_has_functions_of_arrays() -> None:
    modules = package_sources().values()
    functions = [function for source in modules for _, function in _public_functions(ast.parse(source))]
    assert sum(_has_arrays(function.args, function.returns) for function in functions) > 20


@pytest.mark.parametrize(
    ("signature", "docstring", "is_complete"),
    [
        ("f(x: Array) -> int", "Return the largest of (n_samples, n_inputs) numbers.", True),
        ("f(x: Array) -> int", "Return the largest of n numbers (as an integer).", False),
        ("f(x: Array) -> int", "Call f() on x.", False),
        ("f(x: int) -> Array", "Return x as an array of shape ().", True),
        ("f(x: int) -> Array", "Return x as (n,).", True),
        ("f(x: int) -> 'Array | None'", "Return x.", False),
        ("f(*, x: Mapping[str, Array]) -> int", "Return how many x has.", False),
        ("f(*x: tuple[str, Array]) -> int", "Return how many x has.", False),
        ("f(x: Array) -> Array", "Return the exponential, of the same\n    shape as x.", True),
        ("f(x: Array) -> Array", "Return the exponential, shaped like x.", True),
        ("f(x: ArrayLike) -> int", "Return how many x has.", True),
        ("_f(x: Array) -> int", "Return how many x has.", True),
    ],
)
def test_a_docstring_without_a_shape_is_found(signature: str, docstring: str, is_complete: bool) -> None:
    function = f'def {signature}:\n    """{docstring}"""\n'
    method = "class C:\n" + "".join(f"    {line}\n" for line in function.splitlines())
    assert without_shape({"m": function}) == ([] if is_complete else ["m.f"])
    assert without_shape({"m": method}) == ([] if is_complete else ["m.C.f"])
    assert without_shape({"m": method.replace("class C", "class _C")}) == []
