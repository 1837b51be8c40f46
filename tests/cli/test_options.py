"""The records of options: their defaults, the validation by type, and the order of the help."""

import re
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from types import SimpleNamespace

import pytest

from backprop_cli.checks.gradcheck import Steps
from backprop_cli.checks.tolerance import RTOL_FLOAT64, Tolerance
from backprop_cli.cli import signature, values
from backprop_cli.cli.completion import activations, asked, losses, problems, quantities, upstream
from backprop_cli.cli.options import CheckOptions, ExplainOptions, RunOptions
from backprop_cli.cli.problem_options import CommonOptions, ProblemOptions
from backprop_cli.core.activations import ACTIVATIONS
from backprop_cli.core.problem import DEFAULT_LEARNING_RATE
from backprop_cli.explanations.explanation import Extent
from tests.conftest import ROOT, Run


def help_of(backprop: Run, command: str) -> str:
    return " ".join(backprop(command, "--help").out.split())


def test_defaults_of_options_are_those_of_the_code() -> None:
    options = CheckOptions(problems=[])
    assert (options.differences, options.tolerance) == (Steps(), Tolerance())
    assert ExplainOptions(problem="p.json").extent == Extent()
    assert ExplainOptions(problem="p.json", depth=values.depth("all")).extent == Extent(depth=100, whole=True)
    assert (RunOptions().rows, RunOptions().dtype, RunOptions().save_format) == (20, "float64", "csv")


def test_defaults_written_in_help_are_those_of_the_code(backprop: Run) -> None:
    assert f"The step size [default: {DEFAULT_LEARNING_RATE}]" in help_of(backprop, "run")
    page = help_of(backprop, "check")
    found = re.search(r"default: what rounding explains, and (\S+)\]", page)
    assert found
    assert float(found[1]) == RTOL_FLOAT64
    assert CheckOptions(problems=[]).differences == Steps()
    assert CheckOptions(problems=[]).tolerance == Tolerance()


@pytest.mark.parametrize("record", [RunOptions, CheckOptions, ExplainOptions])
def test_every_field_is_in_the_help_and_those_of_the_problem_come_last(
    backprop: Run, record: type[CommonOptions]
) -> None:
    page = backprop(record.__name__.removesuffix("Options").lower(), "--help").out
    words = re.findall(r"^  (?:-\w, )?\[?(\S+?)[\].,]* ", page.partition("Arguments:")[2], re.MULTILINE)
    names = [word.removeprefix("--").replace("-", "_").lower() for word in words]
    common = [field.name for field in fields(CommonOptions)]
    shared = [field.name for field in fields(ProblemOptions) if field.name not in common]
    own = [field.name for field in fields(record) if field.name not in (*common, *shared)]
    own = ["problem" if name == "problems" else name for name in own]
    assert names == [*own, *common, "help", *shared]


def test_numbers_of_check_are_validated_by_type(backprop: Run) -> None:
    ran = backprop("check", ROOT / "samples" / "dense_relu.json", "--eps", "1e-5", "--rtol=0.1", "--samples", "1")
    assert (ran.status, ran.err) == (0, "")


def test_activations_are_completed_from_their_table() -> None:
    assert activations() == list(ACTIVATIONS)


def test_options_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        RunOptions().rows = 3  # type: ignore[misc]


@pytest.mark.parametrize("upstream", ["outputs", "ones"])
def test_a_rule_for_upstream_is_no_file(upstream: str) -> None:
    assert RunOptions(inputs="outputs", upstream=upstream).files == {"inputs": "outputs"}
    assert RunOptions(upstream=f"./{upstream}").files == {"upstream": f"./{upstream}"}


def parameter(**attributes: object) -> SimpleNamespace:
    info = SimpleNamespace(parser=attributes.pop("parser", None))
    return SimpleNamespace(
        nargs=1, _runtime_param=None, type_descriptor=SimpleNamespace(parameter_info=info), **attributes
    )


def test_values_are_validated_by_the_parsers_of_their_options() -> None:
    number, text = signature.without_pydantic([parameter(parser=int), parameter()])
    assert number._runtime_param.coerce("3", param=number, ctx=None) == 3
    assert number._runtime_param.coerce(None, param=number, ctx=None) is None
    assert text._runtime_param.coerce("3", param=text, ctx=None) == "3"
    number.nargs = text.nargs = -1
    assert number._runtime_param.coerce(("3", "4"), param=number, ctx=None) == [3, 4]
    assert text._runtime_param.coerce(None, param=text, ctx=None) == []


def test_parameters_without_typers_private_attributes_are_left_alone() -> None:
    assert signature.without_pydantic([SimpleNamespace(nargs=1)]) == [SimpleNamespace(nargs=1)]


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (["run", "samples/dense_relu.json", "--rows", "3", "--upstream", "ones"], 0),
        (["check", "samples/dense_relu.json", "samples/two_layers.json", "--eps", "1e-5"], 0),
        (["explain", "samples/dense_relu.json", "dz[0,0]"], 0),
        (["run", "samples/dense_relu.json", "--rows", "x"], 2),
        (["check"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_typers_own_validation_gives_the_same(
    backprop: Run, monkeypatch: pytest.MonkeyPatch, argv: list[str], status: int
) -> None:
    monkeypatch.chdir(ROOT)
    usual = backprop(*argv)
    monkeypatch.setattr(signature, "without_pydantic", list)
    if argv != ["check"]:
        assert backprop(*argv) == usual
    assert usual.status == status


def test_names_of_quantities_are_completed_once() -> None:
    assert quantities("z,new_weights,new_") == [
        f"z,new_weights,{name}" for name in quantities("") if name not in ("z", "new_weights")
    ]


def test_what_to_ask_for_may_be_all() -> None:
    assert asked("a") == [*quantities("a"), "all"]
    assert asked("z,")[-1] == "z,all"


def test_problems_and_rules_for_upstream_are_completed(tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    for name in "only/p.json", "only/u.csv", "only/x.txt":
        (tmp_path / name).touch()
    assert problems(f"{tmp_path}/o") == [f"{tmp_path}/only/p.json"]
    assert upstream(f"{tmp_path}/only/u") == ["outputs", "ones", f"{tmp_path}/only/u.csv"]
    assert problems(f"{tmp_path}/missing/") == []


def test_losses_are_completed_from_their_table() -> None:
    assert losses()[0] == "squared_error"
    assert "CrossEntropyLoss" in losses()
