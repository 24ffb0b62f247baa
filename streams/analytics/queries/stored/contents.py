"""Contents: the latest decision about each of some, where their fingerprints are, and which are like a hash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import select, select_json
from streams.analytics.queries.stored.decision import StoredDecision
from streams.analytics.queries.stored.keys import KEY_COLUMNS, DecisionKey, fill_page, read_keys, rows_of_keys
from streams.analytics.queries.stored.lists import FAR, FILTER, LAST_ID, STANDS, DecisionFilter
from streams.analytics.queries.stored.oriented_bits import oriented_bits


@dataclass(frozen=True, slots=True)
class FingerprintPlace:
    """Where the latest fingerprint of a content is in media.fingerprints."""

    content_id: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A content whose whole picture is near a hash. `hash256` is its own, in hex."""

    content_id: str
    distance_bits: int
    hash64: int
    hash256: str


@dataclass(frozen=True, slots=True)
class ContentUse:
    """How often a content was submitted, by its current decisions, and the medium that was first."""

    content_id: str
    submissions: int
    first_media_id: str


KEYS_PER_CONTENT: Final = 4

#: The latest of every content: nearly always the first key is that of a current decision.
KEYS_OF_CONTENTS: Final = f"""
    SELECT {KEY_COLUMNS} FROM decisions_by_group
    WHERE collection = {{collection:String}} AND subject IN {{content_ids:Array(String)}} AND is_own
    ORDER BY decided_at DESC, decision_id DESC
    LIMIT {KEYS_PER_CONTENT} BY subject
"""  # noqa: S608 - constants

#: The latest of one content, read in the order of the table from the end.
KEYS_OF_CONTENT: Final = f"""
    SELECT {KEY_COLUMNS} FROM decisions_by_group
    WHERE collection = {{collection:String}} AND subject = {{content_id:String}} AND is_own
        AND decided_at <= {{before:DateTime64(3, 'UTC')}}
        AND (decided_at, decision_id) < ({{before:DateTime64(3, 'UTC')}}, {{before_id:UUID}})
    ORDER BY decided_at DESC, decision_id DESC
    LIMIT {{limit:UInt32}}
"""  # noqa: S608

#: Keys have one row for every revision of a submission.
USES: Final = """
    SELECT
        content_id,
        uniqExact(submission_id, attempt) AS submissions,
        argMin(media_id, (decided_at, decision_id)) AS first_media_id
    FROM decisions_by_group
    WHERE collection = {collection:String} AND subject IN {content_ids:Array(String)} AND is_own
        AND (submission_id, attempt) NOT IN
        (
            SELECT submission_id, attempt
            FROM deletions
            WHERE collection = {collection:String} AND submission_id IN
            (
                SELECT submission_id
                FROM decisions_by_group
                WHERE collection = {collection:String} AND subject IN {content_ids:Array(String)} AND is_own
            )
        )
    GROUP BY content_id
"""

PLACES: Final = """
    SELECT
        content_id,
        argMax(kafka_partition, (published_at, kafka_offset)) AS partition,
        argMax(kafka_offset, (published_at, kafka_offset)) AS offset
    FROM fingerprints
    WHERE collection = {collection:String} AND content_id IN {content_ids:Array(String)}
    GROUP BY content_id
"""

CANDIDATES: Final = """
    SELECT
        content_id,
        toUInt16(min({bits})) AS distance_bits,
        any(phash64) AS hash64,
        lower(hex(any(phash256))) AS hash256
    FROM content_hashes
    {near} {filtered}
    GROUP BY content_id
    HAVING (distance_bits, content_id) > ({after_bits:Int32}, {after:String})
    ORDER BY distance_bits, content_id
    LIMIT {limit:UInt32}
"""
NEAR: Final = """
    PREWHERE {at_least} <= {max_distance_bits:UInt16}
    WHERE collection = {collection:String} AND version = {version:String} AND quality >= {min_quality:Float32}
    AND {bits} <= {max_distance_bits:UInt16}
"""
FILTERED: Final = f"""
    AND content_id IN
    (
        SELECT content_id FROM decisions_by_time
        WHERE {FILTER} AND content_id IN (SELECT content_id FROM content_hashes {{near}}) AND {STANDS}
    )
"""  # noqa: S608 - constants


def decisions_of_contents(client: Client, collection: str, content_ids: Sequence[str]) -> dict[str, StoredDecision]:
    """The latest current decision about each content, by content id; contents without one are absent."""
    if len(content_ids) == 1:
        latest = _decision_of_content(client, collection, content_ids[0])
        return {content_ids[0]: latest} if latest is not None else {}
    keys = read_keys(client, KEYS_OF_CONTENTS, {"collection": collection, "content_ids": list(content_ids)})
    found: dict[str, StoredDecision] = {}
    for decision in rows_of_keys(client, collection, keys):
        found.setdefault(decision.content_id or "", decision)
    for content_id, count in Counter(key.content_id for key in keys).items():
        if content_id not in found and count == KEYS_PER_CONTENT:  # all of them were repeated or superseded
            latest = _decision_of_content(client, collection, content_id)
            found |= {content_id: latest} if latest is not None else {}
    return found


def _decision_of_content(client: Client, collection: str, content_id: str) -> StoredDecision | None:
    names = {"collection": collection, "content_id": content_id}

    def next_keys(last: DecisionKey | None, count: int) -> Sequence[DecisionKey]:
        at, name = (FAR, LAST_ID) if last is None else (last.at, last.decision_id)
        return read_keys(client, KEYS_OF_CONTENT, {**names, "before": at, "before_id": name, "limit": count})

    return next(iter(fill_page(client, collection, next_keys, 1)), None)


def content_uses(client: Client, collection: str, content_ids: Sequence[str]) -> dict[str, ContentUse]:
    """How often each content was submitted, by content id."""
    rows = select_json(client, USES, {"collection": collection, "content_ids": list(content_ids)})
    return {row["content_id"]: ContentUse(**row) for row in rows}


def fingerprint_places(client: Client, collection: str, content_ids: Sequence[str]) -> tuple[FingerprintPlace, ...]:
    """Where the latest fingerprints of contents are."""
    return select(client, FingerprintPlace, PLACES, {"collection": collection, "content_ids": list(content_ids)})


def candidates(
    client: Client,
    hashes256: Sequence[str],
    chosen: DecisionFilter,
    *,
    version: str,
    min_quality: float,
    max_distance_bits: int,
    after: tuple[int, str] | None,
    limit: int,
) -> tuple[Candidate, ...]:
    """Contents whose whole picture is near, the nearest first.

    Args:
        client: connected.
        hashes256: in hex; the distance of a content is that to the nearest of them.
        chosen: names the collection, and filters.
        version: of the hash; contents with hashes of another version are left out.
        min_quality: contents with less structure are left out.
        max_distance_bits: of 256.
        after: distance and content id of the last candidate of the page before.
        limit: the most candidates.
    """
    after_bits, after_content = after or (-1, "")
    bits = oriented_bits([bytes.fromhex(each) for each in hashes256])
    parameters: dict[str, Any] = {
        **chosen.parameters(),
        **bits.parameters,
        **{"version": version, "min_quality": min_quality, "limit": limit},
        **{"max_distance_bits": max_distance_bits, "after_bits": after_bits, "after": after_content},
    }
    filtered = FILTERED if chosen != DecisionFilter(chosen.collection) else ""
    sql = CANDIDATES.replace("{filtered}", filtered).replace("{near}", NEAR)
    sql = sql.replace("{at_least}", bits.at_least).replace("{bits}", bits.distance)
    return select(client, Candidate, sql, parameters)
