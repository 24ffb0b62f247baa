"""How an http or https URL is opened: pictures in one request as a whole, videos by ranges where the server has them.

Where nothing says beforehand that it is a video, the first bytes of an ordinary answer do. Such an answer is broken
off, and the video asked for anew, by ranges.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
from yarl import URL

from streams.config.settings import Settings
from streams.domain.records import Kind
from streams.errors import BadInput, Reason
from streams.sources.budget import Hold
from streams.sources.http.client import HttpSource, check_answer, first_bytes
from streams.sources.http.content_range import Version, part_of, total_of_unsatisfied
from streams.sources.http.range_client import RangeClient, Resource, body_of_part, range_header
from streams.sources.media_kind import HEAD_BYTES, READ_WHOLE_MAX_BYTES, check_kind, says_video
from streams.sources.patience import Reserve, patience
from streams.sources.spool import Spool
from streams.sources.video.opened import OpenVideo
from streams.sources.video.range_video import RangeVideo

#: What is asked of a video at first: enough to know it by, and for the index of a short one.
FIRST_BYTES = 32 << 10


class VideoFound(Exception):
    """An answer's first bytes are a video's; it is at `url`."""

    def __init__(self, url: URL) -> None:
        super().__init__(str(url))
        self.url = url


class _NoRanges(Exception):
    """A server's first answer shows that it is better asked for everything."""


class WebVideos:
    """Opens URLs of the web.

    Args:
        settings: source_timeout_s for an answer or a part, video_timeout_s for all of a video, video_max_bytes.
        http: asks.
        spool: keeps what has to be downloaded whole.
    """

    def __init__(self, settings: Settings, http: HttpSource, spool: Spool) -> None:
        self._http = http
        self._spool = spool
        self._timeout_s = settings.source.timeout_s
        self._video_timeout_s = settings.source.video_timeout_s
        self._max_bytes = settings.source.max_video_bytes

    async def picture(self, url: URL, kind: Kind, hold: Hold) -> bytes:
        """What is at a URL, unless it is a video: one request.

        Raises:
            VideoFound: it is, and may be one.
            BadInput: it is, and must not be one; or as `HttpSource.read`.
        """

        def look(response: aiohttp.ClientResponse, head: bytes) -> None:
            if check_kind(kind, head):
                raise VideoFound(response.url)

        async with patience(self._timeout_s, hold) as reserve, self._http.answer(url) as response:
            check_answer(response)
            if kind != "image" and says_video(response.headers.get("Content-Type", "")):
                raise VideoFound(response.url)
            return await self._http.body(response, reserve, look)

    async def video(self, url: URL, kind: Kind, hold: Hold) -> bytes | OpenVideo:
        """What is at a URL that is taken for a video's; bytes, where it is none after all, or a small one.

        Raises:
            BadInput: one of the source_ reasons, or as `check_kind`.
            BrokenInfrastructure: no disk to keep it on.
        """
        asked = range_header(0, FIRST_BYTES)
        try:
            return await self._asked(url, asked, kind, hold)
        except _NoRanges:
            return await self._asked(url, {}, kind, hold)

    async def _asked(self, url: URL, headers: dict[str, str], kind: Kind, hold: Hold) -> bytes | OpenVideo:
        async with AsyncExitStack() as stack:
            async with patience(self._timeout_s, hold) as reserve:
                response = await stack.enter_async_context(self._http.answer(url, headers))
                if headers and response.status == 206:
                    return await self._parts(response, kind, hold, reserve)
                if headers and response.status == 416:
                    if total_of_unsatisfied(response.headers) == 0:
                        raise BadInput(Reason.SOURCE_EMPTY, "the source is empty")
                    raise _NoRanges
                check_answer(response)
                chunks = response.content.iter_any()
                head = await first_bytes(chunks)
                if not check_kind(kind, head):
                    return await self._http.rest(response, head, chunks, reserve)
            async with patience(self._video_timeout_s, hold) as reserve:
                moving = _unless_it_stands(chunks, self._timeout_s)
                return await self._spool.keep(head, moving, response.content_length, reserve)

    async def _parts(
        self, response: aiohttp.ClientResponse, kind: Kind, hold: Hold, reserve: Reserve
    ) -> bytes | OpenVideo:
        """From the first part of something that there are parts of."""
        check_answer(response, (206,))
        part = part_of(response.headers, 0, FIRST_BYTES)
        if part.total_bytes is None:
            raise _NoRanges
        total_bytes = part.total_bytes
        await reserve(min(total_bytes, FIRST_BYTES))
        head = await body_of_part(response, part)
        version = Version.of(response.headers)
        client = RangeClient(self._http, Resource(response.url, version, total_bytes), self._timeout_s)
        enough = min(total_bytes, HEAD_BYTES)
        if len(head) < enough:
            head += await client.part(len(head), enough - len(head))
        if not check_kind(kind, head):
            return head if len(head) == total_bytes else await self._http.read(response.url, reserve)
        if total_bytes > self._max_bytes:
            raise BadInput(Reason.SOURCE_TOO_LARGE, f"{total_bytes:,} bytes are more than {self._max_bytes:,}")
        if total_bytes <= READ_WHOLE_MAX_BYTES:
            await reserve(total_bytes)
            return head if len(head) == total_bytes else head + await client.part(len(head), total_bytes - len(head))
        identity = version.identity(response.url, total_bytes)
        return RangeVideo(client, head, total_bytes, hold, self._video_timeout_s, identity)


async def _unless_it_stands(chunks: AsyncIterator[bytes], timeout_s: float) -> AsyncIterator[bytes]:
    """The chunks, as long as one comes every so often."""
    while True:
        try:
            async with asyncio.timeout(timeout_s):
                chunk = await anext(chunks, b"")
        except TimeoutError as error:
            raise BadInput(Reason.SOURCE_TIMEOUT, f"nothing has come for {timeout_s:g} s") from error
        if not chunk:
            return
        yield chunk
