"""Reads a log as the runner of GitHub Actions does (actions/runner, ActionCommand.cs and ActionCommandManager.cs)."""

import re
from typing import NamedTuple

COMMANDS = {
    *("stop-commands", "set-env", "set-output", "save-state", "add-mask", "add-path", "add-matcher", "remove-matcher"),
    *("debug", "warning", "error", "notice", "group", "endgroup", "echo"),
}


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    message: str


def commands(log: str) -> list[Command]:
    """Return the commands in the lines of a log."""
    return [found for line in re.split(r"\r\n|\r|\n", log) if (found := command(line)) is not None]


def command(line: str) -> Command | None:
    """Return the command that a line is taken for, of the newer form or of the older one."""
    found = re.match(r"\s*::(.*?)::(.*)", line, re.DOTALL)
    if found and found[1].partition(" ")[0].lower() in COMMANDS:
        name, _, listed = found[1].partition(" ")
        pairs = [text.partition("=") for text in listed.strip().split(",") if text]
        return Command(name, {key: value(text, ":,") for key, _, text in pairs if text}, value(found[2], ""))
    found = re.search(r"##\[(.*?)\](.*)", line, re.DOTALL)
    if found and found[1].partition(" ")[0].lower() in COMMANDS:
        return Command(found[1].partition(" ")[0], {}, value(found[2], ";]"))
    return None


def value(text: str, more: str) -> str:
    """Return a value of which line ends, some more characters, and the percent sign last, were replaced."""
    for char in f"\r\n{more}%":
        text = text.replace(f"%{ord(char):02X}", char)
    return text
