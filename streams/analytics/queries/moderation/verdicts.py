"""Verdicts: those in force on a content or medium, its moderation events, and the calls that copies saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select


@dataclass(frozen=True, slots=True)
class CurrentVerdict:
    """The verdict that the last decision about a submission tells; texts are empty while it is pending.

    `labels` are name, parent and score.
    """

    media_id: str
    content_id: str
    group_content_id: str
    decision_id: UUID
    revision: int
    outcome: str
    action: str
    verdict_status: str
    verdict_kind: str
    verdict_by: str
    verdict_version: str
    verdict_reason: str
    verdict_at: datetime | None
    verdict_inherited_from: str
    verdict_content_id: str
    verdict_labels: tuple[dict[str, object], ...]
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class ModerationAct:
    """One moderation event, whether it was applied, waits or was refused."""

    event_id: str
    event: str
    content_id: str
    media_id: str
    other_content_id: str
    status: str
    reason: str
    scope: str
    by_kind: str
    by_name: str
    by_version: str
    at: datetime
    routed_at: datetime


@dataclass(frozen=True, slots=True)
class CallsSaved:
    """Submissions of a day that have the verdict of another medium: no moderator had to be called for them."""

    day: date
    collection: str
    status: str
    by_kind: str
    by_name: str
    submissions: int
    exact_copies: int
    near_copies: int


CURRENT_VERDICTS: Final = """
    SELECT
        media_id, content_id, group_content_id, decision_id, revision, outcome, action, verdict_status, verdict_kind,
        verdict_by, verdict_version, verdict_reason, verdict_at, verdict_inherited_from, verdict_content_id,
        verdict_labels, decided_at
    FROM decisions_current
    WHERE collection = {collection:String} AND outcome != 'failed'
        AND (content_id = {subject:String} OR media_id = {subject:String})
        AND content_id IN {content_ids:Array(String)}
    ORDER BY decided_at DESC, decision_id
    LIMIT {limit:UInt32}
"""

MODERATION_ACTS: Final = """
    SELECT
        event_id, event, content_id, media_id, other_content_id, status, reason, scope, by_kind, by_name, by_version,
        at, routed_at
    FROM moderation_events_once
    WHERE collection = {collection:String}
        AND (media_id IN {subjects:Array(String)} OR content_id IN {subjects:Array(String)}
             OR other_content_id IN {subjects:Array(String)} OR media_digest IN {digests:Array(String)})
    ORDER BY routed_at DESC, kafka_partition, kafka_offset DESC
    LIMIT {limit:UInt32}
"""

CONTENTS_OF_MEDIUM: Final = """
    SELECT content_id
    FROM decisions_by_medium
    WHERE collection = {collection:String} AND media_id = {media_id:String} AND content_id != ''
        AND (submission_id, attempt) NOT IN
        (
            SELECT submission_id, attempt FROM deletions
            WHERE collection = {collection:String} AND submission_id IN
            (
                SELECT submission_id FROM decisions_by_medium
                WHERE collection = {collection:String} AND media_id = {media_id:String}
            )
        )
    GROUP BY content_id
    ORDER BY max(decided_at) DESC
    LIMIT 1000
"""

CALLS_SAVED: Final = f"""
    SELECT day, collection, status, by_kind, by_name, submissions, exact_copies, near_copies
    FROM calls_saved_per_day
    WHERE {IN_COLLECTION}
    ORDER BY day, collection, status, by_kind, by_name
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class _ContentRow:
    content_id: str


def current_verdicts(client: Client, collection: str, subject: str, *, limit: int = 20) -> tuple[CurrentVerdict, ...]:
    """The verdicts of the latest submissions of a content or a medium, which `subject` names."""
    named = [subject, *contents_of_medium(client, collection, subject)]
    parameters = {"collection": collection, "subject": subject, "limit": limit, "content_ids": named}
    return select(client, CurrentVerdict, CURRENT_VERDICTS, parameters)


def moderation_acts(
    client: Client, collection: str, subjects: tuple[str, ...], *, limit: int = 20
) -> tuple[ModerationAct, ...]:
    """The moderation events about contents and media, also about deleted media, the latest first."""
    digests = [media_digest(collection, subject) for subject in subjects]
    parameters = {"collection": collection, "subjects": list(subjects), "digests": digests, "limit": limit}
    return select(client, ModerationAct, MODERATION_ACTS, parameters)


def media_digest(collection: str, media_id: str) -> str:
    """What stands for a deleted medium, as deletion.py has ClickHouse compute it."""
    return sha256(f"{collection}\0{media_id}".encode()).hexdigest()


def contents_of_medium(client: Client, collection: str, media_id: str) -> tuple[str, ...]:
    """The contents of all submissions of a medium, those of the latest first."""
    rows = select(client, _ContentRow, CONTENTS_OF_MEDIUM, {"collection": collection, "media_id": media_id})
    return tuple(row.content_id for row in rows)


def content_of_medium(client: Client, collection: str, media_id: str) -> str | None:
    """The content of a medium's latest submission; None if ClickHouse has none."""
    return next(iter(contents_of_medium(client, collection, media_id)), None)


def calls_saved(client: Client, collection: str = "") -> tuple[CallsSaved, ...]:
    """Inherited verdicts by day, of all collections where none is named."""
    return select(client, CallsSaved, CALLS_SAVED, {"collection": collection})
