"""Decisions as they come, as server-sent events. A client that was interrupted goes on with `Last-Event-ID`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response, StreamingResponse

from streams.api.access.auth import Collection, Reader
from streams.api.backend import Backend, Shared
from streams.api.problems import Problem
from streams.api.thumbnails import decision_json
from streams.domain.records.decision import Outcome
from streams.services.decision_feed.catch_up import decisions_between
from streams.services.decision_feed.fed import FedDecision, decode_position, encode_position

router = APIRouter(tags=["decisions"])

EVENT_STREAM: Final = "text/event-stream"
HEARTBEAT_S: Final = 15.0
STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events `decision`, whose data is a StoredDecision and whose id goes into Last-Event-ID.",
        "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
    }
}


@router.get("/events/decisions", operation_id="stream_decisions", response_class=Response, responses=STREAM)
async def stream_decisions(
    request: Request,
    principal: Reader,
    backend: Shared,
    collection: Collection,
    outcome: Annotated[Outcome | None, Query()] = None,
    max_s: Annotated[
        float, Query(gt=0, le=86_400, description="The stream ends after so long; clients open it again.")
    ] = 3600.0,
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", max_length=8192, description="The id of the last event that came.")
    ] = None,
) -> Response:
    """The decisions of a collection from now on, or since the last event. Drop `decision_id`s that came before."""
    start = None
    if last_event_id:
        start = decode_position(last_event_id)
        if start is None:
            raise Problem(400, "bad_cursor", "Last-Event-ID must be the id of an event of this stream.")
    request.scope["state"]["waited"] = True
    backend.feed.check_room()  # now: a refusal is a problem, no broken stream
    lines = _events(request, backend, collection, outcome, start, max_s)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines, 200, headers, EVENT_STREAM)


async def _events(
    request: Request,
    backend: Backend,
    collection: str,
    outcome: Outcome | None,
    start: dict[int, int] | None,
    max_s: float,
) -> AsyncIterator[bytes]:
    def wanted(decision: FedDecision) -> bool:
        return decision.collection == collection and outcome in (None, decision.outcome)

    ends_at = asyncio.get_running_loop().time() + max_s
    with backend.feed.subscribe() as subscription:
        position = dict(subscription.position)
        yield b"retry: 2000\n: open\n\n"
        if start is not None:
            passed = {**position, **start}
            async with backend.catching_up:
                async for decision in decisions_between(backend.settings, passed, subscription.position):
                    passed[decision.partition] = decision.offset + 1
                    if wanted(decision):
                        yield _event(request, decision, passed)
        while not subscription.lost and (left_s := ends_at - asyncio.get_running_loop().time()) > 0:
            found = await subscription.next(min(HEARTBEAT_S, left_s))
            if found is None:
                yield b": alive\n\n"
                continue
            position[found.partition] = found.offset + 1
            if wanted(found):
                yield _event(request, found, position)


def _event(request: Request, decision: FedDecision, position: dict[int, int]) -> bytes:
    return b"event: decision\nid: %s\ndata: %s\n\n" % (
        encode_position(position).encode(),
        decision_json(request, decision),
    )
