"""Wrong derivatives in some of several layers: forgotten, or taken at other values; the other layers are right."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from backprop_cli.checks.candidates import with_backward, z_in_place_of_outputs
from backprop_cli.checks.evidence import Candidate, Case
from backprop_cli.core.activations import Activation
from backprop_cli.core.arrays import Array
from backprop_cli.messages import listed


class _Wrong(NamedTuple):
    """One wrong derivative: what it is called, its formula, and the activations that it strikes."""

    text: str
    formula: Callable[[Activation, Array, Array], Array]
    strikes: Callable[[Activation], bool]


def _at_outputs(activation: Activation, upstream: Array, z: Array) -> Array:
    outputs = activation.value(z)
    return activation.backward(upstream, outputs, activation.value(outputs))


def _any(_activation: Activation) -> bool:
    return True


_FORGOTTEN = _Wrong("the derivative of {} forgotten in {}: dz = upstream", lambda _f, upstream, _z: upstream, _any)
_OTHERS = (
    _Wrong("the derivative of {} taken at the outputs, not at z, in {}", _at_outputs, _any),
    _Wrong(
        "z in place of outputs in the derivative of {}, in {}",
        z_in_place_of_outputs,
        lambda f: f.backward_of_outputs is not None,
    ),
    _Wrong(
        "the outputs in place of the derivative of {} in {}: dz = upstream * outputs",
        lambda f, upstream, z: upstream * f.value(z),
        _any,
    ),
)


def derivative_in_some_layers(case: Case) -> Iterator[Candidate]:
    """Yield what follows from a wrong derivative in one of several layers, or in all but the last.

    Mistakes that are made in all layers, and the derivative of the last one that is forgotten, have rows of their own.
    """
    found = list(_in_some_layers(case))
    for candidate in found:
        yield replace(candidate, tries=len(found))


def _in_some_layers(case: Case) -> Iterator[Candidate]:
    layers, last = case.solution.problem.layers, len(case.solution.problem.layers) - 1
    for wrong in (_FORGOTTEN, *_OTHERS):
        struck = [i for i in range(case.node.layer, last + 1) if _strikes(wrong, layers[i].activation)]
        if len(struck) < 2:
            continue
        hidden = [i for i in struck if i < last]
        alone = {case.solution.problem.layer_title(i): [i] for i in (hidden if wrong is _FORGOTTEN else struck)}
        for where, chosen in {**alone, "the hidden layers": hidden * (1 < len(hidden) < len(struck))}.items():
            names = dict.fromkeys(layers[i].activation.name for i in chosen)
            formulas = {i: partial(wrong.formula, layers[i].activation) for i in chosen}
            if chosen:
                yield from with_backward(case, wrong.text.format(listed(names), where), formulas)


def _strikes(wrong: _Wrong, activation: Activation) -> bool:
    return bool(activation.reads) and wrong.strikes(activation)
