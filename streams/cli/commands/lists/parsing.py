"""Values of the options of `mediasieve lists`."""

from __future__ import annotations

import getpass
from collections.abc import Sequence

import click

from streams.domain.records import Label, VerdictSource
from streams.services.text import printable


def parse_label(value: str) -> Label:
    """`name` or `name=score`."""
    name, equals, score = value.rpartition("=")
    if not equals:
        return Label(value)
    try:
        return Label(name, None, float(score))
    except ValueError as error:
        raise click.BadParameter(f"{printable(value)} is neither NAME nor NAME=SCORE.") from error


def parse_bits(values: Sequence[str]) -> dict[str, int]:
    """`pdq256=31`, by algorithm."""
    found = {}
    for value in values:
        name, _, bits = value.partition("=")
        if not bits.isdecimal():
            raise click.BadParameter(f"{printable(value)} is not ALGORITHM=BITS, such as pdq256=31.")
        found[name] = int(bits)
    return found


def source_of(by: str | None) -> VerdictSource:
    """The person who says so: the user of this system where none is named."""
    try:
        return VerdictSource("person", by or getpass.getuser())
    except (KeyError, OSError) as error:  # a container without a user of this number
        raise click.UsageError("Say who says so with --by.") from error
