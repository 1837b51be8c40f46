"""The formats of `explain` that are pictures of the whole network: `svg` and `tikz`."""

from typing import Literal

from backprop_cli.cli.entries import Entry
from backprop_cli.cli.options import ExplainOptions
from backprop_cli.core.problem import Problem
from backprop_cli.errors import UsageError

FORMATS = ("svg", "tikz")


def refuse_for_pictures(options: ExplainOptions, entry: Entry | None) -> None:
    """Refuse an entry for a picture, and options of pictures for another format.

    Raises:
        UsageError: There is one.
    """
    is_picture = options.format in FORMATS
    if is_picture and entry is not None:
        raise UsageError(
            f"--format {options.format} draws the whole network, and takes no entry",
            hint="the other formats explain an entry",
        )
    if options.sample is not None and not is_picture:
        raise UsageError(f"--sample is for --format svg and tikz, got {options.format}")
    if options.standalone and options.format not in ("latex", "tikz"):
        raise UsageError(f"--standalone is for --format latex and tikz, got {options.format}")


def drawn(problem: Problem, output: Literal["svg", "tikz"], options: ExplainOptions) -> str:
    """Return the picture of a problem in a format.

    Raises:
        UsageError: There is no such sample.
        InputError: Nothing follows from what was given, or a result overflows.
    """
    from backprop_cli.explanations.picture import picture

    found = picture(problem, options.sample or 0)
    if output == "svg":
        from backprop_cli.render import svg

        return svg.picture(found, options.precision)
    from backprop_cli.render import tikz

    return tikz.picture(found, options.precision, standalone=options.standalone)
