"""The facts that are known about a medium."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from streams.api.access.auth import Collection, Reader
from streams.api.answers import cached_answer
from streams.api.backend import Shared
from streams.api.openapi import missing
from streams.api.parameters import MediaIdPath
from streams.api.problems import not_found
from streams.services.views.media_view import MediumView, view_medium

router = APIRouter(tags=["media"])


@router.get(
    "/media/{media_id:path}", operation_id="get_medium", responses={200: {"model": MediumView}, **missing("medium")}
)
async def get_medium(
    request: Request, principal: Reader, backend: Shared, media_id: MediaIdPath, collection: Collection
) -> Response:
    """A medium with its latest decision, how often it and its content were submitted, and its group."""
    found = await backend.queries.run(view_medium, collection, media_id)
    if found is None:
        raise not_found("medium")
    return cached_answer(request, found)
