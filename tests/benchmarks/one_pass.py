"""The pass over 65,536 samples of 784 inputs through 512 neurons, against its matrix products, PyTorch and JAX."""

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np

from backprop_cli.core.blocks import evaluate
from backprop_cli.core.plan import plan
from backprop_cli.core.quantities import Node
from backprop_cli.core.rules import RULES
from backprop_cli.load.schema import build
from tests.benchmarks.measuring import ratio, seconds

SHAPE = (65_536, 784, 512)
BLOCKS = (512, 1024, 2048, 4096, 8192)


def layer(dtype: Any, shape: tuple[int, int, int] = SHAPE) -> tuple[Any, Any, Any, Any]:
    """Return inputs, weights, biases and an upstream gradient."""
    rng = np.random.default_rng(0)
    n_samples, n_inputs, n_neurons = shape
    shapes = ((n_samples, n_inputs), (n_inputs, n_neurons), (n_neurons,), (n_samples, n_neurons))
    inputs, weights, biases, upstream = (rng.standard_normal(size, dtype=np.float32).astype(dtype) for size in shapes)
    return inputs, weights / np.sqrt(n_inputs).astype(dtype), biases, upstream


def products(inputs: Any, weights: Any, upstream: Any, rows: int) -> Callable[[], None]:
    """Return an action that does nothing but the three matrix products, in blocks, into room that is there."""
    z, dinputs, dweights = (
        np.empty(shape, inputs.dtype) for shape in ((rows, weights.shape[1]), (rows, len(weights)), weights.shape)
    )

    def run() -> None:
        for start in range(0, len(inputs), rows):
            x, dz = inputs[start : start + rows], upstream[start : start + rows]
            np.matmul(x, weights, out=z[: len(x)])
            np.matmul(dz, weights.T, out=dinputs[: len(x)])
            np.matmul(x.T, dz, out=dweights)

    return run


def our_pass(draft: dict[str, Any], dtype: Any) -> Callable[[], None]:
    """Return an action that works out every quantity and keeps the gradients of the parameters and the step."""
    problem = build(draft, dtype=dtype)
    kept = [Node(0, name) for name in ("dweights", "dbiases", "new_weights", "new_biases")]

    def run() -> None:
        evaluate(problem, plan(problem, problem.nodes).order, kept, RULES)

    return run


def torch_pass(draft: dict[str, Any]) -> Callable[[], None]:
    """Return an action that does the same with PyTorch's autograd."""
    torch: Any = importlib.import_module("torch")
    x, w, b = (torch.tensor(draft[name], requires_grad=True) for name in ("inputs", "weights", "biases"))
    activation = getattr(torch, draft.get("activation", "relu"))
    upstream, targets = (torch.tensor(draft[name]) if name in draft else None for name in ("upstream", "targets"))

    def run() -> None:
        x.grad = w.grad = b.grad = None
        if targets is None:
            activation(x @ w + b).backward(upstream)
        else:
            torch.nn.functional.cross_entropy(x @ w + b, targets).backward()
        with torch.no_grad():
            _ = w - 0.001 * w.grad, b - 0.001 * b.grad

    return run


def classifier(draft: dict[str, Any]) -> dict[str, Any]:
    """Return the same layer with a softmax and cross-entropy, its targets as one-hot rows."""
    n_samples, n_neurons = draft["upstream"].shape
    targets = np.eye(n_neurons, dtype=draft["upstream"].dtype)[np.arange(n_samples) % n_neurons]
    kept = {name: draft[name] for name in ("inputs", "weights", "biases")}
    return kept | {"activation": "softmax", "loss": "cross_entropy", "reduction": "mean", "targets": targets}


def jax_pass(draft: dict[str, Any]) -> Callable[[], None]:
    """Return an action that does the same with JAX, compiled as one function."""
    jax: Any = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", draft["inputs"].dtype == np.float64)
    x, w, b, upstream = (jax.numpy.array(draft[name]) for name in ("inputs", "weights", "biases", "upstream"))

    def step(x: Any, w: Any, b: Any, upstream: Any) -> Any:
        _, backward = jax.vjp(lambda x, w, b: jax.nn.relu(x @ w + b), x, w, b)
        dinputs, dweights, dbiases = backward(upstream)
        return dinputs, dweights, dbiases, w - 0.001 * dweights, b - 0.001 * dbiases

    compiled = jax.jit(step)
    return lambda: jax.block_until_ready(compiled(x, w, b, upstream))


def main() -> None:
    """Print the ratios."""
    for dtype in ("float64", "float32"):
        inputs, weights, biases, upstream = layer(dtype)
        draft = {"inputs": inputs, "weights": weights, "biases": biases, "upstream": upstream}
        best = min(BLOCKS, key=lambda rows: min(seconds(products(inputs, weights, upstream, rows)) for _ in range(3)))
        name = f"the pass, {dtype} / its three products in blocks of {best}"
        ratio(name, our_pass(draft, dtype), products(inputs, weights, upstream, best), 1.05)
        if importlib.util.find_spec("torch"):
            ratio(f"the pass, {dtype} / PyTorch autograd", our_pass(draft, dtype), torch_pass(draft), 0.8)
            ours = draft | {"activation": "sigmoid"}
            ratio(f"the pass, {dtype}, sigmoid / PyTorch autograd", our_pass(ours, dtype), torch_pass(ours), 0.9)
            ours = classifier(draft)
            ratio(f"the pass, {dtype}, softmax and loss / PyTorch", our_pass(ours, dtype), torch_pass(ours), 0.9)
        if importlib.util.find_spec("jax"):
            ratio(f"the pass, {dtype} / JAX, compiled", our_pass(draft, dtype), jax_pass(draft), 1.0)
