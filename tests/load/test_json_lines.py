"""The line in which an expected value stands."""

import pytest

from backprop_cli.load.json_lines import line_of_expected

PROBLEM = """{
  "inputs": [[1, 2]],
  "dweights": 1,
  "expected": {
    "loss": 0.5,
    "dweights": [
      [1, 2],
      [3,
       4]
    ],
    "dbiases": [1, 2], "dz":
      null
  }
}
"""
LAYERS = """
{"layers": [{"weights": [[1]]}],
 "expected": {
  "layers": [
   {"dz": [[1],
           [2]]},
   {}, {"dz": [[5]]}]}}
"""
RESULT = '{"schema": "backprop.result/1",\n"layers": [\n{"dbiases": [1]}\n]}'


@pytest.mark.parametrize(
    ("text", "place", "index", "line"),
    [
        (PROBLEM, "loss", (), 5),
        (PROBLEM, "dweights", (), 6),
        (PROBLEM, "dweights", (0, 0), 7),
        (PROBLEM, "dweights", (0, 1), 7),
        (PROBLEM, "dweights", (1, 0), 8),
        (PROBLEM, "dweights", (1, 1), 9),
        (PROBLEM, "dweights", (2, 0), 6),
        (PROBLEM, "dweights", (0, 2), 6),
        (PROBLEM, "dbiases", (1,), 11),
        (PROBLEM, "dbiases", (0, 1), 11),
        (PROBLEM, "dz", (), 12),
        (PROBLEM, "dz", (0, 0), 11),
        (PROBLEM, "z", (), None),
        (PROBLEM, "layers[0].dbiases", (0,), 11),
        (PROBLEM, "layers[1].dbiases", (0,), None),
        (LAYERS, "layers[0].dz", (0, 0), 5),
        (LAYERS, "layers[0].dz", (1, 0), 6),
        (LAYERS, "layers[2].dz", (0, 0), 7),
        (LAYERS, "dz", (1, 0), 6),
        (LAYERS, "layers[1].dz", (0, 0), None),
        (RESULT, "dbiases", (0,), 3),
        ("[\n[1,\n2]]", "dweights", (0, 1), 3),
        ("\n [1,\n2]", "dbiases", (1,), 3),
        ("\n\n1", "loss", (), 3),
        (" ", "loss", (), 1),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "marked"])
def test_the_line_of_an_entry(
    text: str, place: str, index: tuple[int, ...], line: int | None, end: str, mark: str
) -> None:
    assert line_of_expected(mark + text.replace("\n", end), place, index) == line
