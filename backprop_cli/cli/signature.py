"""The signature of a command, made from the record of its options.

Each field is annotated with a Typer option or argument. The type of the field says how its value is validated, unless
the option has a parser: `Literal` is a choice, `int` and `float` are numbers from `min` to `max`, `str` is any text.
"""

import sys
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import Field, fields
from functools import cache, partial
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, TypeVar, get_args, get_origin

from typer.core import TyperCommand, TyperGroup
from typer.models import OptionInfo

from backprop_cli.cli import completion, values
from backprop_cli.cli.problem_options import CommonOptions, ProblemOptions
from backprop_cli.cli.streams import write_stderr
from backprop_cli.errors import ExitStatus, UsageError
from backprop_cli.messages import listed

Action: TypeAlias = Callable[[], Callable[[], ExitStatus]]  # loads what a command needs, and returns the call to make
_COMPLETION_HELP = {
    "install_completion": "Install completion for the current shell, or a named one: bash, zsh, fish.",
    "show_completion": "Print the completion script of the current shell, or a named one.",
}

_OF_THE_PROBLEM = "Options that make a problem, or override its file"

Options = TypeVar("Options", bound=CommonOptions)


def takes(record: type[Options]) -> Callable[[Callable[[], Callable[[Options], ExitStatus]]], Callable[..., Action]]:
    """Make a Typer command of a function that loads the command proper, which takes a record.

    The command returns an action, and `main` performs it. Inherited fields come last in the signature.
    """

    def decorate(load: Callable[[], Callable[[Options], ExitStatus]]) -> Callable[..., Action]:
        def command(**given: Any) -> Action:
            options = record(**given)

            def act() -> Callable[[], ExitStatus]:
                _check_stdin(options)
                return partial(load(), options)

            return act

        command.__signature__ = Signature([_parameter(field) for field in _own_first(record)])  # type: ignore[attr-defined]
        return command

    return decorate


def _own_first(record: type[CommonOptions]) -> list[Field[Any]]:
    return sorted(fields(record), key=lambda field: field.name not in record.__annotations__)


class _Coercion(NamedTuple):
    """What Typer asks to validate a value, in place of its own class, which imports pydantic."""

    parser: Callable[[Any], Any] | None

    def coerce(self, value: Any, param: Any, **_: Any) -> Any:
        """Return the parsed value of a parameter."""
        if param.nargs == -1:
            return list(map(self.parser or str, value or ()))
        return value if value is None or self.parser is None else self.parser(value)


class Command(TyperCommand):
    """A command whose values are validated by their parsers alone, and whose help is that of every version of Typer."""

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters."""
        params = without_pydantic(super().get_params(ctx))
        for param in filter(_is_argument, params):
            param.get_help_record = partial(_help_record, param)
        return params

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments and options in sections; those of the problem come last."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            title = "Arguments" if _is_argument(param) else getattr(param, "rich_help_panel", None) or "Options"
            sections.setdefault(title, []).append(param.get_help_record(ctx))
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line."""
        return ["[OPTIONS]", *(str(param.metavar) for param in filter(_is_argument, super().get_params(ctx)))]


class Group(TyperGroup):
    """The command line itself, in the same way; its help says that the options for completion take a name, too."""

    def get_params(self, ctx: Any) -> Any:
        """Return the parameters."""
        params = without_pydantic(super().get_params(ctx))
        for param in params:
            param.help = _COMPLETION_HELP.get(param.name, param.help)
        return params


def _is_argument(param: Any) -> bool:
    return bool(param.param_type_name == "argument")


def _help_record(argument: Any, _: Any) -> tuple[str, str]:
    return argument.metavar, argument.help


def without_pydantic(params: Iterable[Any]) -> list[Any]:
    """Return parameters of Typer that do not need pydantic to validate a value.

    From 0.29 on Typer imports it at the first value, which takes a third of the time of a small run. The attributes are
    private: where one is missing, as in 0.28, Typer's own way is kept.
    """
    found = list(params)
    for param in found:
        if hasattr(param, "_runtime_param") and hasattr(param, "type_descriptor"):
            param._runtime_param = _Coercion(param.type_descriptor.parameter_info.parser)
    return found


@cache  # a field that several commands inherit is one object
def _parameter(field: Field[Any]) -> Parameter:
    kind, info = get_args(field.type)
    info = copy(info)
    if field.name in ProblemOptions.__annotations__:
        info.rich_help_panel = _OF_THE_PROBLEM
    if kind is not bool:
        info.metavar, parse = _metavar_and_parser(field)
        info.min = info.max = None  # the parser knows them; from 0.29 on Typer adds them to the help
        check = partial(values.required, _name(field), is_option=isinstance(info, OptionInfo), is_path=_is_path(field))
        info.parser = lambda value: parse(check(value)) if isinstance(value, str) else value  # or a default
        if choices := _choices(kind):
            info.autocompletion = lambda: list(choices)
        elif _name(field) == "PROBLEM":
            info.autocompletion = completion.problems
        kind = kind if get_origin(kind) is list else Any  # the parser is all that Typer needs
    return Parameter(field.name, Parameter.KEYWORD_ONLY, default=field.default, annotation=Annotated[kind, info])


def _metavar_and_parser(field: Field[Any]) -> tuple[str, Callable[[str], Any]]:
    kind, info = get_args(field.type)
    name, kinds = _name(field), (kind, *get_args(kind))  # `int | None` is an int, too
    by_type: tuple[str, Callable[[str], Any]] = "FILE", str
    if (info.metavar or "FILE").startswith("FILE"):
        by_type = "FILE", partial(values.matrix_file, name)
    if choices := _choices(kind):
        by_type = f"[{'|'.join(choices)}]", partial(values.choice, name, known=choices)
    elif int in kinds:
        by_type = "N", partial(values.whole_number, name, least=info.min, most=info.max)
    elif float in kinds:
        by_type = "NUMBER", partial(values.number, name, least=info.min)
    return info.metavar or by_type[0], info.parser or by_type[1]


def _choices(kind: Any) -> tuple[str, ...]:
    return next((get_args(part) for part in (kind, *get_args(kind)) if get_origin(part) is Literal), ())


def _name(field: Field[Any]) -> str:
    _, info = get_args(field.type)
    return f"--{field.name.replace('_', '-')}" if isinstance(info, OptionInfo) else info.metavar.strip("[.]")


def _is_path(field: Field[Any]) -> bool:
    return _metavar_and_parser(field)[0].lstrip("[").startswith(("FILE", "PATH", "PROBLEM"))


def _check_stdin(options: CommonOptions) -> None:
    """Refuse to read standard input twice, and tell the user of a terminal that it is read."""
    readers = []
    for field in filter(_is_path, _own_first(type(options))):
        value = getattr(options, field.name)
        readers += [_name(field)] * (value if isinstance(value, list) else [value]).count("-")
    if len(readers) > 1:
        every = "both" if len(readers) == 2 else "all"
        raise UsageError(f"standard input (-) can be read once, and {listed(readers)} {every} name it")
    if readers and not options.quiet and sys.stdin is not None and sys.stdin.isatty():
        write_stderr(f"backprop: reading {readers[0]} from the terminal; end it with Ctrl-D")
