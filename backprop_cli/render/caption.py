"""The words in a picture of a network: its title, its description, and the caption with the key to its lines."""

from collections.abc import Collection, Iterable, Iterator

from backprop_cli.explanations.picture import Layer, Picture
from backprop_cli.messages import clean, counted
from backprop_cli.render.columns import MARGIN
from backprop_cli.render.drawing import Box, Curve, Drawing, Item, Text, fitted, text_width, wrapped

__all__ = ["caption", "empty_drawing", "of_boxes", "over_samples", "sized", "title_lines", "write_sentences"]

_LINE = 16.0
_TITLE_LINE, _MOST_TITLE_LINES = 20.0, 2
_KEY_HEIGHT = 46.0


def empty_drawing(picture: Picture, width: float) -> Drawing:
    """Return a drawing with nothing in it but its title and its description, for readers who do not see it."""
    parts = []
    for layer in picture.layers:
        name = "" if layer.title == "inputs" else f"{layer.title}: "
        parts.append(name + ", ".join(filter(None, [sized(layer), layer.function])))
    return Drawing(width=width, title=picture.title or "Network", description="; ".join(parts) + ".")


def sized(layer: Layer) -> str:
    """Return the number of units of a layer with their noun; an empty text for the loss."""
    if layer.title == "loss":
        return ""
    noun = "input" if layer.title == "inputs" else "neuron"
    return f"{noun}s of unknown number" if layer.size is None else counted(layer.size, noun)


def over_samples(picture: Picture) -> str:
    """Return what the gradient of a parameter is if there are several samples: ` (sum over 3 samples)`."""
    if picture.n_samples == 1:
        return ""
    return f" ({'mean' if picture.means else 'sum'} over {picture.n_samples} samples)"


def title_lines(drawn: Drawing, picture: Picture, top: float) -> float:
    """Draw the title of the problem, if it has one, and return the y below it."""
    if picture.title is None:
        return top
    width = drawn.width - 2 * MARGIN
    lines = wrapped(clean(picture.title), "title", width)
    if len(lines) > _MOST_TITLE_LINES:
        lines[_MOST_TITLE_LINES - 1 :] = [" ".join(lines[_MOST_TITLE_LINES - 1 :])]
    texts = [
        Text(x=MARGIN, y=top + 13 + k * _TITLE_LINE, text=fitted(line, "title", width), role="title", anchor="start")
        for k, line in enumerate(lines)
    ]
    drawn.items.append(Item(texts=tuple(texts)))
    return top + len(lines) * _TITLE_LINE + 10


def caption(drawn: Drawing, picture: Picture, top: float, *, is_labelled: bool) -> None:
    """Draw the key and the sentences of a caption, and set the height of the drawing."""
    units = [unit for layer in picture.layers for unit in layer.units]
    ports = {port.name for unit in units for port in unit.ports if is_labelled or port.name == "target"}
    drawn.items += _key(top, ports, has_inactive=any(unit.inactive for unit in units))
    write_sentences(drawn, _sentences(picture, is_labelled=is_labelled), top + _KEY_HEIGHT)


def write_sentences(drawn: Drawing, sentences: Iterable[str], y: float) -> None:
    """Draw sentences below y, and set the height of the drawing."""
    for sentence in sentences:
        for line in wrapped(sentence, "note", drawn.width - 2 * MARGIN):
            y += _LINE
            drawn.items.append(Item(texts=(Text(x=MARGIN, y=y, text=line, role="note", anchor="start"),)))
    drawn.height = y + MARGIN


def _key(top: float, ports: Collection[str], *, has_inactive: bool) -> Iterator[Item]:
    x, y = MARGIN, top + _KEY_HEIGHT / 2
    width = text_width("gradient", "gradient") + 16
    yield Item(
        curves=(Curve(points=((x, y), (x + width, y))),),
        texts=(
            Text(x=x + width / 2, y=y - 4.5, text="value", role="value"),
            Text(x=x + width / 2, y=y + 12, text="gradient", role="gradient"),
        ),
    )
    x += width + 24 + 24
    yield Item(
        kind="unit",
        curves=(Curve(points=((x - 16, y), (x + 16, y))),),
        boxes=(Box(x=x, y=y, width=48, height=44, radius=22),),
        texts=(
            Text(x=x, y=y - 5, text="z", role="value"),
            Text(x=x, y=y + 13, text="dz", role="gradient"),
        ),
    )
    x += 24 + 20
    if "bias" in ports:
        letter = Text(x=x + 6.5, y=y + 3.5, text="b", role="name")
        yield Item(kind="edge", boxes=(Box(x=x + 6.5, y=y, width=13, height=13, radius=6.5),), texts=(letter,))
        yield Item(texts=(Text(x=x + 18, y=y + 4, text="bias", role="note", anchor="start"),))
        x += 60
    if "target" in ports:
        yield Item(texts=(Text(x=x, y=y + 4, text="t", role="name", anchor="start"),))
        yield Item(texts=(Text(x=x + 9, y=y + 4, text="target", role="note", anchor="start"),))
        x += 64
    if has_inactive:
        yield Item(kind="unit", inactive=True, boxes=(Box(x=x + 22, y=y, width=40, height=30, radius=15),))
        yield Item(texts=(Text(x=x + 48, y=y + 4, text="inactive", role="note", anchor="start"),))


def of_boxes(picture: Picture) -> Iterator[str]:
    """Yield the sentences below boxes."""
    yield from _step(picture)
    yield from _upstream(picture)
    if any(layer.size is None for layer in picture.layers):
        yield "The number of neurons of a layer is not known, and so none are drawn."
    else:
        yield "The inputs and neurons are too many to be drawn one by one with their numbers."


def _sentences(picture: Picture, *, is_labelled: bool) -> Iterator[str]:
    yield "Above a line: a value. Below it: the gradient of the loss with respect to it."
    if picture.n_samples > 1:
        yield f"Numbers of sample {picture.sample} of {picture.n_samples} (counted from 0); {_of_all(picture)}."
    yield from _step(picture)
    yield from _upstream(picture)
    if not is_labelled:
        yield "The numbers of weights and biases are too many to be shown beside the lines."


def _of_all(picture: Picture) -> str:
    loss = "the loss is that of all samples, " if picture.layers[-1].title == "loss" else ""
    if picture.means:
        parameters = "the gradients of weights and biases are means over all samples"
        return f"{loss}{parameters}, and the others are those of the loss of this sample"
    return f"{loss}{'and ' if loss else ''}the gradients of weights and biases are sums over all samples"


def _step(picture: Picture) -> Iterator[str]:
    if picture.step[1] > 1:
        yield f"Step {picture.step[0]} of {picture.step[1]}."


def _upstream(picture: Picture) -> Iterator[str]:
    if picture.upstream is not None:
        rule = {"outputs": "the outputs themselves", "ones": "1 everywhere"}.get(picture.upstream, "given")
        yield f"The gradient with respect to the outputs of the last layer is {rule}."
