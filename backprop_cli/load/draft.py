"""The draft of a problem: the tree from which `load.schema` builds it, as a file for `--next` holds it."""

from typing import Any

import numpy as np

from backprop_cli.core.problem import Problem

__all__ = ["to_draft"]


def to_draft(problem: Problem) -> dict[str, Any]:
    """Return a draft from which `build` builds the same problem, in the layout in which it was written."""

    def written(name: str, array: Any) -> Any:
        return problem.as_written(name, array) if isinstance(array, np.ndarray) else array

    targets = problem.targets
    if targets is not None:
        targets = targets.argmax(axis=1) if problem.has_classes else written("targets", targets)
    layers = []
    for layer in problem.layers:
        weights, z = written("weights", layer.weights), written("z", layer.z)
        layers.append(_given(weights=weights, biases=layer.biases, z=z, activation=layer.activation.name))
    own = problem.conventions()
    return {
        **_given(title=problem.title, source=problem.source, inputs=written("inputs", problem.inputs)),
        **({"layers": layers} if problem.layered else layers[0]),
        **_given(samples=own.get("samples"), targets=targets, loss=own.get("loss_function")),
        **_given(reduction=own.get("reduction"), mean_gradients=own.get("mean_gradients")),
        **_given(upstream=written("upstream", problem.upstream), weight_layout=problem.weight_layout),
        **_given(learning_rate=problem.learning_rate, steps=own.get("steps")),
    }


def _given(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
