"""Whether the API and its dependencies are well. /livez and /readyz are for orchestrators, and need no key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams import metrics
from streams.api.access.auth import Administering
from streams.api.answers import json_answer
from streams.api.backend import Shared
from streams.api.openapi import operation_defaults
from streams.services.views.system_health import SystemHealth

router = APIRouter(tags=["operations"])


@dataclass(frozen=True)
class Live:
    """The process answers."""

    live: bool


@dataclass(frozen=True)
class Ready:
    """Whether requests can be served, and what is missing."""

    ready: bool
    missing: list[str]


READY: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": Ready},
    503: {"model": Ready, "description": "Not yet."},
}
TEXT: Final[dict[int | str, dict[str, Any]]] = {
    **operation_defaults(),
    200: {
        "description": "Metrics as Prometheus reads them.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    },
}


@router.get("/livez", operation_id="livez", responses={200: {"model": Live}})
@router.get("/live", operation_id="live", responses={200: {"model": Live}})
async def live() -> Response:
    """Whether the process answers."""
    return json_answer(Live(True))


@router.get("/readyz", operation_id="readyz", responses=READY)
@router.get("/ready", operation_id="ready", responses=READY)
async def ready(backend: Shared) -> Response:
    """Whether decisions are followed, so that submissions can be waited for."""
    missing = [] if backend.feed.reading else ["Kafka's decisions are not followed yet"]
    return json_answer(Ready(not missing, missing), 503 if missing else 200)


@router.get("/health", operation_id="health", responses={**operation_defaults(), 200: {"model": SystemHealth}})
async def health(principal: Administering, backend: Shared) -> Response:
    """Every part, with how long it took to answer, and how far the stages are behind. Needs the role admin."""
    found = await backend.health.check(follows_decisions=backend.feed.reading)
    return json_answer(found)


@router.get("/metrics", operation_id="metrics", response_class=Response, responses=TEXT)
async def show_metrics(principal: Administering, backend: Shared) -> Response:
    """The metrics of this process, and what only rows tell of all. Needs the role admin."""
    await backend.objectives.refresh()
    return Response(generate_latest(metrics.REGISTRY), media_type=CONTENT_TYPE_LATEST)


@router.get("/openapi.json", operation_id="openapi", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """The description of this API."""
    return json_answer(request.app.openapi(), headers={"Cache-Control": "public, max-age=300"})
