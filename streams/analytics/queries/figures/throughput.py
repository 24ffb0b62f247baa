"""How many submissions are decided now, and how often the cache of fingerprints knew their bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select, select_json

#: The spans that throughput is measured over, up to now.
WINDOWS_S: Final = (60, 300, 3600)


@dataclass(frozen=True, slots=True)
class Throughput:
    """First decisions of the last `window_s` seconds.

    Attributes:
        window_s: how far back from now.
        decisions: made in that time.
        per_second: their mean rate.
        copies: decisions that said that the submission is a copy.
        duplicate_rate: copies among the decisions, 0 to 1; 0 without decisions.
    """

    window_s: int
    decisions: int
    per_second: float
    copies: int
    duplicate_rate: float


@dataclass(frozen=True, slots=True)
class CacheUse:
    """Fingerprints of the last hours before the latest, and those whose bytes a worker's cache had decoded before.

    Attributes:
        fingerprints: records that did not fail.
        cached: those that the cache knew.
        hit_rate: of all, 0 to 1; 0 without fingerprints.
        mean_decode_ms: of those that were decoded: about what a hit saves.
    """

    fingerprints: int
    cached: int
    hit_rate: float
    mean_decode_ms: float


COUNTS: Final = ", ".join(
    f"countIf(age_s < {window_s}) AS decisions_{window_s}, countIf(age_s < {window_s} AND is_copy) AS copies_{window_s}"
    for window_s in WINDOWS_S
)
THROUGHPUT: Final = f"""
    SELECT {COUNTS}
    FROM
    (
        SELECT is_copy, dateDiff('millisecond', decided_at, now64(3)) / 1000 AS age_s
        FROM decisions_once
        WHERE revision = 0 AND {IN_COLLECTION} AND decided_at > now64(3) - toIntervalSecond({max(WINDOWS_S)})
    )
"""  # noqa: S608 - constants

CACHE_USE: Final = f"""
    SELECT
        count() AS fingerprints,
        countIf(known.cached) AS cached,
        if(fingerprints = 0, 0, cached / fingerprints) AS hit_rate,
        if(fingerprints = cached, 0, avgIf(known.decode_ms, NOT known.cached)) AS mean_decode_ms
    FROM fingerprints_once AS known
    WHERE failure_reason = '' AND {IN_COLLECTION}
        AND fingerprinted_at > (SELECT max(fingerprinted_at) FROM fingerprints) - toIntervalHour({{hours:UInt32}})
"""  # noqa: S608 - a constant


def throughput(client: Client, collection: str = "") -> tuple[Throughput, ...]:
    """The throughput of a collection, or of all, over every span of `WINDOWS_S`."""
    (counts,) = select_json(client, THROUGHPUT, {"collection": collection})
    return tuple(_throughput(window, counts[f"decisions_{window}"], counts[f"copies_{window}"]) for window in WINDOWS_S)


def cache_use(client: Client, collection: str = "", *, hours: int = 24) -> CacheUse:
    """How often the caches of workers knew the bytes of a collection, or of all."""
    (row,) = select(client, CacheUse, CACHE_USE, {"collection": collection, "hours": hours})
    return row


def _throughput(window_s: int, decisions: int, copies: int) -> Throughput:
    return Throughput(window_s, decisions, decisions / window_s, copies, copies / decisions if decisions else 0.0)
