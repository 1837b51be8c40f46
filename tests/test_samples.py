"""What `run` prints agrees with the published numbers in the samples, and in the worked examples under `data`."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Run
from tests.make_pictures import pictures

SAMPLES = sorted((ROOT / "samples").glob("*.json"))
EXAMPLES = sorted((ROOT / "tests" / "data").glob("*.json"))


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, f"{path}.{key}" if path else key)
    elif isinstance(tree, list):
        for i, value in enumerate(tree):
            yield from leaves(value, f"{path}[{i}]")
    else:
        yield path, tree


def decimals(literal: str) -> int:
    return -int(Decimal(literal).as_tuple().exponent)


def matrices(tree: Any, path: str = "") -> Iterator[tuple[str, list[list[str]]]]:
    """Yield every matrix of literals with its name; a list is one row."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from matrices(value, f"{path}.{key}" if path else key)
    elif isinstance(tree[0], dict):
        for i, value in enumerate(tree):
            yield from matrices(value, f"{path}[{i}]")
    else:
        yield path, tree if isinstance(tree[0], list) else [tree]


def tables(page: str) -> dict[str, list[list[str]]]:
    """Return the numbers of each table in a text, by the name in its heading."""
    found = {}
    for part in page.rstrip("\n").split("\n\n"):
        heading = re.match(r"([\w\[\].]+) \(\d.*\) = ", part)
        if heading:
            body = part.split("\n")[3:]
            found[heading[1]] = [re.sub(r"^(sample|input|neuron) \d+", "", line).split() for line in body]
    return found


def test_there_are_samples() -> None:
    assert {"single_neuron.json", "dense_relu.json", "two_layers.json"} <= {path.name for path in SAMPLES}
    assert len(EXAMPLES) == 7


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_gives_the_printed_numbers_in_json(path: Path, backprop: Run) -> None:
    """Compare at the digits that were published: 0.44 accepts any number that rounds to it."""
    expected = json.loads(path.read_text(), parse_float=str, parse_int=str)["expected"]
    result = dict(leaves(json.loads(backprop("run", path, "--format", "json").out)))
    for place, literal in leaves(expected):
        if literal is None:  # open: the page has a digit wrong
            continue
        assert round(Decimal(result[place]), decimals(literal)) == Decimal(literal), place


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_gives_the_printed_numbers_in_tables(
    path: Path, backprop: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    expected = json.loads(path.read_text(), parse_float=str, parse_int=str)["expected"]
    found = tables(backprop("run", path, "--precision", "17").out)
    for place, rows in matrices({name: value for name, value in expected.items() if name != "loss"}):
        for shown, printed in zip(found[place], rows, strict=True):
            for text, literal in zip(shown, printed, strict=True):
                if str(literal) != "None":  # open: the page has a digit wrong
                    assert round(Decimal(text), decimals(literal)) == Decimal(literal), place


def test_tables_show_the_numbers_of_the_notebooks_last_cell(backprop: Run) -> None:
    found = tables(backprop("run", ROOT / "samples" / "dense_relu.json").out)
    assert found["new_weights"] == [
        ["0.179515", "0.5003665", "-0.262746"],
        ["0.742093", "-0.9152577", "-0.2758402"],
        ["-0.510153", "0.2529017", "0.1629592"],
        ["0.971328", "-0.5021842", "0.8636583"],
    ]
    assert found["new_biases"] == [["1.98489", "2.997739", "0.497389"]]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_gives_its_expected_values(path: Path, backprop: Run) -> None:
    expected = dict(leaves(json.loads(path.read_text())["expected"]))
    result = dict(leaves(json.loads(backprop("run", path, "--format", "json").out)))
    assert {place: result[place] for place in expected} == pytest.approx(expected, rel=0, abs=1e-9)


def test_the_csv_sample_is_the_same_layer(backprop: Run) -> None:
    folder = ROOT / "samples" / "dense_relu"
    options = [f"--{name}={folder / name}.csv" for name in ("inputs", "weights", "biases", "upstream")]
    from_csv = json.loads(backprop("run", *options, "--format", "json", "--only", "new_weights,new_biases").out)
    assert [round(value, 6) for value in from_csv["new_biases"]] == [1.98489, 2.997739, 0.497389]
    assert [round(value, 6) for value in from_csv["new_weights"][3]] == [0.971328, -0.502184, 0.863658]


def shown(picture: str) -> str:
    """Return the texts of a picture; Rich may lay them out in another way in another version."""
    return "".join(re.sub(r"<style>.*?</style>|<[^>]*>", "", picture, flags=re.DOTALL).split())


@pytest.mark.parametrize("name", ["mazur_sigmoid.svg", "named_mistake.svg"])
def test_pictures_are_those_of_the_commands(name: str) -> None:
    there = (ROOT / "samples" / name).read_text(encoding="utf-8")
    made = pictures()[name]
    assert shown(there) == shown(made)
    assert there == made or name == "named_mistake.svg"
    assert "http:" not in made.replace("http://www.w3.org/", "")
    assert "https:" not in re.sub(r"<!--.*?-->", "", made).replace("https://mattmazur.com", "")
