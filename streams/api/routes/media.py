"""The facts that are known about a medium."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from streams.api.access.auth import Collection, Reader
from streams.api.answers import cached_answer, to_json
from streams.api.backend import Shared
from streams.api.keeping import keep_for
from streams.api.openapi import missing
from streams.api.parameters import MediaIdPath
from streams.api.problems import not_found
from streams.api.thumbnails import decision_json, with_thumbnails
from streams.cache import KeptAnswer, Made, content_tag, medium_tag
from streams.services.decision_feed.fed import FedDecision
from streams.services.views.media_view import MediumView, view_medium

router = APIRouter(tags=["media"])


@router.get(
    "/media/{media_id:path}", operation_id="get_medium", responses={200: {"model": MediumView}, **missing("medium")}
)
async def get_medium(
    request: Request, principal: Reader, backend: Shared, media_id: MediaIdPath, collection: Collection
) -> Response:
    """A medium with its latest decision, how often it and its content were submitted, and its group."""

    async def make() -> Made:
        found = await backend.queries.run(view_medium, collection, media_id)
        if found is None:
            raise not_found("medium")
        tags = [medium_tag(collection, media_id)]
        if found.content_id:
            tags.append(content_tag(collection, found.content_id))
        return Made(to_json(with_thumbnails(request, found)), tuple(tags))

    keep = keep_for(backend, "media", backend.settings.cache.media_s)
    kept = await backend.answers.get(keep, (collection, media_id), make)
    recent = backend.unstored_decision(collection, media_id)
    if recent is None:
        return cached_answer(request, kept)
    if recent.outcome == "deleted":
        raise not_found("medium")
    return cached_answer(request, _as_decided(request, kept, recent))


def _as_decided(request: Request, kept: KeptAnswer, decision: FedDecision) -> bytes:
    """The medium with a decision that ClickHouse does not have yet."""
    view = orjson.loads(kept.json())
    view["decision"] = decided = orjson.loads(decision_json(request, decision))
    view["content_id"], view["group_content_id"] = decided.get("content_id"), decided.get("group_content_id")
    return to_json(view)
