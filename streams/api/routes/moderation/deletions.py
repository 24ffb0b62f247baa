"""Delete media. A deletion cannot be taken back; every one is logged with the name of its key."""

from __future__ import annotations

import asyncio
import logging
from contextlib import nullcontext
from typing import Any, Final

from clickhouse_connect.driver.client import Client
from fastapi import APIRouter, Request
from starlette.responses import Response

from streams.api.access.auth import Moderating, NamedCollection, Principal
from streams.api.answers import json_answer
from streams.api.backend import Backend, Shared
from streams.api.parameters import WaitSeconds
from streams.api.routes.moderation.verdicts import published_event
from streams.api.schemas.operations import Deletion, DeletionBody
from streams.domain.records import VerdictSource
from streams.services.decision_feed.verdicts_online import OnlineEvent, publish_event_online
from streams.services.moderation.deletions import DeletionPlan, DeletionTarget, forget_media, plan_deletion
from streams.services.moderation.verdicts import ModerationRequest

router = APIRouter(tags=["verdicts"])
audit = logging.getLogger("streams.api.audit")

MAX_AWAITED: Final = 16
ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": Deletion, "description": "Done, or the plan of a dry run."},
    202: {"model": Deletion, "description": "Kafka has the events; their effect was not waited for, or is late."},
}


@router.post("/deletions", operation_id="delete", status_code=202, responses=ANSWERS)
async def delete_media(
    request: Request,
    principal: Moderating,
    backend: Shared,
    named: NamedCollection,
    body: DeletionBody,
    wait_s: WaitSeconds = 0.0,
) -> Response:
    """Delete a medium, or all media of a content: its state, its rows and what others inherited from it."""
    collection = principal.choose_collection(body.collection, named)
    near = backend.policies.of(collection).near
    plan = await backend.queries.run(_plan, body.subject, collection, near=near)
    if body.dry_run:
        return json_answer(_answer(plan, ()))
    request.scope["state"]["waited"] = wait_s > 0
    published = await asyncio.gather(
        *(
            _publish(backend, principal, body, plan.collection, target, wait_s if number < MAX_AWAITED else 0.0)
            for number, target in enumerate(plan.targets)
        )
    )
    forget_media([event.event.media_id for event in published if event.event.media_id is not None])
    return json_answer(_answer(plan, published), 200 if all(event.effect for event in published) else 202)


def _plan(client: Client, subject: str, collection: str, *, near: bool) -> DeletionPlan:
    return plan_deletion(lambda: nullcontext(client), subject, collection, near=near)  # type: ignore[arg-type,return-value]


async def _publish(
    backend: Backend, principal: Principal, body: DeletionBody, collection: str, target: DeletionTarget, wait_s: float
) -> OnlineEvent:
    said = ModerationRequest(
        "deletion",
        target.content_id or target.media_id or "",
        VerdictSource("person", body.by or principal.name),
        reason=body.reason,
        media_id=target.media_id if target.content_id else None,
    )
    published = await publish_event_online(
        backend.publisher,
        backend.feed,
        backend.queries,
        said,
        collection,
        near=True,  # the plan has found the contents already
        source=f"/mediasieve/api/{principal.name}",
        wait_s=wait_s,
    )
    audit.info("deletion key=%s collection=%s event=%s", principal.name, collection, published.event.event_id)
    return published


def _answer(plan: DeletionPlan, published: tuple[OnlineEvent, ...] | list[OnlineEvent]) -> Deletion:
    events = [published_event(event) for event in published]
    return Deletion(plan.collection, not events, plan.submissions, plan.media, plan.targets, events)
