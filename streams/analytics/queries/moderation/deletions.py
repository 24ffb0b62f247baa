"""What the deletion of a content or a medium would take away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.moderation.verdicts import contents_of_medium
from streams.analytics.queries.select import select

MEDIA_LIMIT: Final = 1_000


@dataclass(frozen=True, slots=True)
class DeletedMedium:
    """Submissions of a medium with one content."""

    media_id: str
    content_id: str
    submissions: int
    last_at: datetime


MEDIA_TO_DELETE: Final = """
    SELECT media_id, content_id, uniqExact(submission_id, attempt) AS submissions, max(decided_at) AS last_at
    FROM decisions_once
    WHERE collection = {collection:String} AND content_id != '' AND revision = 0
        AND if({by_content:Bool}, content_id, media_id) = {subject:String}
        AND content_id IN {content_ids:Array(String)}
    GROUP BY media_id, content_id
    ORDER BY last_at DESC, media_id, content_id
    LIMIT {limit:UInt32}
"""


def media_to_delete(client: Client, collection: str, subject: str, *, by_content: bool) -> tuple[DeletedMedium, ...]:
    """The media of a content, or the contents of a medium, the latest first; at most MEDIA_LIMIT.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    contents = [subject] if by_content else list(contents_of_medium(client, collection, subject))
    parameters = {
        **{"collection": collection, "subject": subject, "by_content": by_content, "limit": MEDIA_LIMIT},
        "content_ids": contents,
    }
    return select(client, DeletedMedium, MEDIA_TO_DELETE, parameters)
