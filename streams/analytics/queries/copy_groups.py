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
    `thumbnails` are URLs in answers of the API, by size in pixels.
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
    thumbnails: dict[str, str] | None = None


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
        AND ({{after_content_id:String}} = '' OR
            (-toInt64(submissions), -toInt64(for_review), -toInt64(copies_bytes), group_id)
            > ({{after_submissions:Int64}}, {{after_for_review:Int64}}, {{after_bytes:Int64}},
               {{after_content_id:String}}))
    ORDER BY submissions DESC, for_review DESC, copies_bytes DESC, content_id
    LIMIT {{limit:UInt32}}
"""  # noqa: S608 - a constant


def copy_groups(
    client: Client,
    collection: str = "",
    *,
    limit: int = 20,
    max_media_ids: int = 100,
    for_review: bool = False,
    after: tuple[int, int, int, str] | None = None,
) -> tuple[CopyGroup, ...]:
    """Groups with at least one copy, of a collection or of all, the largest first.

    Args:
        client: connected.
        collection: empty for all.
        limit: the most groups.
        max_media_ids: the most media of one group.
        after: submissions, submissions for review, bytes of copies and content id of the last group of the page before.
        for_review: say also which submissions a person must look at, and give the groups that have nothing else.
    """
    submissions, reviewed, copies_bytes, content_id = after or (0, 0, 0, "")
    parameters = {
        **{"collection": collection, "limit": limit, "max_media_ids": max_media_ids, "for_review": for_review},
        **{"after_submissions": -submissions, "after_for_review": -reviewed, "after_bytes": -copies_bytes},
        "after_content_id": content_id,
    }
    return select(client, CopyGroup, COPY_GROUPS, parameters)
