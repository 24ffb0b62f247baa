"""Contents: the latest decision about each of some, where their fingerprints are, and which are like a hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import select, select_json
from streams.analytics.queries.similar_contents import HAS_HASHES
from streams.analytics.queries.stored.decision import COLUMNS, StoredDecision
from streams.analytics.queries.stored.lists import FILTER, DecisionFilter, read_decisions


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


OF_CONTENTS: Final = f"""
    SELECT {COLUMNS} FROM decisions_current
    WHERE collection = {{collection:String}} AND content_id IN {{content_ids:Array(String)}}
        AND outcome NOT IN ('failed', 'deleted')
    ORDER BY decided_at DESC, decision_id DESC
    LIMIT 1 BY content_id
"""  # noqa: S608 - constants

#: By the key of the table alone: `decisions_current` looks at the revisions of all contents.
USES: Final = """
    SELECT content_id, count() AS submissions, argMin(media_id, (decided_at, decision_id)) AS first_media_id
    FROM
    (
        SELECT content_id, media_id, outcome, submission_id, attempt, decided_at, decision_id
        FROM decisions FINAL
        WHERE collection = {collection:String} AND content_id IN {content_ids:Array(String)}
        ORDER BY revision DESC
        LIMIT 1 BY content_id, submission_id, attempt
    )
    WHERE outcome NOT IN ('failed', 'deleted') AND (submission_id, attempt) NOT IN
    (
        SELECT submission_id, attempt FROM deletions WHERE collection = {collection:String}
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

#: Rows of `decisions` are asked where nothing is filtered: a content has the same hashes in all of them.
CANDIDATES: Final = """
    WITH
        arrayMap(hash -> toFixedString(unhex(hash), 32), {hashes:Array(String)}) AS hashes256,
        arrayMin(arrayMap(hash -> bitHammingDistance(phash256, hash), hashes256)) AS bits
    SELECT
        content_id,
        toUInt16(min(bits)) AS distance_bits,
        any(phash64) AS hash64,
        lower(hex(any(phash256))) AS hash256
    FROM {table}
    WHERE {where} AND {has_hashes} AND quality >= {min_quality:Float32} AND bits <= {max_distance_bits:UInt16}
    GROUP BY content_id
    HAVING (distance_bits, content_id) > ({after_bits:Int32}, {after:String})
    ORDER BY distance_bits, content_id
    LIMIT {limit:UInt32}
"""


def _candidates_sql(table: str, where: str) -> str:
    return CANDIDATES.replace("{table}", table).replace("{where}", where).replace("{has_hashes}", HAS_HASHES)


UNFILTERED: Final = _candidates_sql("decisions", "collection = {collection:String} AND content_id != ''")
FILTERED: Final = _candidates_sql("decisions_current", FILTER)


def decisions_of_contents(client: Client, collection: str, content_ids: Sequence[str]) -> dict[str, StoredDecision]:
    """The latest current decision about each content, by content id; contents without one are absent."""
    parameters = {"collection": collection, "content_ids": list(content_ids)}
    found = read_decisions(client, OF_CONTENTS, parameters)
    return {decision.content_id or "": decision for decision in found}


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
    is_filtered = chosen != DecisionFilter(chosen.collection)
    parameters = {
        **chosen.parameters(),
        **{"hashes": list(hashes256), "version": version, "min_quality": min_quality, "limit": limit},
        **{"max_distance_bits": max_distance_bits, "after_bits": after_bits, "after": after_content},
    }
    return select(client, Candidate, FILTERED if is_filtered else UNFILTERED, parameters)
