"""Decisions: the latest about a medium, and lists."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext, suppress
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from streams.analytics.queries.stored import (
    DecisionFilter,
    Keyset,
    StoredDecision,
    decision_page,
    latest_decision,
    medium_decisions,
)
from streams.analytics.queries.stored.lists import FAR
from streams.api.access.auth import Collection, Reader
from streams.api.answers import cached_answer, json_answer, to_json
from streams.api.backend import Backend, Shared
from streams.api.cursors import Cursors
from streams.api.openapi import missing
from streams.api.parameters import Cursor, Limit, MediaIdPath, WaitSeconds
from streams.api.problems import not_found
from streams.api.schemas.pages import DecisionPage
from streams.api.searching import moment
from streams.api.thumbnails import decision_json, with_thumbnails
from streams.domain.records.codec import EPOCH
from streams.domain.records.decision import Action, Confidence, Outcome
from streams.domain.records.fields import MAX_ID_CHARS
from streams.domain.records.verdict import VerdictStatus

router = APIRouter(tags=["decisions"])

MAX_TEXT = 256
MAX_HISTORY = 1000

Text = Annotated[str, Query(max_length=MAX_TEXT, pattern=r"^[^\x00]*$")]


async def _filter(
    collection: Collection,
    since: Annotated[datetime | None, Query(description="Decided at this time or later.")] = None,
    until: Annotated[datetime | None, Query(description="Decided before this time.")] = None,
    outcome: Annotated[Outcome | None, Query()] = None,
    action: Annotated[Action | None, Query()] = None,
    verdict: Annotated[VerdictStatus | None, Query(description="The status of the verdict.")] = None,
    confidence: Annotated[Confidence | None, Query(description="Of the match.")] = None,
    kind: Annotated[Literal["image", "video"] | None, Query()] = None,
    media_id: Annotated[str, Query(max_length=MAX_ID_CHARS, pattern=r"^[^\x00]*$")] = "",
    content_id: Text = "",
    owner: Annotated[str, Query(max_length=MAX_TEXT, pattern=r"^[^\x00]*$", description="`metadata.owner`.")] = "",
    label: Annotated[str, Query(max_length=MAX_TEXT, pattern=r"^[^\x00]*$", description="Of the verdict.")] = "",
) -> DecisionFilter:
    return DecisionFilter(
        collection, moment(since, EPOCH), moment(until, FAR), outcome or "", action or "", verdict or "",
        confidence or "", kind or "", media_id, content_id, owner, label,
    )  # fmt: skip


Filtered = Annotated[DecisionFilter, Depends(_filter)]


@router.get("/decisions", operation_id="list_decisions", responses={200: {"model": DecisionPage}})
async def list_decisions(
    request: Request,
    principal: Reader,
    backend: Shared,
    chosen: Filtered,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """The current decisions of a collection, the latest first."""
    cursors = Cursors.of(request, "decisions", chosen)
    before = cursors.decode_keyset(cursor)
    found = await backend.queries.run(decision_page, chosen, before=before, limit=limit)
    following = None
    if len(found) == limit:
        following = cursors.encode_keyset(Keyset(datetime.fromisoformat(found[-1].decided_at), found[-1].decision_id))
    return cached_answer(request, DecisionPage(found, following))


@router.get(
    "/decisions/{media_id:path}",
    operation_id="get_decision",
    responses={200: {"model": StoredDecision}, **missing("decision")},
)
async def get_decision(
    request: Request,
    principal: Reader,
    backend: Shared,
    media_id: MediaIdPath,
    collection: Collection,
    wait_s: WaitSeconds = 0.0,
) -> Response:
    """The latest decision about a medium. Rows of ClickHouse come a second after decisions, which count at once."""
    request.scope["state"]["waited"] = wait_s > 0
    with backend.feed.expect(collection, media_id) if wait_s > 0 else nullcontext() as waiter:
        found = await find_decision(request, backend, collection, media_id)
        if found is None and waiter is not None:
            with suppress(TimeoutError):
                found = decision_json(request, await asyncio.wait_for(waiter, wait_s))
    if found is None:
        raise not_found("decision about this medium")
    return cached_answer(request, found)


async def find_decision(request: Request, backend: Backend, collection: str, media_id: str) -> bytes | None:
    """The JSON of the latest decision: as it came a moment ago, else as ClickHouse has it."""
    recent = backend.feed.recent(collection, media_id)
    if recent is not None:
        return decision_json(request, recent)
    stored = await backend.queries.run(latest_decision, collection, media_id)
    return to_json(with_thumbnails(request, stored)) if stored is not None else None


@router.get(
    "/history/{media_id:path}",
    operation_id="get_history",
    responses={200: {"model": list[StoredDecision]}, **missing("decision")},
)
async def get_history(
    request: Request, principal: Reader, backend: Shared, media_id: MediaIdPath, collection: Collection
) -> Response:
    """Every decision about a medium, the latest first: repeated submissions, and revisions by verdicts."""
    found = await backend.queries.run(medium_decisions, collection, media_id, limit=MAX_HISTORY)
    if not found:
        raise not_found("decision about this medium")
    return json_answer(with_thumbnails(request, found))
