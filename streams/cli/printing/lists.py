"""Prints hash lists and their history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from streams.services.moderation.hash_lists.importing import ImportedList
from streams.services.text import printable

if TYPE_CHECKING:
    from rich.table import Table

    from streams.analytics.queries.moderation.hash_lists import ListAct, ListRow


def imported_in_words(imported: ImportedList) -> str:
    event = imported.event
    counts = ", ".join(f"{count:,} {name}" for name, count in sorted(imported.algorithms.items()))
    said = (
        f"Published: {printable(event.list_name)}, version {printable(str(event.version))}, with {event.entry_count:,} "
        f"entries ({counts or 'none'}). It is effective as soon as match has read it; `mediasieve lists show` tells."
    )
    missing = [f"{name} ({imported.algorithms[name]:,} entries)" for name in imported.without_hash]
    if missing:
        said += (
            f"\nThe policy of the collection does not compute {', '.join(missing)}, so these match nothing: add "
            f"`also: [{', '.join(imported.without_hash)}]` to the policy."
        )
    return said


def lists_table(lists: Sequence[ListRow]) -> Table:
    """The lists in force."""
    from streams.cli.tables import cell, plain_table

    table = plain_table(
        "Hash lists",
        texts=("list", "version", "source", "says", "entries", "contents", "quarantined", "imported", "by"),
    )
    for row in lists:
        says = "never matched" if row.negative else f"{row.status}; near hashes: {row.perceptual}"
        table.add_row(
            cell(row.list_name),
            cell(row.version),
            cell(row.source),
            says,
            f"{row.entry_count:,}",
            f"{row.contents:,}",
            f"{row.quarantined:,}",
            f"{row.at:%Y-%m-%d %H:%M}",
            cell(row.by_name),
        )
    return table


def act_table(acts: Sequence[ListAct]) -> Table:
    """The history of a list, the latest first."""
    from streams.cli.tables import cell, plain_table

    table = plain_table("What was done", texts=("at", "event", "about", "by", "reason"))
    for act in acts:
        about = f"{act.algorithm}:{act.hash}" if act.hash else f"version {act.version}" if act.version else ""
        event = act.event.removeprefix("list_")
        table.add_row(f"{act.at:%Y-%m-%d %H:%M:%S}", event, cell(about), cell(act.by_name or "match"), cell(act.reason))
    return table
