"""The HTTP client for sources. The address guard checks every URL, and redirects are followed here, hop by hop.

Bodies are read into memory up to the limit for whole media.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Container, Mapping
from contextlib import asynccontextmanager
from io import BytesIO

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from streams.config.settings import Settings
from streams.domain.fingerprint.formats import HEAD_BYTES
from streams.errors import BadInput, Reason
from streams.sources.deadline import Reserve
from streams.sources.http.address_guard import AddressGuard
from streams.sources.http.resolver import GuardedResolver

CheckHead = Callable[[aiohttp.ClientResponse, bytes], None]

REDIRECT_STATUSES = frozenset((301, 302, 303, 307, 308))
RESERVE_STEP_BYTES = 256 << 10
HEADERS = {
    # A compressed body could grow without bound, and media are compressed already.
    "Accept-Encoding": "identity",
    "Accept": "image/*, video/*;q=0.9, */*;q=0.5",
    "User-Agent": "mediasieve",
}
_REASON_BY_STATUS = {
    401: Reason.SOURCE_FORBIDDEN,
    403: Reason.SOURCE_FORBIDDEN,
    404: Reason.SOURCE_NOT_FOUND,
    410: Reason.SOURCE_NOT_FOUND,
    451: Reason.SOURCE_FORBIDDEN,
}


def _accept_any_head(response: aiohttp.ClientResponse, head: bytes) -> None:
    return


def check_response(response: aiohttp.ClientResponse, permitted: Container[int] = (200, 203)) -> None:
    """Refuses a response without the requested body.

    Raises:
        BadInput: by its status, or unsupported_format for a compressed body.
    """
    if response.status not in permitted:
        reason = _REASON_BY_STATUS.get(response.status, Reason.SOURCE_HTTP_STATUS)
        raise BadInput(reason, f"the server answered {response.status}")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise BadInput(Reason.UNSUPPORTED_FORMAT, f"the server compressed the body as {encoding} against the request")


class HttpClient:
    """Reads http and https URLs. Ignores proxies, cookies, credentials and netrc of the environment.

    Sets no total time limit, which is up to the caller. Only waits for the peer.
    """

    def __init__(self, settings: Settings, guard: AddressGuard, resolver: AbstractResolver) -> None:
        self._guard = guard
        self._resolver = GuardedResolver(resolver, guard)
        self._max_bytes = settings.source.max_bytes
        self._max_redirects = settings.source.max_redirects
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, url: URL, reserve: Reserve) -> bytes:
        """The body of a successful response.

        Args:
            url: redirects are followed, but never from https to http or to another scheme.
            reserve: awaited with a total of bytes before that many are kept.

        Raises:
            BadInput: bad_url, unsupported_format (a compressed body) or one of the source_ reasons.
            TimeoutError: the operating system gave the peer up.
        """
        async with self.get(url) as response:
            check_response(response)
            return await self.read_body(response, reserve)

    @asynccontextmanager
    async def get(self, url: URL, headers: Mapping[str, str] | None = None) -> AsyncIterator[aiohttp.ClientResponse]:
        """The first response that is not a redirect, of any status. The guard checks every hop.

        Raises:
            BadInput: as `fetch`. Also translates errors while the body is read inside the block.
        """
        try:
            async with self._follow_redirects(url, headers) as response:
                yield response
        except (aiohttp.InvalidURL, UnicodeError) as error:  # UnicodeError: the host cannot be a name
            raise BadInput(Reason.BAD_URL, str(error)) from error
        except aiohttp.ClientPayloadError as error:
            raise BadInput(Reason.SOURCE_UNREACHABLE, "the response broke off before its end") from error
        except TimeoutError:
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise BadInput(Reason.SOURCE_UNREACHABLE, str(error) or type(error).__name__) from error

    @asynccontextmanager
    async def _follow_redirects(
        self, url: URL, headers: Mapping[str, str] | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        for _ in range(self._max_redirects + 1):
            self._guard.check_url(url)
            async with self._open_session().get(url, headers=headers, allow_redirects=False) as response:
                try:
                    if response.status not in REDIRECT_STATUSES:
                        yield response
                        return
                    url = _next_hop(url, response.headers.get("Location"))
                finally:
                    if not response.content.at_eof():
                        response.close()  # cheaper than reading the rest to reuse the connection
        raise BadInput(Reason.SOURCE_REDIRECTS, f"more than {self._max_redirects} redirects")

    async def read_body(
        self, response: aiohttp.ClientResponse, reserve: Reserve, check_head: CheckHead = _accept_any_head
    ) -> bytes:
        """The whole body of a response. Raises the errors of `fetch`.

        Args:
            response: its body must be unread.
            reserve: as for `fetch`.
            check_head: called once with the response and at least the first HEAD_BYTES of its body, or all of a shorter
                one. An exception from it ends the reading.
        """
        chunks = response.content.iter_any()
        head = await read_head(chunks)
        check_head(response, head)
        return await self.read_rest(response, head, chunks, reserve)

    async def read_rest(
        self, response: aiohttp.ClientResponse, head: bytes, chunks: AsyncIterator[bytes], reserve: Reserve
    ) -> bytes:
        """The whole body of a response whose head has been read from the chunks."""
        if max(response.content_length or 0, len(head)) > self._max_bytes:
            raise self._too_large()
        body = BytesIO()  # a list would hold an object for every tiny piece that a server sends
        received = len(head)
        await reserve(_round_up_to_step(received, self._max_bytes))
        body.write(head)
        async for chunk in chunks:
            received += len(chunk)
            if received > self._max_bytes:
                raise self._too_large()
            await reserve(_round_up_to_step(received, self._max_bytes))
            body.write(chunk)
        return body.getvalue()

    def _too_large(self) -> BadInput:
        return BadInput(Reason.SOURCE_TOO_LARGE, f"more than {self._max_bytes:,} bytes")

    def _open_session(self) -> aiohttp.ClientSession:
        """The session, made in the event loop that first needs it."""
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
            await asyncio.sleep(0)  # lets the transports close
            self._session = None


async def read_head(chunks: AsyncIterator[bytes]) -> bytes:
    """The first chunks, at least HEAD_BYTES of them, or all of a shorter body."""
    head = b""
    while len(head) < HEAD_BYTES and (chunk := await anext(chunks, b"")):
        head += chunk
    return head


def _round_up_to_step(received_bytes: int, max_bytes: int) -> int:
    return min(max_bytes, -(-received_bytes // RESERVE_STEP_BYTES) * RESERVE_STEP_BYTES)


def parse_url(url: str) -> URL:
    """The URL as it is fetched, without its fragment.

    Raises:
        BadInput: bad_url.
    """
    try:
        return URL(url).with_fragment(None)
    except (ValueError, TypeError) as error:  # includes the UnicodeError of a host that is not valid IDNA
        raise BadInput(Reason.BAD_URL, str(error)) from error


def _next_hop(url: URL, location: str | None) -> URL:
    if not location:
        raise BadInput(Reason.SOURCE_REDIRECTS, "a redirect has no target")
    try:
        target = url.join(URL(location)).with_fragment(None)
    except (ValueError, TypeError) as error:
        raise BadInput(Reason.SOURCE_REDIRECTS, f"the target of a redirect is not a URL: {error}") from error
    if target.scheme not in ("http", "https"):
        raise BadInput(Reason.SOURCE_REDIRECTS, f"a redirect leads out of the web, to '{target.scheme}'")
    if url.scheme == "https" and target.scheme == "http":
        raise BadInput(Reason.SOURCE_REDIRECTS, "a redirect leads from https to http")
    return target
