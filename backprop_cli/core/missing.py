"""What would have to be given before a value could be computed."""

from collections.abc import Sequence
from dataclasses import dataclass

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.messages import listed

_MOST_NEEDS = 8  # in words: a deep network may lack something in every layer


@dataclass(frozen=True)
class Missing:
    """What would have to be given before a value could be computed.

    `needs` are all of it; where part of that is only for a `z` of the same layer, which might be given in their place,
    `for_z` are those needs.
    """

    needs: tuple[str, ...]
    z: str | None = None
    for_z: tuple[str, ...] = ()

    def behind(self, node: Node, problem: Problem) -> "Missing":
        """Return what is missing for whatever takes this as an operand: a z may be given instead of computed."""
        if node.quantity == "z":
            return Missing(self.needs, z=problem.place(*node), for_z=self.needs)
        # Further on, only the nearest z is worth a word.
        return self if node.quantity not in ("outputs", "dinputs") else Missing(self.needs)

    @staticmethod
    def of_all(lacking: Sequence["Missing"]) -> "Missing":
        """Return what is missing where several operands are."""
        through_z = next((missing for missing in lacking if missing.z is not None), None)
        needs = tuple(dict.fromkeys(need for missing in lacking for need in missing.needs))
        if through_z is None:
            return Missing(needs)
        for_others = {need for missing in lacking if missing is not through_z for need in missing.needs}
        return Missing(needs, through_z.z, tuple(need for need in through_z.for_z if need not in for_others))

    def words(self) -> str:
        """Return what is missing as text: `weights, z (or inputs and biases)`."""
        others = [need for need in self.needs if need not in self.for_z]
        if self.z is not None and self.for_z:
            others.append(f"{self.z} (or {listed(_shortened(self.for_z))})")
        return ", ".join(_shortened(others))


def _shortened(needs: Sequence[str]) -> Sequence[str]:
    """Return needs as they are, or the first of very many and how many more there are."""
    return needs if len(needs) <= _MOST_NEEDS else [*needs[: _MOST_NEEDS - 1], f"{len(needs) - _MOST_NEEDS + 1} more"]
