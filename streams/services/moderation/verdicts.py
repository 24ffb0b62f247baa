"""Publishes moderation events, waits for their effect, and shows the verdicts on a content or medium."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import orjson
from clickhouse_connect.driver.client import Client

from streams.analytics.queries.moderation.verdicts import (
    CurrentVerdict,
    ModerationAct,
    content_of_medium,
    current_verdicts,
    moderation_acts,
)
from streams.config.settings import Settings
from streams.domain.records import (
    Decision,
    Label,
    ModerationEvent,
    Origin,
    VerdictSource,
    decode_moderation_event,
    format_timestamp,
)
from streams.domain.records.ids import digest_of
from streams.domain.records.moderation import PAIR_EVENTS, EventName, Scope
from streams.domain.records.verdict import GivenStatus
from streams.errors import BadInput, Reason
from streams.kafka.cloudevents import VERDICT_TYPE, moderation_headers
from streams.kafka.publisher import publish_record
from streams.kafka.readers.decision_reader import DecisionReader, DecisionRecord
from streams.kafka.topics import VERDICTS

SOURCE: Final = "/mediasieve/verdicts"
NO_ORIGIN: Final = Origin(VERDICTS, 0, 0)

Connect = Callable[[], Client]
"""Opens a connection to ClickHouse; called only where a medium must be looked up."""


@dataclass(frozen=True, slots=True)
class ModerationRequest:
    """What somebody wants to say.

    Attributes:
        event: what happens.
        subject: the content id, or else the media id, that the event is about.
        by: who says so.
        other: content id or media id of the second content of a split, a merge or an undo.
        status: of a verdict.
        labels: of a verdict.
        reason: for people.
        scope: of a verdict.
        media_id: of a deletion whose subject is a content id: the only medium of the content that is deleted.
    """

    event: EventName
    subject: str
    by: VerdictSource
    other: str | None = None
    status: GivenStatus | None = None
    labels: Sequence[Label] = ()
    reason: str | None = None
    scope: Scope = "group"
    media_id: str | None = None


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """An event in media.verdicts, and the decision that it brought about where somebody waited for one."""

    event: ModerationEvent
    partition: int
    offset: int
    effect: DecisionRecord | None = None


@dataclass(frozen=True, slots=True)
class SubjectVerdicts:
    """The verdicts that the decisions about a content or medium carry, and the acts on it, the latest first."""

    current: tuple[CurrentVerdict, ...]
    acts: tuple[ModerationAct, ...]


@dataclass(frozen=True, slots=True)
class WaitForEffect:
    """How to wait for the decision that an event brings about. `on_idle` is called a few times a second."""

    timeout_s: float
    on_idle: Callable[[], None] = field(default=lambda: None)


def publish_event(
    settings: Settings,
    request: ModerationRequest,
    collection: str,
    *,
    near: bool,
    connect: Connect,
    wait: WaitForEffect | None = None,
) -> PublishedEvent:
    """Publishes an event to media.verdicts.

    Args:
        settings: name the broker.
        request: what to say.
        collection: of the content.
        near: of the collection's policy. Without near matching, the content id finds the partition, so a medium is
            looked up in ClickHouse.
        connect: opens a connection to ClickHouse.
        wait: for a decision that shows the effect; None to publish only.

    Raises:
        BadInput: a field is wrong, the collection has no groups, or ClickHouse does not know the medium.
        BrokerError: the broker is away, or has no such topics.
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    if not near and request.event in PAIR_EVENTS:
        raise BadInput(
            Reason.BAD_FIELD, f"collection {collection!r} compares equal bytes only, so it has no groups to change"
        )
    event = make_event(_resolved(request, collection, near=near, connect=connect), collection)
    if wait is None:
        return send_event(settings, event)
    with DecisionReader(settings, "end") as reader:
        return await_effects(reader, [send_event(settings, event)], wait)[0]


def show_verdicts(client: Client, subject: str, collection: str, *, limit: int) -> SubjectVerdicts:
    """What ClickHouse knows of the verdicts on a content or a medium.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    current = current_verdicts(client, collection, subject, limit=limit)
    names = {subject}
    for verdict in current:
        names |= {verdict.content_id, verdict.media_id, verdict.verdict_content_id, verdict.verdict_inherited_from}
    acts = moderation_acts(client, collection, tuple(sorted(names - {""})), limit=limit)
    return SubjectVerdicts(current, acts)


def is_content_id(text: str) -> bool:
    try:
        digest_of(text)
    except ValueError:
        return False
    return True


def _resolved(request: ModerationRequest, collection: str, *, near: bool, connect: Connect) -> ModerationRequest:
    """The request with content ids wherever a media id cannot stand."""
    if not near and not is_content_id(request.subject):
        request = replace(request, subject=_look_up(connect, collection, request.subject))
    if request.other is not None and not is_content_id(request.other):
        request = replace(request, other=_look_up(connect, collection, request.other))
    return request


def _look_up(connect: Connect, collection: str, media_id: str) -> str:
    with connect() as client:
        content_id = content_of_medium(client, collection, media_id)
    if content_id is None:
        raise BadInput(
            Reason.CONTENT_ID_NEEDED,
            f"ClickHouse knows no medium {media_id!r} in the collection {collection!r}; name the content by its id",
        )
    return content_id


def make_event(request: ModerationRequest, collection: str, source: str = SOURCE) -> ModerationEvent:
    """The event, checked with the function that the fingerprint stage decodes it with.

    Args:
        request: what to say; contents are named by their ids where a medium cannot be.
        collection: of the content.
        source: the CloudEvents source.

    Raises:
        BadInput: names the field that is wrong.
    """
    name = "content_id" if is_content_id(request.subject) else "media_id"
    document = {
        "event": request.event,
        "collection": collection,
        "media_id": request.media_id,
        name: request.subject,
        "other_content_id": request.other,
        "by": request.by,
        "at": format_timestamp(round(datetime.now(UTC).timestamp() * 1000)),
        "status": request.status,
        "labels": list(request.labels) or None,
        "reason": request.reason,
        "scope": request.scope if request.event == "verdict" else None,
    }
    headers = [("ce_id", str(uuid.uuid4()).encode()), ("ce_source", source.encode())]
    value = orjson.dumps({name: entry for name, entry in document.items() if entry is not None})
    return decode_moderation_event(value=value, headers=headers, origin=NO_ORIGIN, timestamp_ms=0)


def send_event(settings: Settings, event: ModerationEvent) -> PublishedEvent:
    headers = moderation_headers(event, VERDICT_TYPE)
    partition, offset = publish_record(settings, VERDICTS, event.subject.encode(), event.to_json(), headers)
    return PublishedEvent(event, partition, offset)


def await_effects(
    reader: DecisionReader, published: Sequence[PublishedEvent], wait: WaitForEffect
) -> list[PublishedEvent]:
    """The events, each with the first decision that shows its effect; without one if there is none in time."""
    effects: dict[str, DecisionRecord] = {}
    deadline = time.monotonic() + wait.timeout_s
    while len(effects) < len(published) and time.monotonic() < deadline:
        for record in reader.read():
            for each in published:
                if each.event.event_id not in effects and shows_effect(record.decision, each.event):
                    effects[each.event.event_id] = record
        wait.on_idle()
    return [replace(each, effect=effects.get(each.event.event_id)) for each in published]


def shows_effect(decision: Decision, event: ModerationEvent) -> bool:
    """Whether a decision that came after an event shows what the event brought about.

    That is, a decision about the content or medium that the event names: with this very verdict, without the source's
    verdict after a withdrawal, any revised one after a correction, also about the other content, and the one that says
    so after a deletion.
    """
    is_about = decision.media_id == event.media_id or decision.content_id in (event.content_id, event.other_content_id)
    if decision.collection != event.collection or decision.content_id is None or not is_about:
        return False
    if event.event == "deletion":
        is_named = decision.content_id == event.content_id or event.content_id is None
        return decision.outcome == "deleted" and is_named and event.media_id in (None, decision.media_id)
    verdict = decision.verdict
    is_by_source = (verdict.kind, verdict.by) == (event.by.kind, event.by.name)
    if event.event == "verdict":
        return is_by_source and (verdict.status, verdict.at) == (event.status, event.at)
    return decision.revision > 0 and (event.event in PAIR_EVENTS or not is_by_source)
