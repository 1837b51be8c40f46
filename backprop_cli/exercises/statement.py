"""The statement of an exercise: sentences in plain text on the network, its loss, and what to compute."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from backprop_cli.core.activations import activation
from backprop_cli.core.formulas import matrix_form
from backprop_cli.core.losses import Loss
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import CHAIN_RULE, Node
from backprop_cli.core.written import value_in_one
from backprop_cli.explanations.conventions import conventions, signs
from backprop_cli.explanations.formulas import COUPLED, value_formula
from backprop_cli.explanations.worked import Matrix
from backprop_cli.messages import counted, listed

__all__ = ["is_of_backward", "statement", "to_digits"]

# What a quantity is, after its name; {of} is the name of the loss.
_MEANINGS = {
    "z": "the pre-activations",
    "outputs": "the outputs",
    "loss": "the value of {of}",
    "losses": "the value of {of} before {steps}",
    "upstream": "the gradient of {of} with respect to {outputs}",
    "new_weights": "the weights after the step, {step}",
    "new_biases": "the biases after the step, {step}",
}
_GRADIENT = "the gradient of {of} with respect to {by}"


def is_of_backward(node: Node) -> bool:
    """Tell whether a quantity is a gradient or an updated parameter."""
    return CHAIN_RULE[node.quantity].is_gradient or node.quantity.startswith("new_")


def statement(problem: Problem, asked: Mapping[Node, Matrix], digits: int) -> tuple[str, ...]:
    """Return the sentences of an exercise.

    Args:
        problem: The problem, at the step that is asked for.
        asked: What is asked for, in the order of work by hand.
        digits: The decimals of an answer.
    """
    lines = [*_network(problem), *_functions(problem), *_loss(problem), *_conventions(problem)]
    if any(map(is_of_backward, asked)):
        lines += _derivatives(problem)
    if any(node.quantity.startswith("new_") for node in asked):
        lines.append(f"The learning_rate is {str(problem.learning_rate).removesuffix('.0')}")
    lines += _tasks(problem, asked)
    meanings = signs(lines)
    lines.append(meanings.capitalize() if meanings.startswith("indices") else f"Signs: {meanings}")
    lines.append(f"Go on with unrounded numbers, and round each answer to {to_digits(digits)}")
    return tuple(f"{line}." for line in dict.fromkeys(lines))


def to_digits(digits: int) -> str:
    """Return what an answer is rounded to: `3 decimals`."""
    return counted(digits, "decimal") if digits else "a whole number"


def _network(problem: Problem) -> Iterator[str]:
    """Yield what each layer computes."""
    if problem.layered:
        yield f"The network has {counted(len(problem.layers), 'dense layer')}"
    for i, layer in enumerate(problem.layers):
        name = f"layers[{i}]" if problem.layered else "The dense layer"
        counts = ((layer.n_inputs, "input"), (layer.n_neurons, "neuron"))
        sizes = [counted(n, noun) for n, noun in counts if n is not None]
        has = f"{name} has {listed(sizes)}" if sizes else name
        z, outputs = (matrix_form(problem, Node(i, quantity)) for quantity in ("z", "outputs"))
        left, right = (_name(problem, i, quantity) for quantity in ("z", "outputs"))
        yield f"{has}: {f'{left} is given' if layer.z is not None else f'{left} = {z}'}, {right} = {outputs}"


def _name(problem: Problem, layer: int, quantity: str) -> str:
    """Return what a quantity of a layer is called in a sentence that names the layer, or holds for each layer."""
    return quantity if problem.naming is None else problem.place(*problem.origin(layer, quantity))


def _functions(problem: Problem) -> Iterator[str]:
    """Yield the formula of each activation that is only named in the rules."""
    for i, layer in enumerate(problem.layers):
        yield from value_formula(layer.activation)
        if layer.activation.couples:
            left = problem.entry(Node(i, "outputs"), ("n", "j"))
            yield f"{left} = {_coupled(problem, layer.activation.name, Node(i, 'z'))}"


def _coupled(problem: Problem, name: str, of: Node) -> str:
    own, each = (problem.entry(of, ("n", letter)) for letter in ("j", "k"))
    return COUPLED[name].format(own=own, each=each)


def _loss(problem: Problem) -> Iterator[str]:
    """Yield what the gradients are those of."""
    last, loss = Node(len(problem.layers) - 1, "outputs"), problem.loss
    outputs, upstream = problem.place(*last), problem.place(last.layer, "upstream")
    if loss is not None:
        rule = matrix_form(problem, Node(last.layer, "loss"))
        yield f"The loss L is {loss.title}{_reduced(problem, loss)}: L = {rule}"
        yield from _functions_of_loss(problem, loss, last)
        if problem.has_classes:
            entry = problem.entry(Node(last.layer, "targets"), ("n", "j"))
            yield f"{entry} is 1 if j is the class of sample n, else 0"
    elif isinstance(problem.upstream, np.ndarray):
        yield f"{upstream} is the gradient of a loss L with respect to {outputs}"
    elif problem.upstream == "outputs":
        yield f"The loss L is half the sum of the squared {outputs}: {upstream}, its gradient, is {outputs}"
    elif problem.upstream == "ones":
        yield f"The loss L is the sum of {outputs}: {upstream}, its gradient, is 1 everywhere"


def _reduced(problem: Problem, loss: Loss) -> str:
    if problem.reduction == "mean" and not loss.per_sample:
        return ", a mean over all entries"
    return "" if problem.reduction == "sum" and not problem.mean_gradients else ", a mean over samples"


def _functions_of_loss(problem: Problem, loss: Loss, outputs: Node) -> Iterator[str]:
    """Yield the functions in the rule of a loss."""
    written = loss.value_written.format(y="y", t="t")
    if (name := value_in_one(loss).format(y="y", t="t")) != written:
        yield f"{name} = {written}"
    if loss.probability and not loss.couples:
        yield from value_formula(activation(loss.probability))
    elif loss.probability:
        place, entry = problem.place(*outputs), problem.entry(outputs, ("n", "j"))
        left = entry.replace(place, f"{loss.probability}({place})")
        yield f"{left} = {_coupled(problem, loss.probability, outputs)}"
    if "log(" in written:
        yield "log is the natural logarithm"


def _conventions(problem: Problem) -> Iterator[str]:
    """Yield how samples and weights are written, and what is not as usual."""
    n_samples = problem.n_samples or 1  # known where anything can be computed
    yield f"There {'is' if n_samples == 1 else 'are'} {counted(n_samples, 'sample')}"
    if problem.samples_in == "rows":
        yield "Each row of inputs, outputs and their gradients is a sample"
    if any(layer.weights is not None for layer in problem.layers):
        is_in_out = problem.weight_layout == "in-out"
        yield f"Each row of weights belongs to {'an input' if is_in_out else 'a neuron'}"
    for line in conventions(problem):
        yield line if line.partition(",")[0] in CHAIN_RULE else line[:1].upper() + line[1:]


def _derivatives(problem: Problem) -> Iterator[str]:
    """Yield what the derivatives are where functions have none."""
    rows = {layer.activation.name: layer.activation for layer in problem.layers}
    for row in rows.values():
        for kink in row.kinks:
            yield f"The derivative of {row.title} at {kink:g} is {row.derivative(np.array([[kink]])).item():g}"
    if problem.loss is not None and problem.loss.kink_written:
        place = problem.place(len(problem.layers) - 1, "outputs")
        yield f"The derivative of {problem.loss.title} is {problem.loss.kink_written.format(y=place, t='targets')}"


def _tasks(problem: Problem, asked: Mapping[Node, Matrix]) -> Iterator[str]:
    """Yield what to compute: each quantity with its places and their shapes, and what it is."""
    outputs = problem.place(len(problem.layers) - 1, "outputs")
    for quantity in dict.fromkeys(node.quantity for node in asked):
        nodes = [node for node in asked if node.quantity == quantity]
        places = listed(f"{asked[node].place}{_shape(asked[node])}" for node in nodes)
        is_of_sample = problem.mean_gradients and "n" in CHAIN_RULE[quantity].axes
        meaning = _MEANINGS.get(quantity, _GRADIENT).format(
            of="the loss of each sample" if is_of_sample else "L",
            by=_listed_once(_name(problem, node.layer, quantity.removeprefix("d")) for node in nodes),
            step=_listed_once(_step(problem, node) for node in nodes) if quantity.startswith("new_") else "",
            outputs=outputs,
            steps="the step" if problem.steps == 1 else f"each of {problem.steps} steps",
        )
        yield f"Compute {places}: {meaning}"


def _step(problem: Problem, node: Node) -> str:
    name = node.quantity.removeprefix("new_")
    own, gradient = (_name(problem, node.layer, quantity) for quantity in (name, f"d{name}"))
    return f"{own} - learning_rate * {gradient}"


def _listed_once(names: Iterable[str]) -> str:
    return listed(dict.fromkeys(names))


def _shape(matrix: Matrix) -> str:
    """Return the shape of a matrix or list in brackets, and nothing for a number."""
    shape = matrix.values.shape
    if len(shape) == 1:
        return f" ({counted(shape[0], 'number')})"
    return f" ({shape[0]} x {shape[1]})" if shape else ""
