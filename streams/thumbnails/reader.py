"""Reads thumbnails; the first time that one is asked for, it is made of the preview that the worker has written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from streams import metrics
from streams.domain.fingerprint.thumbnails.sizes import PREVIEW, SIZES
from streams.errors import BadInput, ThumbnailStoreError
from streams.thumbnails.names import object_name
from streams.thumbnails.store import ThumbnailStore

logger = logging.getLogger(__name__)

MakeThumbnail = Callable[[bytes, int], Awaitable[bytes | None]]
"""From a preview to its thumbnail of so many pixels a side; None if the file is no preview."""

SIDES: Final = {f"{side}.webp": side for side in SIZES}
"""What is made when somebody asks for it; the strip of a video is written by the worker."""

MADE_AT_ONCE: Final = 16
"""More would only hold previews in memory."""


class ThumbnailReader:
    """Use it on the event loop's thread only.

    Args:
        store: where previews and thumbnails are.
        make: makes what the store does not have.
    """

    def __init__(self, store: ThumbnailStore, make: MakeThumbnail) -> None:
        self._store = store
        self._make = make
        self._slots = asyncio.Semaphore(MADE_AT_ONCE)
        self._making: dict[str, asyncio.Task[bytes | None]] = {}

    async def read(self, digest: str, file: str) -> bytes | None:
        """A thumbnail of a content; None if there is none.

        Whoever asks while it is made waits for the same one. It is kept even if nobody waits any more.

        Raises:
            ThumbnailStoreError: the store does not answer or refuses.
            BrokenInfrastructure: as `make`.
        """
        name = object_name(digest, file)
        data = await self._store.read(name)
        side = SIDES.get(file)
        if data is not None or side is None:
            return data
        if name not in self._making:
            task = asyncio.get_running_loop().create_task(self._made(digest, name, side))
            self._making[name] = task
            task.add_done_callback(lambda done: self._forget(name, done))
        return await asyncio.shield(self._making[name])

    async def close(self) -> None:
        """End what is being made. The store stays open."""
        tasks = list(self._making.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _made(self, digest: str, name: str, side: int) -> bytes | None:
        async with self._slots:
            preview_name = object_name(digest, PREVIEW)
            preview = await self._store.read(preview_name)
            if preview is None:
                return None
            try:
                made = await self._make(preview, side)
            except BadInput as error:
                logger.warning("no thumbnail can be made of %s: %s", preview_name, error.detail)
                return None
            if made is None:
                return None
            await self._keep(name, made)
            if await self._store.has(preview_name):
                metrics.THUMBNAILS.labels("made").inc()
                return made
        # The medium was deleted meanwhile. Previews are deleted first, so what was written just now may have come late.
        await self._store.remove([name])
        return None

    async def _keep(self, name: str, made: bytes) -> None:
        try:
            await self._store.write(name, made)
        except ThumbnailStoreError as error:
            logger.warning("a thumbnail is made again when it is asked for again: %s", error)

    def _forget(self, name: str, done: asyncio.Task[bytes | None]) -> None:
        del self._making[name]
        if not done.cancelled():
            done.exception()  # whoever waits has it; perhaps nobody does
