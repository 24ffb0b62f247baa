"""Answers from the web: under the guard, redirects by hand; and whole bodies, never more than the limit in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Container, Mapping
from contextlib import asynccontextmanager
from io import BytesIO

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from streams.config.settings import Settings
from streams.errors import BadInput, Reason
from streams.sources.http.guard import AddressGuard
from streams.sources.http.resolver import GuardedResolver
from streams.sources.media_kind import HEAD_BYTES
from streams.sources.patience import Reserve

Look = Callable[[aiohttp.ClientResponse, bytes], None]

REDIRECTS = frozenset((301, 302, 303, 307, 308))
STEP_BYTES = 256 << 10
HEADERS = {
    # A compressed body could grow without bound, and media are compressed already.
    "Accept-Encoding": "identity",
    "Accept": "image/*, video/*;q=0.9, */*;q=0.5",
    "User-Agent": "mediasieve",
}
_REASONS = {
    401: Reason.SOURCE_FORBIDDEN,
    403: Reason.SOURCE_FORBIDDEN,
    404: Reason.SOURCE_NOT_FOUND,
    410: Reason.SOURCE_NOT_FOUND,
    451: Reason.SOURCE_FORBIDDEN,
}


def _unseen(response: aiohttp.ClientResponse, head: bytes) -> None:
    """For who takes any kind."""


def check_answer(response: aiohttp.ClientResponse, permitted: Container[int] = (200, 203)) -> None:
    """Whether an answer has the body that was asked for.

    Raises:
        BadInput: by its status, or unsupported_format where it is compressed.
    """
    if response.status not in permitted:
        reason = _REASONS.get(response.status, Reason.SOURCE_HTTP_STATUS)
        raise BadInput(reason, f"the server answered {response.status}")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise BadInput(Reason.UNSUPPORTED_FORMAT, f"the server sends it as {encoding}, though asked not to")


class HttpSource:
    """Reads http and https URLs. No proxies, cookies, credentials or netrc, whatever the surroundings say.

    The total time is the caller's to limit; nothing here waits for ever otherwise than for the peer.
    """

    def __init__(self, settings: Settings, guard: AddressGuard, resolver: AbstractResolver) -> None:
        self._guard = guard
        self._resolver = GuardedResolver(resolver, guard)
        self._max_bytes = settings.source.max_bytes
        self._max_redirects = settings.source.max_redirects
        self._session: aiohttp.ClientSession | None = None

    async def read(self, url: URL, reserve: Reserve) -> bytes:
        """The body of a successful answer.

        Args:
            url: may be redirected, but never from https to http nor out of the web.
            reserve: is awaited with the total of bytes before more than that many are kept.

        Raises:
            BadInput: bad_url, unsupported_format (a compressed body) or one of the source_ reasons.
            TimeoutError: the operating system gave the peer up.
        """
        async with self.answer(url) as response:
            check_answer(response)
            return await self.body(response, reserve)

    @asynccontextmanager
    async def answer(self, url: URL, headers: Mapping[str, str] | None = None) -> AsyncIterator[aiohttp.ClientResponse]:
        """The first answer that is no redirect, whatever its status; every hop is checked like the first.

        Raises:
            BadInput: as `read`, also for what goes wrong while the body is read inside.
        """
        try:
            async with self._answer(url, headers) as response:
                yield response
        except (aiohttp.InvalidURL, UnicodeError) as error:  # the latter from a host that cannot be a name
            raise BadInput(Reason.BAD_URL, str(error)) from error
        except aiohttp.ClientPayloadError as error:
            raise BadInput(Reason.SOURCE_UNREACHABLE, "the answer broke off before its end") from error
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise BadInput(Reason.SOURCE_UNREACHABLE, str(error) or type(error).__name__) from error

    @asynccontextmanager
    async def _answer(self, url: URL, headers: Mapping[str, str] | None) -> AsyncIterator[aiohttp.ClientResponse]:
        for _ in range(self._max_redirects + 1):
            self._guard.check_url(url)
            async with self._opened().get(url, headers=headers, allow_redirects=False) as response:
                try:
                    if response.status not in REDIRECTS:
                        yield response
                        return
                    url = _next_hop(url, response.headers.get("Location"))
                finally:
                    if not response.content.at_eof():
                        response.close()  # rather than read the rest in order to use the connection again
        raise BadInput(Reason.SOURCE_REDIRECTS, f"more than {self._max_redirects} redirects")

    async def body(self, response: aiohttp.ClientResponse, reserve: Reserve, look: Look = _unseen) -> bytes:
        """All of an answer's body; errors are those of `read`.

        Args:
            response: of which nothing was read.
            reserve: as that of `read`.
            look: is called once, before more is read, with the answer and the first HEAD_BYTES or more of its body,
                or all there are; what it raises ends the reading.
        """
        chunks = response.content.iter_any()
        head = await first_bytes(chunks)
        look(response, head)
        return await self.rest(response, head, chunks, reserve)

    async def rest(
        self, response: aiohttp.ClientResponse, head: bytes, chunks: AsyncIterator[bytes], reserve: Reserve
    ) -> bytes:
        """All of a body of which the head has been taken from the chunks."""
        if max(response.content_length or 0, len(head)) > self._max_bytes:
            raise self._too_large()
        body = BytesIO()  # a list would hold an object for every tiny piece a server sends
        received = len(head)
        await reserve(_in_steps(received, self._max_bytes))
        body.write(head)
        async for chunk in chunks:
            received += len(chunk)
            if received > self._max_bytes:
                raise self._too_large()
            await reserve(_in_steps(received, self._max_bytes))
            body.write(chunk)
        return body.getvalue()

    def _too_large(self) -> BadInput:
        return BadInput(Reason.SOURCE_TOO_LARGE, f"more than {self._max_bytes:,} bytes")

    def _opened(self) -> aiohttp.ClientSession:
        """The session, made in the loop that first needs it."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=self._resolver, limit=0),
                headers=HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            await asyncio.sleep(0)  # lets transports notice
            self._session = None


async def first_bytes(chunks: AsyncIterator[bytes]) -> bytes:
    """So many chunks that they are HEAD_BYTES or more, or all there are."""
    head = b""
    while len(head) < HEAD_BYTES and (chunk := await anext(chunks, b"")):
        head += chunk
    return head


def _in_steps(received: int, most: int) -> int:
    return min(most, -(-received // STEP_BYTES) * STEP_BYTES)


def parsed(url: str) -> URL:
    """The URL as it is fetched.

    Raises:
        BadInput: bad_url.
    """
    try:
        return URL(url).with_fragment(None)
    except (ValueError, TypeError) as error:  # UnicodeError of a host that is no IDNA included
        raise BadInput(Reason.BAD_URL, str(error)) from error


def _next_hop(url: URL, location: str | None) -> URL:
    if not location:
        raise BadInput(Reason.SOURCE_REDIRECTS, "a redirect that does not say where to")
    try:
        target = url.join(URL(location)).with_fragment(None)
    except (ValueError, TypeError) as error:
        raise BadInput(Reason.SOURCE_REDIRECTS, f"a redirect to what is no URL: {error}") from error
    if target.scheme not in ("http", "https"):
        raise BadInput(Reason.SOURCE_REDIRECTS, f"a redirect out of the web, to '{target.scheme}'")
    if url.scheme == "https" and target.scheme == "http":
        raise BadInput(Reason.SOURCE_REDIRECTS, "a redirect from https to http")
    return target
