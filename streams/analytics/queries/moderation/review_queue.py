"""Which groups have submissions that a person must look at, the most urgent first, and which collections there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import select, select_json
from streams.analytics.queries.stored import StoredDecision
from streams.analytics.queries.stored.decision import COLUMNS, read_decision
from streams.domain.records.codec import EPOCH


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which submissions that wait; an empty text does not filter."""

    collection: str
    confidence: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class WaitingGroup:
    """A group with submissions that wait for a person.

    Attributes:
        content_id: its canonical content.
        known_status: of the verdict on the canonical content; empty while there is none.
        waiting: submissions that wait: their match needs a look, or their verdict is `review`.
        waiting_contents: contents of those.
        waiting_since: when the first of them was decided.
        first_decision_id: of that decision.
        submissions: of the group.
    """

    content_id: str
    known_status: str
    waiting: int
    waiting_contents: int
    waiting_since: datetime
    first_decision_id: UUID
    submissions: int

    @property
    def place(self) -> tuple[int, int, int, str]:
        """Its place in the order of the queue."""
        waiting_since_ms = round((self.waiting_since - EPOCH).total_seconds() * 1000)
        return -int(self.known_status == "blocked"), -self.waiting, waiting_since_ms, self.content_id


@dataclass(frozen=True, slots=True)
class CollectionSize:
    """A collection with how many submissions it has, and how many of them wait for a person."""

    collection: str
    submissions: int
    waiting: int


WAITS: Final = "(action = 'review' OR verdict_status = 'review') AND outcome NOT IN ('failed', 'deleted')"

#: A submission whose match goes to review is in a group of its own, and waits in the group of its match, unless
#: somebody has said of the two that they are not the same, or that they are.
QUEUE: Final = f"""
    WITH settled AS
    (
        SELECT subject, other
        FROM
        (
            SELECT
                arrayJoin([(if(content_id = '', media_id, content_id), other_content_id),
                           (other_content_id, if(content_id = '', media_id, content_id))]) AS pair,
                pair.1 AS subject, pair.2 AS other,
                argMax(event, (routed_at, kafka_offset)) AS latest
            FROM moderation_events_once
            WHERE collection = {{collection:String}} AND event IN ('split', 'merge', 'undo')
            GROUP BY pair
        )
        WHERE latest != 'undo'
    ),
    waiting AS
    (
        SELECT
            content_id, media_id, decision_id, decided_at, kafka_offset, verdict_status,
            if(match_content_id != '' AND outcome = 'near_duplicate' AND NOT is_copy, match_content_id,
               group_content_id) AS known_content
        FROM decisions_current
        WHERE collection = {{collection:String}} AND {WAITS}
            AND ({{confidence:String}} = '' OR match_confidence = {{confidence:String}})
            AND ({{kind:String}} = '' OR media_kind = {{kind:String}})
    ),
    known AS
    (
        SELECT content_id AS known_content, argMin(group_content_id, (decided_at, kafka_offset)) AS known_group
        FROM decisions_current
        WHERE collection = {{collection:String}} AND content_id IN (SELECT known_content FROM waiting)
            AND outcome NOT IN ('failed', 'deleted')
        GROUP BY content_id
    ),
    grouped AS
    (
        SELECT
            if(known.known_group = '', waiting.known_content, known.known_group) AS group_id,
            count() AS waiting,
            uniqExact(waiting.content_id) AS waiting_contents,
            min(waiting.decided_at) AS waiting_since,
            argMin(waiting.decision_id, (waiting.decided_at, waiting.kafka_offset)) AS first_decision_id
        FROM waiting LEFT JOIN known ON waiting.known_content = known.known_content
        WHERE waiting.verdict_status = 'review' OR NOT (
            (waiting.content_id, waiting.known_content) IN (SELECT subject, other FROM settled)
            OR (waiting.content_id, group_id) IN (SELECT subject, other FROM settled)
            OR (waiting.media_id, waiting.known_content) IN (SELECT subject, other FROM settled)
            OR (waiting.media_id, group_id) IN (SELECT subject, other FROM settled))
        GROUP BY group_id
    ),
    sizes AS
    (
        SELECT
            group_content_id AS group_id,
            count() AS submissions,
            argMaxIf(verdict_status, (decided_at, kafka_offset), content_id = group_content_id) AS known_status
        FROM decisions_current
        WHERE collection = {{collection:String}} AND group_content_id IN (SELECT group_id FROM grouped)
            AND outcome NOT IN ('failed', 'deleted')
        GROUP BY group_content_id
    )
    SELECT
        grouped.group_id AS content_id, sizes.known_status AS known_status, grouped.waiting AS waiting,
        grouped.waiting_contents AS waiting_contents, grouped.waiting_since AS waiting_since,
        grouped.first_decision_id AS first_decision_id, sizes.submissions AS submissions
    FROM grouped LEFT JOIN sizes ON grouped.group_id = sizes.group_id
    WHERE {{after:String}} = '' OR
        (-toInt64(known_status = 'blocked'), -toInt64(waiting), toUnixTimestamp64Milli(waiting_since), content_id)
        > ({{after_blocked:Int64}}, {{after_waiting:Int64}}, {{after_since_ms:Int64}}, {{after:String}})
    ORDER BY known_status = 'blocked' DESC, waiting DESC, waiting_since, content_id
    LIMIT {{limit:UInt32}}
"""  # noqa: S608 - constants

BY_ID: Final = f"""
    SELECT {COLUMNS} FROM decisions_current
    WHERE collection = {{collection:String}} AND decision_id IN {{decision_ids:Array(UUID)}}
"""  # noqa: S608

COLLECTIONS: Final = f"""
    SELECT collection, count() AS submissions, countIf({WAITS}) AS waiting
    FROM current_facts
    GROUP BY collection
    ORDER BY waiting DESC, submissions DESC, collection
    LIMIT {{limit:UInt32}}
"""  # noqa: S608


def waiting_groups(
    client: Client, chosen: QueueFilter, *, after: tuple[int, int, int, str] | None, limit: int
) -> tuple[WaitingGroup, ...]:
    """Groups with submissions that wait for a person.

    Copies of what is blocked come first, then groups in which most submissions wait, then those that wait longest.

    Args:
        client: connected.
        chosen: names the collection, and filters.
        after: `place` of the last group of the page before.
        limit: the most groups.
    """
    blocked, waiting, since_ms, content_id = after or (0, 0, 0, "")
    parameters = {
        **{"collection": chosen.collection, "confidence": chosen.confidence, "kind": chosen.kind, "limit": limit},
        **{"after": content_id, "after_blocked": blocked, "after_waiting": waiting, "after_since_ms": since_ms},
    }
    return select(client, WaitingGroup, QUEUE, parameters)


def decisions_by_id(client: Client, collection: str, decision_ids: Sequence[UUID]) -> dict[str, StoredDecision]:
    """Current decisions by their ids."""
    parameters = {"collection": collection, "decision_ids": [str(decision_id) for decision_id in decision_ids]}
    return {row["decision_id"]: read_decision(row) for row in select_json(client, BY_ID, parameters)}


def collection_sizes(client: Client, *, limit: int) -> tuple[CollectionSize, ...]:
    """All collections, those in which most submissions wait first."""
    return select(client, CollectionSize, COLLECTIONS, {"limit": limit})
