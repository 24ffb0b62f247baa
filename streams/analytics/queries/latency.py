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
        step.1 AS hop,
        count() AS decisions,
        quantile(0.5)(step.2) AS p50_ms,
        quantile(0.9)(step.2) AS p90_ms,
        quantile(0.99)(step.2) AS p99_ms,
        max(step.2) AS max_ms
    FROM decisions_once
    ARRAY JOIN
        [
            ('fetch_and_decode', toUnixTimestamp64Milli(fingerprinted_at) - toUnixTimestamp64Milli(submitted_at)),
            ('match', toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(fingerprinted_at)),
            ('record', toUnixTimestamp64Milli(ingested_at) - toUnixTimestamp64Milli(decided_at)),
            ('submission_to_decision', toUnixTimestamp64Milli(decided_at) - toUnixTimestamp64Milli(submitted_at))
        ] AS step
    WHERE revision = 0 AND {IN_COLLECTION}
        AND decided_at > (SELECT max(decided_at) FROM decisions) - toIntervalHour({{hours:UInt32}})
    GROUP BY hop
    ORDER BY indexOf(['fetch_and_decode', 'match', 'record', 'submission_to_decision'], hop)
"""  # noqa: S608 - a constant


def latency_by_hop(client: Client, collection: str = "", *, hours: int = 24) -> tuple[HopLatency, ...]:
    """The latency of every hop over the last hours before the latest decision."""
    return select(client, HopLatency, LATENCY_BY_HOP, {"collection": collection, "hours": hours})
