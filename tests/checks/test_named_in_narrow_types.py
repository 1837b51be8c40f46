"""Mistakes are named in results that were computed in a narrow type, whose rounding errors differ from entry to entry.

The gradients of `tests/data/sequential*` come from PyTorch, in float32 and bfloat16; those of the network from code
here that computes in float32.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop_cli.core.precision import BFloat16
from backprop_cli.load.files import read
from backprop_cli.load.safetensors import contents
from backprop_cli.render import safetensors
from tests.conftest import ROOT, Run

DATA = ROOT / "tests" / "data"


def write(path: Path, tensors: Mapping[str, Any], like: Any) -> None:
    arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in tensors.items()}
    if isinstance(like, BFloat16):
        arrays = {name: array.view(BFloat16) for name, array in arrays.items()}
    with path.open("wb") as file:
        safetensors.safetensors(file, arrays, {})


@pytest.mark.parametrize("name", ["sequential", "sequential_bfloat16"])
@pytest.mark.parametrize(
    ("key", "wrong", "mistake"),
    [
        ("0.weight", lambda g: g.T, "the transpose of 0.weight.grad"),
        ("2.weight", lambda g: g.T, "the transpose of 2.weight.grad"),
        ("0.weight", lambda g: g[:, ::-1], "the columns of 0.weight.grad in another order"),
        ("0.weight", lambda g: g[:, [1, 0, 2, 3]], "columns 0 and 1 of 0.weight.grad exchanged"),
        ("0.weight", lambda g: g[[1, 0, 2, 3]], "rows 0 and 1 of 0.weight.grad exchanged"),
        ("2.weight", lambda g: g[[2, 1, 0]], "rows 0 and 2 of 2.weight.grad exchanged"),
        ("0.bias", lambda g: g[::-1], "the entries of 0.bias.grad in another order"),
        ("2.weight", lambda g: g.T.reshape(g.shape), "2.weight.grad stored column by column"),
        (
            "2.weight",
            lambda g: g.reshape(g.shape[::-1]).T,
            "2.weight.grad stored row by row, and read column by column",
        ),
    ],
)
def test_a_layout_or_an_order_of_pytorch_is_named(
    backprop: Run, tmp_path: Path, name: str, key: str, wrong: Callable[[Any], Any], mistake: str
) -> None:
    gradients = contents(read(str(DATA / f"{name}_grads.safetensors"))).tensors
    write(tmp_path / "e.safetensors", {**gradients, key: wrong(np.asarray(gradients[key]))}, gradients[key])
    options = ["--names", "pytorch", "--loss", "MSELoss", "--inputs", DATA / f"{name}_inputs.safetensors"]
    options += ["--targets", DATA / f"{name}_targets.safetensors", "-q"]
    ran = backprop("check", DATA / f"{name}.safetensors", *options, "--expect", tmp_path / "e.safetensors")
    assert ran.status == 1
    assert mistake in ran.out, ran.out


def network(mistake: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a network of three layers with inactive units, and its gradients, computed in float32 with a mistake."""
    rng = np.random.default_rng(0)
    shapes = [(16, 8), (8, 8), (8,), (8, 8), (8,), (8, 4), (4,), (16, 4)]
    x, w0, b0, w1, b1, w2, b2, t = (rng.normal(size=shape).astype(np.float32) for shape in shapes)
    b0[2], b1[3] = -30, -30  # never active
    z0 = x @ w0 + b0
    a0 = np.maximum(z0, 0)
    z1 = a0 @ w1 + b1
    a1 = np.maximum(z1, 0)
    d2 = a1 @ w2 + b2 - t
    d1 = d2 @ w2.T * ((z1 > 0) | (mistake == "mask"))
    d0 = d1 @ w1.T * ((z0 > 0) | (mistake == "mask"))
    gradients = [x.T @ d0, d0.sum(0), (z0 if mistake == "z" else a0).T @ d1, d1.sum(0), a1.T @ d2, d2.sum(0)]
    if mistake == "transposed":
        gradients[2] = gradients[2].T
    assert all(array.dtype == np.float32 for array in gradients)
    layers = [{"weights": w, "biases": b} for w, b in ((w0, b0), (w1, b1), (w2, b2))]
    problem: dict[str, Any] = {f"layers.{i}.{key}": layers[i][key] for i in range(3) for key in layers[i]}
    problem |= {"layers.2.activation": "linear", "inputs": x, "targets": t, "loss": "half_squared_error"}
    names = [f"layers.{i}.{key}" for i in range(3) for key in ("dweights", "dbiases")]
    return problem, dict(zip(names, gradients, strict=True))


@pytest.mark.parametrize(
    ("mistake", "text"),
    [
        ("mask", "all 64 entries agree: the ReLU's mask forgotten"),
        ("z", "all 64 entries agree: dweights made of layers[0].z"),
        ("transposed", "all 64 entries agree: the transpose of dweights"),
        ("", None),
    ],
)
def test_a_mistake_in_float32_is_named_where_right_values_are_0(
    backprop: Run, tmp_path: Path, mistake: str, text: str | None
) -> None:
    problem, gradients = network(mistake)
    np.savez(tmp_path / "p.npz", **problem)
    np.savez(tmp_path / "e.npz", **gradients)
    ran = backprop("check", tmp_path / "p.npz", "--expect", tmp_path / "e.npz", "--samples", "1", "-q")
    assert ran.status == (0 if text is None else 1)
    assert text is None or text in ran.out, ran.out


def test_what_agrees_within_the_largest_rounding_error_alone_is_not_named(backprop: Run, tmp_path: Path) -> None:
    """The second input is a million times the others, and so are the rounding errors of its gradients.

    The transpose leads to all gradients but one, of the last input, which is wrong by a 20th, far within them.
    """
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(64, 3)).astype(np.float32), rng.normal(size=(3, 3)).astype(np.float32)
    x[:, 1] *= 1e6
    upstream = rng.normal(size=(64, 3)).astype(np.float32)
    wrong = (x.T @ upstream).T
    wrong[2, 0] *= np.float32(1.05)
    np.savez(tmp_path / "p.npz", inputs=x, weights=w, upstream=upstream, activation="linear")
    np.savez(tmp_path / "e.npz", dweights=wrong)
    ran = backprop("check", tmp_path / "p.npz", "--expect", tmp_path / "e.npz", "-q")
    assert ran.status == 1
    assert "transpose" not in ran.out
