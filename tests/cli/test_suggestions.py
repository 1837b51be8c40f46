"""Hints for options and commands that do not exist: the one that does it, the one that was misspelt, or none."""

import re

import pytest

from backprop_cli.cli.suggestions import (
    COMMANDS_OF_OTHER_TOOLS,
    HELP_HINT,
    OPTIONS_OF_OTHER_TOOLS,
    for_command,
    for_option,
)
from tests.conftest import Run

NEAR_TO_NOTHING = """
    --only-matching --jobs --threads --interactive --force --json5 --yaml --watch --include --exclude --batch --gpu
    --device --optimizer --momentum --model --version-info --width --height --sort --pattern --zip --qqqqq -p -k
"""
COMMANDS = ("run", "check", "explain", "new", "exercise", "schema")


@pytest.fixture
def options(backprop: Run) -> dict[str, list[str]]:
    """The options of each command, as its help lists them."""
    pages = {command: backprop(command, "--help").out for command in COMMANDS}
    return {command: re.findall(r"^  (?:-\w, )?(--[\w-]+)", page, re.MULTILINE) for command, page in pages.items()}


def test_every_hint_names_an_option_of_its_commands(backprop: Run, options: dict[str, list[str]]) -> None:
    for commands, hint, _ in OPTIONS_OF_OTHER_TOOLS:
        for command in commands.split():
            option, *value = hint.split(" ")[:2]
            assert not option.startswith("-") or option in options[command], (command, hint)
            assert option != "--format" or re.search(rf"--format \[.*\b{value[0]}\b", backprop(command, "--help").out)


def test_no_word_has_two_hints_or_is_an_option_itself(options: dict[str, list[str]]) -> None:
    for command in COMMANDS:
        words = [
            word for commands, _, row in OPTIONS_OF_OTHER_TOOLS if command in commands.split() for word in row.split()
        ]
        assert sorted(words) == sorted(set(words))
        assert {f"--{word}" for word in words}.isdisjoint(options[command])


def test_an_option_of_another_tool_is_answered_with_ours() -> None:
    assert for_option("run", "--JSON", []) == "did you mean --format json?"
    assert for_option("run", "--grad_output", []) == "did you mean --upstream?"
    assert for_option("check", "-v", []) == "--format json prints everything that was found"
    assert for_option("backprop", "--json", []) == HELP_HINT


def slips(name: str) -> set[str]:
    """Return a name with a letter missing, doubled, wrong, or exchanged with the next."""
    places = range(len(name))
    return (
        {name[:i] + name[i + 1 :] for i in places}
        | {name[:i] + name[i] + name[i:] for i in places}
        | {name[:i] + "q" + name[i + 1 :] for i in places}
        | {name[:i] + name[i + 1] + name[i] + name[i + 2 :] for i in places[:-1]}
    ) - {name}


def test_a_slip_of_the_keyboard_is_corrected(options: dict[str, list[str]]) -> None:
    for command, known in options.items():
        listed = " ".join(words for commands, _, words in OPTIONS_OF_OTHER_TOOLS if command in commands).split()
        for option in known:
            for slip in slips(option[2:]) if len(option) > 5 else ():
                if slip not in listed and f"--{slip}" not in known:
                    found = for_option(command, f"--{slip}", known)
                    assert found.startswith("did you mean --"), (command, slip)
                    is_near_to_two = option.endswith(("-rtol", "-atol")) or (command, option) == ("check", "--steps")
                    assert found == f"did you mean {option}?" or is_near_to_two, (command, slip)


@pytest.mark.parametrize(
    "word",
    NEAR_TO_NOTHING.split(),
)
def test_a_word_that_is_near_to_nothing_gets_no_suggestion(options: dict[str, list[str]], word: str) -> None:
    for command, known in options.items():
        assert for_option(command, word, known) == HELP_HINT


def test_commands_of_other_tools_are_answered_with_ours() -> None:
    for command, words in COMMANDS_OF_OTHER_TOOLS.items():
        assert {for_command(word, COMMANDS) for word in words.split()} == {f"did you mean {command!r}?"}
    assert for_command("chekc", COMMANDS) == "did you mean 'check'?"
    assert for_command("sun.json", COMMANDS) == "a command comes first: backprop run sun.json"
    assert for_command("fly", COMMANDS) == HELP_HINT
