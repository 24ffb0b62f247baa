"""Contents whose submissions were deleted, and which of them no medium has any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import select, select_json

DELETED: Final = """
    SELECT content_id, ingested_at
    FROM deletions
    WHERE content_id != '' AND ingested_at <= now64(3) - toIntervalSecond({settled_s:UInt32})
        AND (ingested_at, content_id) > ({after:DateTime64(3, 'UTC')}, {after_id:String})
    ORDER BY ingested_at, content_id
    LIMIT {limit:UInt32}
"""

#: A row of a deleted submission may come again: it does not count. The key of decisions begins with the content.
STILL_USED: Final = """
    SELECT DISTINCT content_id
    FROM decisions
    WHERE content_id IN {content_ids:Array(String)} AND outcome != 'deleted'
        AND (collection, submission_id, attempt) NOT IN
        (
            SELECT collection, submission_id, attempt FROM deletions WHERE content_id IN {content_ids:Array(String)}
        )
"""


@dataclass(frozen=True, slots=True)
class DeletedContent:
    """A content of a deleted submission; `ingested_at` is when ClickHouse got to know that."""

    content_id: str
    ingested_at: datetime


def deleted_contents(
    client: Client, *, after: tuple[datetime, str], settled_s: int, limit: int
) -> tuple[DeletedContent, ...]:
    """Contents of deleted submissions, in the order in which ClickHouse got to know.

    Args:
        client: connected.
        after: time and content id of the last one of the page before.
        settled_s: only what was deleted so many seconds ago.
        limit: the most contents.
    """
    at, content_id = after
    parameters = {"after": at, "after_id": content_id, "settled_s": settled_s, "limit": limit}
    return select(client, DeletedContent, DELETED, parameters)


def contents_in_use(client: Client, content_ids: Sequence[str]) -> frozenset[str]:
    """Those contents that a submission still has, in any collection."""
    found = select_json(client, STILL_USED, {"content_ids": list(content_ids)})
    return frozenset(row["content_id"] for row in found)
