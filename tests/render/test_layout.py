"""Nothing in a picture covers a text: not another text, not a line, not the edge; numbers as wide as they get."""

import re
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

import pytest

from backprop_cli.render.columns import label
from backprop_cli.render.drawing import Box, Curve, Drawing, Item, Text, text_width
from backprop_cli.render.layout import drawing
from tests.any_problem import any_problem
from tests.render.networks import CASES, draft, pictured


def collisions(drawn: Drawing) -> list[str]:
    """Return the texts that another text, a line, an outline or the edge of the drawing touches."""
    found = [f"{one.text} / {other.text}" for one, other in combinations(drawn.texts, 2) if overlap(one.box, other.box)]
    points = [point for item in drawn.items for curve in item.curves for point in sampled(curve)]
    boxes = [
        (box.x - box.width / 2, box.y - box.height / 2, box.x + box.width / 2, box.y + box.height / 2)
        for item in drawn.items
        for box in item.boxes
    ]
    for text in drawn.texts:
        left, top, right, bottom = text.box
        if not is_inside(text.box, (0, 0, drawn.width, drawn.height)):
            found.append(f"{text.text} / the edge")
        if any(left < x < right and top < y < bottom for x, y in points):
            found.append(f"{text.text} / a line")
        if any(overlap(text.box, box) and not is_inside(text.box, box) for box in boxes):
            found.append(f"{text.text} / an outline")
    return found


Rectangle = tuple[float, float, float, float]


def overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def is_inside(one: Rectangle, other: Rectangle) -> bool:
    return other[0] <= one[0] and other[1] <= one[1] and one[2] <= other[2] and one[3] <= other[3]


def sampled(curve: Curve) -> Iterator[tuple[float, float]]:
    """Yield points of a curve, close to each other."""
    x, y = curve.points[0]
    for point in curve.points[1:]:
        corners = [(x, y), *zip(point[::2], point[1::2], strict=True)]
        for k in range(101):
            t, left = k / 100, corners
            while len(left) > 1:  # de Casteljau's construction
                left = [(a + t * (c - a), b + t * (d - b)) for (a, b), (c, d) in pairwise(left)]
            yield left[0]
        x, y = point[-2:]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("precision", [None, 8])
def test_nothing_covers_a_text(name: str, precision: int | None) -> None:
    assert collisions(drawing(pictured(draft(CASES[name])), precision)) == []


@pytest.mark.parametrize("seed", range(40))
def test_nothing_covers_a_text_of_any_problem(seed: int) -> None:
    assert collisions(drawing(pictured(any_problem(seed)), None)) == []


@pytest.mark.parametrize("name", ["2-3-1", "3-4-2", "4-5-3"])
def test_these_networks_are_drawn_in_their_full_size_at_800_pixels(name: str) -> None:
    assert drawing(pictured(draft(CASES[name])), None).width <= 800


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Item(texts=(Text(x=104, y=102, text="0.5", role="value"),)), ["0.25 / 0.5"]),
        (Item(texts=(Text(x=104, y=120, text="0.5", role="value"),)), []),
        (Item(texts=(Text(x=3, y=50, text="0.5", role="value"),)), ["0.5 / the edge"]),
        (Item(curves=(Curve(points=((0, 0), (200, 200))),)), ["0.25 / a line"]),
        (Item(curves=(Curve(points=((0, 90), (0, 110, 200, 90, 200, 110))),)), ["0.25 / a line"]),
        (Item(curves=(Curve(points=((0, 105), (200, 105))),)), []),
        (Item(boxes=(Box(x=100, y=96, width=10, height=30, radius=5),)), ["0.25 / an outline"]),
        (Item(boxes=(Box(x=100, y=96, width=40, height=30, radius=5),)), []),
    ],
)
def test_a_collision_is_found(item: Item, expected: list[str]) -> None:
    text = Text(x=100, y=100, text="0.25", role="value")
    drawn = Drawing(width=200, height=200, title="", description="", items=[Item(texts=(text,)), item])
    assert collisions(drawn) == expected


@pytest.mark.parametrize(
    ("text", "wider_than"),
    [("0.5", 0.636 * 2 + 0.318), ("\N{MINUS SIGN}1e\N{MINUS SIGN}06", 0.838 * 2 + 0.636 * 3 + 0.615), ("\u7f51", 1.0)],
)
def test_a_text_takes_at_least_its_width_in_a_wide_font(text: str, wider_than: float) -> None:
    """The widths are those in the tables of DejaVu Sans; a Chinese character is as wide as it is high."""
    assert text_width(text, "value") >= 11 * wider_than


@pytest.mark.parametrize("name", ["4-5-3", "without numbers at lines"])
def test_each_line_leads_from_its_unit_to_its_unit(name: str) -> None:
    """The line of weights[i,j] starts beside unit i of the layer before and ends at neuron j."""
    drawn = drawing(pictured(draft(CASES[name])), None)
    boxes = {}
    for item in drawn.items:
        found = re.match(r"(?:input|neuron) (\d+)(?: of (\S+),.*)?$", item.about[0]) if item.about else None
        if item.kind == "unit" and found:
            boxes[found[2] or "inputs", int(found[1])] = item.boxes[0]
    edges = [item for item in drawn.items if item.kind == "edge" and "weights" in "".join(item.about)]
    assert len(edges) == sum(a * b for a, b in pairwise(CASES[name].sizes))
    for item in edges:
        layer, i, j = map(int, re.findall(r"\d+", item.about[0].partition(" = ")[0]))
        before = boxes[f"layers[{layer - 1}]" if layer else "inputs", i]
        after = boxes[f"layers[{layer}]", j]
        start, end = item.curves[0].points[0], item.curves[0].points[-1][-2:]
        assert start[1] == before.y
        assert start[0] > before.x + before.width / 2
        assert after.x - after.width / 2 - 1e-6 <= end[0] < after.x
        assert abs(end[1] - after.y) < after.height / 2


def test_values_stand_above_their_lines_and_gradients_below() -> None:
    """So they do at every line between two units, and in a neuron."""
    drawn = drawing(pictured(draft(CASES["4-5-3"])), None)
    n_compared = 0
    for item in drawn.items:
        points = [point for curve in item.curves for point in sampled(curve)]
        for text in item.texts:
            is_gradient = re.search(r"(^|\.)(d|upstream)", text.entry or "") is not None
            at_text = [y for x, y in points if text.box[0] < x < text.box[2]]
            if text.entry not in (None, "loss"):
                assert text.role == ("gradient" if is_gradient else "value")
                assert at_text
                assert all((text.y > y) == is_gradient for y in at_text)
                n_compared += 1
    assert n_compared == 2 * (4 + 5 + 3) + 2 * (5 + 3) + 2 * (5 * 5 + 3 * 6) + 3  # outputs, z, lines, targets


PARTIAL: list[tuple[dict[str, Any], list[str]]] = [
    ({"z": [[-2]], "upstream": [[-3]]}, ["-2", "0", "0", "-3"]),
    ({"z": [[2, -1]], "upstream": "ones"}, ["2", "1", "2", "1", "-1", "0", "0", "1"]),
    ({"biases": [1], "upstream": [[-3], [1]], "activation": "linear"}, ["1", "-2", "-3", "-3"]),
    ({"inputs": [[2, 3]], "upstream": [[5]], "activation": "linear"}, ["10", "15", "2", "3", "5", "5"]),
    ({"inputs": [[2]], "weights": [[3]], "upstream": "outputs"}, ["3", "12", "2", "18", "6", "6", "6", "6"]),
]


@pytest.mark.parametrize(("problem", "numbers"), PARTIAL)
def test_a_part_of_a_problem_is_drawn_with_what_is_known(problem: dict[str, Any], numbers: list[str]) -> None:
    """Numbers of lines come first; then z, dz, the output and its gradient of each unit."""
    drawn = drawing(pictured(problem), None)
    assert [text.text.replace("\N{MINUS SIGN}", "-") for text in drawn.texts if text.entry is not None] == numbers
    assert collisions(drawn) == []


def test_inactive_neurons_are_drawn_in_another_way_with_their_lines() -> None:
    """Of two neurons, the second is inactive: its own lines, and those that its output goes along."""
    layers = [{"weights": [[1, -1]]}, {"weights": [[1], [1]]}]
    drawn = drawing(pictured({"inputs": [[2]], "layers": layers, "upstream": [[1]]}), None)
    about = [item.about[0].partition(" = ")[0] for item in drawn.items if item.inactive and item.about]
    assert about == ["layers[0].weights[0,1]", "layers[1].weights[1,0]", "neuron 1 of layers[0], relu (inactive)"]
    assert (
        sum(isinstance(box, Box) for item in drawn.items if item.inactive for box in item.boxes) == 2
    )  # one in the key


@pytest.mark.parametrize(("sample", "is_inactive"), [(0, False), (1, True)])
def test_whether_a_neuron_is_inactive_is_that_of_the_sample(sample: int, is_inactive: bool) -> None:
    drawn = drawing(pictured({"inputs": [[2], [-2]], "weights": [[1]]}, sample), None)
    assert any(item.inactive for item in drawn.items) == is_inactive


def test_the_caption_tells_which_sample_it_is_and_what_is_summed() -> None:
    problem = draft(CASES["3-4-2"])
    texts = {
        mean: " ".join(text.text for text in drawing(pictured(problem | {"mean_gradients": mean}, 2), None).texts)
        for mean in (False, True)
    }
    sample = "Numbers of sample 2 of 3 (counted from 0); the loss is that of all samples,"
    assert f"{sample} and the gradients of weights and biases are sums over all samples." in texts[False]
    assert f"{sample} the gradients of weights and biases are means over all samples, and the others" in texts[True]


def test_long_headings_over_short_numbers_keep_apart() -> None:
    layers = [{"weights": [[1]], "activation": "leaky_relu(0.1234567890123456)"}] * 8
    assert collisions(drawing(pictured({"inputs": [[1]], "layers": layers}), None)) == []


@pytest.mark.parametrize(("words", "lines"), [(3, 1), (8, 2), (200, 2)])
def test_a_title_takes_two_lines_at_most(words: int, lines: int) -> None:
    problem = draft(CASES["2-3-1"]) | {"title": "backpropagation " * words + "end"}
    drawn = drawing(pictured(problem), None)
    titles = [text.text for text in drawn.texts if text.role == "title"]
    assert len(titles) == lines
    assert titles[-1].endswith("..." if words == 200 else "end")
    assert collisions(drawn) == []


def test_a_network_without_room_for_its_numbers_says_so() -> None:
    without, boxes = (
        [text.text for text in drawing(pictured(draft(CASES[name])), None).texts]
        for name in ("without numbers at lines", "boxes")
    )
    assert without.count("t") == 3 + 1  # targets, and the key
    assert without[-1] == "The numbers of weights and biases are too many to be shown beside the lines."
    assert boxes[-1] == "The inputs and neurons are too many to be drawn one by one with their numbers."
    assert "weights (20, 30), biases (30,), outputs (1, 30)" in boxes


def test_of_many_layers_the_middle_is_left_out_and_says_so() -> None:
    """With the inputs and the loss there are 43 boxes, of which 7 and 6 are drawn."""
    texts = [text.text for text in drawing(pictured(draft(CASES["many boxes"])), None).texts]
    assert "30 other layers, not shown" in texts
    assert [text for text in texts if text.startswith("layers[")] == [
        f"layers[{i}]" for i in (*range(6), *range(36, 41))
    ]


def test_numbers_of_a_line_without_labels_are_told_to_who_asks() -> None:
    items = drawing(pictured(draft(CASES["without numbers at lines"])), None).items
    about = [line.partition(" = ")[0] for item in items for line in item.about]
    assert {"layers[0].weights[11,9]", "layers[0].dweights[11,9]", "layers[0].dbiases[9]"} <= set(about)


def test_no_number_has_no_label() -> None:
    assert label(None, 3) == ""
