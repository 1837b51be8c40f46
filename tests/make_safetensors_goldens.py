"""Make `tests/data/sequential*`: files that the safetensors package wrote of what PyTorch computed.

Needs PyTorch and safetensors (`pip install torch safetensors`), which no test needs:
`python -m tests.make_safetensors_goldens`. Made with PyTorch 2.13.0 and safetensors 0.8.0.
"""

import json
from pathlib import Path

import torch  # type: ignore[import-not-found]
from safetensors.torch import save_file  # type: ignore[import-not-found]

DATA = Path(__file__).parent / "data"
SIZES = (4, 4, 3)  # the first layer is square, so that a wrong layout of its weights still fits
N_SAMPLES = 6


def make_sequential(name: str, kind: torch.dtype) -> None:
    """Write a Sequential's state_dict, its gradients under the same names, and its inputs and targets as JSON.

    The loss is `MSELoss()`: the mean over all entries.
    """
    generator = torch.Generator().manual_seed(19)
    model = torch.nn.Sequential(torch.nn.Linear(*SIZES[:2]), torch.nn.ReLU(), torch.nn.Linear(*SIZES[1:])).to(kind)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    inputs = torch.randn(N_SAMPLES, SIZES[0], generator=generator).to(kind)
    targets = torch.randn(N_SAMPLES, SIZES[-1], generator=generator).to(kind)
    torch.nn.MSELoss()(model(inputs), targets).backward()
    save_file(model.state_dict(), DATA / f"{name}.safetensors")
    gradients = {key: parameter.grad for key, parameter in model.named_parameters()}
    save_file(gradients, DATA / f"{name}_grads.safetensors")
    for key, matrix in {"inputs": inputs, "targets": targets}.items():
        rows = matrix.to(torch.float64).tolist()  # float32 numbers, which JSON writes exactly
        (DATA / f"{name}_{key}.json").write_text(json.dumps(rows) + "\n", encoding="utf-8")


def main() -> None:
    """Write the files."""
    make_sequential("sequential", torch.float32)
    make_sequential("sequential_bfloat16", torch.bfloat16)


if __name__ == "__main__":
    main()
