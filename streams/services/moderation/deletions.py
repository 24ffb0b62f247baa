"""Deletes a medium, or all media of a content. A deletion cannot be taken back, so it is planned first and then said.

`forget_media` names the one place that must learn of anything else that is kept of a medium.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.moderation.deletions import DeletedMedium, media_to_delete
from streams.config.settings import Settings
from streams.domain.records import VerdictSource
from streams.errors import AnalyticsError, BadInput, Reason
from streams.kafka.readers.decision_reader import DecisionReader
from streams.services.moderation.verdicts import (
    Connect,
    ModerationRequest,
    PublishedEvent,
    WaitForEffect,
    await_effects,
    is_content_id,
    make_event,
    send_event,
)


@dataclass(frozen=True, slots=True)
class DeletionTarget:
    """What one event deletes: the media of a content, a medium, or the submissions of a medium with one content."""

    content_id: str | None
    media_id: str | None


@dataclass(frozen=True, slots=True)
class DeletionPlan:
    """What a deletion will take away.

    Attributes:
        collection: of the subject.
        targets: an event each.
        media: that ClickHouse knows of; empty if it knows none, or did not answer.
        is_counted: ClickHouse answered.
    """

    collection: str
    targets: tuple[DeletionTarget, ...]
    media: tuple[DeletedMedium, ...]
    is_counted: bool

    @property
    def submissions(self) -> int:
        return sum(medium.submissions for medium in self.media)


def plan_deletion(connect: Connect, subject: str, collection: str, *, near: bool) -> DeletionPlan:
    """Says what the deletion of a content or a medium takes away. Nothing is deleted yet.

    Args:
        connect: opens a connection to ClickHouse.
        subject: a content id or a media id.
        collection: of the subject.
        near: of the collection's policy. Without near matching, the content id finds the partition, so the contents
            of a medium must be found in ClickHouse; otherwise the match stage finds them too.

    Raises:
        BadInput: content_id_needed: ClickHouse does not know the medium.
        AnalyticsError: ClickHouse does not answer or refuses, and is needed.
    """
    by_content = is_content_id(subject)
    try:
        with connect() as client:
            media, is_counted = _media(client, subject, collection, by_content=by_content), True
    except AnalyticsError:
        if not near and not by_content:
            raise
        media, is_counted = (), False
    if by_content:
        return DeletionPlan(collection, (DeletionTarget(subject, None),), media, is_counted)
    targets = tuple(DeletionTarget(medium.content_id, subject) for medium in media)
    if not targets and not near:
        raise BadInput(
            Reason.CONTENT_ID_NEEDED,
            f"ClickHouse knows no medium {subject!r} in the collection {collection!r}; name the content by its id",
        )
    return DeletionPlan(collection, targets or (DeletionTarget(None, subject),), media, is_counted)


def _media(client: Client, subject: str, collection: str, *, by_content: bool) -> tuple[DeletedMedium, ...]:
    return media_to_delete(client, collection, subject, by_content=by_content)


def delete(
    settings: Settings,
    plan: DeletionPlan,
    by: VerdictSource,
    reason: str | None = None,
    wait: WaitForEffect | None = None,
) -> tuple[PublishedEvent, ...]:
    """Publishes the deletions of a plan to media.verdicts.

    Args:
        settings: name the broker.
        plan: the medium and contents to delete.
        by: who says so.
        reason: for people; stays in ClickHouse, so it must not tell whose medium it was.
        wait: for a decision of each target that says so; None to publish only.

    Raises:
        BadInput: a field is wrong.
        BrokerError: the broker is away, or has no such topics.
    """
    events = [
        make_event(
            ModerationRequest(
                "deletion",
                target.content_id or target.media_id or "",
                by,
                reason=reason,
                media_id=target.media_id if target.content_id else None,
            ),
            plan.collection,
        )
        for target in plan.targets
    ]
    if wait is None:
        return _published([send_event(settings, event) for event in events])
    with DecisionReader(settings, "end") as reader:
        published = [send_event(settings, event) for event in events]
        return _published(await_effects(reader, published, wait))


def _published(events: Sequence[PublishedEvent]) -> tuple[PublishedEvent, ...]:
    forget_media([event.event.media_id for event in events if event.event.media_id is not None])
    return tuple(events)


def forget_media(media_ids: Sequence[str]) -> None:
    """Called with every medium that is deleted by name.

    Code that stores anything else by media id, such as thumbnails, removes it from here. State and rows are removed by
    the stages that wrote them. Nothing else is stored yet.
    """
