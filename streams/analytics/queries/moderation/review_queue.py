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
    """

    group_hash: int
    known_status: str
    waiting: int
    waiting_contents: int
    waiting_since: datetime
    first_submission_id: str
    first_attempt: int

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
class _GroupSize:
    content_id: str
    submissions: int


@dataclass(frozen=True, slots=True)
class _CanonicalName:
    hash: int
    content_id: str


WAITS: Final = "(action = 'review' OR verdict_status = 'review') AND outcome NOT IN ('failed', 'deleted')"

#: The group of every content, by the first of its current decisions, and the verdict if it names that group. The rows
#: of contents are chosen before they are compared: FINAL would compare those of all submissions. All submissions of a
#: medium with one content are in one group, so that the last revision of any of them tells; its version has the time in
#: the low bits. Failures have no content, and a deletion takes these rows.
_CONTENTS: Final = """
    SELECT
        content_hash,
        argMin(current_group, at) AS content_group,
        argMaxIf(current_status, at, current_group = content_hash) AS own_status
    FROM
    (
        SELECT
            content_hash,
            argMax(group_hash, version) AS current_group,
            argMax(verdict_status, version) AS current_status,
            bitAnd(bitNot(max(version)), 17592186044415) AS at
        FROM submission_facts
        WHERE collection = {{collection:String}} AND content_hash IN ({contents})
        GROUP BY content_hash, media_hash
    )
    GROUP BY content_hash
"""

#: The last revision of every submission that was revised.
_REVISED: Final = """
    SELECT submission_id, attempt, max(revision) AS last_revision
    FROM revised_submissions
    WHERE collection = {{collection:String}} AND submission_id IN ({submissions})
    GROUP BY submission_id, attempt
"""

_ASKED: Final = "SELECT submission_id FROM waiting_facts WHERE collection = {collection:String}"
_KNOWN: Final = """
    SELECT if(reviewed_hash != 0, reviewed_hash, group_hash) FROM waiting_facts
    WHERE collection = {collection:String}
"""

_OTHER_GROUPS: Final = """
    SELECT arrayJoin(waiting_groups).1 AS group_id WHERE group_id NOT IN (SELECT arrayJoin(known_contents).1)
"""

#: A submission whose match goes to review is in a group of its own, and waits in the group of its match, unless
#: somebody has said of the two that they are not the same, or that they are. Contents are told by their hashes, as they
#: are in `submission_facts`. ClickHouse reads what has a name in the plural once, and every other part of a statement
#: wherever its name stands.
QUEUE: Final = f"""
    WITH
    (
        SELECT groupUniqArray(pair)
        FROM
        (
            SELECT
                cityHash64(if(content_id = '', media_id, content_id)) AS named,
                cityHash64(other_content_id) AS named_other,
                arrayJoin([(named, named_other), (named_other, named)]) AS pair,
                argMax(event, (routed_at, kafka_offset)) AS latest
            FROM moderation_events_once
            WHERE collection = {{collection:String}} AND event IN ('split', 'merge', 'undo')
            GROUP BY named, named_other, pair
        )
        WHERE latest != 'undo'
    ) AS settled_pairs,
    (
        SELECT groupArray((content_hash, content_group, own_status)) FROM ({_CONTENTS.format(contents=_KNOWN)})
    ) AS known_contents,
    (
        SELECT groupArray((group_id, waiting, contents, since, first))
        FROM
        (
            SELECT
                if(known_group = 0, known_hash, known_group) AS group_id,
                count() AS waiting,
                uniqExact(content_hash) AS contents,
                min(decided_at) AS since,
                argMin((submission_id, attempt), (decided_at, submission_id)) AS first
            FROM
            (
                SELECT *, if(reviewed_hash != 0, reviewed_hash, group_hash) AS known_hash
                FROM waiting_facts FINAL
                WHERE collection = {{collection:String}}
                    AND ({{confidence:String}} = '' OR match_confidence = {{confidence:String}})
                    AND ({{kind:String}} = '' OR media_kind = {{kind:String}})
            ) AS asked
            LEFT JOIN
                (SELECT arrayJoin(known_contents) AS known, known.1 AS known_hash, known.2 AS known_group) AS contents
                USING (known_hash)
            LEFT JOIN ({_REVISED.format(submissions=_ASKED)}) AS revised USING (submission_id, attempt)
            WHERE bitShiftRight(version, 44) >= last_revision
                AND (submission_id, attempt) NOT IN
                (
                    SELECT submission_id, attempt FROM deletions
                    WHERE collection = {{collection:String}} AND submission_id IN ({_ASKED})
                )
                AND (verdict_status = 'review' OR NOT (
                    (content_hash, known_hash) IN (SELECT arrayJoin(settled_pairs))
                    OR (content_hash, group_id) IN (SELECT arrayJoin(settled_pairs))
                    OR (media_hash, known_hash) IN (SELECT arrayJoin(settled_pairs))
                    OR (media_hash, group_id) IN (SELECT arrayJoin(settled_pairs))))
            GROUP BY group_id
        )
    ) AS waiting_groups
    SELECT
        queued.1 AS group_hash, known_status, queued.2 AS waiting, queued.3 AS waiting_contents,
        queued.4 AS waiting_since, queued.5.1 AS first_submission_id, queued.5.2 AS first_attempt
    FROM (SELECT arrayJoin(waiting_groups) AS queued, queued.1 AS group_id) AS listed
    LEFT JOIN
    (
        SELECT known.1 AS group_id, known.3 AS known_status FROM (SELECT arrayJoin(known_contents) AS known)
        UNION ALL
        SELECT content_hash AS group_id, own_status AS known_status FROM ({_CONTENTS.format(contents=_OTHER_GROUPS)})
    ) AS statuses USING (group_id)
    WHERE {{after:UInt64}} = 0 OR
        (-toInt64(known_status = 'blocked'), -toInt64(waiting), toUnixTimestamp64Milli(waiting_since), group_hash)
        > ({{after_blocked:Int64}}, {{after_waiting:Int64}}, {{after_since_ms:Int64}}, {{after:UInt64}})
    ORDER BY known_status = 'blocked' DESC, waiting DESC, waiting_since, group_hash
    LIMIT {{limit:UInt32}}
"""  # noqa: S608 - constants

#: How many submissions groups have. One that was revised into another group has a key of before in this one.
SIZES: Final = f"""
    WITH
    (
        SELECT groupArray((subject, submission_id, attempt, known_revision))
        FROM
        (
            SELECT subject, submission_id, attempt, max(revision) AS known_revision
            FROM decisions_by_group
            WHERE collection = {{collection:String}} AND subject IN {{content_ids:Array(String)}} AND is_member
            GROUP BY subject, submission_id, attempt
        )
    ) AS members
    SELECT member.1 AS content_id, count() AS submissions
    FROM (SELECT arrayJoin(members) AS member, member.2 AS submission_id, member.3 AS attempt) AS listed
    LEFT JOIN ({_REVISED.format(submissions="SELECT arrayJoin(members).2")}) AS revised USING (submission_id, attempt)
    WHERE member.4 >= last_revision
    GROUP BY content_id
"""  # noqa: S608

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


def group_sizes(client: Client, collection: str, content_ids: Sequence[str]) -> dict[str, int]:
    """How many submissions groups have, by their canonical contents."""
    rows = select(client, _GroupSize, SIZES, {"collection": collection, "content_ids": list(content_ids)})
    return {row.content_id: row.submissions for row in rows}


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
