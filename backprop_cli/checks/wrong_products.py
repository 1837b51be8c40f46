"""Wrong sums and products: over other axes, of other factors, entry by entry, of one sample alone, not transposed."""

from collections.abc import Callable, Iterator

import numpy as np

from backprop_cli.checks.candidates import chained, following, solved_with, with_backward
from backprop_cli.checks.evidence import Candidate, Case
from backprop_cli.checks.wrong_passes import value_of
from backprop_cli.core.arrays import Array
from backprop_cli.core.quantities import Node
from backprop_cli.core.rules import Rule

Product = Callable[[Array, Array], Array]


def summed_over_everything(case: Case) -> Iterator[Candidate]:
    """Yield the sum of all entries of dz: for each bias, and as one number in place of several."""
    text = "dbiases summed over everything, samples and neurons: a sum of dz without an axis"
    rule = Rule(("dz",), lambda dz: np.full(dz.shape[1], dz.sum()))
    for found in following(case, chained(case), text, {"dbiases": rule}):
        expected = case.accepted.expected
        if expected.size == 1 < found.value.size and case.node.quantity == "dbiases":
            yield Candidate(description=text, value=found.value[:1].reshape(expected.shape))
        else:
            yield found


sum_of_dweights = solved_with(
    "dbiases made of dweights, summed over the inputs, not of dz",
    dbiases=Rule(("inputs", "dz"), lambda inputs, dz: (inputs.T @ dz).sum(axis=0)),
)
sum_of_inputs = solved_with(
    "dbiases made of the inputs, summed over samples, not of dz",
    dbiases=Rule(("inputs", "dz"), lambda inputs, _dz: inputs.sum(axis=0)),
)


def _products(case: Case, name: str, operands: tuple[str, str], text: str, *formulas: Product) -> Iterator[Candidate]:
    """Yield what follows from wrong products of two matrices, where their shapes fit, each once."""
    seen: list[Array] = []
    for formula in formulas:
        for found in following(case, chained(case), text, {name: Rule(operands, _fitting(formula))}):
            if not any(np.array_equal(found.value, other) for other in seen):
                seen.append(found.value)
                yield found


def _fitting(formula: Product) -> Product:
    """Return a product of matrices that refuses shapes that NumPy would only spread."""

    def product(one: Array, other: Array) -> Array:
        result = formula(one, other)
        if result.shape not in (one.shape, one.T.shape) or result.shape not in (other.shape, other.T.shape):
            raise ValueError("the shapes differ")
        return result

    return product


def elementwise_dweights(case: Case) -> Iterator[Candidate]:
    """Yield dweights with an elementwise product for the matrix product."""
    text = "dweights as the elementwise product of inputs and dz, not their matrix product"
    products = (lambda x, dz: x.T * dz, lambda x, dz: x * dz, lambda x, dz: (x * dz).T, lambda x, dz: x * dz.T)
    return _products(case, "dweights", ("inputs", "dz"), text, *products)


def elementwise_dinputs(case: Case) -> Iterator[Candidate]:
    """Yield dinputs, and what follows from them, with an elementwise product for the matrix product."""
    text = "dinputs as the elementwise product of dz and weights, not their matrix product"
    products = (lambda dz, w: dz * w.T, lambda dz, w: dz * w, lambda dz, w: (dz * w.T).T, lambda dz, w: dz.T * w.T)
    return _products(case, "dinputs", ("dz", "weights"), text, *products)


def matrix_product_for_dz(case: Case) -> Iterator[Candidate]:
    """Yield dz as a matrix product of upstream and derivatives, where both are square."""
    layers = case.solution.problem.layers
    bent = {
        i: layer.activation
        for i, layer in enumerate(layers)
        if i >= case.node.layer
        and layer.activation.reads
        and not layer.activation.couples
        and layer.n_neurons == case.solution.problem.n_samples
    }

    def product(i: int) -> Product:
        return lambda upstream, z: upstream @ bent[i].derivative(z)

    if bent:
        text = "dz as the matrix product of upstream and the derivatives, not their elementwise product"
        yield from with_backward(case, text, {i: product(i) for i in bent})


def inputs_untransposed(case: Case) -> Iterator[Candidate]:
    """Yield dweights of inputs that are not transposed, where they are square."""
    text = "dweights as inputs @ dz, the inputs not transposed (square inputs fit both ways)"
    return _products(case, "dweights", ("inputs", "dz"), text, lambda x, dz: x @ dz)


def z_of_the_layer_before(case: Case) -> Iterator[Candidate]:
    """Yield dweights made of the pre-activations of the layer before, not of its outputs."""
    before, problem = case.node.layer - 1, case.solution.problem
    if before < 0 or not problem.layers[before].activation.reads:
        return
    z = value_of(problem, Node(before, "z"), case.rules)
    assert z is not None, "the outputs are made of it"  # noqa: S101
    place, x = problem.place(before, "z"), problem.as_written("z", z)
    text = f"dweights made of {place}, the pre-activations of the layer before, not of its outputs"
    yield from solved_with(text, dweights=Rule(("dz",), lambda dz: x.T @ dz))(case)


def one_sample(case: Case) -> Iterator[Candidate]:
    """Yield the gradients of the first and of the last sample alone."""
    n = case.solution.problem.n_samples or 1
    for k, name in ((n - 1, "last"), (0, "first")) if n > 1 else ():
        rules = {
            "dweights": Rule(("inputs", "dz"), lambda x, dz, k=k: np.outer(x[k], dz[k])),
            "dbiases": Rule(("dz",), lambda dz, k=k: dz[k]),
        }
        text = f"the gradient of the {name} sample alone, sample {k}, not the sum over all"
        yield from following(case, chained(case), text, rules)


def summed_before(case: Case) -> Iterator[Candidate]:
    """Yield the product of sums over samples in place of the sum of products."""
    n = case.solution.problem.n_samples or 1
    for factor, what in ((1.0, "inputs and dz summed"), (1 / n, "the mean of inputs, and dz summed")) if n > 1 else ():
        text = f"{what} over samples before their product, not after it"
        rule = Rule(("inputs", "dz"), lambda x, dz, k=factor: k * np.outer(x.sum(axis=0), dz.sum(axis=0)))
        yield from following(case, chained(case), text, {"dweights": rule})
