"""The formula of a quantity for whole matrices, in the words and the layout of the problem: `dz @ weights.T`."""

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import AXES, NOUNS, Factor, Node, Product


def matrix_form(problem: Problem, node: Node) -> str:
    """Return the formula of a node in matrix form; a value of another layer has its place: `layers[1].dinputs`."""
    if problem.given(node) is not None:
        return "as given"
    if node.quantity == "upstream" and problem.loss is None:
        return problem.place(*problem.origin(*node))
    text = ""
    for product in problem.products(node):
        sign = " - " if product.sign < 0 else " + " if text else ""
        text += sign + _product_form(problem, node, product)
    divisor = problem.divisor(node)
    if divisor == 1:
        return text
    is_simple = " @ " in text or text.startswith("sum of ") or text.isidentifier()
    return f"{text} / {divisor}" if is_simple else f"({text}) / {divisor}"


def _product_form(problem: Problem, node: Node, product: Product) -> str:
    factors, axes = product.factors, problem.axes(node.quantity)
    if factors[0].second:
        return _of_loss(problem, node, factors[0])
    if len(factors) > 1 and len(factors[1].axes) > 2:
        derivative = problem.layers[node.layer].activation.derivative_written
        upstream, z = (_named(problem, node, factor) for factor in factors)
        return f"{upstream} @ {derivative.format(z=z)}, for each sample"
    if not product.summed:
        return " * ".join(_with_function(problem, node, factor) for factor in factors)
    if len(factors) == 1:
        over = " and ".join(f"{NOUNS[axis]}s" for axis in product.summed)
        return f"sum of {_named(problem, node, factors[0])} over {over}"
    left, right = factors if axes[0] in AXES[factors[0].name] else factors[::-1]
    row, column = (
        _named(problem, node, factor) + ("" if problem.axes(factor.name) == wanted else ".T")
        for factor, wanted in ((left, (axes[0], *product.summed)), (right, (*product.summed, axes[1])))
    )
    return f"{row} @ {column}"


def _of_loss(problem: Problem, node: Node, factor: Factor) -> str:
    """Return the loss, its gradient, or its gradient with respect to z where that has a stable form."""
    loss, matched = problem.loss, problem.matched(node.layer)
    assert loss is not None, "its functions are in the products"  # noqa: S101
    name, bracket, parameter = loss.name.partition("(")
    # upstream stands at the top, dz in its layer
    y = _named(problem, node, factor) if node.quantity == "dz" else problem.place(node.layer, "outputs")
    if node.quantity == "loss":
        return f"sum of {name}({y}, targets{', ' * bool(bracket)}{parameter.removesuffix(')')})"
    if factor.function != "m'" or matched is None:
        return loss.gradient_written.format(y=y, t="targets")
    if problem.targets is not None and loss.targets_note(problem.targets) is None:  # the short form of textbooks
        is_logarithm = problem.layers[node.layer].activation.name == "log_softmax"
        return f"{'softmax(z)' if is_logarithm else 'outputs'} - targets"
    return matched.dz_written.format(z=y, t="targets")


def _named(problem: Problem, node: Node, factor: Factor) -> str:
    """Return the name of the value that is a factor of a node: upstream may be the dinputs of the next layer."""
    origin = problem.origin(node.layer, factor.name)
    return origin.quantity if origin.layer == node.layer else problem.place(*origin)


def _with_function(problem: Problem, node: Node, factor: Factor) -> str:
    activation = problem.layers[node.layer].activation
    templates = {"": "{z}", "f": activation.value_written, "f'": activation.derivative_written}
    return templates[factor.function].format(z=_named(problem, node, factor))
