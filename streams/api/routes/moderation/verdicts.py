"""Say whether contents are allowed, and whether two are the same. Every act is logged with the name of its key."""

from __future__ import annotations

import logging
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from streams.api.access.auth import Collection, Moderating, NamedCollection, Principal, Reader
from streams.api.answers import cached_answer, json_answer
from streams.api.backend import Backend, Shared
from streams.api.parameters import MediaIdPath, WaitSeconds
from streams.api.schemas.verdicts import EventPublished, PairBody, Said, VerdictBody, WithdrawalBody
from streams.domain.records import Label, VerdictSource
from streams.domain.records.moderation import EventName
from streams.services.decision_feed.verdicts_online import OnlineEvent, publish_event_online
from streams.services.moderation.verdicts import ModerationRequest, SubjectVerdicts, show_verdicts

router = APIRouter(tags=["verdicts"])
audit = logging.getLogger("streams.api.audit")

ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": EventPublished, "description": "Done: `effect` shows it."},
    202: {"model": EventPublished, "description": "Kafka has the event; its effect was not waited for, or is late."},
}


@router.post("/verdicts", operation_id="give_verdict", status_code=202, responses=ANSWERS)
async def give_verdict(
    request: Request,
    principal: Moderating,
    backend: Shared,
    named: NamedCollection,
    body: VerdictBody,
    wait_s: WaitSeconds = 0.0,
) -> Response:
    """Say whether a content is allowed, blocked or for review. A person overrules a list, a list a model."""
    labels = [Label(label.name, label.parent, label.score) for label in body.labels]
    said = ModerationRequest("verdict", body.subject, _source(body, principal), None, body.status, labels,
                             body.reason, body.scope)  # fmt: skip
    return await _publish(
        request, backend, principal, said, principal.choose_collection(body.collection, named), wait_s
    )


@router.post("/withdrawals", operation_id="withdraw_verdict", status_code=202, responses=ANSWERS)
async def withdraw(
    request: Request,
    principal: Moderating,
    backend: Shared,
    named: NamedCollection,
    body: WithdrawalBody,
    wait_s: WaitSeconds = 0.0,
) -> Response:
    """Take back what the same source said about a content. What others said counts again."""
    said = ModerationRequest("withdrawal", body.subject, _source(body, principal), reason=body.reason)
    return await _publish(
        request, backend, principal, said, principal.choose_collection(body.collection, named), wait_s
    )


@router.post("/splits", operation_id="split", status_code=202, responses=ANSWERS)
async def split(
    request: Request,
    principal: Moderating,
    backend: Shared,
    named: NamedCollection,
    body: PairBody,
    wait_s: WaitSeconds = 0.0,
) -> Response:
    """Say that two contents are not the same. They are never matched again."""
    return await _publish_pair(request, backend, principal, "split", body, named, wait_s)


@router.post("/merges", operation_id="merge", status_code=202, responses=ANSWERS)
async def merge(
    request: Request,
    principal: Moderating,
    backend: Shared,
    named: NamedCollection,
    body: PairBody,
    wait_s: WaitSeconds = 0.0,
) -> Response:
    """Say that two contents are the same: their groups become one, with the verdicts of both."""
    return await _publish_pair(request, backend, principal, "merge", body, named, wait_s)


@router.post("/undos", operation_id="undo", status_code=202, responses=ANSWERS)
async def undo(
    request: Request,
    principal: Moderating,
    backend: Shared,
    named: NamedCollection,
    body: PairBody,
    wait_s: WaitSeconds = 0.0,
) -> Response:
    """Take a split of two contents back, after which they are in one group, or else a merge."""
    return await _publish_pair(request, backend, principal, "undo", body, named, wait_s)


@router.get("/verdicts/{subject:path}", operation_id="get_verdicts", responses={200: {"model": SubjectVerdicts}})
async def get_verdicts(
    request: Request,
    principal: Reader,
    backend: Shared,
    subject: MediaIdPath,
    collection: Collection,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The verdicts in force on a content's or medium's submissions, and who said what, the latest first."""
    return cached_answer(request, await backend.queries.run(show_verdicts, subject, collection, limit=limit))


async def _publish_pair(
    request: Request,
    backend: Backend,
    principal: Principal,
    event: EventName,
    body: PairBody,
    named: str | None,
    wait_s: float,
) -> Response:
    said = ModerationRequest(event, body.subject, _source(body, principal), body.other, reason=body.reason)
    return await _publish(
        request, backend, principal, said, principal.choose_collection(body.collection, named), wait_s
    )


async def _publish(
    request: Request, backend: Backend, principal: Principal, said: ModerationRequest, collection: str, wait_s: float
) -> Response:
    request.scope["state"]["waited"] = wait_s > 0
    published = await publish_said(backend, principal, said, collection, wait_s=wait_s)
    return json_answer(published_event(published), 200 if published.effect else 202)


async def publish_said(
    backend: Backend, principal: Principal, said: ModerationRequest, collection: str, *, wait_s: float = 0.0
) -> OnlineEvent:
    """Publish what a key says of a content or medium, and note that for the audit.

    Raises:
        BadInput: a field is wrong, the collection has no groups, or ClickHouse does not know the medium.
        BrokerError, AnalyticsError, Overloaded: a part is away or busy.
    """
    published = await publish_event_online(
        backend.publisher,
        backend.feed,
        backend.queries,
        said,
        collection,
        near=backend.policies.of(collection).near,
        source=f"/mediasieve/api/{principal.name}",
        wait_s=wait_s,
    )
    event = published.event
    audit.info(
        "%s key=%s by=%s:%s collection=%s status=%s event=%s",
        *(event.event, principal.name, event.by.kind, ascii(event.by.name), collection, event.status, event.event_id),
    )
    return published


def published_event(published: OnlineEvent) -> EventPublished:
    """What an answer says of an event."""
    event, effect = published.event, published.effect
    return EventPublished(
        event_id=event.event_id,
        event=event.event,
        collection=event.collection,
        content_id=event.content_id,
        media_id=event.media_id,
        other_content_id=event.other_content_id,
        by=event.by.name,
        partition=published.place.partition,
        offset=published.place.offset,
        effect=orjson.Fragment(effect.to_json()) if effect else None,  # type: ignore[arg-type]
    )


def _source(body: Said, principal: Principal) -> VerdictSource:
    return VerdictSource(body.by_kind, body.by or principal.name, body.by_version)
