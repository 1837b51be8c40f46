"""Make `tests/data/torch`: networks, and what PyTorch's autograd computes of them in narrow types.

Needs PyTorch (`pip install torch`), which no test needs: `python -m tests.make_torch_goldens`.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch  # type: ignore[import-not-found]

FOLDER = Path(__file__).parent / "data" / "torch"
NETWORKS = {  # name: (type, sizes, samples)
    "float32_30_layers": (torch.float32, [16] * 31, 4),
    "float32_60_layers": (torch.float32, [8] * 61, 4),
    "float16_2_layers": (torch.float16, [16, 8, 4], 64),
    "bfloat16_2_layers": (torch.bfloat16, [16, 8, 4], 64),
}


def main() -> None:
    """Write a problem and its gradients for each network; numbers of narrow types are stored as float32."""
    for seed, (name, (kind, sizes, n_samples)) in enumerate(NETWORKS.items()):
        generator = torch.Generator().manual_seed(seed)
        problem, expected = dict[str, np.ndarray](), dict[str, np.ndarray]()

        def normal(*shape: int, scale: float = 1.0) -> torch.Tensor:
            numbers = scale * torch.randn(*shape, generator=generator)  # noqa: B023 (called in this turn only)
            return numbers.to(kind).requires_grad_()  # noqa: B023

        def store(target: dict[str, np.ndarray], key: str, tensor: torch.Tensor | None) -> None:
            assert tensor is not None
            target[key] = tensor.detach().to(torch.float32).numpy()

        inputs = outputs = normal(n_samples, sizes[0])
        layers = []
        for i, (n_inputs, n_neurons) in enumerate(pairwise(sizes)):
            weights, biases = normal(n_neurons, n_inputs, scale=(2 / n_inputs) ** 0.5), normal(n_neurons, scale=0.1)
            z = torch.nn.functional.linear(outputs, weights, biases)
            z.retain_grad()
            layers.append((weights, biases, z))
            outputs = z if i == len(sizes) - 2 else torch.relu(z)
        upstream = normal(n_samples, sizes[-1])
        outputs.backward(upstream.detach())
        store(problem, "inputs", inputs)
        store(problem, "upstream", upstream)
        problem["weight_layout"] = np.array("out-in")
        for i, (weights, biases, z) in enumerate(layers):
            store(problem, f"layers.{i}.weights", weights)
            store(problem, f"layers.{i}.biases", biases)
            if i == len(layers) - 1:
                problem[f"layers.{i}.activation"] = np.array("linear")
            for key, tensor in {"z": z, "dz": z.grad, "dweights": weights.grad, "dbiases": biases.grad}.items():
                store(expected, f"layers.{i}.{key}", tensor)
        store(expected, "layers.0.dinputs", inputs.grad)
        np.savez_compressed(FOLDER / f"{name}.npz", **problem)  # type: ignore[arg-type]
        expected["weight_layout"] = np.array("out-in")
        np.savez_compressed(FOLDER / f"{name}_expected.npz", **expected)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
