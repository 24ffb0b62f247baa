"""What routes keep of their answers, for how long, and what a decision must touch to end them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable

from starlette.requests import Request

from streams.api.answers import to_json
from streams.api.backend import Backend
from streams.api.schemas.search import SearchQuery, SearchResult
from streams.api.thumbnails import with_thumbnails
from streams.cache import Keep, KeptAnswer, Made, collection_tag, content_tag, medium_tag


def keep_for(
    backend: Backend, namespace: str, lives_s: float, *, recent_of: str | None = None, recent_s: float = 0.0
) -> Keep:
    """How answers of a namespace are kept: URLs of thumbnails in them stay valid for as long again.

    Args:
        backend: of the process.
        namespace: names the answers in metrics.
        lives_s: the longest time.
        recent_of: a collection whose decisions end answers that are older than `recent_s`.
        recent_s: seconds.
    """
    if backend.settings.thumbnails.store:
        lives_s = min(lives_s, backend.settings.thumbnails.url_valid_s / 2)
    return Keep(namespace, lives_s, collection_tag(recent_of) if recent_of is not None else "", recent_s)


async def kept_search(
    request: Request,
    backend: Backend,
    collection: str,
    query: SearchQuery,
    content_id: str,
    search: Callable[[], Awaitable[SearchResult]],
) -> KeptAnswer:
    """The answer to a search, which ends as soon as something is decided about what it tells of.

    Args:
        request: of the search.
        backend: of the process.
        collection: that is searched.
        query: what is searched for, and within what.
        content_id: of the medium that is searched for; empty where `query` says all.
        search: does it.

    Raises:
        What `search` raises.
    """
    settings = backend.settings.cache
    keep = keep_for(backend, "search", settings.search_s, recent_of=collection, recent_s=settings.search_recent_s)
    model = await backend.model_name() if query.likeness == "model" else None
    key: tuple[Hashable, ...] = (
        collection, content_id, to_json(query.model_dump(mode="json")).decode(),
        backend.policies.of(collection).version, model,
    )  # fmt: skip

    async def make() -> Made:
        result = await search()
        body = to_json(with_thumbnails(request, result))
        return Made(body, _tags(collection, result), may_keep=_may_keep(result))

    return await backend.answers.get(keep, key, make)


def _tags(collection: str, result: SearchResult) -> tuple[str, ...]:
    contents = {found.content_id for found in result.contents}
    contents |= {found.group_content_id for found in result.contents}
    contents |= {found.content_id for found in result.looks}
    media = {found.decision.media_id for found in result.texts}
    return (
        *(content_tag(collection, content_id) for content_id in sorted(contents)),
        *(medium_tag(collection, media_id) for media_id in sorted(media)),
    )


def _may_keep(result: SearchResult) -> bool:
    """Not what Kafka could not verify now, nor videos, whose frames have no tags. By a hash nothing is verified."""
    return not result.videos and (result.by == "hash" or all(found.verified for found in result.contents))
