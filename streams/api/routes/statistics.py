"""The figures of a collection, and who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from streams.api.access.auth import Collection, Reader, principal_of
from streams.api.answers import cached_answer, json_answer, to_json
from streams.api.backend import Shared
from streams.api.keeping import keep_for
from streams.cache import Made
from streams.config.api_keys import ApiKey
from streams.services.views.collection_statistics import CollectionStatistics, collection_statistics

router = APIRouter(tags=["statistics"])


@dataclass(frozen=True)
class KeyView:
    """The key that asks: what it may do, and in which collections (patterns have * and ?)."""

    name: str
    roles: Sequence[str]
    collections: Sequence[str]
    rate: str | None
    expires: str | None


@router.get("/statistics", operation_id="get_statistics", responses={200: {"model": CollectionStatistics}})
async def get_statistics(request: Request, principal: Reader, backend: Shared, collection: Collection) -> Response:
    """Outcomes, copies and what they weigh, confidences, failures, alterations, latency, and calls saved."""
    keep = keep_for(backend, "statistics", backend.settings.cache.statistics_s)

    async def make() -> Made:
        return Made(to_json(await collection_statistics(backend.queries, collection)))

    kept = await backend.answers.get(keep, (collection,), make)
    return cached_answer(request, kept, max_age_s=round(keep.lives_s))


@router.get("/me", operation_id="get_key", responses={200: {"model": KeyView}})
async def get_key(request: Request) -> Response:
    """The key of this request."""
    return json_answer(view_key(principal_of(request).key))


def view_key(key: ApiKey) -> KeyView:
    """What may be told of a key."""
    expires = key.expires.isoformat() if key.expires else None
    return KeyView(key.name, sorted(key.roles), key.collections, key.rate or None, expires)
