"""Search by text, hash, medium, content, URL or picture, and look media up without submitting them."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from streams.analytics.queries.stored import DecisionFilter
from streams.api.access.auth import Collection, NamedCollection, Reader
from streams.api.answers import cached_answer, json_answer, kept_answer
from streams.api.backend import Shared
from streams.api.bodies import FORM, JSON_TYPES, media_type, read_json, read_medium
from streams.api.keeping import kept_search
from streams.api.openapi import missing
from streams.api.parameters import Cursor
from streams.api.problems import Problem, problem_of
from streams.api.schemas.search import LIKENESS, WORDS, Likeness, SearchBatch, SearchQuery, SearchResult, UrlLookup
from streams.api.schemas.submissions import NO_NUL, validated
from streams.api.searching import picture_model, run_search, search_facts
from streams.api.thumbnails import with_thumbnails
from streams.errors import MediasieveError
from streams.services.find.lookup import LookupResult, look_up
from streams.services.find.pictures import SearchWithin

router = APIRouter(tags=["search"])

MAX_AT_ONCE: Final = 8
BYTES: Final = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
FORM_FILE: Final = {"schema": {"type": "object", "required": ["file"], "properties": {
    "file": {"type": "string", "contentMediaType": "application/octet-stream"}}}}  # fmt: skip


def _body(model: str) -> dict[str, Any]:
    json_body = {"schema": {"$ref": f"#/components/schemas/{model}"}}
    media = dict.fromkeys(("application/octet-stream", "image/jpeg", "image/png"), BYTES)
    return {"requestBody": {"required": True, "content": {"application/json": json_body, FORM: FORM_FILE, **media}}}


Name = Annotated[str | None, Query(max_length=256, pattern=NO_NUL)]


@router.get("/search", operation_id="search_text", responses={200: {"model": SearchResult}})
async def search_text(
    request: Request,
    principal: Reader,
    backend: Shared,
    collection: Collection,
    q: Annotated[str, Query(min_length=1, max_length=512, pattern=NO_NUL, description=WORDS, examples=["red chair"])],
    owner: Name = None,
    label: Name = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Cursor = None,
) -> Response:
    """Decisions that have all words of a text, the latest first, each with the places of the words."""
    query = SearchQuery(text=q, owner=owner, label=label, since=since, until=until, limit=limit, cursor=cursor)
    signer = request.app.state.cursor_signer
    kept = await kept_search(
        request, backend, collection, query, "", lambda: run_search(backend, signer, query, collection)
    )
    return cached_answer(request, kept)


@router.post(
    "/search",
    operation_id="search",
    responses={200: {"model": SearchResult}, **missing("medium or content")},
    openapi_extra=_body("SearchQuery"),
)
async def search(
    request: Request,
    principal: Reader,
    backend: Shared,
    named: NamedCollection,
    owner: Name = None,
    label: Name = None,
    since: Annotated[datetime | None, Query()] = None,
    until: Annotated[datetime | None, Query()] = None,
    max_distance_bits: Annotated[int | None, Query(ge=0, le=128)] = None,
    likeness: Annotated[Likeness, Query(description=LIKENESS)] = "copy",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=2048)] = None,
) -> Response:
    """Search by JSON, or by a picture or video as the body; then the parameters say within what.

    Contents near a picture are verified as decisions are: `match` says what a decision would say, with its confidence
    and what differs.
    """
    signer = request.app.state.cursor_signer
    if media_type(request) in JSON_TYPES:
        query = validated(SearchQuery, await read_json(request))
        chosen = principal.choose_collection(query.collection, named)
        if query.url is not None:  # what is there may change
            return json_answer(with_thumbnails(request, await run_search(backend, signer, query, chosen)))
        return kept_answer(
            request,
            await kept_search(request, backend, chosen, query, "", lambda: run_search(backend, signer, query, chosen)),
        )
    collection = principal.choose_collection(named)
    medium = await read_medium(request)
    query = SearchQuery(owner=owner, label=label, since=since, until=until, max_distance_bits=max_distance_bits,
                        likeness=likeness, limit=limit, cursor=cursor)  # fmt: skip
    by_model = query.likeness == "model"
    if by_model:
        await picture_model(backend)
    facts = await backend.fingerprint(backend.policies.of(collection), data=medium.data, embed=by_model)
    kept = await kept_search(
        request, backend, collection, query, facts.content_id,
        lambda: search_facts(backend, signer, facts, query, collection),
    )  # fmt: skip
    return kept_answer(request, kept)


@router.post("/search/batch", operation_id="search_batch", responses={200: {"model": list[SearchResult]}})
async def search_batch(
    request: Request, principal: Reader, backend: Shared, named: NamedCollection, batch: SearchBatch
) -> Response:
    """Up to 50 searches; the answer has one result for each, in their order, also for those that were refused."""
    signer, free = request.app.state.cursor_signer, asyncio.Semaphore(MAX_AT_ONCE)

    async def run(query: SearchQuery) -> SearchResult:
        async with free:
            try:
                chosen = principal.choose_collection(query.collection, named)
                return await run_search(backend, signer, query, chosen)
            except (Problem, MediasieveError) as error:
                return SearchResult(None, error=problem_of(error).code)

    return json_answer(with_thumbnails(request, await asyncio.gather(*(run(query) for query in batch.queries))))


@router.post(
    "/lookup", operation_id="look_up", responses={200: {"model": LookupResult}}, openapi_extra=_body("UrlLookup")
)
async def lookup(
    request: Request,
    principal: Reader,
    backend: Shared,
    named: NamedCollection,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """What is known of a medium, without submitting it: fingerprint, matches, verdict, labels and source in one answer.

    The body is a picture or video, a form with the part `file`, or JSON with a URL.
    """
    if media_type(request) in JSON_TYPES:
        asked = validated(UrlLookup, await read_json(request))
        collection = principal.choose_collection(asked.collection, named)
        facts = await backend.fingerprint(backend.policies.of(collection), url=asked.url)
    else:
        collection = principal.choose_collection(named)
        medium = await read_medium(request)
        facts = await backend.fingerprint(backend.policies.of(collection), data=medium.data)
    policy = backend.policies.of(collection)
    within = SearchWithin(DecisionFilter(collection), policy, policy.confirm_bits, limit)
    return json_answer(with_thumbnails(request, await look_up(backend.queries, backend.known_facts, facts, within)))
