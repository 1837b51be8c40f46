"""What would have to be given before a value could be computed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from backprop_cli.core.problem import Problem
from backprop_cli.core.quantities import Node
from backprop_cli.messages import listed

__all__ = ["Missing", "missing_input"]

_MOST_NEEDS = 8  # in a message: a deep network may lack something in every layer
_MOST_KEPT = 64  # of one value: otherwise the work would grow with the square of the number of layers


@dataclass(frozen=True)
class Missing:
    """What would have to be given before a value could be computed."""

    needs: tuple[str, ...]  # the places of all of it, or of the first
    z: str | None = None  # the place of a z that could be given instead of some needs
    for_z: tuple[str, ...] = ()  # those needs
    cut: bool = False  # whether there are more needs

    def passed_on(self, operand: Node, user: Node, problem: Problem) -> "Missing":
        """Return what `user` lacks because it takes `operand`, which lacks this: a z may be given, too."""
        if operand.quantity == "z":
            return replace(self, z=problem.place(*operand), for_z=self.needs)
        # Only the z of the user's own layer is offered as an alternative.
        is_own = operand.layer == user.layer and operand.quantity != "outputs"
        return self if is_own or self.z is None else Missing(self.needs, cut=self.cut)

    @staticmethod
    def of_all(lacking: Sequence["Missing"]) -> "Missing":
        """Return what a value lacks whose operands lack `lacking`."""
        through_z = next((missing for missing in lacking if missing.z is not None), None)
        needs = tuple(dict.fromkeys(need for missing in lacking for need in missing.needs))
        cut = len(needs) > _MOST_KEPT or any(missing.cut for missing in lacking)
        needs = needs[:_MOST_KEPT]
        if through_z is None:
            return Missing(needs, cut=cut)
        for_others = {need for missing in lacking if missing is not through_z for need in missing.needs}
        return Missing(needs, through_z.z, tuple(need for need in through_z.for_z if need not in for_others), cut)

    def words(self) -> str:
        """Return what is missing as text: `weights, z (or inputs and biases)`."""
        for_z = set(self.for_z)
        others = [need for need in self.needs if need not in for_z]
        if self.z is not None and self.for_z:
            others.append(f"{self.z} (or {listed(self._shortened(self.for_z))})")
        return ", ".join(self._shortened(others))

    def _shortened(self, needs: Sequence[str]) -> Sequence[str]:
        """Return needs as they are, or the first few and the number of the others."""
        if len(needs) <= _MOST_NEEDS:
            return needs
        more = f"{len(needs) - _MOST_NEEDS + 1} more"
        return [*needs[: _MOST_NEEDS - 1], f"at least {more}" if self.cut else more]


def missing_input(problem: Problem, node: Node) -> Missing:
    """Return what is missing where a value that cannot be computed was not given."""
    if node.quantity == "upstream" and isinstance(problem.upstream, str):  # "ones", of a size that is not known
        if problem.n_samples is None:
            return Missing(("inputs or z, for the number of samples",))
        return Missing((f"{problem.place(node.layer, 'weights')}, for the number of neurons",))
    if node.quantity == "upstream" and problem.targets is not None:
        return Missing(("loss (or upstream)",))
    return Missing((problem.place(*node),))
