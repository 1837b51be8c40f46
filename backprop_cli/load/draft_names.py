"""The names in which a problem is written: what they change about its activations, its errors and its results."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from backprop_cli.core.activations import DEFAULT_ACTIVATION
from backprop_cli.core.names import FRAMEWORKS, Convention, Names, Naming
from backprop_cli.core.places import PLACE
from backprop_cli.core.problem import Problem
from backprop_cli.errors import InputError
from backprop_cli.load.files import named, shown
from backprop_cli.load.foreign_names import Read, convention_of, in_our_names
from backprop_cli.load.foreign_results import result_in_our_names, usual
from backprop_cli.messages import counted

__all__ = ["DraftNames", "answers_in_our_names", "naming_file", "spread"]

_INDEX = re.compile(r"(?:\[\d+\])*$")
_SETTINGS = ("weight_layout", "samples", "mean_gradients")
_COMMA = re.compile(r",(?![^(]*\))")  # not inside brackets


@dataclass(frozen=True, eq=False, repr=False)
class DraftNames:
    """The names in which a draft is written, and which its results have."""

    file: str | None = None
    convention: Convention | None = None  # that the file may be written in; None where there are only the names here
    naming: Naming | None = None  # the names that the file is written in, if these are not the ones here
    keys: Mapping[str, str] = field(default_factory=dict)  # by place here, the key in the file

    @classmethod
    def read(cls, draft: dict[str, Any], names: Names | None, path: str | None) -> tuple[dict[str, Any], "DraftNames"]:
        """Return a draft in the names here, whatever names it is written in, and what is known about these.

        Raises:
            InputError: With the file: its names are mixed, or leave out a layer.
        """
        with naming_file(path):
            convention = convention_of(draft, names)
            if convention is None:
                return draft, cls()
            if path is None:  # nothing is written in the names here: the arrays are as the convention has them
                return {key: getattr(convention, key) for key in _SETTINGS}, cls(None, convention)
            found = in_our_names(draft, convention)
            return _draft(found), cls(shown(path), convention, found.naming, found.keys)

    def add_activations(self, draft: Mapping[str, Any]) -> tuple[str, ...]:
        """Add the activations that the convention has to layers without one, and return a note that says so.

        A draft in the names here has its own default.
        """
        if self.convention is None or (self.file is not None and self.naming is None):
            return ()
        layers = draft["layers"] if self.naming is not None and self.naming.layers else [draft]
        usual = [DEFAULT_ACTIVATION] * (len(layers) - 1) + [self.convention.last_activation]
        missing = [(layer, name) for layer, name in zip(layers, usual, strict=True) if "activation" not in layer]
        for layer, name in missing:
            layer["activation"] = name
        file = "" if self.file is None else f"{self.file}: "
        names = ", ".join(name for _, name in missing)
        return (f"{file}no activation is given, and {names} is taken (--activation names another)",) if missing else ()

    def translated(self, error: InputError) -> InputError:
        """Return an error whose places have the names in the file."""
        for place, key in self.keys.items() if error.hint is not None else ():
            if place.startswith("layers["):
                error.hint = str(error.hint).replace(place, key)
        for place in filter(None, (error.rival, error.place)):
            whole = _INDEX.sub("", place)
            of_layers = "activation" if self.naming is not None and whole.endswith(".activation") else None
            found = self.keys.get(whole) or of_layers
            if found is not None:
                before, after = r"(?<![\w.])", r"(?!\w)"
                error.reason = found.join(re.split(before + re.escape(whole) + after, error.reason))
                error.place = found + place[len(whole) :] if place == error.place else error.place
        return error

    def named(self, problem: Problem, names: Names | None) -> Problem:
        """Return a problem whose results have the names of its file, or those that are asked for.

        Its expected values have the names here.

        Raises:
            InputError: The names of the expected values are mixed.
        """
        if self.convention is None:
            return problem
        convention = FRAMEWORKS[names] if names is not None else self.convention
        own = self.naming or usual(self.convention, problem)
        naming = own if convention is self.convention else usual(convention, problem)
        problem = replace(problem, naming=naming, own_naming=self.naming)
        binary = tuple(_place_in(place, naming) for place in problem.binary)
        return replace(problem, expected=result_in_our_names(problem.expected, problem, own), binary=binary)


def answers_in_our_names(tree: dict[str, Any], problem: Problem) -> dict[str, Any]:
    """Return a result, or a copy of a problem with expected values, in the names here.

    It may be in the names of the problem's results, or in those that it says itself.

    Raises:
        InputError: Names are mixed, there is no such layer, or a value is given twice.
    """
    is_written = "names" in tree and "weight_layout" in tree  # as in every result of `run`
    convention = convention_of(tree, None if problem.naming is None else problem.naming.convention.name)
    if convention is None:
        return tree
    naming = problem.naming
    if naming is None or naming.convention is not convention:
        naming = usual(convention, problem)
    if "expected" not in tree:
        return result_in_our_names(tree, problem, naming, is_written=is_written)
    draft = _draft(in_our_names(tree, convention))
    if isinstance(draft["expected"], dict):
        draft["expected"] = result_in_our_names(draft["expected"], problem, naming)
    return draft


def _draft(found: Read) -> dict[str, Any]:
    """Return a draft whose layers have the activations that its file gives at the top."""
    draft = found.draft
    if found.naming is not None and "activation" in draft and found.naming.layers:
        _give_to_layers(draft, draft.pop("activation"))
    return draft


def _place_in(place: str, naming: Naming) -> str:
    found = PLACE.fullmatch(place)
    return place if found is None else naming.place(int(found["layer"] or 0), found["quantity"])


@contextmanager
def naming_file(path: str | None) -> Iterator[None]:
    """Add the name of a problem's file, if it has one, to every InputError of the block that names no file yet."""
    with nullcontext() if path is None else named(path):
        yield


def _give_to_layers(draft: Mapping[str, Any], written: Any) -> None:
    """Give the activations at the top of a draft to its layers: one for all, or a text or list of as many."""
    is_list = isinstance(written, list) and all(isinstance(text, str) for text in written)
    try:
        for layer, each in zip(
            draft["layers"], spread(",".join(written) if is_list else written, len(draft["layers"])), strict=True
        ):
            layer["activation"] = each
    except ValueError as error:
        raise InputError(str(error), place="activation") from None


def spread(written: Any, n_layers: int) -> list[Any]:
    """Return the activation of each layer: one for all, or as many as there are, with commas between.

    Raises:
        ValueError: There are others than one, and not as many as layers.
    """
    each = [part.strip() for part in _COMMA.split(written)] if isinstance(written, str) else [written]
    if len(each) not in (1, n_layers):
        raise ValueError(f"expected one activation, or one for each of {counted(n_layers, 'layer')}, got {len(each)}")
    return each * n_layers if len(each) == 1 else each
