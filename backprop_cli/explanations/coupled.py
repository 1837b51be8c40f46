"""The terms of activations that couple the neurons of a sample: outputs as a quotient, dz as a sum over neurons."""

from typing import TYPE_CHECKING

import numpy as np

from backprop_cli.core.activations import Activation, activation
from backprop_cli.core.arrays import Array
from backprop_cli.core.quantities import Node, Position
from backprop_cli.explanations.explanation import Term
from backprop_cli.explanations.sums import MOST_READ, Part, Ref, Sum, sample_name

if TYPE_CHECKING:
    from backprop_cli.explanations.terms import Entries

__all__ = ["dz_sum", "outputs_sum", "probability", "row_of"]

_LARGEST_EXPONENT = 600  # of exp: of float64, even sums of 1e48 of them do not overflow
_FEW = 3  # neurons whose exponentials are written out
_BLOCK = 2**22  # numbers of a derivative in memory
# The templates of an output, from z (less the largest one of the sample where exp would overflow) and a sum of exp.
_QUOTIENTS = {"softmax": "exp({z}) / ({sum})", "log_softmax": "{z} - log({sum})"}


def row_of(entries: "Entries", node: Node, at: Position) -> tuple[Ref, ...]:
    """Return the entries of the sample of an entry, or the entry alone if there are many."""
    n_neurons = entries.array(node).shape[1]
    neurons = range(n_neurons) if n_neurons <= MOST_READ else (at.j,)
    return tuple(entries.entry(node, (at.n, k)) for k in neurons)


def outputs_sum(entries: "Entries", node: Node, at: Position) -> Sum:
    """Return the one term of an output of softmax or log_softmax."""
    z = node._replace(quantity="z")
    f = entries.problem.layers[node.layer].activation
    row, own, value = entries.array(z)[at.n], entries.ref(z, at), entries.ref(node, at).value
    if value is None:
        value = f.value(row[None])[0, at.j]
    each, largest = entries.problem.entry(z, (at.n, "k")), row.max()
    factors: tuple[Ref, ...] = (own,)
    reads = row_of(entries, z, at)
    if np.abs(row).max() > _LARGEST_EXPONENT:
        less = f"max({sample_name(entries.problem, z, at.n)})"
        factors = (own, Ref(less, largest), Ref(f"sum over k of exp({each} - {less})", np.exp(row - largest).sum()))
        arguments = {"z": "{0} - {1}", "sum": "{2}"}
    elif len(row) <= _FEW:
        factors = (own, *reads)
        arguments = {"z": "{0}", "sum": " + ".join(f"exp({{{k}}})" for k in range(1, len(factors)))}
    else:
        factors = (own, Ref(f"sum over k of exp({each})", np.exp(row).sum()))
        arguments = {"z": "{0}", "sum": "{1}"}
    function = _QUOTIENTS[f.name].format(**arguments)
    part = Part(factors, Term(function=function), reads)
    return Sum(np.array([value]), np.zeros(1, bool), lambda _: part)


def dz_sum(entries: "Entries", node: Node, at: Position) -> Sum:
    """Return the terms of dz: upstream[n,k] times the derivative of outputs[n,k] by z[n,j], for every k."""
    problem, f = entries.problem, entries.problem.layers[node.layer].activation
    upstream, outputs = problem.origin(node.layer, "upstream"), node._replace(quantity="outputs")
    z = node._replace(quantity="z")
    derivatives = _derivatives(f, entries.array(z)[at.n], at.j)
    of_sample = sample_name(problem, z, at.n)

    def part(k: int) -> Part:
        record = Term(coefficient=float(derivatives[k]), derivative=f"{f.name}'({of_sample})[{k},{at.j}]")
        reads = (entries.entry(outputs, (at.n, k)), entries.entry(outputs, (at.n, at.j)))
        return Part((entries.entry(upstream, (at.n, k)),), record, reads)

    return Sum(entries.array(upstream)[at.n] * derivatives, np.zeros(len(derivatives), bool), part)


def probability(entries: "Entries", name: str, of: Node, at: Position) -> tuple[Ref, tuple[Ref, ...]]:
    """Return p(z) or p(outputs) at a position, for the activation p with a name, and the entries that it takes."""
    p = activation(name)
    value = p.value(entries.array(of)[at.n : at.n + 1])[0, at.j]
    if p.couples:
        reads = row_of(entries, of, at)
        return Ref(f"{name}({sample_name(entries.problem, of, at.n)})[{at.j}]", value), reads
    own = entries.ref(of, at)
    return Ref(p.value_written.format(z=own.name), value), (own,)


def _derivatives(f: Activation, row: Array, j: int) -> Array:
    """Return d outputs[k] / d z[j] for every k (n_neurons,), of the z of one sample (n_neurons,)."""
    n = len(row)
    step = max(_BLOCK // n, 1)
    blocks = []
    for start in range(0, n, step):
        rows = min(step, n - start)
        unit = np.eye(rows, n, start)
        z = np.broadcast_to(row, unit.shape).copy()
        blocks.append(f.backward(unit, z, f.value(z))[:, j])
    return np.concatenate(blocks)
