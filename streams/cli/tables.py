"""What the tables of several commands share: their look, cells from foreign text, and colours."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from streams.services.text import printable

OUTCOME_STYLES = {"unique": "green", "duplicate": "yellow", "near_duplicate": "cyan", "failed": "red", "deleted": "dim"}


def plain_table(title: str | None = None, *, numbers: Iterable[str] = (), texts: Iterable[str] = ()) -> Table:
    """A table without lines, with columns of numbers, which are never folded, before those of texts, which are."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in texts:
        table.add_column(heading, overflow="fold")
    return table


def cell(text: str, style: str = "") -> Text:
    """A cell from foreign text: no markup, no control characters. A long text is folded, never cut."""
    return Text(printable(text), style=style, overflow="fold")


def distance_cell(text: str, bits: int, threshold_bits: int | None) -> Text:
    """A distance, green within its threshold and red beyond."""
    return Text(text, style="" if threshold_bits is None else "green" if bits <= threshold_bits else "red")
