"""What `--next` writes can be read again, and loses nothing."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from tests.conftest import Run

TINY = '{"inputs":[[1e-300]],"weights":[[0]],"biases":[0],"activation":"linear","upstream":[[1e-300]]}'


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_an_exact_number_outside_float64_is_written_and_read(backprop: Run) -> None:
    Path("p.json").write_text(TINY)
    assert backprop("run", "--exact", "p.json", "--next", "n.json").status == 0
    assert '"weights": [\n    [-1e-603]\n  ]' in Path("n.json").read_text()
    ran = backprop("run", "--exact", "n.json", "--only", "z", "--format", "csv")
    assert (ran.status, ran.err) == (0, "")
    assert Fraction(ran.out) == -Fraction(1, 10**903) - Fraction(1, 10**303)
    ran = backprop("run", "n.json", "--only", "z", "--format", "csv")
    assert (ran.status, ran.out) == (0, "-1e-303\n")  # float64 rounds -1e-603 to 0, as any decimal to the nearest


def test_an_exact_number_that_could_not_be_read_is_not_written(backprop: Run) -> None:
    Path("p.json").write_text(TINY.replace("e-300", "e-600"))
    ran = backprop("run", "--exact", "p.json", "--next", "n.json")
    assert (ran.status, ran.out) == (3, "")
    reason = "is out of the range of exact arithmetic, so the next problem could not be read"
    assert ran.err == f"backprop: p.json: weights[0,0]: {reason}\n"
    assert not Path("n.json").exists()


def test_a_layer_without_biases_is_written_exactly(backprop: Run) -> None:
    Path("p.json").write_text('{"inputs": [[0.1]], "weights": [[1]], "upstream": "ones", "learning_rate": 0.1}')
    assert backprop("run", "--exact", "p.json", "--next", "n.json").status == 0
    assert json.loads(Path("n.json").read_text())["weights"] == [[0.99]]


@pytest.mark.parametrize("key", ["title", "source"])
def test_a_text_that_ends_in_nul_is_not_cut(backprop: Run, key: str) -> None:
    problem = json.loads(TINY) | {key: "a\0"}
    Path("p.json").write_text(json.dumps(problem))
    ran = backprop("run", "p.json", "--next", "n.npz")
    assert (ran.status, ran.out) == (3, "")
    assert (
        ran.err == f"backprop: {key}: ends in NUL, which a text in an NPZ archive loses\nhint: a JSON file keeps it\n"
    )
    assert not list(Path().glob("n.npz*"))
    assert backprop("run", "p.json", "--next", "n.json").status == 0
    assert json.loads(Path("n.json").read_text())[key] == "a\0"


@pytest.mark.parametrize("key", ["title", "source"])
def test_a_text_that_is_not_unicode_is_not_lost(backprop: Run, key: str) -> None:
    """JSON can hold half of a surrogate pair, UTF-8 cannot."""
    Path("p.json").write_text(json.dumps(json.loads(TINY) | {key: "a\ud800"}))
    ran = backprop("run", "p.json", "--next", "n.safetensors")
    reason = "has half of a surrogate pair, which a text in safetensors cannot have"
    assert (ran.status, ran.out, ran.err) == (3, "", f"backprop: {key}: {reason}\nhint: a JSON file keeps it\n")
    assert not list(Path().glob("n.safetensors*"))
