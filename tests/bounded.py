"""A reference: backpropagation in decimals of 60 digits or more, where each number has the error that float64 may have.

It shares no code with the package: activations are those of `sixty_digits`, losses and chain rule are textbook forms.

The error that an entry may have is 1e-12 of the sum of the absolute terms of its formula, plus what the errors of its
operands change, plus two subnormal steps for each term and for each derivative. An exact operand (a parameter, a
target, z) has no error. Where the operand of a log, a quotient or a sign may be on either side of 0, the error is
`UNKNOWN`: any number may result.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from tests import sixty_digits
from tests.sixty_digits import ONE, expm1, log1p

# A term of a mean may be rounded twice among subnormal numbers: as a product, and divided.
UNIT, STEP, UNKNOWN = Decimal("1e-12"), Decimal(2) ** -1073, Decimal("1e100000")
ZERO = Decimal()


class Number(NamedTuple):
    value: Decimal
    error: Decimal = ZERO


Row = list[Number]
Matrix = list[Row]
# The terms of the loss of one sample, and its gradient with respect to the outputs y, from y and the targets t
Losses = Callable[[Sequence[Number], Sequence[Number]], tuple[Row, Row]]
NOTHING, UNITY = Number(ZERO), Number(ONE)


def rounded(*terms: Decimal, operands: Decimal = ZERO) -> Number:
    """Return a sum of exact terms, to which the errors of operands add a number."""
    return Number(sum(terms, ZERO), UNIT * sum(map(abs, terms), ZERO) + STEP + operands)


def sum_of_products(pairs: Iterable[tuple[Number, Number]]) -> Number:
    value, error = ZERO, ZERO
    for a, b in pairs:
        value += a.value * b.value
        error += UNIT * abs(a.value * b.value) + abs(a.value) * b.error + abs(b.value) * a.error + a.error * b.error
        error += STEP if a.value and b.value else ZERO
    return Number(value, error)


def product(a: Number, b: Number) -> Number:
    return sum_of_products([(a, b)])


def difference(a: Number, b: Number) -> Number:
    return sum_of_products([(a, UNITY), (b, Number(-ONE))])


def quotient(a: Number, b: Number) -> Number:
    if abs(b.value) <= b.error:
        return Number(a.value / b.value if b.value else ZERO, UNKNOWN)
    ratio = a.value / b.value
    return rounded(ratio, operands=(a.error + abs(ratio) * b.error) / (abs(b.value) - b.error))


def log_one_minus(a: Number) -> Number:
    rest = 1 - a.value
    if rest <= a.error:
        return Number(ZERO, UNKNOWN)
    return rounded(log1p(-a.value), operands=-log1p(-a.error / rest))


def log(a: Number) -> Number:
    if a.value <= a.error:
        return Number(ZERO, UNKNOWN)
    return rounded(a.value.ln(), operands=-log1p(-a.error / a.value))


def sigmoid(x: Number) -> Number:
    y = sixty_digits.sigmoid(x.value)
    return rounded(y, operands=y * sixty_digits.sigmoid(-x.value) * expm1(x.error))


def softplus(x: Number) -> Number:
    return rounded(sixty_digits.softplus(x.value), operands=sixty_digits.sigmoid(x.value) * expm1(x.error))


def negative(x: Number) -> Number:
    return Number(-x.value, x.error)


def squared(y: Sequence[Number], t: Sequence[Number]) -> tuple[Row, Row]:
    d = [difference(*pair) for pair in zip(y, t, strict=True)]
    return [product(x, x) for x in d], [product(Number(2 * ONE), x) for x in d]


def half_squared(y: Sequence[Number], t: Sequence[Number]) -> tuple[Row, Row]:
    terms, gradient = squared(y, t)
    return [product(Number(ONE / 2), x) for x in terms], [product(Number(ONE / 2), x) for x in gradient]


def absolute(y: Sequence[Number], t: Sequence[Number]) -> tuple[Row, Row]:
    terms, gradient = [], []
    for a, b in zip(y, t, strict=True):
        d = difference(a, b)
        terms.append(Number(abs(d.value), d.error))
        is_known = abs(d.value) > a.error or a.error == 0  # an exact output has the right sign
        gradient.append(Number(Decimal(int(d.value > 0) - int(d.value < 0)), ZERO if is_known else UNKNOWN))
    return terms, gradient


def huber(delta: Decimal) -> Losses:
    def losses(y: Sequence[Number], t: Sequence[Number]) -> tuple[Row, Row]:
        terms, gradient = [], []
        for a, b in zip(y, t, strict=True):
            d = difference(a, b)
            size = Number(abs(d.value), d.error)
            is_inside = size.value <= delta
            line = sum_of_products([(Number(delta), size), (Number(-delta), Number(delta / 2))])
            terms.append(product(Number(ONE / 2), product(d, d)) if is_inside else line)
            side = delta if d.value > 0 else -delta
            error = UNIT * delta if size.value - d.error > delta else d.error
            gradient.append(d if is_inside else Number(side, error))
        return terms, gradient

    return losses


def binary_cross_entropy(y: Sequence[Number], t: Sequence[Number]) -> tuple[Row, Row]:
    """A term with the factor 0 is left out."""
    terms, gradient = [], []
    for a, b in zip(y, t, strict=True):
        rest, other = Number(1 - a.value, a.error), Number(1 - b.value)
        logs = [(b, log(a))] * bool(b.value) + [(other, log_one_minus(a))] * bool(other.value)
        terms.append(negative(sum_of_products(logs)))
        parts = [quotient(negative(b), a)] * bool(b.value) + [quotient(other, rest)] * bool(other.value)
        gradient.append(sum_of_products((UNITY, part) for part in parts))
    return terms, gradient


def of_sigmoid(y: Sequence[Number], t: Sequence[Number]) -> tuple[Row, Row]:
    terms, gradient = [], []
    for a, b in zip(y, t, strict=True):
        other = Number(1 - b.value)
        terms.append(sum_of_products([(b, softplus(negative(a))), (other, softplus(a))]))
        gradient.append(sum_of_products([(sigmoid(a), other), (negative(sigmoid(negative(a))), b)]))
    return terms, gradient


def cross_entropy(y: Sequence[Number], t: Sequence[Number]) -> tuple[Row, Row]:
    pairs = list(zip(y, t, strict=True))
    terms = [negative(product(b, log(a))) if b.value else NOTHING for a, b in pairs]
    return terms, [quotient(negative(b), a) if b.value else NOTHING for a, b in pairs]


def of_softmax(y: Sequence[Number], t: Sequence[Number]) -> tuple[Row, Row]:
    """An error d of y[k] changes log p[j] by (1 - p[j]) d where j is k, else by p[k] d, to first order."""
    x, n = [a.value for a in y], range(len(y))
    p, logs = sixty_digits.softmax(x), sixty_digits.log_softmax(x)
    others = [sum((p[k] for k in n if k != j), ZERO) for j in n]
    moved = [others[j] * y[j].error + sum((p[k] * y[k].error for k in n if k != j), ZERO) for j in n]
    probabilities = [rounded(p[j], operands=p[j] * moved[j]) for j in n]
    terms = [product(t[j], rounded(-logs[j], operands=moved[j])) if t[j].value else NOTHING for j in n]
    gradient = [
        sum_of_products(
            [(probabilities[j], t[k]) for k in n if k != j] + [(negative(t[j]), probabilities[k]) for k in n if k != j]
        )
        for j in n
    ]
    return terms, gradient


def likelihood(y: Sequence[Number], t: Sequence[Number]) -> tuple[Row, Row]:
    return [negative(product(b, a)) for a, b in zip(y, t, strict=True)], [negative(b) for b in t]


LOSSES: dict[str, Losses] = {
    "squared_error": squared,
    "half_squared_error": half_squared,
    "absolute_error": absolute,
    "huber(1)": huber(ONE),
    "huber(0.25)": huber(ONE / 4),
    "binary_cross_entropy": binary_cross_entropy,
    "binary_cross_entropy_with_logits": of_sigmoid,
    "cross_entropy": cross_entropy,
    "cross_entropy_with_logits": of_softmax,
    "nll": likelihood,
}
OF_SAMPLES = ("cross_entropy", "cross_entropy_with_logits", "nll")
MATCHED: dict[tuple[str, str], Losses] = {
    ("sigmoid", "binary_cross_entropy"): of_sigmoid,
    ("softmax", "cross_entropy"): of_softmax,
    ("log_softmax", "nll"): of_softmax,
}
VALUES: dict[str, Callable[[Decimal], Decimal]] = {
    **sixty_digits.VALUES,
    "leaky_relu(0.25)": lambda x: x if x > 0 else x / 4,
    "elu(2)": lambda x: x if x > 0 else 2 * expm1(x),
}
DERIVATIVES: dict[str, Callable[[Decimal], tuple[Decimal, ...]]] = {
    **sixty_digits.DERIVATIVES,
    "leaky_relu(0.25)": lambda x: (ONE if x > 0 else ONE / 4,),
    "elu(2)": lambda x: (ONE if x > 0 else 2 * x.exp(),),
}
COUPLED = {"softmax": sixty_digits.softmax, "log_softmax": sixty_digits.log_softmax}
EXACT = ("relu", "linear")


def numbers(matrix: Any) -> Matrix:
    return [[Number(Decimal(float(x))) for x in row] for row in matrix]


def activated(name: str, z: Sequence[Number]) -> Row:
    """Return the outputs of exact z of one sample."""
    if name in COUPLED:
        return [rounded(y) for y in COUPLED[name]([x.value for x in z])]
    y = [VALUES[name](x.value) for x in z]
    return [Number(value) for value in y] if name in EXACT else [rounded(value) for value in y]


def through_activation(name: str, z: Sequence[Number], upstream: Sequence[Number]) -> Row:
    """Return dz of exact z of one sample."""
    if name in COUPLED:
        jacobian = sixty_digits.jacobian(name, [x.value for x in z])
        columns = zip(*jacobian, strict=True)
        return [
            sum_of_products((u, Number(d, STEP)) for u, d in zip(upstream, column, strict=True)) for column in columns
        ]
    rows = zip(upstream, z, strict=True)
    return [sum_of_products((u, Number(term, STEP)) for term in DERIVATIVES[name](x.value)) for u, x in rows]


def pre_activations(inputs: Matrix, layer: dict[str, Any]) -> Matrix:
    """Return z of a layer, with parameters as a problem file holds them."""
    weights, (biases,) = numbers(layer["weights"]), numbers([layer["biases"]])
    columns = list(zip(*weights, strict=True))
    return [
        [
            sum_of_products([*zip(row, column, strict=True), (UNITY, bias)])
            for column, bias in zip(columns, biases, strict=True)
        ]
        for row in inputs
    ]


def backpropagate(problem: dict[str, Any], zs: Sequence[Any], targets: Any) -> dict[tuple[int, str], Matrix]:
    """Return the quantities of a problem by layer and name; a vector or a number is one row.

    The outputs of a layer follow from its exact pre-activations in zs, float64 (n_samples, n_neurons) for each layer;
    z is computed apart from them. Targets are (n_samples, n_neurons).
    """
    found: dict[tuple[int, str], Matrix] = {}
    inputs = [numbers(problem["inputs"])]
    z = [numbers(matrix) for matrix in zs]
    for i, layer in enumerate(problem["layers"]):
        found[i, "z"] = pre_activations(inputs[i], layer)
        found[i, "outputs"] = [activated(layer["activation"], row) for row in z[i]]
        inputs.append(found[i, "outputs"])
    last = len(z) - 1
    name, loss, t = problem["layers"][last]["activation"], problem["loss"], numbers(targets)
    divisor = divided_by(problem, len(t), len(t[0]))
    samples = [LOSSES[loss](y, row) for y, row in zip(inputs[-1], t, strict=True)]
    upstream = [scaled(gradient, divisor) for _, gradient in samples]
    found[last, "upstream"] = upstream
    matched = MATCHED.get((name, loss))
    if matched is not None:
        samples = [matched(*rows) for rows in zip(z[last], t, strict=True)]
    found[last, "loss"] = [scaled([sum_of_products((UNITY, x) for terms, _ in samples for x in terms)], divisor)]
    for i in reversed(range(len(z))):
        layer, rows = problem["layers"][i], zip(z[i], upstream, strict=True)
        dz = [through_activation(layer["activation"], *pair) for pair in rows]
        if matched is not None and i == last:
            dz = [scaled(gradient, divisor) for _, gradient in samples]
        found |= {(i, quantity): value for quantity, value in gradients(inputs[i], layer, dz).items()}
        upstream = found[i, "dinputs"]
    return found


def gradients(inputs: Matrix, layer: dict[str, Any], dz: Matrix) -> dict[str, Matrix]:
    weights = numbers(layer["weights"])
    columns, features = list(zip(*dz, strict=True)), list(zip(*inputs, strict=True))
    return {
        "dz": dz,
        "dinputs": [[sum_of_products(zip(row, w, strict=True)) for w in weights] for row in dz],
        "dweights": [[sum_of_products(zip(x, d, strict=True)) for d in columns] for x in features],
        "dbiases": [[sum_of_products((UNITY, x) for x in column) for column in columns]],
    }


def divided_by(problem: dict[str, Any], n_samples: int, n_neurons: int) -> int:
    """Return what `reduction` divides by: `mean` is over all entries, or over samples where a loss is of samples."""
    of_neurons = 1 if problem["loss"] in OF_SAMPLES else n_neurons
    return {"sum": 1, "batch_mean": n_samples, "mean": n_samples * of_neurons}[problem["reduction"]]


def scaled(row: Sequence[Number], divisor: int) -> Row:
    return [product(x, Number(ONE / divisor)) for x in row]
