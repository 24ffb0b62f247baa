"""Which pictures an earlier version fingerprinted: without evidence, or with hashes of another version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select, select_value
from streams.domain.evidence.evidence import VERSION
from streams.domain.hashes.algorithms import VIEW_COMPARING_HASH, current_algorithm

PAGE_ROWS: Final = 2000
MAX_SUBMISSIONS: Final = 8
"""Submissions of one content that are looked at, the latest first: their media may be in Kafka still."""

_OUTDATED: Final = f"""
    FROM fingerprints_once
    WHERE content_id != '' AND media_kind = 'image' AND {IN_COLLECTION}
        AND (collection, content_id) > ({{after_collection:String}}, {{after_content_id:String}})
    GROUP BY collection, content_id
    HAVING max(evidence_version) < {{evidence:UInt8}} OR NOT max(has(hashes.keys, {{hash:String}}))
"""


@dataclass(frozen=True, slots=True)
class OutdatedContent:
    """A content whose newest fingerprint is of an earlier version.

    `submissions` are media id, topic, partition and offset, the latest first; `media_id` and `kind` are of the first.
    """

    collection: str
    content_id: str
    media_id: str
    kind: str
    last_seen_at: datetime
    submissions: tuple[tuple[str, str, int, int], ...]


OUTDATED_CONTENTS: Final = f"""
    SELECT
        collection, content_id,
        argMin(media_id, (published_at, kafka_partition, kafka_offset)) AS media_id,
        argMin(kind, (published_at, kafka_partition, kafka_offset)) AS kind,
        max(published_at) AS last_seen_at,
        arraySlice(arrayMap(
            submission -> (submission.2, submission.3, submission.4, submission.5),
            arrayReverseSort(groupArray(
                (published_at, fingerprints_once.media_id, origin_topic, origin_partition, origin_offset)
            ))
        ), 1, {MAX_SUBMISSIONS}) AS submissions
    {_OUTDATED}
    ORDER BY collection, content_id
    LIMIT {PAGE_ROWS}
"""

OUTDATED_COUNT: Final = f"SELECT count() FROM (SELECT collection, content_id {_OUTDATED})"  # noqa: S608 - constants


def count_outdated_contents(client: Client, collection: str = "") -> int:
    """How many pictures of a collection, or of all, an earlier version fingerprinted."""
    return int(select_value(client, OUTDATED_COUNT, _parameters(collection, "", "")))


def outdated_contents(client: Client, collection: str = "") -> Iterator[OutdatedContent]:
    """Pictures that an earlier version fingerprinted, by collection and content id; read in pages."""
    after = ("", "")
    while True:
        rows = select(client, OutdatedContent, OUTDATED_CONTENTS, _parameters(collection, *after))
        yield from rows
        if len(rows) < PAGE_ROWS:
            return
        after = (rows[-1].collection, rows[-1].content_id)


def _parameters(collection: str, after_collection: str, after_content_id: str) -> dict[str, object]:
    return {
        "collection": collection,
        "after_collection": after_collection,
        "after_content_id": after_content_id,
        "evidence": VERSION,
        "hash": current_algorithm(VIEW_COMPARING_HASH).key,
    }
