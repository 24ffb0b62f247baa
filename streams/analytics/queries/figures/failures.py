"""Why submissions failed, and which records could not be processed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select


@dataclass(frozen=True, slots=True)
class FailureTotal:
    """Failed submissions with one reason; `last_*` are of the latest."""

    reason: str
    submissions: int
    last_at: datetime
    last_media_id: str
    last_detail: str


@dataclass(frozen=True, slots=True)
class DeadLetterTotal:
    """Dead letters of one stage with one reason; `last_*` are of the latest."""

    stage: str
    reason: str
    records: int
    last_at: datetime
    last_detail: str


FAILURES_BY_REASON: Final = f"""
    SELECT
        reason,
        sum(submissions) AS submissions,
        max(failures.last_at) AS last_at,
        argMax(last_media_id, failures.last_at) AS last_media_id,
        argMax(last_detail, failures.last_at) AS last_detail
    FROM failures_by_reason AS failures
    WHERE {IN_COLLECTION}
    GROUP BY reason
    ORDER BY submissions DESC, reason
"""  # noqa: S608 - a constant

DEAD_LETTERS_BY_REASON: Final = """
    SELECT stage, reason, records, last_at, last_detail
    FROM deadletters_by_reason
    ORDER BY records DESC, reason
"""


def failures_by_reason(client: Client, collection: str = "") -> tuple[FailureTotal, ...]:
    """Why submissions of a collection, or of all, failed; the most frequent reason first."""
    return select(client, FailureTotal, FAILURES_BY_REASON, {"collection": collection})


def dead_letters_by_reason(client: Client) -> tuple[DeadLetterTotal, ...]:
    """Which records could not be processed, by stage and reason; the most frequent first."""
    return select(client, DeadLetterTotal, DEAD_LETTERS_BY_REASON)
