"""Which known pictures have a hash256 close to some hashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import select

MAX_MEDIA_IDS = 100


@dataclass(frozen=True, slots=True)
class ContentRow:
    """One content with its distance to the nearest of the hashes asked for.

    `hash64` and `hash256` are the content's own, the latter in hex. `media_ids` are in order of arrival.
    `first_is_copy` is false for a near duplicate that a person must look at.
    """

    content_id: str
    distance_bits: int
    hash64: int
    hash256: str
    first_outcome: str
    first_is_copy: bool
    group_content_id: str
    group_media_id: str
    explanation: str
    submissions: int
    media_ids: tuple[str, ...]
    format: str
    size_bytes: int
    width: int
    height: int


SIMILAR_CONTENTS: Final = """
    WITH
        arrayMap(hash -> toFixedString(unhex(hash), 32), {hashes:Array(String)}) AS hashes256,
        arrayMin(arrayMap(hash -> bitHammingDistance(phash256, hash), hashes256)) AS bits,
        (decided_at, kafka_partition, kafka_offset) AS at
    SELECT
        content_id,
        toUInt16(min(bits)) AS distance_bits,
        any(phash64) AS hash64,
        lower(hex(any(phash256))) AS hash256,
        argMin(outcome, at) AS first_outcome,
        argMin(is_copy, at) AS first_is_copy,
        argMin(group_content_id, at) AS group_content_id,
        argMin(multiIf(match_group_media_id != '', match_group_media_id,
            match_media_id != '', match_media_id, media_id), at) AS group_media_id,
        argMin(match_explanation, at) AS explanation,
        count() AS submissions,
        arraySlice(arrayDistinct(arrayMap(
            submission -> submission.2, arraySort(groupArray((at, media_id))))), 1, {max_media_ids:UInt32}
        ) AS media_ids,
        any(format) AS format, any(size_bytes) AS size_bytes, any(width) AS width, any(height) AS height
    FROM decisions_current
    WHERE collection = {collection:String} AND content_id IN
    (
        SELECT content_id
        FROM content_hashes
        WHERE collection = {collection:String} AND version = {version:String} AND quality >= {min_quality:Float32}
        GROUP BY content_id
        ORDER BY min(bits), content_id != {content_id:String}, content_id
        LIMIT {limit:UInt32}
    )
    GROUP BY content_id
    ORDER BY distance_bits, content_id != {content_id:String}, content_id
"""


def similar_contents(
    client: Client,
    hashes256: Sequence[str],
    *,
    collection: str,
    version: str,
    min_quality: float,
    limit: int,
    content_id: str = "",
    max_media_ids: int = MAX_MEDIA_IDS,
) -> tuple[ContentRow, ...]:
    """Contents of a collection, the nearest first.

    Args:
        hashes256: in hex; a content's distance is that to the nearest of them.
        version: of the hash algorithm; contents with hashes of another version are left out.
        min_quality: contents with less structure are left out.
        content_id: comes first among contents of equal distance.
    """
    parameters = {
        **{"hashes": list(hashes256), "collection": collection, "version": version, "min_quality": min_quality},
        **{"limit": limit, "content_id": content_id, "max_media_ids": max_media_ids},
    }
    return select(client, ContentRow, SIMILAR_CONTENTS, parameters)
