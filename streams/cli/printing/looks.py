"""Prints what looks like a file, copies or not, as a search of the API has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from streams.cli.terminal import make_console, say, write_json_line
from streams.services.wording import clock, percent

if TYPE_CHECKING:
    from rich.table import Table


def print_looks(looks: Sequence[dict[str, Any]], name: str, collection: str, *, as_json: bool) -> None:
    """The contents, the nearest first; with `as_json` one a line."""
    if as_json:
        for look in looks:
            write_json_line(look)
    elif looks:
        make_console(stderr=False).print(_table(looks))
    else:
        say(f"The collection {collection} has nothing that could be compared with {name}.")


def _table(looks: Sequence[dict[str, Any]]) -> Table:
    from streams.cli.tables import cell, plain_table

    table = plain_table(numbers=("distance", "alike"), texts=("media id", "at", "verdict"))
    for look in looks:
        facts = look["decision"]["facts"] or {}
        table.add_row(
            f"{look['distance']:,}",
            percent(look["similarity"]),
            cell(look["media_id"]),
            clock(look["at_s"]) if facts.get("kind") == "video" else "",
            cell(look["decision"]["verdict"]["status"]),
        )
    return table
