"""Whether the API and what it needs are well. The answers of /live and /ready are for orchestrators and need no key."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from streams.api.answers import json_answer
from streams.api.backend import Shared

router = APIRouter(tags=["operations"])


@router.get("/livez", operation_id="livez")
@router.get("/live", operation_id="live")
async def live() -> Response:
    """The process answers."""
    return json_answer({"live": True})


@router.get("/readyz", operation_id="readyz")
@router.get("/ready", operation_id="ready")
async def ready(backend: Shared) -> Response:
    """Kafka's decisions are followed: submissions can be decided. 503 with what is missing until then."""
    missing = [] if backend.feed.reading else ["Kafka's decisions are not followed yet"]
    return json_answer({"ready": not missing, "missing": missing}, 503 if missing else 200)


@router.get("/openapi.json", operation_id="openapi", include_in_schema=False)
async def openapi(request: Request) -> Response:
    return json_answer(request.app.openapi(), headers={"Cache-Control": "public, max-age=300"})
