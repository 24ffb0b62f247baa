"""The door to all sources: from a submission to its bytes, or to a video to read parts of; one budget of bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp.abc import AbstractResolver

from streams.config.settings import Settings
from streams.domain.records import Submission
from streams.errors import BadInput, ConfigurationError, Reason
from streams.sources.budget import ByteBudget, Hold
from streams.sources.file import FileSource
from streams.sources.http.client import HttpSource, parsed
from streams.sources.http.guard import AddressGuard
from streams.sources.http.resolver import SystemResolver
from streams.sources.media_kind import HEAD_BYTES, check_kind, video_by_name
from streams.sources.patience import patience
from streams.sources.spool import Spool
from streams.sources.video.opened import OpenVideo
from streams.sources.video.web_video import VideoFound, WebVideos

#: Videos of the web that are open at once, for each that is decoded: the others are being asked for, or downloaded.
OPEN_PER_THREAD = 4
SCHEMES = ("http", "https", "file")


class SourceFetcher:
    """Gets the bytes of submissions; one for a process, used from one event loop.

    All fetches together hold at most `in_flight_bytes` (and always one medium of the largest permitted size, or what is
    at hand of one video), besides read buffers of 128 KiB for each. How many run at once is the caller's to bound.

    Args:
        settings: the fields source_*, file_roots, in_flight_bytes, fetch_concurrency, data_dir and video_*.
        resolver: names to addresses; the system's where none is given.

    Raises:
        ConfigurationError: an entry of source_allow cannot be read.
    """

    def __init__(self, settings: Settings, resolver: AbstractResolver | None = None) -> None:
        try:
            guard = AddressGuard(settings.source.allow_list)
        except ValueError as error:
            raise ConfigurationError(f"MEDIASIEVE_SOURCE_ALLOW: {error}") from error
        self._timeout_s = settings.source.timeout_s
        self._max_bytes = settings.source.max_bytes
        self._budget = ByteBudget(settings.runtime.max_in_flight_bytes, settings.source.max_bytes)
        # Threads that hang in a lookup or a file system must be missed by nobody else.
        self._threads = ThreadPoolExecutor(2 * settings.runtime.fetch_concurrency, thread_name_prefix="source")
        self._http = HttpSource(settings, guard, resolver or SystemResolver(self._threads))
        self._files = FileSource(settings, self._threads)
        self._web_videos = WebVideos(settings, self._http, Spool(settings, self._threads))
        self._open_videos = asyncio.Semaphore(OPEN_PER_THREAD * settings.runtime.video_threads)

    @property
    def held_bytes(self) -> int:
        """What all fetches hold now."""
        return self._budget.held_bytes

    def body(self, submission: Submission) -> bytes | None:
        """The bytes that came with a submission; None where they have to be fetched.

        Raises:
            BadInput: as `open`, where the bytes alone say so.
        """
        if submission.body is None:
            return None
        check_kind(submission.kind, submission.body[:HEAD_BYTES])
        return self._checked(submission.body)

    @asynccontextmanager
    async def open(self, submission: Submission) -> AsyncIterator[bytes | OpenVideo]:
        """What a submission is of, told by its first bytes: pictures as their bytes, videos for reading parts.

        A video too may come as bytes, where it came with the submission or is small. Of those of the web only so many
        are open at once, and others wait.

        Raises:
            BadInput: no_source, unsupported_scheme, bad_url or one of the source_ reasons; unsupported_kind where the
                submission says that it is something else.
            BrokenInfrastructure: a download cannot be kept.
        """
        async with AsyncExitStack() as stack:
            hold = stack.enter_context(self._budget.hold())
            found = await self._opened(submission, hold, stack)
            if isinstance(found, OpenVideo):
                stack.callback(found.end)
            else:
                hold.shrink_to(len(self._checked(found)) if submission.body is None else 0)
            yield found

    async def _opened(self, submission: Submission, hold: Hold, stack: AsyncExitStack) -> bytes | OpenVideo:
        body, kind = self.body(submission), submission.kind
        if body is not None:
            return body
        url = self._url_of(submission)
        if self._scheme_of(url) == "file":
            async with patience(self._timeout_s, hold) as reserve:
                return await self._files.open(url, kind, reserve)
        address = parsed(url)
        if kind == "image" or (kind == "auto" and not video_by_name(address.path)):
            try:
                return await self._web_videos.picture(address, kind, hold)
            except VideoFound as found:
                address = found.url
                hold.shrink_to(0)
        await stack.enter_async_context(self._open_videos)
        return await self._web_videos.video(address, kind, hold)

    def _url_of(self, submission: Submission) -> str:
        if not submission.url:
            raise BadInput(Reason.NO_SOURCE, "the submission has neither a URL nor bytes")
        return submission.url

    def _scheme_of(self, url: str) -> str:
        scheme = url.partition(":")[0].lower()
        if scheme not in SCHEMES:
            raise BadInput(Reason.UNSUPPORTED_SCHEME, f"the URL must begin with one of {', '.join(SCHEMES)}")
        return scheme

    def _checked(self, data: bytes) -> bytes:
        if not data:
            raise BadInput(Reason.SOURCE_EMPTY, "the source is empty")
        if len(data) > self._max_bytes:
            raise BadInput(Reason.SOURCE_TOO_LARGE, f"{len(data):,} bytes are more than {self._max_bytes:,}")
        return data

    async def close(self) -> None:
        """Close connections; threads that hang are left behind."""
        await self._http.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
