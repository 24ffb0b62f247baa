"""Prints the figures of a collection: a table a subject, in one column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from streams.services.text import human_bytes
from streams.services.views.collection_statistics import CollectionStatistics
from streams.services.views.system_health import StageLag
from streams.services.wording import reason_in_words

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

WINDOWS = {60: "last minute", 300: "last 5 minutes", 3600: "last hour"}
HOPS = {
    "fetch_and_decode": "fetch and decode",
    "match": "match",
    "record": "record",
    "submission_to_decision": "submission to decision",
}
VERDICT_STYLES = {"allowed": "green", "blocked": "red", "review": "yellow", "pending": "dim"}
MAX_FAILURES = 5
SMALL_MS = 10
SMALL_RATE = 10
SMALL_COST = 1


def statistics_report(found: CollectionStatistics, lag: Sequence[StageLag], *, side_by_side: bool = False) -> Group:
    """Everything, subject by subject; a subject without figures is left out.

    Args:
        side_by_side: as many tables in a row as the terminal is wide, so that they fit its height.
    """
    from rich.columns import Columns
    from rich.console import Group
    from rich.padding import Padding

    tables = (
        _throughput(found),
        _outcomes(found),
        _lag(lag),
        _latency(found),
        _cache(found),
        _verdicts(found),
        _calls(found),
        _failures(found),
    )
    shown = [Padding(table, (0, 4, 1, 0), expand=False) for table in tables if table.row_count]
    return Group(Columns(shown, padding=0)) if side_by_side else Group(*shown)


def _throughput(found: CollectionStatistics) -> Table:
    of = f"collection {found.collection}" if found.collection else "all collections"
    table = _table(f"Throughput of {of}", "", "decisions", "a second", "copies")
    for span in found.throughput:
        copies = share(span.duplicate_rate) if span.decisions else ""
        rate = f"{span.per_second:.2f}" if span.per_second < SMALL_RATE else f"{span.per_second:,.0f}"
        table.add_row(WINDOWS[span.window_s], f"{span.decisions:,}", rate, copies)
    return table


def _outcomes(found: CollectionStatistics) -> Table:
    from streams.cli.tables import OUTCOME_STYLES, cell

    saved = found.savings
    rate = share(saved.copies / saved.submissions) if saved.submissions else "0 %"
    title = (
        f"Submissions: {saved.copies:,} of {saved.submissions:,} are copies ({rate}, {human_bytes(saved.saved_bytes)})"
    )
    table = _table(title, "outcome", "submissions", "media", "bytes")
    for total in found.outcomes:
        words = cell(total.outcome.replace("_", " "), OUTCOME_STYLES.get(total.outcome, ""))
        table.add_row(words, f"{total.decisions:,}", f"{total.media:,}", human_bytes(total.size_bytes))
    return table


def _lag(lag: Sequence[StageLag]) -> Table:
    table = _table("Lag", "stage", "records")
    if any(stage.records is not None for stage in lag):
        for stage in lag:
            table.add_row(stage.stage, "unknown" if stage.records is None else f"{stage.records:,}")
    return table


def _latency(found: CollectionStatistics) -> Table:
    table = _table("Latency", "hop", "decisions", "p50", "p90", "p99", "longest")
    for hop in found.latency:
        times = (milliseconds(value) for value in (hop.p50_ms, hop.p90_ms, hop.p99_ms, hop.max_ms))
        table.add_row(HOPS.get(hop.hop, hop.hop), f"{hop.decisions:,}", *times)
    return table


def _cache(found: CollectionStatistics) -> Table:
    table = _table("Cache of fingerprints", "fingerprints", "hits", "hit rate", "a miss decodes for")
    cache = found.cache
    if cache.fingerprints:
        times = milliseconds(cache.mean_decode_ms)
        table.add_row(f"{cache.fingerprints:,}", f"{cache.cached:,}", share(cache.hit_rate), times)
    return table


def _verdicts(found: CollectionStatistics) -> Table:
    from streams.cli.tables import cell

    table = _table("Verdicts", "verdict", "submissions", "inherited")
    for total in found.verdicts:
        words = cell(total.status, VERDICT_STYLES.get(total.status, ""))
        table.add_row(words, f"{total.submissions:,}", f"{total.inherited:,}")
    return table


def _calls(found: CollectionStatistics) -> Table:
    from streams.cli.tables import cell

    table = _table("Moderator calls", "currency", "contents", "calls", "cost", "calls saved", "cost saved")
    for total in found.calls:
        table.add_row(
            cell(total.currency or "no price"),
            f"{total.contents:,}",
            f"{total.calls:,}",
            money(total.cost),
            f"{total.calls_saved:,}",
            money(total.cost_saved),
        )
    return table


def _failures(found: CollectionStatistics) -> Table:
    from streams.cli.tables import cell

    table = _table("Failures", "reason", "submissions", "last")
    for total in found.failures[:MAX_FAILURES]:
        table.add_row(
            cell(reason_in_words(total.reason)), f"{total.submissions:,}", f"{total.last_at:%Y-%m-%d %H:%M:%S}"
        )
    return table


def _table(title: str, first: str, *headings: str) -> Table:
    from streams.cli.tables import plain_table

    table = plain_table(title)
    table.add_column(first, min_width=24)
    for heading in headings:
        table.add_column(heading, justify="right", min_width=10)
    return table


def share(rate: float) -> str:
    """`12.5 %`"""
    return f"{100 * rate:.1f} %"


def milliseconds(value: float) -> str:
    """`3.1 ms`, `120 ms`, `2.5 s`"""
    if value >= 1000:
        return f"{value / 1000:,.1f} s"
    return f"{value:.1f} ms" if abs(value) < SMALL_MS else f"{value:.0f} ms"


def money(amount: float) -> str:
    """`1,234.50`; less than one with four digits, as calls cost fractions of a cent."""
    return f"{amount:,.2f}" if amount >= SMALL_COST else f"{amount:.4f}"
