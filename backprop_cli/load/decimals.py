"""The kinds of numbers that keep the decimals of a text: exact fractions, or the digits as they were written."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from backprop_cli.core.exact import as_fractions, as_objects, to_decimal
from backprop_cli.errors import InputError
from backprop_cli.load.numbers import NumberKind


def _require_moderate(value: Decimal, place: str) -> None:
    if to_decimal(str(value)) is None:
        raise InputError(f"{str(value)[:40]} is out of the range of exact arithmetic", place=place)


FRACTIONS = NumberKind(
    types=(Decimal,),
    all_valid=lambda row: False,  # noqa: ARG005 (every number is validated)
    validate=_require_moderate,
    to_array=as_fractions,
    to_scalar=Fraction,
    exact=True,
)
AS_WRITTEN = replace(FRACTIONS, to_array=as_objects)
