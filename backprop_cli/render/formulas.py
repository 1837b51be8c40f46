"""The formula of a quantity for whole matrices, in the words and the layout of the problem: `dz @ weights.T`."""

from backprop_cli.core.activations import Activation
from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, NOUNS, OF_THE_LOSS, Factor, Node, Product
from backprop_cli.core.written import Difference, difference, divided, sums_to_one, value_in_one


def matrix_form(problem: Problem, node: Node) -> str:
    """Return the formula of a node in matrix form, in the words and the layout of the problem: `dz @ weights.T`.

    A value of another layer has its place: `layers[1].dinputs`.
    """
    if problem.given(node) is not None:
        return "as given"
    if node.quantity == "upstream" and problem.loss is None:
        return problem.place(*problem.origin(*node))
    text, found = "", difference(problem, node)
    if found is not None:
        text = _difference_form(problem, node, found)
    else:
        for product in problem.products(node):
            sign = " - " if product.sign < 0 else " + " if text else ""
            text += sign + _product_form(problem, node, product)
    divisor = problem.divisor(node)
    return text if divisor == 1 else divided(text, divisor)


def _difference_form(problem: Problem, node: Node, found: Difference) -> str:
    of = _named(problem, node, Factor("outputs" if found.is_outputs else found.of, (), ""))
    probability = of if found.is_outputs else found.probability.value_written.format(z=of)
    if found.probability.couples and not sums_to_one(found.targets):
        probability += " * (sum of targets over neurons)"
    return f"{probability} - targets"


def _product_form(problem: Problem, node: Node, product: Product) -> str:
    factors, axes = product.factors, problem.axes(node.quantity)
    activation, last = problem.layers[node.layer].activation, factors[-1]
    if last.function and last.second:
        text = _of_the_loss(problem, node, last)
    elif last.function and activation.couples:
        text = _of_each_sample(problem, node, product)
    elif len(factors) == 1 or not product.summed:
        text = " * ".join(_with_function(factor, _named(problem, node, factor), activation) for factor in factors)
    else:
        left, right = factors if axes[0] in AXES[factors[0].name] else factors[::-1]
        row, column = (
            _named(problem, node, factor) + ("" if problem.axes(factor.name) == wanted else ".T")
            for factor, wanted in ((left, (axes[0], *product.summed)), (right, (*product.summed, axes[1])))
        )
        return f"{row} @ {column}"
    if not product.summed or (last.function and activation.couples and not last.second):
        return text
    return f"sum of {text} over {' and '.join(f'{NOUNS[axis]}s' for axis in product.summed)}"


def _of_the_loss(problem: Problem, node: Node, factor: Factor) -> str:
    """Return the loss function, or its derivative, of outputs and targets."""
    outputs = _named(problem, node, factor._replace(name="outputs"))
    loss = problem.loss
    assert loss is not None, "there is no such node without one"  # noqa: S101
    template = loss.gradient_written if factor.function == "l'" else value_in_one(loss)
    return template.format(y=outputs, t="targets")


def _of_each_sample(problem: Problem, node: Node, product: Product) -> str:
    """Return the formula of an activation that couples the neurons of a sample, or of its derivative."""
    *others, last = product.factors
    name, z = problem.layers[node.layer].activation.name, _named(problem, node, last)
    if not others:
        return f"{name}({z}) for each sample"
    upstream = _named(problem, node, others[0])
    is_turned = problem.axes("z") != AXES["z"]
    return (f"{name}'({z}).T @ {upstream}" if is_turned else f"{upstream} @ {name}'({z})") + " for each sample"


def _named(problem: Problem, node: Node, factor: Factor) -> str:
    """Return the name of the value that is a factor of a node: upstream may be the dinputs of the next layer."""
    origin = problem.origin(node.layer, factor.name)
    is_of_layer = origin.layer == node.layer and node.quantity not in OF_THE_LOSS
    return origin.quantity if is_of_layer else problem.place(*origin)


def _with_function(factor: Factor, name: str, activation: Activation) -> str:
    templates = {"": "{z}", "f": activation.value_written, "f'": activation.derivative_written}
    return templates[factor.function].format(z=name)
