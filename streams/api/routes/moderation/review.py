"""What waits for a person: the queue of groups to review, and the collections with how much waits in each."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from streams.analytics.queries.moderation.review_queue import CollectionSize, QueueFilter, collection_sizes
from streams.api.access.auth import Collection, Reader
from streams.api.answers import cached_answer, to_json
from streams.api.backend import Shared
from streams.api.cursors import Cursors
from streams.api.keeping import keep_for
from streams.api.parameters import Cursor, Limit
from streams.api.schemas.pages import QueuePage
from streams.cache import Made
from streams.domain.records.decision import Confidence
from streams.services.views.review_queue import read_queue

router = APIRouter(tags=["review"])

MAX_COLLECTIONS: Final = 10_000


@router.get("/review", operation_id="list_review", responses={200: {"model": QueuePage}})
async def get_queue(
    request: Request,
    principal: Reader,
    backend: Shared,
    collection: Collection,
    confidence: Annotated[Confidence | None, Query(description="Of the match of what waits.")] = None,
    kind: Annotated[Literal["image", "video"] | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Groups with submissions that wait for a person, the most urgent first.

    Groups whose canonical content is blocked come first, then those in which most submissions wait, then those that
    wait longest. A submission waits while the status of its verdict is `review`, or its action is `review` and nobody
    has split it from the known content or merged the two.
    """
    chosen = QueueFilter(collection, confidence or "", kind or "")
    cursors = Cursors.of(request, "review", chosen)
    after = None
    if cursor:
        blocked, waiting, since_ms, content_id = cursors.decode(cursor)
        after = (int(blocked), int(waiting), int(since_ms), str(content_id))
    found = await backend.queries.run(read_queue, chosen, after=after, limit=limit)
    following = cursors.encode(list(found.last)) if found.last else None
    return cached_answer(request, QueuePage(found.groups, following))


@router.get("/collections", operation_id="list_collections", responses={200: {"model": list[CollectionSize]}})
async def get_collections(request: Request, principal: Reader, backend: Shared) -> Response:
    """The collections that the key reaches, those in which most submissions wait for a person first."""
    patterns = tuple(sorted(principal.key.collections))

    async def ask() -> Made:
        found = await backend.queries.run(collection_sizes, limit=MAX_COLLECTIONS)
        return Made(to_json([size for size in found if principal.key.reaches(size.collection)]))

    keep = keep_for(backend, "collections", backend.settings.cache.statistics_s)
    return cached_answer(request, await backend.answers.get(keep, patterns, ask))
