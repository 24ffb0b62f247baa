"""How sure the matches are: the number for every confidence, and the ones that a person must look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select


@dataclass(frozen=True, slots=True)
class ConfidenceTotal:
    """The matches of one confidence, by the latest decisions; `confidence` is empty where hashes alone decided."""

    confidence: str
    submissions: int
    copies: int
    for_review: int


@dataclass(frozen=True, slots=True)
class MatchForReview:
    """A submission that is in a group of its own, though it matches a known content. See `Match` for its fields."""

    decided_at: datetime
    collection: str
    media_id: str
    content_id: str
    match_media_id: str
    match_content_id: str
    confidence: str
    score: int | None
    differs: float | None
    map: tuple[str, ...]
    relation: str
    explanation: str


TOTALS_BY_CONFIDENCE: Final = f"""
    SELECT
        confidence, sum(submissions) AS submissions, sum(copies) AS copies, sum(for_review) AS for_review
    FROM matches_by_confidence
    WHERE {IN_COLLECTION}
    GROUP BY confidence
    ORDER BY indexOf(['exact', 'certain', 'likely', 'unverified', ''], confidence), confidence
"""  # noqa: S608 - a constant

MATCHES_FOR_REVIEW: Final = f"""
    SELECT
        decided_at, collection, media_id, content_id, match_media_id, match_content_id, confidence, score, differs, map,
        relation, explanation
    FROM matches_for_review
    WHERE {IN_COLLECTION}
    ORDER BY decided_at DESC, media_id
    LIMIT {{limit:UInt32}}
"""  # noqa: S608


def totals_by_confidence(client: Client, collection: str = "") -> tuple[ConfidenceTotal, ...]:
    """How many matches of a collection, or of all, have which confidence; the surest first."""
    return select(client, ConfidenceTotal, TOTALS_BY_CONFIDENCE, {"collection": collection})


def matches_for_review(client: Client, collection: str = "", *, limit: int = 20) -> tuple[MatchForReview, ...]:
    """The matches of a collection, or of all, that a person must look at; the newest first."""
    return select(client, MatchForReview, MATCHES_FOR_REVIEW, {"collection": collection, "limit": limit})
