"""Common mistakes in backpropagation, one row for each.

A row has the quantities that the mistake can change, and computes their wrong values. A mistake explains expected
values if it leads to exactly them, within the tolerance, and if other causes hardly do (`evidence`). The comment above
a row says where the mistake was seen, if that is public.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from backprop_cli.checks import (
    wrong_biases,
    wrong_layers,
    wrong_layouts,
    wrong_losses,
    wrong_masks,
    wrong_means,
    wrong_products,
    wrong_steps,
)
from backprop_cli.checks.candidates import (
    BACKWARD,
    BIASES,
    GRADIENTS,
    MATRICES,
    STEPPED,
    UPSTREAM,
    backward_with,
    beyond_kinks,
    has_mask,
    of_another_layer,
    scaled,
    solved_with,
    transposed,
)
from backprop_cli.checks.common_factors import common_factor, factor_without_name
from backprop_cli.checks.evidence import Case
from backprop_cli.checks.matching import (
    AFTER_PAIRS,
    ALONE,
    LAST,
    LAYOUT,
    OF_BIASES,
    OF_DINPUTS,
    OF_DZ,
    OF_LOSS,
    OF_STEP,
    OF_SUMS,
    RARE,
    Mistake,
    explained,
)
from backprop_cli.checks.pairs import pairs
from backprop_cli.checks.tolerance import Accepted
from backprop_cli.core.arrays import Array
from backprop_cli.core.expected import Expected
from backprop_cli.core.quantities import OF_THE_LOSS, Node
from backprop_cli.core.rules import Rule
from backprop_cli.core.solution import Solution

FROM_UPSTREAM, FROM_LOSS = (*UPSTREAM, *BACKWARD), (*OF_THE_LOSS, *BACKWARD)
PARAMETERS = ("dweights", "dbiases", *STEPPED)
WEIGHTS = ("dweights", "new_weights")
EVERYTHING = ("z", "outputs", *FROM_LOSS)


def matching_mistakes(
    accepted: Accepted,
    node: Node,
    solution: Solution,
    expected: Mapping[Node, Expected] | None = None,
    told: Collection[str] = (),
) -> tuple[str, ...]:
    """Return descriptions of the mistakes that lead to the expected values of a quantity.

    Args:
        accepted: Expected values that differ from the right ones.
        node: The quantity.
        solution: Everything that follows from the problem, in float64.
        expected: All expected values, among which wrong pre-activations may be the cause.
        told: Descriptions of mistakes that explain other quantities: they need no more evidence.
    """
    case = Case(solution=solution, node=node, accepted=accepted, expected=expected or {})
    return explained(MISTAKES, case, pairs, told)


class Wrong(NamedTuple):
    """What a mistake makes of a quantity."""

    name: str  # of the row in the table
    description: str
    value: Array  # in the shape of the quantity, with its axes as the author writes them


def wrong_values(solution: Solution, node: Node, names: Collection[str] | None = None) -> Iterator[Wrong]:
    """Yield what each mistake of the table makes of a quantity, also where that is the right value.

    Left out are mistakes that follow from no problem alone, such as another learning rate, and values of another shape.

    Args:
        solution: Everything that follows from the problem, in float64.
        node: A quantity that was computed.
        names: The rows of the table to look at; all of them for None.
    """
    right = solution.layers[node.layer].computed[node.quantity]
    unknown = Expected(values=np.full(right.shape, np.nan), is_open=np.zeros(right.shape, bool))  # nothing fits NaN
    case = Case(solution=solution, node=node, accepted=Accepted(unknown, unknown.values, np.zeros(right.shape)))
    rows = [row for row in MISTAKES if node.quantity in row.strikes and (names is None or row.name in names)]
    for row in rows:
        for found in row.candidates(case):
            if found.value.shape == right.shape:
                yield Wrong(row.name, found.description, found.value)


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
        OF_SUMS,
    ),
    Mistake(
        "wrong axis",
        BIASES,
        solved_with("dbiases summed over neurons, not over samples", dbiases=Rule(("dz",), lambda dz: dz.sum(axis=1))),
        OF_SUMS,
    ),
    Mistake(
        "mask forgotten",
        BACKWARD,
        backward_with(
            "the {title}'s mask forgotten{always}",
            lambda _f, upstream, _z: upstream,
            has_mask,
        ),
        OF_DZ,
    ),
    Mistake(
        "mask from upstream",
        BACKWARD,
        backward_with(
            "the {title}'s mask taken from the upstream gradient, not from z",
            lambda f, upstream, _z: upstream * f.derivative(upstream),
            has_mask,
        ),
        OF_DZ,
    ),
    # Implementations differ in relu'(0): Bertoin et al., "Numerical influence of ReLU'(0) on backpropagation", 2021.
    Mistake(
        "derivative beyond the kink",
        BACKWARD,
        backward_with(
            "{derivative} = {beyond}, where it is {here}: z >= {kink} in place of z > {kink}",
            lambda f, upstream, z: upstream * f.derivative(beyond_kinks(f, z)),
        ),
        OF_DZ,
    ),
    # torch.maximum(z, 0), which gives half of the gradient to each of two equal arguments.
    Mistake(
        "mean derivative at the kink",
        BACKWARD,
        backward_with(
            "{derivative} = {mean}, where it is {here}",
            lambda f, upstream, z: upstream * (f.derivative(z) + f.derivative(beyond_kinks(f, z))) / 2,
        ),
        OF_DZ,
    ),
    Mistake(
        "weights untransposed",
        BACKWARD,
        solved_with(
            "dinputs as dz @ weights, not dz @ weights.T (square weights fit both ways)",
            out_in="dinputs as dz @ weights.T, not dz @ weights (square weights fit both ways)",
            dinputs=Rule(("dz", "weights"), lambda dz, weights: dz @ weights),
        ),
        OF_DINPUTS,
    ),
    # Stack Overflow, question 6013429; a worked example of RGU (Robert Gordon University) uses the new weights.
    Mistake("weights after the update", BACKWARD, wrong_steps.weights_after_update, OF_DINPUTS),
    Mistake("another learning rate", STEPPED, wrong_steps.another_learning_rate, OF_STEP),
    Mistake("another layer", BACKWARD, of_another_layer, ALONE),
    # Tests of softplus and SiLU in mlpack.
    Mistake("derivative at the outputs", BACKWARD, wrong_losses.derivative_at_outputs, OF_DZ),
    # DeepLearning.AI forum, topic 31965
    Mistake("z for outputs", BACKWARD, wrong_losses.z_for_outputs, OF_DZ),
    Mistake("outputs for the derivative", BACKWARD, wrong_losses.outputs_for_derivative, OF_DZ),
    Mistake("last derivative forgotten", BACKWARD, wrong_losses.last_derivative_forgotten, OF_DZ),
    # stats.stackexchange, question 235528
    Mistake("diagonal of the Jacobian", BACKWARD, wrong_losses.diagonal_alone, OF_DZ),
    Mistake("combined derivative twice", FROM_UPSTREAM, wrong_losses.combined_twice, OF_LOSS),
    # datascience.stackexchange, question 64746
    Mistake("softmax twice", FROM_LOSS, wrong_losses.applied_twice, OF_LOSS),
    Mistake("no logarithm", FROM_LOSS, wrong_losses.no_logarithm, OF_LOSS),
    Mistake("classes from 1", FROM_LOSS, wrong_losses.shifted_classes, OF_LOSS),
    Mistake("loss forgotten", FROM_UPSTREAM, wrong_losses.loss_forgotten, OF_LOSS),
    # stats.stackexchange, question 188678: finite differences of the output.
    Mistake("derivative of the outputs", BACKWARD, wrong_losses.of_outputs, OF_LOSS),
    # DeepLearning.AI forum, topic 119220
    Mistake("summed over everything", BIASES, wrong_products.summed_over_everything, OF_SUMS),
    # DeepLearning.AI, Natural Language Processing Specialization (an issue of its repository); pytorch, issue 2330
    Mistake("sum of dweights", BIASES, wrong_products.sum_of_dweights, OF_SUMS),
    Mistake("sum of inputs", BIASES, wrong_products.sum_of_inputs, OF_SUMS),
    # smile, issue 528
    Mistake("mask alone", BACKWARD, wrong_masks.mask_alone, OF_DZ, tier=RARE),
    Mistake("mask inverted", BACKWARD, wrong_masks.inverted_mask, OF_DZ, tier=RARE),
    Mistake("applied to dz", BACKWARD, wrong_masks.applied_to_dz, OF_DZ, tier=RARE),
    Mistake("mask of the inputs", BACKWARD, wrong_masks.mask_of_inputs, OF_DZ, tier=RARE),
    Mistake("outputs for dz", BACKWARD, wrong_masks.outputs_for_dz, OF_DZ, tier=RARE),
    Mistake("z for dz", BACKWARD, wrong_masks.z_for_dz, OF_DZ, tier=RARE),
    Mistake("derivative in some layers", BACKWARD, wrong_layers.derivative_in_some_layers, ALONE, tier=RARE),
    # huggingface/transformers, issue 4514
    Mistake("layout forgotten", EVERYTHING, wrong_layouts.layout_forgotten, LAYOUT),
    # DeepLearning.AI forum, topic 674897
    Mistake("samples in columns", EVERYTHING, wrong_layouts.samples_in_columns, LAYOUT),
    # BLAS, Fortran and MATLAB store columns: mratsim/Arraymancer, issue 158.
    Mistake("column by column", MATRICES, wrong_layouts.column_by_column, ALONE, tier=RARE),
    # DeepLearning.AI forum, topic 119220; apache/tvm, pull request 5695
    Mistake("elementwise dweights", WEIGHTS, wrong_products.elementwise_dweights, OF_SUMS),
    Mistake("elementwise dinputs", BACKWARD, wrong_products.elementwise_dinputs, OF_DINPUTS),
    Mistake("matrix product for dz", BACKWARD, wrong_products.matrix_product_for_dz, OF_DZ, tier=RARE),
    # DeepLearning.AI forum, topic 674897
    Mistake("inputs untransposed", WEIGHTS, wrong_products.inputs_untransposed, OF_SUMS),
    Mistake("z of the layer before", WEIGHTS, wrong_products.z_of_the_layer_before, OF_SUMS),
    # fast.ai forum, topic 107030
    Mistake("one sample", PARAMETERS, wrong_products.one_sample, OF_SUMS),
    Mistake("summed before the product", WEIGHTS, wrong_products.summed_before, OF_SUMS, tier=RARE),
    Mistake("signs alone", STEPPED, wrong_steps.signs_alone, OF_STEP, tier=RARE),
    Mistake("biases forgotten", EVERYTHING, wrong_biases.biases_forgotten, OF_BIASES),
    Mistake("biases doubled", EVERYTHING, wrong_biases.biases_doubled, OF_BIASES),
    # Andrew Ng, Machine Learning, notes 10 (2 and 4/m); ML-From-Scratch, issue 76
    Mistake("common factor", (*OF_THE_LOSS, *GRADIENTS), common_factor, ALONE, tier=LAST),
    Mistake("factor without a name", (*OF_THE_LOSS, *GRADIENTS), factor_without_name, ALONE, tier=AFTER_PAIRS),
    Mistake("exchanged", EVERYTHING, wrong_layouts.exchanged, ALONE, tier=LAST),
)
