"""Draw problems with friendly numbers: small integers and short decimals, whose results are short as well.

Each part is drawn such that it is likely to be fit (`layers`, `flow`). The whole is then measured by the conditions in
`conditions`, and drawn again where one fails. A larger set of numbers is used where that fails too often.
"""

from collections import Counter

from backprop_cli.core.problem import Problem
from backprop_cli.errors import UsageError
from backprop_cli.exercises.assembly import problem_of
from backprop_cli.exercises.conditions import CONDITIONS
from backprop_cli.exercises.drawn import Drawn
from backprop_cli.exercises.flow import draw_flow
from backprop_cli.exercises.layers import draw_inputs, draw_layer, plans
from backprop_cli.exercises.number_sets import NUMBER_SETS, NumberSet, Unfit
from backprop_cli.exercises.specification import Specification
from backprop_cli.exercises.stream import Stream

__all__ = ["friendly"]

_DRAWS = 60  # of each set of numbers, and more of the last one
_MORE = 300
_TOO_SMALL = 12  # draws with gradients that are too small, after which the next set is used


def friendly(spec: Specification) -> Problem:
    """Return a problem of fractions that meets every condition.

    Raises:
        UsageError: None was found; the message says which condition failed most.
    """
    stream, failed = Stream(spec.seed), Counter[str]()
    for number_set in NUMBER_SETS:
        too_small = failed["visible"] + _TOO_SMALL
        for _ in range(_MORE if number_set is NUMBER_SETS[-1] else _DRAWS):
            if failed["visible"] > too_small and number_set is not NUMBER_SETS[-1]:
                break
            try:
                problem = _draw(spec, stream, number_set)
            except Unfit as unfit:
                failed[unfit.condition] += 1
                continue
            drawn = Drawn(problem=problem, digits=spec.digits, rational=spec.rational)
            unmet = next((key for key, condition in CONDITIONS.items() if not condition.holds(drawn)), None)
            if unmet is None:
                return problem
            failed[unmet] += 1
    ((key, n),) = failed.most_common(1)
    reason = f"no friendly numbers were found in {failed.total()} draws: in {n} of them"
    raise UsageError(f"{reason} {CONDITIONS[key].sentence}", hint=CONDITIONS[key].hint)


def _draw(spec: Specification, stream: Stream, number_set: NumberSet) -> Problem:
    """Return a problem that may be fit.

    Raises:
        Unfit: No numbers were found for a part of it.
    """
    planned = plans(spec, stream)
    inputs = outputs = draw_inputs(spec, stream, number_set)
    layers = []
    for i in range(spec.n_layers):
        parameters, outputs = draw_layer(spec, stream, number_set, outputs, i, planned.layers[i])
        layers.append(parameters)
    return problem_of(spec, inputs, layers, draw_flow(spec, stream, number_set, outputs, planned.spare))
