"""One medium: its latest decision, how often it came, and its group."""

from __future__ import annotations

from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.stored import StoredDecision
from streams.analytics.queries.stored.contents import content_uses
from streams.analytics.queries.stored.keys import documents_of_keys, standing_keys, standing_with_first
from streams.analytics.queries.stored.lists import medium_keys

MAX_DECISIONS = 1000


@dataclass(frozen=True)
class MediumView:
    """A medium as it is decided now.

    Attributes:
        media_id: as submitted.
        collection: in which it was submitted.
        content_id: of its latest submission; None if that failed.
        group_content_id: the canonical content of its group; None if it has none.
        submissions: of this medium, up to 1,000.
        content_submissions: of its content, by any medium.
        first_media_id: the first medium with this content.
        decision: the latest.
        thumbnails: URLs of small pictures, by size in pixels; filled by the API.
    """

    media_id: str
    collection: str
    content_id: str | None
    group_content_id: str | None
    submissions: int
    content_submissions: int
    first_media_id: str | None
    decision: StoredDecision
    thumbnails: dict[str, str] | None = None


def view_medium(client: Client, collection: str, media_id: str) -> MediumView | None:
    """A medium; None if ClickHouse knows none of this id in this collection.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    found = medium_keys(client, collection, media_id, limit=MAX_DECISIONS)
    keys, latest = standing_with_first(client, collection, found)
    if latest is None and found:  # all are deleted, or a revision is just being written: then the one before it stands
        keys = standing_keys(client, collection, found, superseded=True)
        latest = next(iter(documents_of_keys(client, collection, keys[:2])), None)
    if latest is None:
        return None
    use = content_uses(client, collection, [latest.content_id]).get(latest.content_id) if latest.content_id else None
    return MediumView(
        media_id=media_id,
        collection=collection,
        content_id=latest.content_id,
        group_content_id=latest.group_content_id,
        submissions=len({key.submission_id for key in keys}),
        content_submissions=use.submissions if use else 0,
        first_media_id=use.first_media_id if use else None,
        decision=latest,
    )
