"""Opens http and https URLs: pictures whole in one request, videos by ranges if the server supports them.

If nothing announces a video, the first bytes of an ordinary response show it. That response is broken off, and the
video is requested again by ranges.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
from yarl import URL

from streams.config.settings import Settings
from streams.domain.fingerprint.formats import HEAD_BYTES
from streams.domain.records import Kind
from streams.errors import BadInput, Reason
from streams.sources.budget import Reservation
from streams.sources.deadline import Reserve, source_deadline
from streams.sources.http.client import HttpClient, check_response, read_head
from streams.sources.http.content_range import ResourceVersion, parse_content_range, size_of_unsatisfied
from streams.sources.http.range_client import RangeClient, Resource, range_header, read_range_body
from streams.sources.media_kind import READ_WHOLE_MAX_BYTES, check_kind, is_video_content_type
from streams.sources.video.open_video import OpenVideo
from streams.sources.video.range_video import RangeVideo
from streams.sources.video.spool import Spool

#: The first range of a video: enough to recognize it, and for the index of a short one.
FIRST_RANGE_BYTES = 32 << 10


class VideoFound(Exception):
    """The first bytes of a response are a video's. `url` is its URL after redirects."""

    def __init__(self, url: URL) -> None:
        super().__init__(str(url))
        self.url = url


class _RangesUnsupported(Exception):
    """The first response shows that the server must be asked for the whole resource."""


class WebSource:
    """Opens URLs of the web.

    Args:
        settings: `source`. `timeout_s` bounds a response or a range, `video_timeout_s` a whole video.
        http: sends the requests.
        spool: keeps videos that must be downloaded whole.
    """

    def __init__(self, settings: Settings, http: HttpClient, spool: Spool) -> None:
        self._http = http
        self._spool = spool
        self._timeout_s = settings.source.timeout_s
        self._video_timeout_s = settings.source.video_timeout_s
        self._max_bytes = settings.source.max_video_bytes

    async def fetch_picture(self, url: URL, kind: Kind, reservation: Reservation) -> bytes:
        """The bytes at a URL, unless they are a video. One request.

        Raises:
            VideoFound: the bytes are a video, and the kind permits one.
            BadInput: the bytes are a video, but the kind forbids one; or as `HttpClient.fetch`.
        """

        def check_head(response: aiohttp.ClientResponse, head: bytes) -> None:
            if check_kind(kind, head):
                raise VideoFound(response.url)

        async with source_deadline(self._timeout_s, reservation) as reserve, self._http.get(url) as response:
            check_response(response)
            if kind != "image" and is_video_content_type(response.headers.get("Content-Type", "")):
                raise VideoFound(response.url)
            return await self._http.read_body(response, reserve, check_head)

    async def open_video(self, url: URL, kind: Kind, reservation: Reservation) -> bytes | OpenVideo:
        """The presumed video at a URL. A small video and a picture come as bytes.

        Raises:
            BadInput: one of the source_ reasons, or as `check_kind`.
            BrokenInfrastructure: the disk does not take a download.
        """
        first_range = range_header(0, FIRST_RANGE_BYTES)
        try:
            return await self._request_video(url, first_range, kind, reservation)
        except _RangesUnsupported:
            return await self._request_video(url, {}, kind, reservation)

    async def _request_video(
        self, url: URL, headers: dict[str, str], kind: Kind, reservation: Reservation
    ) -> bytes | OpenVideo:
        async with AsyncExitStack() as stack:
            async with source_deadline(self._timeout_s, reservation) as reserve:
                response = await stack.enter_async_context(self._http.get(url, headers))
                if headers and response.status == 206:
                    return await self._open_ranges(response, kind, reservation, reserve)
                if headers and response.status == 416:
                    if size_of_unsatisfied(response.headers) == 0:
                        raise BadInput(Reason.SOURCE_EMPTY, "the source is empty")
                    raise _RangesUnsupported
                check_response(response)
                chunks = response.content.iter_any()
                head = await read_head(chunks)
                if not check_kind(kind, head):
                    return await self._http.read_rest(response, head, chunks, reserve)
            async with source_deadline(self._video_timeout_s, reservation) as reserve:
                steady_chunks = _refuse_stalls(chunks, self._timeout_s)
                return await self._spool.save(head, steady_chunks, response.content_length, reserve)

    async def _open_ranges(
        self, response: aiohttp.ClientResponse, kind: Kind, reservation: Reservation, reserve: Reserve
    ) -> bytes | OpenVideo:
        """Opens a resource from the response to its first range."""
        check_response(response, (206,))
        content_range = parse_content_range(response.headers, 0, FIRST_RANGE_BYTES)
        if content_range.total_bytes is None:
            raise _RangesUnsupported
        total_bytes = content_range.total_bytes
        await reserve(min(total_bytes, FIRST_RANGE_BYTES))
        head = await read_range_body(response, content_range)
        version = ResourceVersion.from_headers(response.headers)
        client = RangeClient(self._http, Resource(response.url, version, total_bytes), self._timeout_s)
        enough_bytes = min(total_bytes, HEAD_BYTES)
        if len(head) < enough_bytes:
            head += await client.fetch(len(head), enough_bytes - len(head))
        if not check_kind(kind, head):
            return head if len(head) == total_bytes else await self._http.fetch(response.url, reserve)
        if total_bytes > self._max_bytes:
            raise BadInput(Reason.SOURCE_TOO_LARGE, f"{total_bytes:,} bytes are more than {self._max_bytes:,}")
        if total_bytes <= READ_WHOLE_MAX_BYTES:
            await reserve(total_bytes)
            return head if len(head) == total_bytes else head + await client.fetch(len(head), total_bytes - len(head))
        identity = version.identity(response.url, total_bytes)
        return RangeVideo(client, head, total_bytes, reservation, self._video_timeout_s, identity)


async def _refuse_stalls(chunks: AsyncIterator[bytes], timeout_s: float) -> AsyncIterator[bytes]:
    """The chunks. Raises source_timeout if the next one does not arrive within `timeout_s`."""
    while True:
        try:
            async with asyncio.timeout(timeout_s):
                chunk = await anext(chunks, b"")
        except TimeoutError as error:
            raise BadInput(Reason.SOURCE_TIMEOUT, f"no bytes arrived for {timeout_s:g} s") from error
        if not chunk:
            return
        yield chunk
