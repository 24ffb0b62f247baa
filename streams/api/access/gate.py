"""What every request passes before a route sees it: the key, rates, the size and time of its body, metrics, the log.

Plain ASGI: a request that is refused here costs no parsing. Bodies are counted as they arrive, whatever their header
says, and all bodies of the process together are bounded.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streams import metrics
from streams.api.access.auth import Authenticator, Principal
from streams.api.access.limits import Allowance, RateLimits
from streams.api.problems import Problem, problem_of
from streams.console import is_console_path
from streams.errors import Overloaded
from streams.moderation.callbacks import PATH as CALLBACK_PATH

logger = logging.getLogger(__name__)

SMALL_BODY_BYTES: Final = 1 << 20
OPEN_PATHS: Final = frozenset({"/live", "/livez", "/ready", "/readyz", "/openapi.json"})
SIGNED_PATHS: Final = "/thumbnails/"
"""Below it, a signature in the URL stands for a key."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
SECURITY_HEADERS: Final = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]


@dataclass(slots=True)
class _Passing:
    """One request on its way."""

    request_id: str
    begun_at: float
    status: int = 0
    body_bytes: int = 0
    started: bool = False
    allowance: Allowance | None = None
    principal: Principal | None = None
    uploads: bool = field(default=False)
    refused: Exception | None = None


class Gate:
    """The outermost layer of the app.

    Args:
        app: the rest.
        authenticator: finds keys.
        rates: counts requests.
        max_body_bytes: of one upload; other bodies have at most SMALL_BODY_BYTES.
        max_bodies_bytes: of all bodies that requests hold at once.
        body_timeout_s: in which a body must have arrived.
        is_upload: whether a method and a path take a medium.
    """

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        rates: RateLimits,
        *,
        max_body_bytes: int,
        max_bodies_bytes: int,
        body_timeout_s: float,
        is_upload: Callable[[str, str], bool],
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._rates = rates
        self._max_body_bytes = max_body_bytes
        self._max_bodies_bytes = max_bodies_bytes
        self._body_timeout_s = body_timeout_s
        self._is_upload = is_upload
        self._bodies_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passing = _Passing(secrets.token_hex(8), time.perf_counter())
        state = scope.setdefault("state", {})
        state["request_id"] = passing.request_id
        state["release_body"] = lambda: self._release(passing)
        try:
            await self._pass_on(scope, receive, passing, self._answering(passing, send))
        finally:
            self._release(passing)
            self._note(scope, passing)

    async def _pass_on(self, scope: Scope, receive: Receive, passing: _Passing, answer: Send) -> None:
        """Lets the app answer, or says why not."""
        try:
            await self._admit(scope, passing)
            await self._app(scope, self._counting(passing, receive), self._unless_refused(passing, answer))
        except Exception as error:
            passing.refused = passing.refused or error
            if not isinstance(passing.refused, Problem | Overloaded):
                logger.exception("request %s failed", passing.request_id)
            if passing.started:
                raise
        if passing.refused is not None and not passing.started:
            await problem_of(passing.refused).response(passing.request_id)(scope, receive, answer)

    async def _admit(self, scope: Scope, passing: _Passing) -> None:
        path = scope["path"]
        if path in OPEN_PATHS or path.startswith(SIGNED_PATHS) or is_console_path(path):
            return
        headers = Headers(scope=scope)
        if path.startswith(CALLBACK_PATH):  # the signature in the path is the key
            await self._rates.check_callbacks(scope["client"][0] if scope.get("client") else "")
            self._check_headers(headers, passing)
            return
        try:
            passing.principal = self._authenticator.authenticate(headers, scope["method"])
        except Problem:
            await self._rates.check_wrong_key(scope["client"][0] if scope.get("client") else "")
            raise
        scope["state"]["principal"] = passing.principal
        passing.allowance = await self._rates.check(passing.principal.key)
        passing.uploads = self._is_upload(scope["method"], path)
        self._check_headers(headers, passing)

    def _check_headers(self, headers: Headers, passing: _Passing) -> None:
        if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise Problem(415, "wrong_type", "Send the body without Content-Encoding; media are compressed already.")
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._limit(passing):
            raise self._too_large(passing)

    def _limit(self, passing: _Passing) -> int:
        return self._max_body_bytes if passing.uploads else SMALL_BODY_BYTES

    def _too_large(self, passing: _Passing) -> Problem:
        advice = "Submit a URL in place of the medium." if passing.uploads else "Send less at once."
        detail = f"At most {self._limit(passing):,} bytes are taken. {advice}"
        return Problem(413, "too_large", detail, headers={"Connection": "close"})

    def _counting(self, passing: _Passing, receive: Receive) -> Receive:
        """The body, counted; after its end the wait for a disconnect is unbounded."""
        deadline = time.monotonic() + self._body_timeout_s
        ended = False

        async def counted() -> Message:
            nonlocal ended
            if ended:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(0.001, deadline - time.monotonic()))
                if message["type"] == "http.request":
                    ended = not message.get("more_body", False)
                    self._take(passing, len(message.get("body", b"")))
            except TimeoutError as error:
                detail = f"A body must arrive within {self._body_timeout_s:g} s; submit a URL over a slow line."
                passing.refused = Problem(408, "too_slow", detail, headers={"Connection": "close"})
                raise passing.refused from error
            except (Problem, Overloaded) as error:
                passing.refused = error
                raise
            return message

        return counted

    def _take(self, passing: _Passing, size_bytes: int) -> None:
        """Counts bytes of a body that have arrived.

        Raises:
            Problem: too_large.
            Overloaded: all bodies together are too large.
        """
        if passing.body_bytes + size_bytes > self._limit(passing):
            raise self._too_large(passing)
        if self._bodies_bytes + size_bytes > self._max_bodies_bytes:
            raise Overloaded("too many bytes of bodies are held")
        passing.body_bytes += size_bytes
        self._hold(size_bytes)

    @staticmethod
    def _unless_refused(passing: _Passing, answer: Send) -> Send:
        """What the app says of a body that was refused here, in words of its own, is left out."""

        async def answer_unless_refused(message: Message) -> None:
            if passing.refused is None or passing.started:
                await answer(message)

        return answer_unless_refused

    def _answering(self, passing: _Passing, send: Send) -> Callable[[Message], Awaitable[None]]:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                passing.started = True
                passing.status = message["status"]
                headers = [*message.get("headers", []), *SECURITY_HEADERS]
                headers.append((b"x-request-id", passing.request_id.encode()))
                if passing.allowance is not None and passing.status != 429:
                    headers += passing.allowance.headers()
                message = {**message, "headers": headers}
            await send(message)

        return answer

    def _release(self, passing: _Passing) -> None:
        """The request no longer holds its body. A route calls it before it waits for a decision."""
        self._hold(-passing.body_bytes)
        passing.body_bytes = 0

    def _hold(self, size_bytes: int) -> None:
        if size_bytes:
            self._bodies_bytes += size_bytes
            metrics.API_BODY_BYTES.set(self._bodies_bytes)

    @staticmethod
    def _note(scope: Scope, passing: _Passing) -> None:
        route = getattr(scope.get("route"), "path", "") or "other"
        route = f"/v1{route}" if scope["path"].startswith("/v1/") and not route.startswith("/v1") else route
        took_s = time.perf_counter() - passing.begun_at
        metrics.API_REQUESTS.labels(route, _method(scope), str(passing.status)).inc()
        if not scope["state"].get("waited"):
            metrics.API_REQUEST_SECONDS.labels(route).observe(took_s)
        if passing.status >= 500 or _method(scope) not in ("GET", "HEAD"):
            logger.info(
                "%s %s %d %.0f ms key=%s id=%s", _method(scope), route, passing.status, took_s * 1000,
                passing.principal.name if passing.principal else "-", passing.request_id,
            )  # fmt: skip


def _method(scope: Scope) -> str:
    """A method of HTTP; others are one label, lest clients make up labels."""
    return scope["method"] if scope["method"] in METHODS else "other"
