"""Published exercises: each number of the source, to the digits that are printed there.

`data/textbook/index.json` has the tolerance of each file, and how many steps of gradient descent it takes.
"""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.conftest import ROOT, Run

FOLDER = ROOT / "tests" / "data" / "textbook"
INDEX: dict[str, Any] = json.loads((FOLDER / "index.json").read_text())
SLOW = ("iamtrask_11_lines_10000_steps.json",)


def leaves(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield the place, the quantity and the values of everything expected."""
    for key, value in tree.items():
        if key == "layers":
            for i, layer in enumerate(value):
                yield from leaves(layer, f"layers[{i}].")
        else:
            yield prefix + key, key, value


def numbers(value: Any) -> np.ndarray:
    """Return numbers as an array; null is NaN."""
    return np.array(value, dtype=float)


@pytest.mark.parametrize("name", INDEX)
def test_run_gives_the_published_numbers(name: str, backprop: Run) -> None:
    settings = INDEX[name]
    ran = backprop("run", FOLDER / name, "--format", "json", "--steps", settings["steps"], "--quiet")
    assert (ran.status, ran.err) == (0, "")
    computed = {place: value for place, _, value in leaves(json.loads(ran.out))}
    for place, quantity, published in leaves(json.loads((FOLDER / name).read_text())["expected"]):
        tolerance = settings.get("quantities", {}).get(quantity, settings)
        got, wanted = numbers(computed[place]), numbers(published)
        wanted = wanted.reshape(got.shape) if wanted.size == got.size else wanted
        told = ~np.isnan(wanted)
        assert np.allclose(got[told], wanted[told], rtol=tolerance["rtol"], atol=tolerance["atol"]), place


@pytest.mark.parametrize("name", INDEX)
def test_check_accepts_the_published_numbers(name: str, backprop: Run) -> None:
    settings = INDEX[name]
    rtol, atol = (
        max(each[key] for each in (settings, *settings.get("quantities", {}).values())) for key in ("rtol", "atol")
    )
    ran = backprop("check", FOLDER / name, "--steps", settings["steps"], "--rtol", rtol, "--atol", atol, "--quiet")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("ok")


@pytest.mark.parametrize("name", [name for name in INDEX if name not in SLOW])
def test_explain_works_for_an_entry_of_each_quantity(name: str, backprop: Run) -> None:
    steps = INDEX[name]["steps"]
    ran = backprop("run", FOLDER / name, "--format", "json", "--steps", steps, "--quiet")
    result = json.loads(ran.out)
    settings = ("schema", "learning_rate", "weight_layout", "samples", "mean_gradients", "reduction", "steps")
    for place, quantity, value in leaves(result):
        if quantity in settings or not isinstance(value, list | float | int) or isinstance(value, bool):
            continue
        index = ",".join("0" * np.ndim(value))
        entry = f"{place}[{index}]" if index else place
        explained = backprop("explain", FOLDER / name, entry, "--steps", steps, "--quiet")
        assert (explained.status, explained.err) == (0, ""), entry
        assert explained.out.startswith("loss" if quantity == "losses" else entry), entry  # the loss of that step
