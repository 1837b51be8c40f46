"""The picture as SVG: its numbers are those of `run`; texts stay texts; it can be read in light and in dark."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from backprop_cli.render import svg
from backprop_cli.render.drawing import SIZES
from backprop_cli.render.numbers import number
from tests.conftest import Run
from tests.render.networks import CASES, draft, pictured, write_any

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</style><script>alert(1)</script> & 'q' \"d\" ]]> <!-- \x1b[2J \x00 \u202e \ufffe \N{SNOWMAN} $x$ \\"


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 (our own text)


@pytest.mark.parametrize("seed", range(40))
def test_every_number_is_that_of_run(seed: int, backprop: Run, tmp_path: Path) -> None:
    """At the printed precision, beside the lines and in the titles, and no entry of the sample is left out."""
    any_of = write_any(seed, tmp_path, backprop)
    ran = backprop("explain", any_of.path, "--format", "svg", "--sample", any_of.sample)
    assert ran.status == 0
    tree = parsed(ran.out)
    drawn = {text.attrib["data-entry"]: text.text for text in tree.iter(f"{SVG}text") if "data-entry" in text.attrib}
    expected = {name: number(value, 3).replace("-", "\N{MINUS SIGN}") for name, value in any_of.entries.items()}
    assert drawn == expected
    lines = [line for title in tree.iter(f"{SVG}title") for line in (title.text or "").split("\n") if " = " in line]
    told = dict(re.sub(r" \((sum|mean) over \d+ samples\)$", "", line).split(" = ") for line in lines)
    assert told == {name: number(value, 8) for name, value in any_of.entries.items()}


@pytest.mark.parametrize("precision", [0, 1, 6, 17])
def test_numbers_have_the_digits_that_are_asked_for(precision: int) -> None:
    """2/3 is the output of one neuron, and the title of a number has at least 8 digits."""
    problem = {"inputs": [[2]], "weights": [[1 / 3]], "activation": "linear"}
    text = svg.picture(pictured(problem), precision)
    assert f'data-entry="outputs[0,0]">{number(2 / 3, precision)}<' in text
    assert f"outputs[0,0] = {number(2 / 3, max(precision, 8))}" in text


def test_fractions_have_every_digit_in_titles(backprop: Run, tmp_path: Path) -> None:
    """0.1 * 0.30000000000000001 has 18 decimals, and 0.03 in float64."""
    path = tmp_path / "p.json"
    path.write_text('{"inputs": [[0.1]], "weights": [[0.30000000000000001]], "activation": "linear"}')
    ran = backprop("explain", path, "--format", "svg", "--exact")
    assert "outputs[0,0] = 0.030000000000000001<" in ran.out
    assert 'data-entry="outputs[0,0]">0.03<' in ran.out


@pytest.mark.parametrize("name", CASES)
def test_the_same_picture_has_the_same_bytes_and_they_are_ascii(name: str) -> None:
    first, second = (svg.picture(pictured(draft(CASES[name])), None) for _ in range(2))
    assert first == second
    assert first.isascii()


def test_texts_of_a_problem_stay_texts() -> None:
    text = svg.picture(pictured({"title": HOSTILE, "inputs": [[1]], "weights": [[1]]}), None)
    tree = parsed(text)
    title = tree.find(f"{SVG}title")
    shown = (
        r"""</style><script>alert(1)</script> & 'q' "d" ]]> <!-- \x1b[2J \x00 \u202e """ + "\ufffd \N{SNOWMAN} $x$ \\"
    )
    assert title is not None
    assert title.text == shown
    assert {element.tag.removeprefix(SVG) for element in tree.iter()} == {
        *("svg", "title", "desc", "style", "g", "path", "rect", "text")
    }
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", text)


def test_it_names_itself_and_describes_what_it_shows() -> None:
    tree = parsed(svg.picture(pictured(draft(CASES["2-3-1"])), None))
    assert tree.attrib["role"] == "img"
    labelled = [tree.find(f".//*[@id='{name}']") for name in tree.attrib["aria-labelledby"].split()]
    assert [element.text for element in labelled if element is not None] == [
        "A 2-3-1 network",
        "2 inputs; layers[0]: 3 neurons, tanh; layers[1]: 1 neuron, tanh; loss: half_squared_error.",
    ]


def test_it_asks_for_nothing_from_elsewhere() -> None:
    text = svg.picture(pictured(draft(CASES["4-5-3"])), None)
    assert re.findall(r"https?://[^\"]*|url\(|@import|href|src=|<script|<image", text) == ["http://www.w3.org/2000/svg"]


def test_the_style_changes_nothing_outside() -> None:
    """Each selector begins with the class of the picture, so that the picture can stand inside an HTML page."""
    tree = parsed(svg.picture(pictured(draft(CASES["2-3-1"])), None))
    style = tree.findtext(f"{SVG}style") or ""
    selectors = [part for rule in re.findall(r"([^{}@]+)\{", style) for part in rule.strip().split(",")]
    assert selectors
    assert [part for part in selectors if not part.startswith((".backprop-network", "media"))] == []


COLOURS = [(svg.LIGHT, ("#ffffff",)), (svg.DARK, ("#000000", "#212121"))]


@pytest.mark.parametrize(("colours", "backgrounds"), COLOURS, ids=["light", "dark"])
def test_contrast(colours: dict[str, str], backgrounds: tuple[str, ...]) -> None:
    """Texts have at least 4.5:1, lines and outlines 3:1 (WCAG 2.1, 1.4.3 and 1.4.11), on the page and on a unit."""
    behind = [*backgrounds, colours["unit"]]
    least = {name: min(contrast(colours[name], back) for back in behind) for name in colours if name != "unit"}
    assert min(least[name] for name in ("text", "note", "value", "gradient")) >= 4.5
    assert min(least[name] for name in ("line", "outline")) >= 3


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_role_of_a_text_has_a_size_and_a_colour_in_light_and_dark() -> None:
    text = svg.picture(pictured(draft(CASES["2-3-1"])), None)
    for role in SIZES:
        assert len(re.findall(rf"\n\.backprop-network \.{role}\{{font-size", text)) == 1
        assert len(re.findall(rf"\n\.backprop-network \.{role}\{{fill", text)) == 2


def test_colour_is_not_the_only_sign() -> None:
    """Gradients are slanted, and inactive units and their lines are dashed."""
    text = svg.picture(pictured(draft(CASES["3-4-2"])), None)
    assert re.search(r"\.gradient\{[^}]*font-style:italic", text)
    assert re.search(r"\.inactive rect\{stroke-dasharray", text)
    assert '<g class="unit inactive">' in text
