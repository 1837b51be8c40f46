"""Make `tests/data/*.safetensors`: files that the safetensors package wrote of what PyTorch computed.

Needs PyTorch and safetensors (`pip install torch safetensors`), which no test needs:
`python -m tests.make_safetensors_goldens`. Made with PyTorch 2.13.0 and safetensors 0.8.0.
"""

from pathlib import Path

import torch  # type: ignore[import-not-found]
from safetensors.torch import save_file  # type: ignore[import-not-found]

DATA = Path(__file__).parent / "data"
SIZES = (4, 4, 3)  # the first layer is square, so that a wrong layout of its weights still fits
N_SAMPLES = 6
TYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
TYPES += [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint64, torch.uint32, torch.uint16, torch.uint8]
UPPER_HALVES = (0x0000, 0x0001, 0x007F, 0x0080, 0x3F7F, 0x7F7E, 0x7F7F)  # zero, subnormal, normal, the largest
LOWER_HALVES = (0x0000, 0x0001, 0x7FFF, 0x8000, 0x8001, 0xFFFF)  # 0x8000: a tie


def make_sequential(name: str, kind: torch.dtype) -> None:
    """Write a Sequential's state_dict, its gradients under the same names, its inputs and its targets.

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
    save_file({"inputs": inputs}, DATA / f"{name}_inputs.safetensors")
    save_file({"targets": targets}, DATA / f"{name}_targets.safetensors")


def make_types() -> None:
    """Write a tensor of every type, and a remark in the metadata."""
    numbers = torch.tensor([[0, 1, 2], [3, 100, 127]])
    tensors = {str(kind).removeprefix("torch."): numbers.to(kind) for kind in TYPES}
    save_file(tensors, DATA / "types.safetensors", {"remark": 'a "text", \u2202\u00e9\n'})


def make_rounded() -> None:
    """Write float32 numbers of every kind, and what they are in bfloat16."""
    generator = torch.Generator().manual_seed(16)
    patterns = [0x3F80_0000 + (upper << 16) + lower for upper in range(4) for lower in LOWER_HALVES]  # around 1
    patterns += [(upper << 16) + lower for upper in UPPER_HALVES for lower in LOWER_HALVES]
    patterns += torch.randint(0, 2**31, (200,), generator=generator).tolist()
    numbers = torch.tensor(patterns, dtype=torch.int32).view(torch.float32)
    numbers = numbers[~numbers.isnan()]
    numbers = torch.cat([numbers, -numbers])
    save_file({"float32": numbers, "bfloat16": numbers.to(torch.bfloat16)}, DATA / "bfloat16.safetensors")


def main() -> None:
    """Write the files."""
    make_sequential("sequential", torch.float32)
    make_sequential("sequential_bfloat16", torch.bfloat16)
    make_types()
    make_rounded()


if __name__ == "__main__":
    main()
