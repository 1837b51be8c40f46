"""`backprop schema`: print the JSON Schema of a kind of file."""

from backprop_cli.cli.options import SchemaOptions
from backprop_cli.cli.streams import write_stdout
from backprop_cli.errors import ExitStatus
from backprop_cli.render import json
from backprop_cli.render.schemas.schema import schema


def print_schema(options: SchemaOptions) -> ExitStatus:
    """Print a schema.

    Raises:
        OutputError, ClosedPipeError: It cannot be written.
    """
    write_stdout(json.schema(schema(options.kind)))
    return ExitStatus.OK
