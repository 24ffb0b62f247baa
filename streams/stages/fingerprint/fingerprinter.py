"""From a submission to the facts about its medium: fetch, look in the cache, decode on a thread. No Kafka in here.

domain/fingerprint computes fingerprints, sources/ gets bytes, decode_pool.py bounds threads. This file joins them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

from streams import metrics
from streams.config.settings import Settings
from streams.domain.fingerprint.formats import HEAD_BYTES, video_format_of
from streams.domain.fingerprint.image.fingerprint import ImageLimits, compute_content_id
from streams.domain.fingerprint.model_view import ModelView
from streams.domain.fingerprint.thumbnails.maker import ThumbnailMaker
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.match.selection import required_hashes
from streams.domain.policy.policy import Policy
from streams.domain.records import MediaFacts, Submission
from streams.errors import BadInput, Reason
from streams.sources.fetch import SourceFetcher
from streams.sources.video.open_video import OpenVideo
from streams.stages.fingerprint.counting import count_fingerprint
from streams.stages.fingerprint.decode_pool import DecodePool
from streams.stages.fingerprint.decoders.child import Limits
from streams.stages.fingerprint.decoders.decoder import Decoder, ProcessDecoder, ThreadDecoder
from streams.stages.fingerprint.embedder import Embedder, open_embedder, view_for
from streams.stages.fingerprint.facts_cache import FactsCache
from streams.stages.fingerprint.limits import for_bulk, video_limits
from streams.stages.fingerprint.thumbnails import run_with_thumbnails
from streams.thumbnails.writer import ThumbnailWriter

#: Hashing fewer bytes costs less than handing them to another thread.
SMALL_BYTES = 32 << 10
#: A fetched medium of up to this many bytes is hashed without a hop to another thread.
HASHED_AT_ONCE_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class FingerprintResult:
    """Facts about a medium, and the wall time it took to get them.

    If a video is read while it is decoded, the time that decoding waited for the source counts as fetching.
    """

    facts: MediaFacts
    fetch_ms: float
    decode_ms: float
    cached: bool


class Fingerprinter:
    """Gets the facts of submissions. A content in the cache is not decoded again.

    Pictures and videos have separate threads, so that pictures go on while a video waits for its source. Animations and
    TIFFs of several pages run on the threads of videos, within their time limit.

    Args:
        settings: of the worker.
        live: the fingerprinter of live submissions; this one is then for bulk submissions. It has a fetcher, threads
            and a cache of its own, all smaller, and its decoding processes leave the cores to all others.
        thumbnails: gets the thumbnails of what is decoded; without it none are made. Closed with the fingerprinter. The
            thumbnails of bulk submissions go where those of live submissions go.
    """

    def __init__(
        self, settings: Settings, live: Fingerprinter | None = None, *, thumbnails: ThumbnailWriter | None = None
    ) -> None:
        if live is not None:
            settings = for_bulk(settings)
        self._embedder = open_embedder(settings) if live is None else live._background_embedder()
        self._owns_thumbnails = live is None
        self._thumbnails: ThumbnailWriter | None = thumbnails if live is None else live._thumbnails
        self._fetcher = fetcher = SourceFetcher(settings)
        fetchers = [fetcher] if live is None else [live._fetcher, fetcher]
        metrics.SOURCE_BYTES.set_function(lambda: sum(each.reserved_bytes for each in fetchers))
        self.fingerprinted = 0
        limits = Limits(ImageLimits(max_pixels=settings.limits.max_pixels), video_limits(settings))
        self._video_limits = limits.video
        self._cache = FactsCache(settings.runtime.fingerprint_cache_entries)
        name = "video" if live is None else "bulk-video"
        self._videos = DecodePool(name, settings.runtime.video_threads, settings.limits.video_decode_timeout_s)
        self._decoder: Decoder
        if live is not None:
            self._decoder = live._decoder.in_background(settings, self._videos)
        elif settings.runtime.decoders == "processes":
            self._decoder = ProcessDecoder(settings, limits)
        else:
            pictures = DecodePool("decode", settings.runtime.decode_threads, settings.limits.decode_timeout_s)
            self._decoder = ThreadDecoder(limits, pictures, self._videos)

    @property
    def crowded(self) -> bool:
        """Whether a medium waits for its turn to be decoded."""
        return self._decoder.crowded or self._videos.crowded

    async def prepare(self) -> None:
        """Load and compile what decoding needs, and load the picture model.

        Raises:
            BrokenInfrastructure: no decoding process can be started.
            ConfigurationError: the picture model cannot be used.
        """
        await self.prepare_model()
        await self._decoder.prepare()

    async def prepare_model(self) -> None:
        """Load the picture model, if there is one.

        Raises:
            ConfigurationError: it cannot be used.
        """
        if self._embedder is not None:
            await self._embedder.prepare()

    async def model_name(self) -> str | None:
        """The name that embeddings have; None without a picture model.

        Raises:
            ConfigurationError: the model cannot be read.
        """
        return None if self._embedder is None else await self._embedder.model_name()

    def _background_embedder(self) -> Embedder | None:
        return None if self._embedder is None else self._embedder.in_background()

    def cached(self, submission: Submission, policy: Policy, content_id: str | None = None) -> FingerprintResult | None:
        """The facts of a submission that carries its bytes, if they are in the cache. Never waits.

        Without `content_id`, which is that of the bytes, only few bytes are looked up.

        Raises:
            BadInput: the bytes alone show what `fingerprint` would refuse.
        """
        body = self._fetcher.inline_body(submission)
        facts = self._cached_bytes(body, policy, content_id) if body is not None else None
        if body is None or facts is None:
            return None
        _check_kind(submission, facts)
        self.fingerprinted += 1
        count_fingerprint(submission, body, facts, cached=True)
        return FingerprintResult(facts, 0.0, 0.0, cached=True)

    async def fingerprint(
        self, submission: Submission, policy: Policy, content_id: str | None = None, *, embed: bool = True
    ) -> FingerprintResult:
        """Fetch and decode one submission, and compute the hashes that its policy needs.

        `content_id` is that of the bytes in the submission, if the caller knows it. Without `embed`, a picture model is
        not asked.

        Raises:
            BadInput: the source or the medium is at fault.
            BrokenInfrastructure: too many decodes never returned, or a download cannot be kept.
        """
        begun_at = time.perf_counter()
        async with self._fetcher.open(submission) as found:
            opened_at = time.perf_counter()
            if isinstance(found, OpenVideo):
                facts, cached = await self._fingerprint_open_video(found, embed)
            else:
                look_up = submission.body is None
                facts, cached = await self._fingerprint_bytes(found, policy, content_id, embed, look_up=look_up)
            _check_kind(submission, facts)
            self.fingerprinted += 1
            done_at = time.perf_counter()
            waited_s = found.waited_s if isinstance(found, OpenVideo) else 0.0
            fetch_s, decode_s = opened_at - begun_at + waited_s, max(0.0, done_at - opened_at - waited_s)
            count_fingerprint(submission, found, facts, cached, fetch_s, decode_s)
        return FingerprintResult(facts, round(fetch_s * 1000, 3), round(decode_s * 1000, 3), cached)

    async def thumbnail(self, preview: bytes, side: int) -> bytes | None:
        """The thumbnail of a preview, in WebP, with up to `side` pixels a side; None if the file is no preview.

        Raises:
            BadInput: decoding takes too long, or ends the decoder.
            BrokenInfrastructure: no decoding process can be started.
        """
        return await self._decoder.thumbnail(preview, side)

    async def _fingerprint_bytes(
        self, data: bytes, policy: Policy, content_id: str | None, embed: bool, *, look_up: bool
    ) -> tuple[MediaFacts, bool]:
        """Facts of a complete medium, and whether the cache had them. `look_up`: the cache was not asked before."""
        if content_id is None:
            content_id = await _content_id_of(data)
            look_up = True
        required = None if video_format_of(data[:HEAD_BYTES]) else required_hashes(policy)
        known = self._cache.get(content_id, required, embed) if look_up else None
        if known is not None:
            return known, True
        keep = partial(self._thumbnails.put, content_id) if self._thumbnails is not None else None
        facts = None
        if required is not None:
            async with self._view(embed, of_video=False) as view:
                facts = await self._decoder.picture(data, content_id, required, keep, view)
                facts = facts and await self._embedded(facts, view)
        if facts is None:
            async with self._view(embed, of_video=True) as view:
                if required is None:
                    facts = await self._decoder.video(data, content_id, keep, view)
                else:
                    facts = await self._decoder.sequence(data, content_id, required, keep, view)
                facts = await self._embedded(facts, view)
        self._cache.put(content_id, required, facts, embed)
        return facts, False

    def _view(self, embed: bool, *, of_video: bool) -> AbstractAsyncContextManager[ModelView | None]:
        return view_for(self._embedder if embed else None, of_video=of_video)

    async def _embedded(self, facts: MediaFacts, view: ModelView | None) -> MediaFacts:
        return facts if view is None or self._embedder is None else await self._embedder.embed(facts, view)

    def _cached_bytes(self, data: bytes, policy: Policy, content_id: str | None = None) -> MediaFacts | None:
        """Facts from the cache, for few bytes or a known content id: hashing many would block the event loop."""
        if content_id is None:
            if len(data) > SMALL_BYTES:
                return None
            content_id = compute_content_id(data)
        return self._cache.get(
            content_id, None if video_format_of(data[:HEAD_BYTES]) else required_hashes(policy), True
        )

    async def _fingerprint_open_video(self, video: OpenVideo, embed: bool) -> tuple[MediaFacts, bool]:
        """Facts of a video that is read in parts; its reads end once the video is closed."""
        async with self._view(embed, of_video=True) as view:
            facts, cached = await self._decode_open_video(video, embed, view)
            if view is not None and not cached:
                facts = await self._embedded(facts, view)
                if video.identity is not None:
                    self._cache.put(video.identity, None, facts, embed)
        return facts, cached

    async def _decode_open_video(
        self, video: OpenVideo, embed: bool, view: ModelView | None
    ) -> tuple[MediaFacts, bool]:
        content_ids: list[str] = []

        def fingerprint(maker: ThumbnailMaker | None) -> MediaFacts:
            try:
                facts = fingerprint_video(video, self._video_limits, content_id=video.content_id, thumbnails=maker)
            except BadInput:
                video.check_unchanged()  # the first failure is the cause
                raise
            video.check_unchanged()
            content_ids.append(facts.content_id)
            return facts

        def decode(maker: ThumbnailMaker | None) -> tuple[MediaFacts, bool]:
            if video.identity is None:
                return fingerprint(maker), False
            known = self._cache.get(video.identity, None, embed)
            if known is not None:
                return known, True
            facts = fingerprint(maker)
            self._cache.put(video.identity, None, facts, embed)
            return facts, False

        def keep(files: Mapping[str, bytes]) -> None:
            if self._thumbnails is not None and content_ids:  # none of a video that was known
                self._thumbnails.put(content_ids[0], files)

        return await run_with_thumbnails(
            self._videos, decode, keep if self._thumbnails is not None else None, lambda: video.waited_s, view
        )

    async def close(self) -> None:
        await self._fetcher.close()
        await self._decoder.close()
        self._videos.close()
        if self._embedder is not None:
            self._embedder.close()
        if self._thumbnails is not None and self._owns_thumbnails:
            await self._thumbnails.close()


async def _content_id_of(data: bytes) -> str:
    """Few bytes are hashed at once: a hop to another thread takes as long."""
    if len(data) <= HASHED_AT_ONCE_BYTES:
        return compute_content_id(data)
    return await asyncio.to_thread(compute_content_id, data)


def _check_kind(submission: Submission, facts: MediaFacts) -> None:
    """Refuses what only decoding shows: an image file, submitted as a video, that shows one picture."""
    if submission.kind == "video" and facts.kind == "image":
        raise BadInput(Reason.UNSUPPORTED_KIND, f"submitted as a video, but this {facts.format} shows one picture")
