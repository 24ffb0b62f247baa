"""Which groups have submissions that a person must look at, the most urgent first, and which collections there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import select
from streams.analytics.queries.stored import StoredDecision
from streams.analytics.queries.stored.keys import KEY_COLUMNS, read_keys, rows_of_keys
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
        group_hash: of its canonical content.
        known_status: of the verdict on the canonical content; empty while there is none.
        waiting: submissions that wait: their match needs a look, or their verdict is `review`.
        waiting_contents: contents of those.
        waiting_since: when the first of them was decided.
        first_submission_id: of that decision.
        first_attempt: of that decision.
        submissions: of the group.
    """

    group_hash: int
    known_status: str
    waiting: int
    waiting_contents: int
    waiting_since: datetime
    first_submission_id: str
    first_attempt: int
    submissions: int

    @property
    def place(self) -> tuple[int, int, int, str]:
        """Its place in the order of the queue."""
        waiting_since_ms = round((self.waiting_since - EPOCH).total_seconds() * 1000)
        return -int(self.known_status == "blocked"), -self.waiting, waiting_since_ms, str(self.group_hash)


@dataclass(frozen=True, slots=True)
class CollectionSize:
    """A collection with how many submissions it has, and how many of them wait for a person."""

    collection: str
    submissions: int
    waiting: int


@dataclass(frozen=True, slots=True)
class _CanonicalName:
    hash: int
    content_id: str


WAITS: Final = "(action = 'review' OR verdict_status = 'review') AND outcome NOT IN ('failed', 'deleted')"

#: A submission whose match goes to review is in a group of its own, and waits in the group of its match, unless
#: somebody has said of the two that they are not the same, or that they are. Contents are told by their hashes, as they
#: are in `current_facts`.
QUEUE: Final = f"""
    WITH settled AS
    (
        SELECT subject, other
        FROM
        (
            SELECT
                cityHash64(if(content_id = '', media_id, content_id)) AS named,
                cityHash64(other_content_id) AS named_other,
                arrayJoin([(named, named_other), (named_other, named)]) AS pair,
                pair.1 AS subject, pair.2 AS other,
                argMax(event, (routed_at, kafka_offset)) AS latest
            FROM moderation_events_once
            WHERE collection = {{collection:String}} AND event IN ('split', 'merge', 'undo')
            GROUP BY named, named_other, pair
        )
        WHERE latest != 'undo'
    ),
    waiting AS
    (
        SELECT
            content_hash, media_hash, submission_id, attempt, decided_at, verdict_status,
            if(reviewed_hash != 0, reviewed_hash, group_hash) AS known_hash
        FROM current_facts
        WHERE collection = {{collection:String}} AND {WAITS}
            AND ({{confidence:String}} = '' OR match_confidence = {{confidence:String}})
            AND ({{kind:String}} = '' OR (submission_id, attempt) IN
            (
                SELECT submission_id, attempt FROM decisions_by_time
                WHERE collection = {{collection:String}} AND media_kind = {{kind:String}} AND {WAITS}
            ))
    ),
    known AS
    (
        SELECT content_hash AS known_hash, argMin(group_hash, decided_at) AS known_group
        FROM current_facts
        WHERE collection = {{collection:String}} AND content_hash IN (SELECT known_hash FROM waiting)
            AND outcome NOT IN ('failed', 'deleted')
        GROUP BY content_hash
    ),
    grouped AS
    (
        SELECT
            if(known.known_group = 0, waiting.known_hash, known.known_group) AS group_id,
            count() AS waiting,
            uniqExact(waiting.content_hash) AS waiting_contents,
            min(waiting.decided_at) AS waiting_since,
            argMin((waiting.submission_id, waiting.attempt), (waiting.decided_at, waiting.submission_id)) AS first
        FROM waiting LEFT JOIN known ON waiting.known_hash = known.known_hash
        WHERE waiting.verdict_status = 'review' OR NOT (
            (waiting.content_hash, waiting.known_hash) IN (SELECT subject, other FROM settled)
            OR (waiting.content_hash, group_id) IN (SELECT subject, other FROM settled)
            OR (waiting.media_hash, waiting.known_hash) IN (SELECT subject, other FROM settled)
            OR (waiting.media_hash, group_id) IN (SELECT subject, other FROM settled))
        GROUP BY group_id
    ),
    sizes AS
    (
        SELECT
            group_hash AS group_id,
            count() AS submissions,
            argMaxIf(verdict_status, decided_at, content_hash = group_hash) AS known_status
        FROM current_facts
        WHERE collection = {{collection:String}} AND group_hash IN (SELECT group_id FROM grouped)
            AND outcome NOT IN ('failed', 'deleted')
        GROUP BY group_hash
    )
    SELECT
        grouped.group_id AS group_hash, sizes.known_status AS known_status, grouped.waiting AS waiting,
        grouped.waiting_contents AS waiting_contents, grouped.waiting_since AS waiting_since,
        grouped.first.1 AS first_submission_id, grouped.first.2 AS first_attempt, sizes.submissions AS submissions
    FROM grouped LEFT JOIN sizes ON grouped.group_id = sizes.group_id
    WHERE {{after:UInt64}} = 0 OR
        (-toInt64(known_status = 'blocked'), -toInt64(waiting), toUnixTimestamp64Milli(waiting_since), group_hash)
        > ({{after_blocked:Int64}}, {{after_waiting:Int64}}, {{after_since_ms:Int64}}, {{after:UInt64}})
    ORDER BY known_status = 'blocked' DESC, waiting DESC, waiting_since, group_hash
    LIMIT {{limit:UInt32}}
"""  # noqa: S608 - constants

#: The names of contents that have copies.
NAMES: Final = """
    SELECT DISTINCT hash, content_id FROM content_names
    WHERE collection = {collection:String} AND hash IN {hashes:Array(UInt64)}
"""

HASHES: Final = """
    SELECT name AS content_id, cityHash64(name) AS hash
    FROM (SELECT arrayJoin({content_ids:Array(String)}) AS name)
"""

#: Where the decisions are that wait longest.
FIRST_KEYS: Final = f"""
    SELECT {KEY_COLUMNS} FROM decisions_by_time
    WHERE collection = {{collection:String}} AND decided_at IN {{times:Array(DateTime64(3, 'UTC'))}}
        AND submission_id IN {{submission_ids:Array(String)}}
"""  # noqa: S608 - constants

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
    blocked, waiting, since_ms, group_hash = after or (0, 0, 0, "0")
    parameters = {
        **{"collection": chosen.collection, "confidence": chosen.confidence, "kind": chosen.kind, "limit": limit},
        **{"after": int(group_hash), "after_blocked": blocked, "after_waiting": waiting, "after_since_ms": since_ms},
    }
    return select(client, WaitingGroup, QUEUE, parameters)


def canonical_contents(
    client: Client, collection: str, groups: Sequence[WaitingGroup], first: Sequence[StoredDecision]
) -> dict[int, str]:
    """The canonical contents of groups, by their hashes.

    Args:
        client: connected.
        collection: of the groups.
        groups: some of them.
        first: decisions about their submissions: a group that has no copies has the content of its only decision.
    """
    hashes = [group.group_hash for group in groups]
    named = select(client, _CanonicalName, NAMES, {"collection": collection, "hashes": hashes})
    found = {name.hash: name.content_id for name in named}
    missing = [decision.group_content_id for decision in first if decision.group_content_id]
    if len(found) < len(hashes) and missing:
        hashed = select(client, _CanonicalName, HASHES, {"content_ids": missing})
        found |= {name.hash: name.content_id for name in hashed if name.hash in hashes}
    return found


def first_decisions(
    client: Client, collection: str, groups: Sequence[WaitingGroup]
) -> dict[tuple[str, int], StoredDecision]:
    """The decisions that wait longest in groups, by submission and attempt."""
    keys = read_keys(
        client,
        FIRST_KEYS,
        {
            "collection": collection,
            "times": sorted({f"{group.waiting_since:%Y-%m-%d %H:%M:%S.%f}"[:-3] for group in groups}),
            "submission_ids": sorted({group.first_submission_id for group in groups}),
        },
    )
    found = rows_of_keys(client, collection, keys)
    return {(decision.submission_id, decision.attempt): decision for decision in found}


def collection_sizes(client: Client, *, limit: int) -> tuple[CollectionSize, ...]:
    """All collections, those in which most submissions wait first."""
    return select(client, CollectionSize, COLLECTIONS, {"limit": limit})
