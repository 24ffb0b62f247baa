"""The queue of groups to review: why each waits, with the known content and the first submission that waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.moderation.review_queue import (
    QueueFilter,
    WaitingGroup,
    canonical_contents,
    first_decisions,
    group_sizes,
    waiting_groups,
)
from streams.analytics.queries.stored import StoredDecision
from streams.analytics.queries.stored.contents import decisions_of_contents


@dataclass(frozen=True)
class QueuedGroup:
    """A group with submissions that wait for a person.

    Attributes:
        content_id: its canonical content.
        known_status: of the verdict on the canonical content; null while there is none.
        waiting: submissions that wait: their match needs a look, or their verdict is `review`.
        waiting_contents: contents of those.
        waiting_since: when the first of them was decided.
        submissions: of the group.
        canonical: the latest decision about the canonical content; null if ClickHouse no longer has one.
        first: the decision that waits longest.
    """

    content_id: str
    known_status: str | None
    waiting: int
    waiting_contents: int
    waiting_since: datetime
    submissions: int
    canonical: StoredDecision | None
    first: StoredDecision | None


@dataclass(frozen=True)
class QueueRows:
    """One page of the queue, and the place after which the next begins."""

    groups: list[QueuedGroup]
    last: tuple[int, int, int, str] | None


def read_queue(
    client: Client, chosen: QueueFilter, *, after: tuple[int, int, int, str] | None, limit: int
) -> QueueRows:
    """A page of the queue, the most urgent group first.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    rows = waiting_groups(client, chosen, after=after, limit=limit)
    if not rows:
        return QueueRows([], None)
    first = first_decisions(client, chosen.collection, rows)
    names = canonical_contents(client, chosen.collection, rows, list(first.values()))
    canonical = decisions_of_contents(client, chosen.collection, list(names.values()))
    sizes = group_sizes(client, chosen.collection, list(names.values()))
    groups = [
        _queued(
            row,
            content_id,
            sizes.get(content_id, 0),
            canonical.get(content_id),
            first.get((row.first_submission_id, row.first_attempt)),
        )
        for row in rows
        if (content_id := names.get(row.group_hash)) is not None
    ]
    return QueueRows(groups, rows[-1].place if len(rows) == limit else None)


def _queued(
    row: WaitingGroup,
    content_id: str,
    submissions: int,
    canonical: StoredDecision | None,
    first: StoredDecision | None,
) -> QueuedGroup:
    return QueuedGroup(
        content_id=content_id,
        known_status=None if row.known_status in ("", "pending") else row.known_status,
        waiting=row.waiting,
        waiting_contents=row.waiting_contents,
        waiting_since=row.waiting_since,
        submissions=submissions,
        canonical=canonical,
        first=first,
    )
