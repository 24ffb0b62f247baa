"""The tables of the look-alikes, and the project's targets for them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.bench.lookalikes.hashed import PDQ_PEER, available_peers
from tests.bench.lookalikes.measure import (
    CERTAIN,
    COPIES,
    FOUND,
    HASHES,
    REUSE,
    FamilyFigures,
    ways,
)
from tests.bench.lookalikes.tail import SHORTFALLS
from tests.bench.report import Reach, at_least, at_most


def show(found: Sequence[FamilyFigures], console: Console) -> None:
    console.print(_pairs_table(found), _tail_table(found), _recall_table(found), _false_copies_table(found))
    if PDQ_PEER not in available_peers():
        console.print(f"{PDQ_PEER} is not measured: pdqhash is not installed", style="yellow")


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title)
    for heading in ("family", *headings):
        table.add_column(heading, justify="left" if heading == "family" else "right")
    return table


def _pairs_table(found: Sequence[FamilyFigures]) -> Table:
    table = _table("pairs of different pictures that are joined", "pictures", "pairs", *ways(), "highest")
    for each in found:
        joined = (f"{each.joined[way]:,}" for way in ways())
        table.add_row(each.name, str(each.pictures), f"{each.pairs:,}", *joined, str(each.highest_score))
    return table


def _tail_table(found: Sequence[FamilyFigures]) -> Table:
    steps = (f"-{step}" for step in SHORTFALLS)
    table = _table(
        "pairs within so many points of the threshold (wide candidates), rates a pair",
        "paper", *steps, "accepted", "extrapolated", "a tenth every",
    )  # fmt: skip
    for each in found:
        observed = each.joined[CERTAIN] / each.pairs if each.pairs else 0.0
        tail = each.extrapolated
        fitted = (f"{tail.rate:.1e}", f"{tail.points_a_tenth:.0f}") if tail else ("", "")
        counts = (f"{each.tail[step]:,}" for step in SHORTFALLS)
        table.add_row(each.name, str(each.paper), *counts, f"{observed:.1e}", *fitted)
    return table


def _recall_table(found: Sequence[FamilyFigures]) -> Table:
    shown = (HASHES, FOUND, REUSE)
    table = _table(
        f"percent of copies joined to their original: {' / '.join(shown)}; original first: {HASHES} / {FOUND}",
        *COPIES, "mean", "original first", *available_peers(),
    )  # fmt: skip
    for each in found:
        shares = [*each.recall.values(), {way: each.mean_recall(way) for way in shown}]
        cells = [" / ".join(f"{100 * of[way]:.0f}" for way in shown) for of in shares]
        cells.append(f"{100 * each.first[HASHES]:.0f} / {100 * each.first[FOUND]:.0f}")
        table.add_row(each.name, *cells, *(f"{100 * each.mean_recall(peer):.0f}" for peer in available_peers()))
    return table


def _false_copies_table(found: Sequence[FamilyFigures]) -> Table:
    table = _table("copies joined to another picture", "pairs", *ways())
    for each in found:
        table.add_row(each.name, f"{each.copy_pairs:,}", *(f"{each.joined_copies[way]:,}" for way in ways()))
    return table


def reach(found: Sequence[FamilyFigures]) -> list[Reach]:
    """The project's targets: pairs joined for reuse, and copies found within 3 points of copies of photos.

    The second targets are left out where no photos were measured.
    """
    figures = [
        Reach(f"look-alikes joined for reuse, {each.name}", at_most(each.max_joined, "pairs", 0), each.joined[REUSE])
        for each in found
        if each.max_joined is not None
    ]
    baseline = next((each for each in found if each.name == "photos"), None)
    if baseline is not None:
        bound = at_least(100 * baseline.mean_recall(FOUND) - 3, "%")
        figures += [
            Reach(f"copies of look-alikes found, {each.name}", bound, 100 * each.mean_recall(FOUND))
            for each in found
            if each is not baseline
        ]
    return figures
