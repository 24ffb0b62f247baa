"""The door to all sources: from a submission to its bytes, under one deadline and one budget of bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from aiohttp.abc import AbstractResolver

from streams.domain.records import Submission
from streams.errors import BadInput, ConfigurationError, Reason
from streams.settings import Settings
from streams.sources.budget import ByteBudget, Hold
from streams.sources.file import FileSource
from streams.sources.guard import AddressGuard
from streams.sources.http import HttpSource
from streams.sources.resolve import SystemResolver

Reserve = Callable[[int], Awaitable[None]]
Reader = Callable[[str, Reserve], Awaitable[bytes]]


class SourceFetcher:
    """Gets the bytes of submissions; one for a process, used from one event loop.

    All fetches together hold at most `in_flight_bytes` (and always one medium of the largest permitted size), besides
    read buffers of 128 KiB for each. How many run at once is the caller's to bound.

    Args:
        settings: the fields source_*, file_roots, in_flight_bytes and fetch_concurrency.
        resolver: names to addresses; the system's where none is given.

    Raises:
        ConfigurationError: an entry of source_allow cannot be read.
    """

    def __init__(self, settings: Settings, resolver: AbstractResolver | None = None) -> None:
        try:
            guard = AddressGuard(settings.source_allow)
        except ValueError as error:
            raise ConfigurationError(f"MEDIASIEVE_SOURCE_ALLOW: {error}") from error
        self._timeout_s = settings.source_timeout_s
        self._max_bytes = settings.source_max_bytes
        self._budget = ByteBudget(settings.in_flight_bytes, settings.source_max_bytes)
        # Threads that hang in a lookup or a file system must be missed by nobody else.
        self._threads = ThreadPoolExecutor(2 * settings.fetch_concurrency, thread_name_prefix="source")
        self._http = HttpSource(settings, guard, resolver or SystemResolver(self._threads))
        files = FileSource(settings, self._threads)
        self._readers: dict[str, Reader] = {"http": self._http.read, "https": self._http.read, "file": files.read}

    @property
    def held_bytes(self) -> int:
        """What all fetches hold now."""
        return self._budget.held_bytes

    @asynccontextmanager
    async def fetch(self, submission: Submission) -> AsyncIterator[bytes]:
        """The bytes of a submission, counted against the budget until the block ends.

        Bytes which came with the submission are in memory anyway; only their size is checked.

        Raises:
            BadInput: no_source, unsupported_scheme, bad_url or one of the source_ reasons.
        """
        if submission.body is not None:
            yield self._checked(submission.body)
            return
        if not submission.url:
            raise BadInput(Reason.NO_SOURCE, "the submission has neither a URL nor bytes")
        scheme = submission.url.partition(":")[0].lower()
        if scheme not in self._readers:
            known = ", ".join(self._readers)
            raise BadInput(Reason.UNSUPPORTED_SCHEME, f"the URL must begin with one of {known}")
        with self._budget.hold() as hold:
            data = self._checked(await self._read(self._readers[scheme], submission.url, hold))
            hold.shrink_to(len(data))
            yield data

    async def _read(self, reader: Reader, url: str, hold: Hold) -> bytes:
        try:
            async with asyncio.timeout(self._timeout_s) as deadline:

                async def reserve(size_bytes: int) -> None:
                    """Waiting for the budget is not the source's fault: the clock stands still."""
                    if hold.try_grow_to(size_bytes):
                        return
                    ends_at = deadline.when()
                    assert ends_at is not None
                    left_s = ends_at - asyncio.get_running_loop().time()
                    deadline.reschedule(None)
                    await hold.grow_to(size_bytes)
                    deadline.reschedule(asyncio.get_running_loop().time() + left_s)

                return await reader(url, reserve)
        except TimeoutError as error:
            raise BadInput(Reason.SOURCE_TIMEOUT, f"not all there after {self._timeout_s:g} s") from error

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
