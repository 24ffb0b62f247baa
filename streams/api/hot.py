"""Gives kept media without the way through the framework, which costs more than all else about such an answer.

Only what is plain is answered here: a GET with at most the parameter `collection`, by a key that may read it, of a
medium whose answer is in memory and true. Everything else, every refusal too, is left to the route.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.api.answers import cached_answer
from streams.api.backend import Backend
from streams.api.problems import Problem
from streams.domain.records import COLLECTION_REGEX
from streams.domain.records.fields import MAX_ID_CHARS

PREFIX: Final = "/v1/media/"
NAMED: Final = b"collection="


@dataclass(frozen=True, slots=True)
class HotRoute:
    """Stands for the route in metrics and in the log."""

    path: str


MEDIUM_ROUTE: Final = HotRoute("/v1/media/{media_id:path}")


class HotReads:
    """Stands before the app, behind the gate."""

    def __init__(self, app: FastAPI) -> None:
        self._app: ASGIApp = app
        self._state = app.state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = None
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(PREFIX):
            answer = self._kept(scope)
        await (self._app if answer is None else answer)(scope, receive, send)

    def _kept(self, scope: Scope) -> Response | None:
        named, query = None, scope["query_string"]
        if query:
            named = query.removeprefix(NAMED).decode("latin-1")
            if not query.startswith(NAMED) or not COLLECTION_REGEX.fullmatch(named):
                return None
        media_id = scope["path"][len(PREFIX) :]
        principal = scope["state"].get("principal")
        if not 0 < len(media_id) <= MAX_ID_CHARS or principal is None:
            return None
        try:
            principal.check_role("read")
            collection = principal.choose_collection(named)
        except Problem:
            return None
        backend: Backend = self._state.backend
        kept = backend.answers.peek("media", (collection, media_id))
        if kept is None or backend.unstored_decision(collection, media_id) is not None:
            return None
        scope["route"] = MEDIUM_ROUTE
        return cached_answer(Request(scope), kept)
