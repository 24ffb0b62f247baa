"""Whole lists as lines of JSON, in constant memory: page after page, as fast as the client reads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from streams.analytics.queries.stored import DecisionFilter, ExportPage, export_page
from streams.api.access.auth import Reader
from streams.api.answers import NDJSON, lines_answer, to_json
from streams.api.backend import Backend, Shared
from streams.api.routes.decisions import Filtered
from streams.api.thumbnails import with_thumbnails

router = APIRouter(tags=["decisions"])

PAGE_ROWS: Final = 1000
LINES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": 'A StoredDecision a line. A stream that ends early lacks its last line `{"complete":true}`.',
        "content": {NDJSON: {"schema": {"type": "string"}}},
    }
}


@router.get("/exports/decisions", operation_id="export_decisions", response_class=Response, responses=LINES)
async def export_decisions(request: Request, principal: Reader, backend: Shared, chosen: Filtered) -> Response:
    """The current decisions of a filter as lines of JSON, in order of time; the last line is `{"complete":true}`."""
    request.scope["state"]["waited"] = True
    first = await backend.queries.run(export_page, chosen, after=None, limit=PAGE_ROWS)
    return lines_answer(_lines(request, backend, chosen, first))


async def _lines(request: Request, backend: Backend, chosen: DecisionFilter, page: ExportPage) -> AsyncIterator[bytes]:
    """Errors after the first page end the stream without its last line."""
    while True:
        if page.decisions:
            yield b"".join(to_json(decision) + b"\n" for decision in with_thumbnails(request, page.decisions))
        if page.last is None:
            yield b'{"complete":true}\n'
            return
        page = await backend.queries.run(export_page, chosen, after=page, limit=PAGE_ROWS)
