"""Which contents were submitted more than once, exactly or altered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select


@dataclass(frozen=True, slots=True)
class CopyGroup:
    """A group: `content_id` is its canonical content, `media_ids` are in order of arrival, the original first."""

    collection: str
    content_id: str
    submissions: int
    exact_copies: int
    near_copies: int
    copies_bytes: int
    media_ids: tuple[str, ...]
    transformations: tuple[str, ...]


COPY_GROUPS: Final = f"""
    SELECT
        collection,
        group_content_id AS content_id,
        count() AS submissions,
        countIf(outcome = 'duplicate') AS exact_copies,
        countIf(outcome = 'near_duplicate' AND is_copy) AS near_copies,
        sumIf(size_bytes, is_copy) AS copies_bytes,
        arrayMap(
            submission -> submission.4,
            arraySlice(
                arraySort(groupArray((is_copy, decided_at, kafka_offset, media_id))),
                1, {{max_media_ids:UInt32}}
            )
        ) AS media_ids,
        arraySort(groupUniqArrayIf(match_transformation, outcome = 'near_duplicate' AND is_copy)) AS transformations
    FROM decisions_current
    WHERE outcome != 'failed' AND {IN_COLLECTION}
    GROUP BY collection, group_content_id
    HAVING exact_copies + near_copies > 0
    ORDER BY submissions DESC, copies_bytes DESC, content_id
    LIMIT {{limit:UInt32}}
"""  # noqa: S608 - a constant


def copy_groups(
    client: Client, collection: str = "", *, limit: int = 20, max_media_ids: int = 100
) -> tuple[CopyGroup, ...]:
    """Groups with at least one copy, of a collection or of all, the largest first."""
    parameters = {"collection": collection, "limit": limit, "max_media_ids": max_media_ids}
    return select(client, CopyGroup, COPY_GROUPS, parameters)
