"""The entrance to all sources: from a submission to its bytes, or to a video that is read in parts.

All fetches share one budget of bytes. file.py opens file URLs, web.py opens http and https URLs. Addresses that are not
public are refused in http/address_guard.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp.abc import AbstractResolver

from streams.config.byte_shares import sources_share
from streams.config.settings import Settings
from streams.domain.fingerprint.formats import HEAD_BYTES
from streams.domain.records import Submission
from streams.errors import BadInput, ConfigurationError, Reason
from streams.sources.budget import ByteBudget, Reservation
from streams.sources.deadline import source_deadline
from streams.sources.file import FileSource
from streams.sources.http.address_guard import AddressGuard
from streams.sources.http.client import HttpClient, parse_url
from streams.sources.http.resolver import SystemResolver
from streams.sources.media_kind import check_kind, has_video_suffix
from streams.sources.video.open_video import OpenVideo
from streams.sources.video.spool import Spool
from streams.sources.web import VideoFound, WebSource

#: Videos from the web that are open at once, per decode thread. One is decoded; the others are requested or downloaded.
OPEN_VIDEOS_PER_THREAD = 4
SCHEMES = ("http", "https", "file")


class SourceFetcher:
    """Gets the bytes of submissions. One for a process, used from one event loop.

    All fetches together hold at most their share of `max_in_flight_bytes`, and in addition one medium of the largest
    permitted size or the memory of one open video. Read buffers add 128 KiB a fetch. The caller bounds how many fetches
    run at once.

    Args:
        settings: `source`, `paths.data_dir`, and of `runtime` the in-flight bytes, fetch concurrency and video threads.
        resolver: resolves host names; by default the system's resolver.

    Raises:
        ConfigurationError: an entry of the allow list is neither a network, an address nor a host name.
    """

    def __init__(self, settings: Settings, resolver: AbstractResolver | None = None) -> None:
        try:
            guard = AddressGuard(settings.source.allow_list)
        except ValueError as error:
            raise ConfigurationError(f"MEDIASIEVE_SOURCE_ALLOW: {error}") from error
        self._timeout_s = settings.source.timeout_s
        self._max_bytes = settings.source.max_bytes
        shared_bytes = sources_share(settings.runtime.max_in_flight_bytes)
        self._budget = ByteBudget(shared_bytes + settings.source.max_bytes, settings.source.max_bytes)
        # Twice as many threads as fetches, because some hang in a name lookup or in a file system.
        self._threads = ThreadPoolExecutor(2 * settings.runtime.fetch_concurrency, thread_name_prefix="source")
        self._http = HttpClient(settings, guard, resolver or SystemResolver(self._threads))
        self._files = FileSource(settings, self._threads)
        self._web = WebSource(settings, self._http, Spool(settings, self._threads))
        self._open_videos = asyncio.Semaphore(OPEN_VIDEOS_PER_THREAD * settings.runtime.video_threads)

    @property
    def reserved_bytes(self) -> int:
        """The bytes that all fetches hold now."""
        return self._budget.reserved_bytes

    def inline_body(self, submission: Submission) -> bytes | None:
        """The bytes inside the submission; None if they must be fetched.

        Raises:
            BadInput: as `open`, for failures that the bytes alone show.
        """
        if submission.body is None:
            return None
        check_kind(submission.kind, submission.body[:HEAD_BYTES])
        return self._checked(submission.body)

    @asynccontextmanager
    async def open(self, submission: Submission) -> AsyncIterator[bytes | OpenVideo]:
        """The submitted medium: a picture as bytes, a video open for reading parts. The first bytes tell which.

        Small videos and videos inside the submission come as bytes too. The number of open videos from the web is
        bounded; further ones wait.

        Raises:
            BadInput: no_source, unsupported_scheme, bad_url or one of the source_ reasons; unsupported_kind if the
                submission names another kind.
            BrokenInfrastructure: the disk does not take a download.
        """
        async with AsyncExitStack() as stack:
            reservation = stack.enter_context(self._budget.reserve())
            medium = await self._open(submission, reservation, stack)
            if isinstance(medium, OpenVideo):
                stack.callback(medium.close)
            else:
                reservation.shrink_to(len(self._checked(medium)) if submission.body is None else 0)
            yield medium

    async def _open(self, submission: Submission, reservation: Reservation, stack: AsyncExitStack) -> bytes | OpenVideo:
        body, kind = self.inline_body(submission), submission.kind
        if body is not None:
            return body
        url = self._url_of(submission)
        if self._scheme_of(url) == "file":
            async with source_deadline(self._timeout_s, reservation) as reserve:
                return await self._files.open(url, kind, reserve)
        address = parse_url(url)
        if kind == "image" or (kind == "auto" and not has_video_suffix(address.path)):
            try:
                return await self._web.fetch_picture(address, kind, reservation)
            except VideoFound as found:
                address = found.url
                reservation.shrink_to(0)
        await stack.enter_async_context(self._open_videos)
        return await self._web.open_video(address, kind, reservation)

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
        """Close all connections. Does not wait for threads that hang."""
        await self._http.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
