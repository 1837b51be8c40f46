"""The records of options: their defaults, the validation by type, and the order of the help."""

import re
from dataclasses import FrozenInstanceError, fields

import pytest

from backprop_cli.checks.gradcheck import Steps
from backprop_cli.checks.tolerance import Tolerance
from backprop_cli.cli.completion import activations
from backprop_cli.cli.options import CheckOptions, CommonOptions, ExplainOptions, RunOptions
from backprop_cli.core.activations import ACTIVATIONS
from backprop_cli.core.problem import DEFAULT_LEARNING_RATE
from backprop_cli.explanations.explanation import Extent
from tests.conftest import ROOT, Run


def help_of(backprop: Run, command: str) -> str:
    return " ".join(backprop(command, "--help").out.split())


def test_defaults_of_options_are_those_of_the_code() -> None:
    options = CheckOptions(problems=[])
    assert (options.steps, options.tolerance) == (Steps(), Tolerance())
    assert ExplainOptions(problem="p.json").extent == Extent()


def test_defaults_written_in_help_are_those_of_the_code(backprop: Run) -> None:
    assert f"The step size [default: {DEFAULT_LEARNING_RATE}]" in help_of(backprop, "run")
    found = re.search(r"default: (\S+) for expected values, (\S+) for finite", help_of(backprop, "check"))
    assert found
    assert tuple(map(float, found.groups())) == (Tolerance.rtol, Steps.rtol)


@pytest.mark.parametrize("record", [RunOptions, CheckOptions, ExplainOptions])
def test_every_field_is_in_the_help_and_common_options_come_last(backprop: Run, record: type[CommonOptions]) -> None:
    page = backprop(record.__name__.removesuffix("Options").lower(), "--help").out
    words = re.findall(r"^  (?:-\w, )?\[?(\S+?)[\].,]* ", page.partition("Arguments:")[2], re.MULTILINE)
    names = [word.removeprefix("--").replace("-", "_").lower() for word in words]
    common = [field.name for field in fields(CommonOptions)]
    own = [field.name.removesuffix("s") for field in fields(record) if field.name not in common]
    assert [name.removesuffix("s") for name in names] == [*own, *common, "help"]


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
