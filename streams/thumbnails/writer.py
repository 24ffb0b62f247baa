"""Writes thumbnails while other work goes on. A store that is away delays nothing: what finds no room is left out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Final

from streams import metrics
from streams.config.settings import Settings
from streams.errors import ThumbnailStoreError
from streams.thumbnails.names import digest_of, object_name
from streams.thumbnails.store import ThumbnailStore, open_store

logger = logging.getLogger(__name__)

WRITES_AT_ONCE: Final = 8
MAX_WAITING: Final = 2_000
"""Media whose thumbnails wait to be written."""

TRIES: Final = 3
RETRY_AFTER_S: Final = 1.0
"""Before the second try; twice as long before the third."""

CLOSE_TIMEOUT_S: Final = 3.0
WARN_INTERVAL_S: Final = 60.0


class ThumbnailWriter:
    """Use it on the event loop's thread only.

    Args:
        store: where they are written.
        max_bytes: of all that waits or is being written.
    """

    def __init__(self, store: ThumbnailStore, max_bytes: int) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._waiting: asyncio.Queue[tuple[str, Mapping[str, bytes]]] = asyncio.Queue(MAX_WAITING)
        self._held_bytes = 0
        self._writers: list[asyncio.Task[None]] = []
        self._warned_at = -WARN_INTERVAL_S
        self._closed = False

    def put(self, content_id: str, files: Mapping[str, bytes]) -> None:
        """Write thumbnails, by file name, soon. Never waits."""
        digest, size_bytes = digest_of(content_id), _size_bytes(files)
        if digest is None or not files or self._closed:
            return
        if self._waiting.full() or self._held_bytes + size_bytes > self._max_bytes:
            self._leave_out("too many wait to be written")
            return
        self._hold(size_bytes)
        self._waiting.put_nowait((digest, files))
        if len(self._writers) < WRITES_AT_ONCE:
            self._writers.append(asyncio.get_running_loop().create_task(self._write()))

    async def close(self) -> None:
        """Write what waits, for a moment; what is left then is left out."""
        self._closed = True
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._waiting.join()
        except TimeoutError:
            metrics.THUMBNAILS.labels("left_out").inc(self._waiting.qsize())
        for writer in self._writers:
            writer.cancel()
        await asyncio.gather(*self._writers, return_exceptions=True)
        self._store.close()

    async def _write(self) -> None:
        while True:
            digest, files = await self._waiting.get()
            try:
                await self._write_medium(digest, files)
            finally:
                self._hold(-_size_bytes(files))
                self._waiting.task_done()

    async def _write_medium(self, digest: str, files: Mapping[str, bytes]) -> None:
        begun_at = time.perf_counter()
        for number in range(TRIES):
            try:
                for file, data in files.items():
                    await self._store.write(object_name(digest, file), data)
            except ThumbnailStoreError as error:
                if number + 1 < TRIES:
                    await asyncio.sleep(RETRY_AFTER_S * 2**number)
                    continue
                self._leave_out(str(error))
                return
            metrics.THUMBNAILS.labels("written").inc()
            metrics.THUMBNAIL_SECONDS.observe(time.perf_counter() - begun_at)
            return

    def _leave_out(self, why: str) -> None:
        metrics.THUMBNAILS.labels("left_out").inc()
        now = time.monotonic()
        if now - self._warned_at >= WARN_INTERVAL_S:
            self._warned_at = now
            logger.warning("thumbnails are left out: %s", why)

    def _hold(self, size_bytes: int) -> None:
        self._held_bytes += size_bytes
        metrics.THUMBNAIL_BYTES.set(self._held_bytes)


def open_writer(settings: Settings) -> ThumbnailWriter | None:
    """The writer of a worker; None if no thumbnails are made.

    Raises:
        ConfigurationError: as `ThumbnailStore`.
    """
    store = open_store(settings)
    return None if store is None else ThumbnailWriter(store, settings.thumbnails.queue_bytes)


def _size_bytes(files: Mapping[str, bytes]) -> int:
    return sum(map(len, files.values()))
