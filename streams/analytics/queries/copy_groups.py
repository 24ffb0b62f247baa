"""Which contents were submitted more than once, exactly or altered."""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class _CountedGroup:
    """A group by the hash of its content; see `CopyGroup`."""

    collection: str
    group: int
    submissions: int
    exact_copies: int
    near_copies: int
    copies_bytes: int
    media_ids: tuple[str, ...]
    transformations: tuple[str, ...]
    for_review: int
    review_media_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _ContentName:
    collection: str
    hash: int
    content_id: str


#: A submission for review is a row of the group of its match, and as a content of its own one of its own group.
_ROWS: Final = f"""
    SELECT *, group_hash AS group, false AS reviewed
    FROM current_facts
    WHERE outcome != 'failed' AND {IN_COLLECTION}
    UNION ALL
    SELECT current_facts.*, if(known_group = 0, reviewed_hash, known_group) AS group, true AS reviewed
    FROM current_facts
    LEFT JOIN
    (
        SELECT collection, content_hash AS reviewed_hash, argMin(group_hash, decided_at) AS known_group
        FROM current_facts
        WHERE {{for_review:Bool}} AND outcome != 'failed' AND {IN_COLLECTION} AND content_hash IN
            (SELECT reviewed_hash FROM current_facts WHERE reviewed_hash != 0 AND {IN_COLLECTION})
        GROUP BY collection, content_hash
    ) AS known USING (collection, reviewed_hash)
    WHERE {{for_review:Bool}} AND reviewed_hash != 0 AND {IN_COLLECTION}
"""  # noqa: S608 - a constant

#: The groups of the page are found first by their numbers alone; then their media are gathered.
COPY_GROUPS: Final = f"""
    WITH rows AS ({_ROWS})
    SELECT
        collection,
        group,
        countIf(NOT reviewed) AS submissions,
        countIf(NOT reviewed AND outcome = 'duplicate') AS exact_copies,
        countIf(NOT reviewed AND outcome = 'near_duplicate' AND is_copy) AS near_copies,
        sumIf(size_bytes, NOT reviewed AND is_copy) AS copies_bytes,
        arrayMap(
            submission -> submission.3,
            arraySlice(
                arraySort(groupArrayIf((is_copy, decided_at, media_id), NOT reviewed)), 1, {{max_media_ids:UInt32}}
            )
        ) AS media_ids,
        arraySort(groupUniqArrayIf(
            match_transformation, NOT reviewed AND outcome = 'near_duplicate' AND is_copy
        )) AS transformations,
        countIf(reviewed) AS for_review,
        arrayMap(
            submission -> submission.2,
            arraySlice(arraySort(groupArrayIf((decided_at, media_id), reviewed)), 1, {{max_media_ids:UInt32}})
        ) AS review_media_ids
    FROM rows
    WHERE (collection, group) IN
    (
        SELECT collection, group
        FROM rows
        GROUP BY collection, group
        HAVING countIf(reviewed OR is_copy) > 0
            AND ({{after_content_id:String}} = '' OR
                (-toInt64(countIf(NOT reviewed)), -toInt64(countIf(reviewed)),
                 -toInt64(sumIf(size_bytes, NOT reviewed AND is_copy)), group)
                > ({{after_submissions:Int64}}, {{after_for_review:Int64}}, {{after_bytes:Int64}},
                   cityHash64({{after_content_id:String}})))
        ORDER BY countIf(NOT reviewed) DESC, countIf(reviewed) DESC,
            sumIf(size_bytes, NOT reviewed AND is_copy) DESC, group
        LIMIT {{limit:UInt32}}
    )
    GROUP BY collection, group
    ORDER BY submissions DESC, for_review DESC, copies_bytes DESC, group
"""  # noqa: S608 - a constant

NAMES: Final = f"""
    SELECT collection, hash, content_id FROM content_names
    WHERE hash IN {{hashes:Array(UInt64)}} AND {IN_COLLECTION}
"""  # noqa: S608


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
    found = select(client, _CountedGroup, COPY_GROUPS, parameters)
    names = _names(client, collection, [group.group for group in found])
    return tuple(
        CopyGroup(
            content_id=name,
            **{field: getattr(group, field) for field in _CountedGroup.__dataclass_fields__ if field != "group"},
        )
        for group in found
        if (name := names.get((group.collection, group.group))) is not None
    )


def _names(client: Client, collection: str, hashes: Sequence[int]) -> dict[tuple[str, int], str]:
    """The content ids of hashes, by collection and hash."""
    if not hashes:
        return {}
    rows = select(client, _ContentName, NAMES, {"collection": collection, "hashes": list(hashes)})
    return {(row.collection, row.hash): row.content_id for row in rows}
