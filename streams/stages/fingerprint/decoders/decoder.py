"""Decodes whole files, in processes or on threads; which of them is a setting.

Processes are the default: a file that crashes a decoder costs one process, and decoding waits for no other thread of
Python. Threads take less memory, and are all there is where processes cannot be forked.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

from streams.config.settings import Settings
from streams.domain.fingerprint.image.fingerprint import fingerprint_image
from streams.domain.fingerprint.model_view import ModelView, ViewSize
from streams.domain.fingerprint.sequence.fingerprint import fingerprint_sequence, has_several_pictures
from streams.domain.fingerprint.thumbnails.maker import ThumbnailMaker
from streams.domain.fingerprint.thumbnails.preview import thumbnail_of
from streams.domain.fingerprint.video.fingerprint import fingerprint_video
from streams.domain.match.selection import RequiredHashes
from streams.domain.records import MediaFacts
from streams.stages.fingerprint.decode_pool import DecodePool
from streams.stages.fingerprint.decoders.child import Limits
from streams.stages.fingerprint.decoders.messages import DecodeRequest, read_reply, read_thumbnails
from streams.stages.fingerprint.decoders.pool import DecoderPool
from streams.stages.fingerprint.decoders.starter import Starter
from streams.stages.fingerprint.thumbnails import KeepThumbnails, run_with_thumbnails
from streams.stages.fingerprint.warm_up import warm_up
from streams.stages.kernels import load_kernels


def _reading(keep: KeepThumbnails | None) -> Callable[[bytes], None] | None:
    return None if keep is None else lambda reply: keep(read_thumbnails(reply))


def _size(view: ModelView | None) -> ViewSize | None:
    return None if view is None else view.size


class Decoder(ABC):
    """All methods that decode raise BadInput if the file is at fault, and BrokenInfrastructure if decoding is."""

    @abstractmethod
    async def prepare(self) -> None:
        """Load and compile what decoding needs; takes a minute on a machine that has never run this version."""

    @property
    @abstractmethod
    def crowded(self) -> bool:
        """Whether a file waits for its turn to be decoded."""

    @abstractmethod
    def in_background(self, settings: Settings, videos: DecodePool) -> Decoder:
        """A decoder for work that may wait: it takes no place that this decoder would use. Close it before this one.

        Args:
            settings: of the worker.
            videos: threads for videos; used where decoding is done by threads.
        """

    @abstractmethod
    async def picture(
        self,
        file: bytes,
        content_id: str,
        required: RequiredHashes,
        keep: KeepThumbnails | None = None,
        view: ModelView | None = None,
    ) -> MediaFacts | None:
        """Facts of an image file; None if it has several pictures.

        `keep`, here and below, gets the thumbnails; it is called later than this returns, or never. `view` is filled in
        before.
        """

    @abstractmethod
    async def sequence(
        self,
        file: bytes,
        content_id: str,
        required: RequiredHashes,
        keep: KeepThumbnails | None = None,
        view: ModelView | None = None,
    ) -> MediaFacts:
        """Facts of an image file that has several pictures."""

    @abstractmethod
    async def video(
        self, file: bytes, content_id: str, keep: KeepThumbnails | None = None, view: ModelView | None = None
    ) -> MediaFacts:
        """Facts of a video file."""

    @abstractmethod
    async def thumbnail(self, preview: bytes, side: int) -> bytes | None:
        """The thumbnail of `side` pixels in WebP; None if the file is no preview."""

    @abstractmethod
    async def close(self) -> None: ...


class ProcessDecoder(Decoder):
    """Decodes in processes: pictures in some, whole videos and sequences in others, so that pictures need not wait."""

    def __init__(self, settings: Settings, limits: Limits, shared: Starter | None = None) -> None:
        self._limits, self._owns_starter, background = limits, shared is None, shared is not None
        self._starter = shared or Starter(limits)
        runtime, timeouts = settings.runtime, settings.limits
        self._pictures = DecoderPool(
            self._starter, runtime.decode_threads, timeouts.decode_timeout_s, background=background
        )
        self._videos = DecoderPool(
            self._starter, runtime.video_threads, timeouts.video_decode_timeout_s, background=background
        )

    @property
    def crowded(self) -> bool:
        return self._pictures.crowded or self._videos.crowded

    def in_background(self, settings: Settings, videos: DecodePool) -> Decoder:
        return ProcessDecoder(settings, self._limits, self._starter)

    async def prepare(self) -> None:
        await asyncio.to_thread(self._starter.prepare)

    async def picture(
        self,
        file: bytes,
        content_id: str,
        required: RequiredHashes,
        keep: KeepThumbnails | None = None,
        view: ModelView | None = None,
    ) -> MediaFacts | None:
        request = DecodeRequest(
            "picture", content_id, required.level, required.extra_hashes, keep is not None, _size(view)
        )
        return read_reply(await self._pictures.run(request.to_json(), file, _reading(keep)), view)

    async def sequence(
        self,
        file: bytes,
        content_id: str,
        required: RequiredHashes,
        keep: KeepThumbnails | None = None,
        view: ModelView | None = None,
    ) -> MediaFacts:
        request = DecodeRequest(
            "sequence", content_id, required.level, required.extra_hashes, keep is not None, _size(view)
        )
        return await self._video(request, file, keep, view)

    async def video(
        self, file: bytes, content_id: str, keep: KeepThumbnails | None = None, view: ModelView | None = None
    ) -> MediaFacts:
        request = DecodeRequest("video", content_id, thumbnails=keep is not None, view=_size(view))
        return await self._video(request, file, keep, view)

    async def thumbnail(self, preview: bytes, side: int) -> bytes | None:
        reply = await self._pictures.run(DecodeRequest("preview", side=side).to_json(), preview)
        return read_thumbnails(reply).get(f"{side}.webp")

    async def _video(
        self, request: DecodeRequest, file: bytes, keep: KeepThumbnails | None, view: ModelView | None
    ) -> MediaFacts:
        facts = read_reply(await self._videos.run(request.to_json(), file, _reading(keep)), view)
        assert facts is not None
        return facts

    async def close(self) -> None:
        self._pictures.close()
        self._videos.close()
        if self._owns_starter:
            await asyncio.to_thread(self._starter.close)


class ThreadDecoder(Decoder):
    """Decodes on threads of the worker.

    Args:
        pictures, videos: the threads. Sequences run on those of videos. The owner closes those of videos.
    """

    def __init__(self, limits: Limits, pictures: DecodePool, videos: DecodePool) -> None:
        self._limits, self._pictures, self._videos = limits, pictures, videos

    @property
    def crowded(self) -> bool:
        return self._pictures.crowded or self._videos.crowded

    def in_background(self, settings: Settings, videos: DecodePool) -> Decoder:
        """One thread for pictures: threads have no priority of their own."""
        return ThreadDecoder(self._limits, DecodePool("bulk-decode", 1, settings.limits.decode_timeout_s), videos)

    async def prepare(self) -> None:
        await asyncio.to_thread(load_kernels, warm_up)

    async def picture(
        self,
        file: bytes,
        content_id: str,
        required: RequiredHashes,
        keep: KeepThumbnails | None = None,
        view: ModelView | None = None,
    ) -> MediaFacts | None:
        def decode(maker: ThumbnailMaker | None) -> MediaFacts | None:
            if has_several_pictures(file):
                return None
            return fingerprint_image(
                file,
                self._limits.image,
                content_id=content_id,
                level=required.level,
                extra_hashes=required.extra_hashes,
                thumbnails=maker,
            )

        return await run_with_thumbnails(self._pictures, decode, keep, view=view)

    async def sequence(
        self,
        file: bytes,
        content_id: str,
        required: RequiredHashes,
        keep: KeepThumbnails | None = None,
        view: ModelView | None = None,
    ) -> MediaFacts:
        def decode(maker: ThumbnailMaker | None, is_expired: Callable[[], bool]) -> MediaFacts:
            return fingerprint_sequence(
                file,
                self._limits.image,
                self._limits.video,
                content_id=content_id,
                level=required.level,
                extra_hashes=required.extra_hashes,
                is_expired=is_expired,
                thumbnails=maker,
            )

        return await self._video(decode, keep, view)

    async def video(
        self, file: bytes, content_id: str, keep: KeepThumbnails | None = None, view: ModelView | None = None
    ) -> MediaFacts:
        def decode(maker: ThumbnailMaker | None, is_expired: Callable[[], bool]) -> MediaFacts:
            return fingerprint_video(
                file, self._limits.video, content_id=content_id, is_expired=is_expired, thumbnails=maker
            )

        return await self._video(decode, keep, view)

    async def thumbnail(self, preview: bytes, side: int) -> bytes | None:
        def make() -> bytes | None:
            with contextlib.suppress(Exception):  # as in a process, where any error is a reply without thumbnails
                return thumbnail_of(preview, side)
            return None

        return await self._pictures.run(make)

    async def _video(
        self,
        decode: Callable[[ThumbnailMaker | None, Callable[[], bool]], MediaFacts],
        keep: KeepThumbnails | None,
        view: ModelView | None,
    ) -> MediaFacts:
        cancelled = threading.Event()
        try:
            return await run_with_thumbnails(
                self._videos, lambda maker: decode(maker, cancelled.is_set), keep, view=view
            )
        finally:
            cancelled.set()

    async def close(self) -> None:
        self._pictures.close()
