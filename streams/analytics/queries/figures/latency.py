"""How long the stages take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select


@dataclass(frozen=True, slots=True)
class HopLatency:
    """Milliseconds that decisions took on one hop: `fetch_and_decode`, `match`, `record`, `submission_to_decision`."""

    hop: str
    decisions: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: int


LATENCY_BY_HOP: Final = f"""
    SELECT
        figures.1 AS hop, decisions, figures.2[1] AS p50_ms, figures.2[2] AS p90_ms, figures.2[3] AS p99_ms,
        figures.3 AS max_ms
    FROM
    (
        SELECT
            uniqCombinedMerge(12)(latency_states.decisions) AS decisions,
            [
                (
                    'fetch_and_decode',
                    quantilesTDigestMerge(0.5, 0.9, 0.99)(fetch_and_decode),
                    max(max_fetch_and_decode)
                ),
                ('match', quantilesTDigestMerge(0.5, 0.9, 0.99)(match), max(max_match)),
                ('record', quantilesTDigestMerge(0.5, 0.9, 0.99)(record), max(max_record)),
                (
                    'submission_to_decision',
                    quantilesTDigestMerge(0.5, 0.9, 0.99)(submission_to_decision),
                    max(max_submission_to_decision)
                )
            ] AS hops
        FROM latency_states
        WHERE {IN_COLLECTION}
            AND minute > (
                SELECT max(minute) FROM latency_states WHERE {IN_COLLECTION}
            ) - toIntervalHour({{hours:UInt32}})
    )
    ARRAY JOIN hops AS figures
    WHERE decisions > 0
"""  # noqa: S608 - a constant


def latency_by_hop(client: Client, collection: str = "", *, hours: int = 24) -> tuple[HopLatency, ...]:
    """The latency of every hop over the last hours before the latest decision of the collection, or of all.

    `decisions` is an estimate beyond some hundreds, and quantiles are right to a few parts in a hundred.
    """
    return select(client, HopLatency, LATENCY_BY_HOP, {"collection": collection, "hours": hours})
