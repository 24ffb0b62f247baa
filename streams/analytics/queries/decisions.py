"""The latest decisions, and all decisions about one medium."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select


@dataclass(frozen=True, slots=True)
class RecentDecision:
    """One decision; texts are empty where it has no match, verdict or failure."""

    decided_at: datetime
    collection: str
    media_id: str
    outcome: str
    action: str
    content_id: str
    match_media_id: str
    match_group_media_id: str
    match_method: str
    match_distance_bits: int
    match_threshold_bits: int
    match_similarity: float
    match_transformation: str
    match_explanation: str
    match_confidence: str
    match_score: int | None
    match_differs: float | None
    verdict_status: str
    failure_reason: str
    failure_detail: str


@dataclass(frozen=True, slots=True)
class HistoricDecision:
    """One of the decisions about a medium; a later `revision` supersedes an earlier one."""

    decided_at: datetime
    decision_id: UUID
    revision: int
    attempt: int
    submission_id: str
    outcome: str
    action: str
    content_id: str
    match_media_id: str
    match_group_media_id: str
    match_method: str
    match_distance_bits: int
    match_transformation: str
    verdict_status: str
    verdict_by: str
    failure_reason: str
    failure_detail: str


RECENT_DECISIONS: Final = f"""
    SELECT
        decided_at, collection, media_id, outcome, action, content_id, match_media_id, match_group_media_id,
        match_method, match_distance_bits, match_threshold_bits, match_similarity, match_transformation,
        match_explanation, match_confidence, match_score, match_differs, verdict_status, failure_reason, failure_detail
    FROM decisions_once
    WHERE {IN_COLLECTION} AND ({{outcome:String}} = '' OR outcome = {{outcome:String}})
    ORDER BY decided_at DESC, kafka_partition, kafka_offset DESC
    LIMIT {{limit:UInt32}}
"""  # noqa: S608 - a constant

MEDIA_HISTORY: Final = f"""
    SELECT
        decided_at, decision_id, revision, attempt, submission_id, outcome, action, content_id, match_media_id,
        match_group_media_id, match_method, match_distance_bits, match_transformation, verdict_status, verdict_by,
        failure_reason, failure_detail
    FROM decisions_once
    WHERE media_id = {{media_id:String}} AND {IN_COLLECTION} AND (collection, content_id) IN
        (
            SELECT collection, content_id FROM decisions_by_medium
            WHERE media_id = {{media_id:String}} AND {IN_COLLECTION}
        )
    ORDER BY decided_at, revision
"""  # noqa: S608


def recent_decisions(
    client: Client, collection: str = "", *, outcome: str = "", limit: int = 20
) -> tuple[RecentDecision, ...]:
    """The latest decisions, newest first; of all collections or outcomes where none is named."""
    parameters = {"collection": collection, "outcome": outcome, "limit": limit}
    return select(client, RecentDecision, RECENT_DECISIONS, parameters)


def media_history(client: Client, media_id: str, collection: str = "") -> tuple[HistoricDecision, ...]:
    """Every decision about one medium, oldest first."""
    return select(client, HistoricDecision, MEDIA_HISTORY, {"media_id": media_id, "collection": collection})
