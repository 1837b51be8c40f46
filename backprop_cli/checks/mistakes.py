"""Common mistakes in backpropagation, one row for each.

A row has the quantities that the mistake can change, and computes their wrong values. A mistake explains expected
values if it leads to exactly them, within the tolerance, and if other causes hardly do (`evidence`). The comment above
a row says where the mistake was seen, if that is public.
"""

from collections.abc import Mapping
from typing import NamedTuple

from backprop_cli.checks import wrong_losses, wrong_means
from backprop_cli.checks.candidates import (
    BACKWARD,
    BIASES,
    GRADIENTS,
    MATRICES,
    STEPPED,
    UPSTREAM,
    Candidates,
    another_learning_rate,
    backward_with,
    beyond_kinks,
    has_mask,
    of_another_layer,
    scaled,
    solved_with,
    transposed,
    weights_after_update,
)
from backprop_cli.checks.evidence import Case, enough
from backprop_cli.checks.follows import Forward
from backprop_cli.checks.tolerance import Accepted
from backprop_cli.core.expected import Expected
from backprop_cli.core.quantities import OF_THE_LOSS, Node
from backprop_cli.core.rules import Rule
from backprop_cli.core.solution import Solution

FROM_UPSTREAM, FROM_LOSS = (*UPSTREAM, *BACKWARD), (*OF_THE_LOSS, *BACKWARD)
PARAMETERS = ("dweights", "dbiases", *STEPPED)


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
    case = Case(solution=solution, node=node, accepted=accepted, expected=expected or {})
    found = [list(mistake.candidates(case)) for mistake in MISTAKES if node.quantity in mistake.strikes]
    n_tried = sum(bool(candidates) for candidates in found)
    agreeing = [candidate for candidates in found for candidate in candidates if case.agrees(candidate.value)]
    if not agreeing:
        return ()
    forward = Forward(solution, expected or {})
    if node.quantity in BACKWARD and forward.leads_to(case):
        return ()
    return tuple(
        candidate.description
        for candidate in agreeing
        if case.digits(candidate) >= enough(n_tried) and forward.allows(candidate, case)
    )


MISTAKES = (
    # torch.nn.Linear stores weights and their gradients as (n_neurons, n_inputs).
    Mistake("transposed", MATRICES, transposed),
    # This and the next: Udacity's course takes target - output and adds the step, where others subtract it.
    Mistake("sign", (*UPSTREAM, *GRADIENTS), scaled("the sign is turned round", -1)),
    Mistake("uphill", STEPPED, scaled("a step uphill: the gradient added, not subtracted", -1)),
    # D. V. Godoy, "Deep Learning with PyTorch Step-by-Step", p. 87: exactly twice after a second backward().
    Mistake("doubled", FROM_UPSTREAM, wrong_means.doubled),
    # DeepLearning.AI forum, topic 63071 (1/m in dZ1 and again in dW1); kvfrans/notes, issue 5 (d_b1 only).
    Mistake("divided by n_samples", FROM_LOSS, wrong_means.divided),
    Mistake("multiplied by n_samples", FROM_LOSS, wrong_means.multiplied),
    Mistake("1/n_samples twice", FROM_UPSTREAM, wrong_means.divided_again),
    Mistake("mean in one parameter", PARAMETERS, wrong_means.mean_in_one),
    # datascience.stackexchange, question 71843
    Mistake("factor of squares", FROM_LOSS, wrong_means.factor_of_squares),
    Mistake("entries for samples", FROM_LOSS, wrong_means.other_mean),
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
            "the {title}'s mask forgotten{always}",
            lambda _f, upstream, _z: upstream,
            has_mask,
        ),
    ),
    Mistake(
        "mask from upstream",
        BACKWARD,
        backward_with(
            "the {title}'s mask taken from the upstream gradient, not from z",
            lambda f, upstream, _z: upstream * f.derivative(upstream),
            has_mask,
        ),
    ),
    # Implementations differ in relu'(0): Bertoin et al., "Numerical influence of ReLU'(0) on backpropagation", 2021.
    Mistake(
        "derivative beyond the kink",
        BACKWARD,
        backward_with(
            "{derivative} = {beyond}, where it is {here}: z >= {kink} in place of z > {kink}",
            lambda f, upstream, z: upstream * f.derivative(beyond_kinks(f, z)),
        ),
    ),
    # torch.maximum(z, 0), which gives half of the gradient to each of two equal arguments.
    Mistake(
        "mean derivative at the kink",
        BACKWARD,
        backward_with(
            "{derivative} = {mean}, where it is {here}",
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
    Mistake("weights after the update", BACKWARD, weights_after_update),
    Mistake("another learning rate", STEPPED, another_learning_rate),
    Mistake("another layer", BACKWARD, of_another_layer),
    # Tests of softplus and SiLU in mlpack.
    Mistake("derivative at the outputs", BACKWARD, wrong_losses.derivative_at_outputs),
    # DeepLearning.AI forum, topic 31965
    Mistake("z for outputs", BACKWARD, wrong_losses.z_for_outputs),
    Mistake("outputs for the derivative", BACKWARD, wrong_losses.outputs_for_derivative),
    Mistake("last derivative forgotten", BACKWARD, wrong_losses.last_derivative_forgotten),
    # stats.stackexchange, question 235528
    Mistake("diagonal of the Jacobian", BACKWARD, wrong_losses.diagonal_alone),
    Mistake("combined derivative twice", FROM_UPSTREAM, wrong_losses.combined_twice),
    # datascience.stackexchange, question 64746
    Mistake("softmax twice", FROM_LOSS, wrong_losses.applied_twice),
    Mistake("no logarithm", FROM_LOSS, wrong_losses.no_logarithm),
    Mistake("classes from 1", FROM_LOSS, wrong_losses.shifted_classes),
    Mistake("loss forgotten", FROM_UPSTREAM, wrong_losses.loss_forgotten),
    # stats.stackexchange, question 188678: finite differences of the output.
    Mistake("derivative of the outputs", BACKWARD, wrong_losses.of_outputs),
)
