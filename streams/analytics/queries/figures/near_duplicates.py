"""Which alterations near duplicates have, and how close to the threshold they were found; without those in doubt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select


@dataclass(frozen=True, slots=True)
class TransformationStatistics:
    """Near duplicates of one transformation and method; `last_pair` are the media ids of the latest and its match.

    `min_score` and `mean_differs` are of those with evidence; None if none has any.
    """

    transformation: str
    method: str
    submissions: int
    groups: int
    mean_similarity: float
    p50_distance_bits: float
    p90_distance_bits: float
    max_distance_bits: int
    threshold_bits: int
    last_at: datetime
    last_pair: tuple[str, str]
    min_score: int | None
    mean_differs: float | None


BY_TRANSFORMATION: Final = f"""
    SELECT
        transformation, method, submissions, groups, mean_similarity,
        p50_distance_bits, p90_distance_bits, max_distance_bits, threshold_bits, last_at, last_pair,
        min_score, mean_differs
    FROM near_duplicates_by_transformation
    WHERE {IN_COLLECTION}
    ORDER BY submissions DESC, transformation, method, collection
"""  # noqa: S608 - a constant


def near_duplicates_by_transformation(client: Client, collection: str = "") -> tuple[TransformationStatistics, ...]:
    """The alterations of near duplicates, the most frequent first."""
    return select(client, TransformationStatistics, BY_TRANSFORMATION, {"collection": collection})
