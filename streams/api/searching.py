"""Runs one search of a request: which way, within what, and which page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.analytics.queries.embeddings import embedding_vector
from streams.analytics.queries.moderation.verdicts import content_of_medium
from streams.analytics.queries.stored import DecisionFilter, Keyset
from streams.analytics.queries.stored.lists import FAR
from streams.api.backend import Backend
from streams.api.cursors import Cursors, CursorSigner
from streams.api.problems import Problem, not_found
from streams.api.schemas.search import SearchQuery, SearchResult
from streams.domain.records import MediaFacts
from streams.domain.records.codec import EPOCH
from streams.services.find.looks import VisualMatch, looks_of_facts, looks_of_vector
from streams.services.find.pictures import FoundContent, SearchWithin, find_pictures, query_hashes
from streams.services.find.texts import FoundText, search_texts, split_words
from streams.services.search import search_by_video


async def run_search(backend: Backend, signer: CursorSigner, query: SearchQuery, collection: str) -> SearchResult:
    """The result of one search in a collection that the key reaches.

    Raises:
        Problem: not exactly one way to search, a forged cursor, or nothing of that name.
        BadInput: the medium of a URL cannot be used.
    """
    if len(query.named) != 1:
        raise Problem(422, "bad_request", "Give exactly one of text, hash, media_id, content_id and url.")
    if query.likeness != "copy" and (query.text is not None or query.hash is not None):
        raise Problem(422, "bad_request", "What looks alike is found by media_id, content_id, url or a picture.")
    cursors = _cursors(signer, query, collection, query.named[0])
    if query.text is not None:
        return await _by_text(backend, cursors, query, collection)
    if query.hash is not None:
        within = _within(backend, cursors, query, collection)
        upright = MediaFacts("", "image", "", 0, 0, 0, 1, 1.0, {"phash256:1": query.hash.removeprefix("phash256:")})
        found = await find_pictures(
            backend.queries, backend.known_facts, query_hashes(upright, within.policy), None, within
        )
        return SearchResult("hash", found, next_cursor=_next_contents(cursors, found, query.limit))
    policy, by_model = backend.policies.of(collection), query.likeness == "model"
    if by_model:
        await picture_model(backend)
    if query.url is not None:
        facts = await backend.fingerprint(policy, url=query.url, embed=by_model)
        return await search_facts(backend, signer, facts, query, collection)
    content_id = query.content_id
    if content_id is None:
        content_id = await backend.queries.run(content_of_medium, collection, query.media_id or "")
    if by_model:
        return await _by_stored_vector(backend, signer, content_id, query, collection)
    known = (await backend.known_facts.of(collection, [content_id])).get(content_id) if content_id else None
    if known is None:
        raise not_found("medium or content with a fingerprint that Kafka still has")
    return await search_facts(backend, signer, known, query, collection, by=query.named[0])


async def search_facts(
    backend: Backend, signer: CursorSigner, facts: MediaFacts, query: SearchQuery, collection: str, *, by: str = ""
) -> SearchResult:
    """The known media that resemble a medium with these facts.

    Raises:
        Problem: a forged cursor, or what is searched for by the model has no embedding.
    """
    way = by or (query.named[0] if query.named else "image")
    cursors = _cursors(signer, query, collection, way + facts.content_id)
    if query.likeness == "visual":
        return await _by_looks(backend, cursors, facts, query, collection, way)
    if query.likeness == "model":
        model, embedding = await picture_model(backend), facts.embedding
        if embedding is None:
            detail = "The picture model gave no answer about this medium. Ask again later, or send another medium."
            raise Problem(503, "unavailable", detail, headers={"Retry-After": "5"})
        return await _by_vector(backend, signer, model, embedding.values(), facts.content_id, query, collection, way)
    within = _within(backend, cursors, query, collection)
    if facts.kind == "video":
        videos = await backend.queries.run(
            search_by_video, facts, within.policy, collection=collection, limit=query.limit
        )
        return SearchResult(way, videos=videos)  # type: ignore[arg-type]
    hashes = query_hashes(facts, within.policy)
    found = await find_pictures(backend.queries, backend.known_facts, hashes, facts, within)
    return SearchResult(way, found, next_cursor=_next_contents(cursors, found, query.limit))  # type: ignore[arg-type]


def _within(backend: Backend, cursors: Cursors, query: SearchQuery, collection: str) -> SearchWithin:
    policy, after = backend.policies.of(collection), _after(cursors, query)
    reach = policy.confirm_bits if query.max_distance_bits is None else query.max_distance_bits
    return SearchWithin(_filter(query, collection), policy, reach, query.limit, after)


async def _by_looks(
    backend: Backend, cursors: Cursors, facts: MediaFacts, query: SearchQuery, collection: str, way: str
) -> SearchResult:
    after, chosen = _after(cursors, query), _filter(query, collection)
    found = await backend.queries.run(looks_of_facts, facts, chosen, after=after, limit=query.limit)
    return SearchResult(way, looks=found, next_cursor=_next_looks(cursors, found, query.limit))  # type: ignore[arg-type]


async def picture_model(backend: Backend) -> str:
    """The name of the picture model.

    Raises:
        Problem: there is none.
    """
    model = await backend.model_name()
    if model is None:
        detail = "This API has no picture model: search with likeness=visual, or have MEDIASIEVE_PICTURE_MODEL set."
        raise Problem(422, "no_picture_model", detail)
    return model


async def _by_stored_vector(
    backend: Backend, signer: CursorSigner, content_id: str | None, query: SearchQuery, collection: str
) -> SearchResult:
    """By what the model said of a known content."""
    model = await picture_model(backend)
    vector = await backend.queries.run(embedding_vector, collection, model, content_id) if content_id else None
    if content_id is None or vector is None:
        raise not_found("medium or content of which the picture model has an embedding")
    return await _by_vector(backend, signer, model, np.array(vector), content_id, query, collection, query.named[0])


async def _by_vector(
    backend: Backend,
    signer: CursorSigner,
    model: str,
    vector: NDArray[Any],
    content_id: str,
    query: SearchQuery,
    collection: str,
    way: str,
) -> SearchResult:
    cursors = _cursors(signer, query, collection, f"{way}{content_id}{model}")
    after, chosen = _after(cursors, query), _filter(query, collection)
    found = await backend.queries.run(
        looks_of_vector, model, vector, chosen, without=content_id, after=after, limit=query.limit
    )
    return SearchResult(way, looks=found, next_cursor=_next_looks(cursors, found, query.limit))  # type: ignore[arg-type]


async def _by_text(backend: Backend, cursors: Cursors, query: SearchQuery, collection: str) -> SearchResult:
    words = split_words(query.text or "")
    if not words:
        raise Problem(422, "bad_request", "Give at least one word.")
    before = cursors.decode_keyset(query.cursor)
    found = await backend.queries.run(search_texts, words, _filter(query, collection), before=before, limit=query.limit)
    return SearchResult("text", texts=found, next_cursor=_next_texts(cursors, found, query.limit))


def _filter(query: SearchQuery, collection: str) -> DecisionFilter:
    return DecisionFilter(
        collection,
        since=moment(query.since, EPOCH),
        until=moment(query.until, FAR),
        owner=query.owner or "",
        label=query.label or "",
    )


def moment(value: datetime | None, default: datetime) -> datetime:
    """A time that ClickHouse can compare; one without a zone is in UTC."""
    if value is None:
        return default
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    try:
        return min(max(aware.astimezone(UTC), EPOCH), FAR)
    except OverflowError:
        return default


def _cursors(signer: CursorSigner, query: SearchQuery, collection: str, name: str) -> Cursors:
    return Cursors(signer, f"search {name}", [collection, query.model_dump(mode="json", exclude={"cursor", "limit"})])


def _after(cursors: Cursors, query: SearchQuery) -> tuple[int, str] | None:
    """Distance and content id of the last one of the page before."""
    if not query.cursor:
        return None
    distance, content_id = cursors.decode(query.cursor)
    return int(distance), str(content_id)


def _next_looks(cursors: Cursors, found: list[VisualMatch], limit: int) -> str | None:
    return cursors.encode([found[-1].distance, found[-1].content_id]) if len(found) == limit else None


def _next_contents(cursors: Cursors, found: list[FoundContent], limit: int) -> str | None:
    return cursors.encode([found[-1].distance_bits, found[-1].content_id]) if len(found) == limit else None


def _next_texts(cursors: Cursors, found: list[FoundText], limit: int) -> str | None:
    if len(found) < limit:
        return None
    last = found[-1].decision
    return cursors.encode_keyset(Keyset(datetime.fromisoformat(last.decided_at), last.decision_id))
