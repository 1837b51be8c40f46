"""Common mistakes in backpropagation, one row for each.

A row has the quantities that the mistake can change, and computes their wrong values. A mistake explains expected
values if it leads to exactly them, within the tolerance, and if other causes hardly do (`evidence`). The comment above
a row says where the mistake was seen, if that is public.
"""

from collections.abc import Mapping
from typing import NamedTuple

from backprop_cli.checks.candidates import (
    BACKWARD,
    BIASES,
    GRADIENTS,
    MATRICES,
    STEPPED,
    Candidates,
    another_learning_rate,
    backward_with,
    beyond_kinks,
    of_another_layer,
    scaled,
    solved_with,
    transposed,
    update_first,
)
from backprop_cli.checks.evidence import Case, enough
from backprop_cli.checks.follows import Forward
from backprop_cli.checks.tolerance import Accepted
from backprop_cli.core.expected import Expected
from backprop_cli.core.quantities import Node
from backprop_cli.core.rules import Rule
from backprop_cli.core.solution import Solution


class Mistake(NamedTuple):
    """One mistake: the quantities that it can change, and the wrong values with a description of each."""

    name: str
    strikes: tuple[str, ...]
    candidates: Candidates


def matching_mistakes(
    accepted: Accepted, node: Node, solution: Solution, expected: Mapping[Node, Expected] | None = None
) -> tuple[str, ...]:
    """Return descriptions of the mistakes that lead to the expected values of a quantity.

    Args:
        accepted: Expected values that differ from the right ones.
        node: The quantity.
        solution: Everything that follows from the problem, in float64.
        expected: All expected values, among which wrong pre-activations may be the cause.
    """
    case = Case(solution=solution, node=node, accepted=accepted)
    tried = [mistake for mistake in MISTAKES if node.quantity in mistake.strikes]
    agreeing = [
        candidate for mistake in tried for candidate in mistake.candidates(case) if case.agrees(candidate.value)
    ]
    if not agreeing:
        return ()
    forward = Forward(solution, expected or {})
    if node.quantity in BACKWARD and forward.leads_to(case):
        return ()
    return tuple(
        candidate.description
        for candidate in agreeing
        if case.digits(candidate) >= enough(len(tried)) and forward.allows(candidate, case)
    )


MISTAKES = (
    # torch.nn.Linear stores weights and their gradients as (n_neurons, n_inputs).
    Mistake("transposed", MATRICES, transposed),
    # This and the next: Udacity's course takes target - output and adds the step, where others subtract it.
    Mistake("sign", GRADIENTS, scaled("the sign is turned round", lambda _n: -1)),
    Mistake("uphill", STEPPED, scaled("a step uphill: the gradient added, not subtracted", lambda _n: -1)),
    # D. V. Godoy, "Deep Learning with PyTorch Step-by-Step", p. 87: exactly twice after a second backward().
    Mistake(
        "doubled",
        BACKWARD,
        scaled("the gradient doubled, as when it is accumulated twice and not reset", lambda _n: 2),
    ),
    # DeepLearning.AI forum, topic 63071 (1/m in dZ1 and again in dW1); kvfrans/notes, issue 5 (d_b1 only).
    Mistake(
        "divided by n_samples",
        BACKWARD,
        scaled("the gradient divided by n_samples = {n}: a mean, not a sum", lambda n: 1 / n),
    ),
    Mistake("multiplied by n_samples", BACKWARD, scaled("the gradient multiplied by n_samples = {n}", lambda n: n)),
    Mistake(
        "not summed",
        BIASES,
        solved_with("dbiases not summed over samples: it is dz", dbiases=Rule(("dz",), lambda dz: dz)),
    ),
    Mistake(
        "wrong axis",
        BIASES,
        solved_with("dbiases summed over neurons, not over samples", dbiases=Rule(("dz",), lambda dz: dz.sum(axis=1))),
    ),
    Mistake(
        "mask forgotten",
        BACKWARD,
        backward_with(
            "the {title}'s mask forgotten (or taken from outputs >= {kink}, which always holds)",
            lambda _f, upstream, _z: upstream,
        ),
    ),
    Mistake(
        "mask from upstream",
        BACKWARD,
        backward_with(
            "the {title}'s mask taken from the upstream gradient, not from z",
            lambda f, upstream, _z: upstream * f.derivative(upstream),
        ),
    ),
    # Implementations differ in relu'(0): Bertoin et al., "Numerical influence of ReLU'(0) on backpropagation", 2021.
    Mistake(
        "derivative beyond the kink",
        BACKWARD,
        backward_with(
            "{f}'({kink}) = {beyond}, where it is {here}: z >= {kink} in place of z > {kink}",
            lambda f, upstream, z: upstream * f.derivative(beyond_kinks(f, z)),
        ),
    ),
    # torch.maximum(z, 0), which gives half of the gradient to each of two equal arguments.
    Mistake(
        "mean derivative at the kink",
        BACKWARD,
        backward_with(
            "{f}'({kink}) = {mean}, where it is {here}",
            lambda f, upstream, z: upstream * (f.derivative(z) + f.derivative(beyond_kinks(f, z))) / 2,
        ),
    ),
    Mistake(
        "weights untransposed",
        BACKWARD,
        solved_with(
            "dinputs as dz @ weights, not dz @ weights.T (square weights fit both ways)",
            out_in="dinputs as dz @ weights.T, not dz @ weights (square weights fit both ways)",
            dinputs=Rule(("dz", "weights"), lambda dz, weights: dz @ weights),
        ),
    ),
    # Stack Overflow, question 6013429; a worked example of RGU (Robert Gordon University) uses the new weights.
    Mistake(
        "weights after the update",
        BACKWARD,
        solved_with(
            "dinputs with the weights after the step, not before it",
            dinputs=Rule(("dz", "weights", "inputs", "learning_rate"), update_first),
        ),
    ),
    Mistake("another learning rate", STEPPED, another_learning_rate),
    Mistake("another layer", BACKWARD, of_another_layer),
)
