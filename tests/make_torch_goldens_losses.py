"""Make `tests/data/torch/losses.npz`: what PyTorch's autograd computes of the problems of `tests.any_problem`.

Needs PyTorch (`pip install torch`), which no test needs: `python -m tests.make_torch_goldens_losses`.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch  # type: ignore[import-not-found]

from tests.any_problem import OF_SAMPLES, any_problem

FILE = Path(__file__).parent / "data" / "torch" / "losses.npz"
N_PROBLEMS = 2_000
NAMES = ("loss", "upstream", "dz", "dinputs", "dweights", "dbiases")  # of the last and the first layer


def activated(name: str, z: torch.Tensor) -> torch.Tensor:
    """Return the outputs of an activation, `leaky_relu(0.3)` for one."""
    base, _, parameter = name.rstrip(")").partition("(")
    functional = torch.nn.functional
    match base:
        case "linear":
            return z * 1
        case "leaky_relu":
            return functional.leaky_relu(z, float(parameter or 0.01))
        case "elu":
            return functional.elu(z, float(parameter or 1))
        case "softmax" | "log_softmax":
            return getattr(functional, base)(z, dim=1)
        case _:
            return getattr(functional, base)(z)


def terms(name: str, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Return the terms of a loss, with the shape of the outputs."""
    base, _, parameter = name.rstrip(")").partition("(")
    functional = torch.nn.functional
    match base:
        case "squared_error":
            return (y - t) ** 2
        case "half_squared_error":
            return (y - t) ** 2 / 2
        case "absolute_error":
            return functional.l1_loss(y, t, reduction="none")
        case "huber":
            return functional.huber_loss(y, t, reduction="none", delta=float(parameter or 1))
        case "binary_cross_entropy":
            return functional.binary_cross_entropy(y, t, reduction="none")
        case "binary_cross_entropy_with_logits":
            return functional.binary_cross_entropy_with_logits(y, t, reduction="none")
        case "cross_entropy":
            return -t * torch.log(y)
        case "cross_entropy_with_logits":
            return -t * functional.log_softmax(y, dim=1)
        case _:
            return -t * y


def gradients(draft: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the quantities `NAMES` of the last layer, and of the first; samples in rows, weights as in-out."""
    is_columns, is_out_in = draft["samples"] == "columns", draft["weight_layout"] == "out-in"

    def tensor(value: Any, *, transposed: bool = False) -> torch.Tensor:
        array = np.array(value, dtype=np.float64)
        return torch.tensor(array.T.copy() if transposed else array, dtype=torch.float64)

    outputs = tensor(draft["inputs"], transposed=is_columns).requires_grad_()
    layers = []
    for layer in draft["layers"]:
        weights = tensor(layer["weights"], transposed=is_out_in).requires_grad_()
        biases = tensor(layer.get("biases", [0.0] * weights.shape[1])).requires_grad_()
        z = outputs @ weights + biases
        before, outputs = outputs, activated(layer["activation"], z)
        for kept in (before, z, outputs):
            kept.retain_grad()
        layers.append((before, weights, biases, z, outputs))
    n_samples, n_neurons = outputs.shape
    targets = np.array(draft["targets"], dtype=np.float64)
    t = (
        torch.eye(n_neurons, dtype=torch.float64)[targets.astype(int)]
        if targets.ndim == 1
        else tensor(targets, transposed=is_columns)
    )
    per_sample = draft["loss"] in OF_SAMPLES
    of_neurons = n_neurons if draft["reduction"] == "mean" and not per_sample else 1
    mean = draft["mean_gradients"]
    of_samples = n_samples if mean or draft["reduction"] != "sum" else 1
    loss = terms(draft["loss"], outputs, t).sum() / (of_neurons * of_samples)
    loss.backward()
    per_sample_factor = n_samples if mean else 1
    found = {"loss": loss.detach().numpy()}
    for place, (before, weights, biases, z, y) in (("last", layers[-1]), ("first", layers[0])):
        values = {"dz": z.grad, "dinputs": before.grad} | ({"upstream": y.grad} if place == "last" else {})
        found |= {f"{place}.{name}": per_sample_factor * value.numpy() for name, value in values.items()}
        found |= {f"{place}.dweights": weights.grad.numpy(), f"{place}.dbiases": biases.grad.numpy()}
    return found


def main() -> None:
    """Write the numbers of all problems, one after the other, in the order of their names."""
    numbers = [value.ravel() for seed in range(N_PROBLEMS) for value in gradients(any_problem(seed)).values()]
    np.savez_compressed(FILE, numbers=np.concatenate(numbers).astype(np.float64))


if __name__ == "__main__":
    main()
