"""Which contents were submitted more than once, exactly or altered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select


@dataclass(frozen=True, slots=True)
class CopyGroup:
    """A group: `content_id` is its canonical content, `media_ids` are in order of arrival, the original first.

    `for_review` submissions match a content of the group and are in groups of their own: they may be copies, or show
    something else too. They and their `review_media_ids` are 0 and empty unless they were asked for.
    """

    collection: str
    content_id: str
    submissions: int
    exact_copies: int
    near_copies: int
    copies_bytes: int
    media_ids: tuple[str, ...]
    transformations: tuple[str, ...]
    for_review: int
    review_media_ids: tuple[str, ...]


#: A submission for review is a row of the group of its match, and as a content of its own one of its own group.
COPY_GROUPS: Final = f"""
    SELECT
        collection,
        group_id AS content_id,
        countIf(NOT reviewed) AS submissions,
        countIf(NOT reviewed AND outcome = 'duplicate') AS exact_copies,
        countIf(NOT reviewed AND outcome = 'near_duplicate' AND is_copy) AS near_copies,
        sumIf(size_bytes, NOT reviewed AND is_copy) AS copies_bytes,
        arrayMap(
            submission -> submission.4,
            arraySlice(
                arraySort(groupArrayIf((is_copy, decided_at, kafka_offset, media_id), NOT reviewed)),
                1, {{max_media_ids:UInt32}}
            )
        ) AS media_ids,
        arraySort(groupUniqArrayIf(
            match_transformation, NOT reviewed AND outcome = 'near_duplicate' AND is_copy
        )) AS transformations,
        countIf(reviewed) AS for_review,
        arrayMap(
            submission -> submission.3,
            arraySlice(
                arraySort(groupArrayIf((decided_at, kafka_offset, media_id), reviewed)), 1, {{max_media_ids:UInt32}}
            )
        ) AS review_media_ids
    FROM
    (
        SELECT *, group_content_id AS group_id, false AS reviewed
        FROM decisions_current
        WHERE outcome != 'failed' AND {IN_COLLECTION}
        UNION ALL
        SELECT decisions_current.*, ifNull(nullIf(known_group, ''), match_content_id) AS group_id, true AS reviewed
        FROM decisions_current
        LEFT JOIN
        (
            SELECT
                collection,
                content_id AS match_content_id,
                argMin(group_content_id, (decided_at, kafka_offset)) AS known_group
            FROM decisions_current
            WHERE outcome != 'failed' AND {IN_COLLECTION}
            GROUP BY collection, content_id
        ) AS known USING (collection, match_content_id)
        WHERE {{for_review:Bool}} AND outcome = 'near_duplicate' AND NOT is_copy AND {IN_COLLECTION}
    )
    GROUP BY collection, group_id
    HAVING exact_copies + near_copies + for_review > 0
    ORDER BY submissions DESC, for_review DESC, copies_bytes DESC, content_id
    LIMIT {{limit:UInt32}}
"""  # noqa: S608 - a constant


def copy_groups(
    client: Client, collection: str = "", *, limit: int = 20, max_media_ids: int = 100, for_review: bool = False
) -> tuple[CopyGroup, ...]:
    """Groups with at least one copy, of a collection or of all, the largest first.

    Args:
        for_review: say also which submissions a person must look at, and give the groups that have nothing else.
    """
    parameters = {"collection": collection, "limit": limit, "max_media_ids": max_media_ids, "for_review": for_review}
    return select(client, CopyGroup, COPY_GROUPS, parameters)
