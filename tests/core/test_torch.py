"""2,000 random problems of every kind, compared with PyTorch's autograd: `tests.make_torch_goldens_losses`."""

import numpy as np

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.core.solve import solve
from backprop_cli.load.schema import build
from tests.any_problem import any_problem
from tests.conftest import ROOT, sized

NAMES = ("dz", "dinputs", "dweights", "dbiases")
N_PROBLEMS = 2_000


def golden_order(problem: Problem) -> list[Node]:
    """Return what the golden file holds of a problem, in its order."""
    last = len(problem.layers) - 1
    of_last = [Node(last, name) for name in ("loss", "dz", "dinputs", "upstream", "dweights", "dbiases")]
    return of_last + [Node(0, name) for name in NAMES]


@sized("n_problems", 200, N_PROBLEMS)
def test_every_activation_loss_and_convention_agrees_with_pytorch(n_problems: int) -> None:
    with np.load(ROOT / "tests" / "data" / "torch" / "losses.npz") as golden:
        numbers = golden["numbers"]
    at = 0
    for seed in range(n_problems):
        problem = build(any_problem(seed))
        solution = solve(problem, [node for node in problem.nodes if not node.quantity.startswith("new_")])
        for node in golden_order(problem):
            value = problem.as_written(node.quantity, solution.layers[node.layer].computed[node.quantity])
            expected = numbers[at : at + value.size].reshape(value.shape)
            at += value.size
            scale = max(1e-3, float(np.abs(expected).max()))
            assert np.abs(value - expected).max() <= 1e-10 * scale, (seed, node)
    assert (at == numbers.size) == (n_problems == N_PROBLEMS)
