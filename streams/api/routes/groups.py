"""Groups of copies: a list, and one group with why each member is in it and what differs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from streams.analytics.queries.copy_groups import copy_groups
from streams.analytics.queries.stored import Keyset
from streams.api.access.auth import Collection, Reader
from streams.api.answers import cached_answer, to_json
from streams.api.backend import Shared
from streams.api.cursors import Cursors
from streams.api.keeping import keep_for
from streams.api.openapi import missing
from streams.api.parameters import ContentIdPath, Cursor, Limit
from streams.api.problems import not_found
from streams.api.schemas.pages import GroupPage
from streams.api.thumbnails import with_thumbnails
from streams.cache import Made
from streams.services.views.group_view import GroupView, view_group

router = APIRouter(tags=["groups"])


@router.get("/groups", operation_id="list_groups", responses={200: {"model": GroupPage}})
async def list_groups(
    request: Request,
    principal: Reader,
    backend: Shared,
    collection: Collection,
    for_review: Annotated[bool, Query(description="Also groups with nothing but submissions for people.")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Groups with at least one copy, the largest first."""
    cursors = Cursors.of(request, "groups", [collection, for_review])
    after = None
    if cursor:
        submissions, reviewed, copies_bytes, content_id = cursors.decode(cursor)
        after = (int(submissions), int(reviewed), int(copies_bytes), str(content_id))

    async def page() -> Made:
        found = await backend.queries.run(copy_groups, collection, limit=limit, for_review=for_review, after=after)
        shown = with_thumbnails(request, found)  # what is kept has URLs, which are valid for much longer
        if len(found) < limit:
            return Made(to_json(GroupPage(shown, None)))
        last = found[-1]
        following = [last.submissions, last.for_review, last.copies_bytes, last.content_id]
        return Made(to_json(GroupPage(shown, cursors.encode(following))))

    # all groups of a collection are counted for a page of them
    keep = keep_for(backend, "groups", backend.settings.cache.groups_s)
    return cached_answer(request, await backend.answers.get(keep, (collection, for_review, limit, after), page))


@router.get(
    "/groups/{content_id}", operation_id="get_group", responses={200: {"model": GroupView}, **missing("content")}
)
async def get_group(
    request: Request,
    principal: Reader,
    backend: Shared,
    content_id: ContentIdPath,
    collection: Collection,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """The group of a content: the canonical content beside its copies, why each is there, and whose the verdict is."""
    cursors = Cursors.of(request, "group", [collection, content_id])
    after = cursors.decode_keyset(cursor)
    found = await backend.queries.run(view_group, collection, content_id, after=after, limit=limit)
    if found is None:
        raise not_found("content")
    if len(found.members) == limit:
        last = found.members[-1].decision
        keyset = Keyset(datetime.fromisoformat(last.decided_at), last.decision_id)
        found = replace(found, next_cursor=cursors.encode_keyset(keyset))
    return cached_answer(request, found)
