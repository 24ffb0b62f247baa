"""From a submission to its fingerprint record: fetch, look in the cache, decode on a thread. No Kafka in here.

What a fingerprint is, is domain/fingerprint; how bytes are got, sources/. Here they meet, under limits of time.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from cachetools import LRUCache

from streams import metrics
from streams.domain.fingerprint.image import ImageLimits, content_id, fingerprint_image
from streams.domain.hashed import Wanted, wanted
from streams.domain.policy import Policy
from streams.domain.records import MediaFacts, Submission
from streams.errors import BadInput, BrokenInfrastructure, Reason
from streams.settings import Settings
from streams.sources.fetch import SourceFetcher

logger = logging.getLogger(__name__)

#: Up to here hashing costs less than going to another thread does.
SMALL_BYTES = 32 << 10
#: Decodes that never came back; a process with more of them than this is not healthy.
MOST_STUCK = 8


@dataclass(frozen=True, slots=True)
class Fingerprinted:
    """Facts about a medium and what it took to get them; times are wall time."""

    facts: MediaFacts
    fetch_ms: float
    decode_ms: float
    cached: bool


class Fingerprinter:
    """Gets the facts of submissions, each content decoded once as long as the cache knows it."""

    def __init__(self, settings: Settings) -> None:
        self._fetcher = SourceFetcher(settings)
        self._limits = ImageLimits(max_pixels=settings.max_pixels)
        self._timeout_s = settings.decode_timeout_s
        self._cache: LRUCache[tuple[str, Wanted], MediaFacts] = LRUCache(max(1, settings.fingerprint_cache_entries))
        self._cache_lock = threading.Lock()
        self._thread_count = settings.decode_threads
        self._slots = asyncio.Semaphore(settings.decode_threads)
        self._threads = self._new_threads()
        self._stuck = 0

    async def fingerprint(self, submission: Submission, policy: Policy) -> Fingerprinted:
        """Fetch and decode one submission, and hash of it what its policy needs.

        Raises:
            BadInput: the source or the medium is at fault.
            BrokenInfrastructure: too many decodes never came back.
        """
        if submission.kind == "video":
            raise BadInput(Reason.UNSUPPORTED_KIND, "videos are not fingerprinted by this version")
        begun_at = time.perf_counter()
        async with self._fetcher.fetch(submission) as data:
            fetched_at = time.perf_counter()
            facts, cached = await self._facts(data, wanted(policy))
        done_at = time.perf_counter()
        metrics.CACHE.labels("hit" if cached else "miss").inc()
        if not cached:
            metrics.DECODE_SECONDS.labels(facts.format).observe(done_at - fetched_at)
        return Fingerprinted(
            facts, round((fetched_at - begun_at) * 1000, 3), round((done_at - fetched_at) * 1000, 3), cached
        )

    async def _facts(self, data: bytes, what: Wanted) -> tuple[MediaFacts, bool]:
        if len(data) <= SMALL_BYTES:
            known = self._known(content_id(data), what)
            if known is not None:
                return known, True
        async with self._slots:
            loop = asyncio.get_running_loop()
            work = loop.run_in_executor(self._threads, self._look_and_decode, data, what)
            try:
                return await asyncio.wait_for(asyncio.shield(work), self._timeout_s)
            except TimeoutError as error:
                self._abandon_threads()
                raise BadInput(Reason.DECODE_TIMEOUT, f"decoding took longer than {self._timeout_s:g} s") from error

    def _look_and_decode(self, data: bytes, what: Wanted) -> tuple[MediaFacts, bool]:
        content = content_id(data)
        known = self._known(content, what)
        if known is not None:
            return known, True
        facts = fingerprint_image(data, self._limits, content=content, level=what.level, further=what.further)
        with self._cache_lock:
            self._cache[facts.content_id, what] = facts
        return facts, False

    def _known(self, content: str, what: Wanted) -> MediaFacts | None:
        with self._cache_lock:
            known: MediaFacts | None = self._cache.get((content, what))
        return known

    def _abandon_threads(self) -> None:
        """A thread cannot be killed: leave the pool with it behind, and go on with a new one."""
        self._stuck += 1
        logger.warning("a decode did not end in %.0f s; %d of at most %d", self._timeout_s, self._stuck, MOST_STUCK)
        if self._stuck > MOST_STUCK:
            raise BrokenInfrastructure("too many decodes never ended; the worker must be started again")
        self._threads.shutdown(wait=False)
        self._threads = self._new_threads()

    def _new_threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._thread_count, thread_name_prefix="decode")

    async def close(self) -> None:
        await self._fetcher.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
