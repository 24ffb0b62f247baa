"""How many submissions had which outcome, how many records there are, and what the copies would have cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select


@dataclass(frozen=True, slots=True)
class OutcomeTotal:
    """The submissions of one outcome, by their latest decisions."""

    outcome: str
    decisions: int
    media: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Savings:
    """All submissions that did not fail, and the copies among them."""

    submissions: int
    copies: int
    submitted_bytes: int
    saved_bytes: int


@dataclass(frozen=True, slots=True)
class RecordCounts:
    """The number of records of every topic; a record delivered twice counts once."""

    decisions: int
    fingerprints: int
    deadletters: int


TOTALS_BY_OUTCOME: Final = f"""
    SELECT outcome, count() AS decisions, uniqExact(media_hash) AS media, sum(size_bytes) AS size_bytes
    FROM current_facts
    WHERE {IN_COLLECTION}
    GROUP BY outcome
    ORDER BY indexOf(['unique', 'duplicate', 'near_duplicate', 'failed'], outcome)
"""  # noqa: S608 - a constant

SAVINGS: Final = f"""
    SELECT
        count() AS submissions,
        countIf(is_copy) AS copies,
        sum(size_bytes) AS submitted_bytes,
        sumIf(size_bytes, is_copy) AS saved_bytes
    FROM current_facts
    WHERE outcome != 'failed' AND {IN_COLLECTION}
"""  # noqa: S608

RECORD_COUNTS: Final = """
    SELECT
        (SELECT count() FROM decisions_once) AS decisions,
        (SELECT count() FROM fingerprints_once) AS fingerprints,
        (SELECT count() FROM deadletters_once) AS deadletters
"""


def totals_by_outcome(client: Client, collection: str = "") -> tuple[OutcomeTotal, ...]:
    """How many submissions of a collection, or of all, had which outcome."""
    return select(client, OutcomeTotal, TOTALS_BY_OUTCOME, {"collection": collection})


def savings(client: Client, collection: str = "") -> Savings:
    """How much work and storage the copies of a collection, or of all, would have cost."""
    (row,) = select(client, Savings, SAVINGS, {"collection": collection})
    return row


def record_counts(client: Client) -> RecordCounts:
    """How many records of every topic ClickHouse has."""
    (row,) = select(client, RecordCounts, RECORD_COUNTS)
    return row
