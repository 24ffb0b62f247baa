"""From a submission to its fingerprint record: fetch, look in the cache, decode on a thread. No Kafka in here.

What a fingerprint is, is domain/fingerprint; how bytes are got, sources/; how threads are bounded, decode_pool.py. Here
they meet.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

from cachetools import LRUCache
from prometheus_client import Counter, Histogram

from streams import metrics
from streams.config.settings import Settings
from streams.domain.fingerprint.formats import HEAD_BYTES, video_format_of
from streams.domain.fingerprint.image.fingerprint import ImageLimits, compute_content_id, fingerprint_image
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.fingerprint.video.limits import VideoLimits
from streams.domain.hashes.selection import RequiredHashes, required_hashes
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts, Submission
from streams.errors import BadInput
from streams.sources.fetch import SourceFetcher
from streams.sources.video.opened import OpenVideo
from streams.stages.fingerprint.decode_pool import DecodePool

#: Up to here hashing costs less than going to another thread does.
SMALL_BYTES = 32 << 10
#: Hashes of so many characters count as one entry of the cache; a picture has fewer, a long video many times as many.
ENTRY_CHARS = 8 << 10


@dataclass(frozen=True, slots=True)
class Fingerprinted:
    """Facts about a medium and what it took to get them; times are wall time.

    Of a video that is read while it is decoded, waiting for its source counts as fetching.
    """

    facts: MediaFacts
    fetch_ms: float
    decode_ms: float
    cached: bool


class Fingerprinter:
    """Gets the facts of submissions, each content decoded once as long as the cache knows it.

    Pictures and videos have threads of their own: a video may be waited for, and pictures go on meanwhile.
    """

    def __init__(self, settings: Settings) -> None:
        self._fetcher = SourceFetcher(settings)
        self._limits = ImageLimits(max_pixels=settings.limits.max_pixels)
        self._video_limits = video_limits(settings)
        entries = max(1, settings.runtime.fingerprint_cache_entries)
        self._cache: LRUCache[tuple[str, RequiredHashes | None], MediaFacts] = LRUCache(
            entries, getsizeof=lambda facts: min(entries, entries_of(facts))
        )
        self._cache_lock = threading.Lock()
        self._images = DecodePool("decode", settings.runtime.decode_threads, settings.limits.decode_timeout_s)
        self._videos = DecodePool("video", settings.runtime.video_threads, settings.limits.video_decode_timeout_s)

    def known(self, submission: Submission, policy: Policy) -> Fingerprinted | None:
        """The fingerprint of bytes that came with the submission, if they are few and were decoded before.

        Raises:
            BadInput: as `fingerprint`, where the bytes alone say so.
        """
        body = self._fetcher.body(submission)
        facts = self._known_bytes(body, policy) if body is not None else None
        if body is None or facts is None:
            return None
        _count(submission, body, facts, cached=True)
        return Fingerprinted(facts, 0.0, 0.0, cached=True)

    async def fingerprint(self, submission: Submission, policy: Policy) -> Fingerprinted:
        """Fetch and decode one submission, and hash of it what its policy needs.

        Raises:
            BadInput: the source or the medium is at fault.
            BrokenInfrastructure: too many decodes never came back, or a download cannot be kept.
        """
        begun_at = time.perf_counter()
        async with self._fetcher.open(submission) as found:
            opened_at = time.perf_counter()
            if isinstance(found, OpenVideo):
                facts, cached = await self._open_video(found)
            else:
                facts, cached = await self._bytes(found, policy, look_up=submission.body is None)
            done_at = time.perf_counter()
            waited_s = found.waited_s if isinstance(found, OpenVideo) else 0.0
            fetch_s, decode_s = opened_at - begun_at + waited_s, max(0.0, done_at - opened_at - waited_s)
            _count(submission, found, facts, cached, fetch_s, decode_s)
        return Fingerprinted(facts, round(fetch_s * 1000, 3), round(decode_s * 1000, 3), cached)

    async def _bytes(self, data: bytes, policy: Policy, *, look_up: bool) -> tuple[MediaFacts, bool]:
        """Of a medium that is all there; `look_up` says that it was not asked yet whether it is known."""
        known = self._known_bytes(data, policy) if look_up else None
        if known is not None:
            return known, True
        if video_format_of(data[:HEAD_BYTES]):
            return await self._whole_video(data)
        return await self._image(data, required_hashes(policy))

    def _known_bytes(self, data: bytes, policy: Policy) -> MediaFacts | None:
        """Facts of a few bytes that are known; of many too, hashing them would keep the loop from others."""
        if len(data) > SMALL_BYTES:
            return None
        return self._known(
            compute_content_id(data), None if video_format_of(data[:HEAD_BYTES]) else required_hashes(policy)
        )

    async def _image(self, data: bytes, what: RequiredHashes) -> tuple[MediaFacts, bool]:
        def decode() -> tuple[MediaFacts, bool]:
            content = compute_content_id(data)
            return self._remembered(
                content,
                what,
                lambda: fingerprint_image(
                    data, self._limits, content_id=content, level=what.level, extra_hashes=what.extra_hashes
                ),
            )

        return await self._images.run(decode)

    async def _whole_video(self, data: bytes) -> tuple[MediaFacts, bool]:
        given_up = threading.Event()

        def decode() -> tuple[MediaFacts, bool]:
            content = compute_content_id(data)
            return self._remembered(
                content,
                None,
                lambda: fingerprint_video(data, self._video_limits, content_id=content, is_expired=given_up.is_set),
            )

        try:
            return await self._videos.run(decode)
        finally:
            given_up.set()

    async def _open_video(self, video: OpenVideo) -> tuple[MediaFacts, bool]:
        """Of a video that is read in parts; its reads end as soon as it is not open any more."""

        def fingerprint() -> MediaFacts:
            try:
                facts = fingerprint_video(video, self._video_limits, content_id=video.content)
            except BadInput:
                video.check()  # what failed first is what is wrong with it
                raise
            video.check()
            return facts

        def decode() -> tuple[MediaFacts, bool]:
            if video.identity is None:
                return fingerprint(), False
            return self._remembered(video.identity, None, fingerprint)

        return await self._videos.run(decode, lambda: video.waited_s)

    def _remembered(
        self, identity: str, what: RequiredHashes | None, fingerprint: Callable[[], MediaFacts]
    ) -> tuple[MediaFacts, bool]:
        """Facts, and whether they were known.

        Args:
            identity: names the very bytes. It is the content id where all bytes are there, else what the source vouches
                for (see `Version.identity`, `identity_of`).
            what: was asked for of an image.
        """
        known = self._known(identity, what)
        if known is not None:
            return known, True
        facts = fingerprint()
        with self._cache_lock:
            self._cache[identity, what] = facts
        return facts, False

    def _known(self, identity: str, what: RequiredHashes | None) -> MediaFacts | None:
        with self._cache_lock:
            known: MediaFacts | None = self._cache.get((identity, what))
        return known

    async def close(self) -> None:
        await self._fetcher.close()
        self._images.close()
        self._videos.close()


def entries_of(facts: MediaFacts) -> int:
    """As how many entries facts count in the cache, which is to bound its memory."""
    return 1 + sum(map(len, facts.hashes.values())) // ENTRY_CHARS


def video_limits(settings: Settings) -> VideoLimits:
    """What is refused of videos, as far as settings narrow it."""
    limits = VideoLimits()
    return replace(
        limits,
        max_pixels=min(limits.max_pixels, settings.limits.max_pixels),
        max_decode_s=min(limits.max_decode_s, settings.limits.video_decode_timeout_s),
    )


def _scheme(submission: Submission) -> str:
    return submission.url.partition(":")[0].lower() if submission.url else "inline"


@cache
def _looked_up(cached: bool) -> Counter:
    return metrics.CACHE.labels("hit" if cached else "miss")


@cache
def _fetched(scheme: str) -> tuple[Histogram, Counter]:
    """Seconds and bytes; finding a metric by its labels takes longer than counting does."""
    return metrics.FETCH_SECONDS.labels(scheme), metrics.FETCHED_BYTES.labels(scheme)


def _count(
    submission: Submission,
    found: bytes | OpenVideo,
    facts: MediaFacts,
    cached: bool,
    fetch_s: float = 0.0,
    decode_s: float = 0.0,
) -> None:
    scheme = _scheme(submission)
    read_bytes = found.fetched_bytes if isinstance(found, OpenVideo) else len(found)
    _looked_up(cached).inc()
    seconds, fetched_bytes = _fetched(scheme)
    seconds.observe(fetch_s)
    fetched_bytes.inc(read_bytes)
    if not cached:
        metrics.DECODE_SECONDS.labels(facts.format).observe(decode_s)
    if facts.video is not None:
        way = found.way if isinstance(found, OpenVideo) else "whole"
        metrics.VIDEOS.labels(way, "cache" if cached else facts.video.path).inc()
        metrics.VIDEO_SIZE_BYTES.labels(way).inc(facts.size_bytes)
        metrics.VIDEO_READ_BYTES.labels(way).inc(read_bytes)
