"""Answers kept as bytes for a short while, in this process: the same question asked at once runs once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final

from cachetools import TLRUCache

from streams import metrics
from streams.api.answers import to_json

MAX_BYTES: Final = 64 << 20


class AnswerCache:
    """For one event loop. Keys name the collection, so no answer of one is given to another."""

    def __init__(self) -> None:
        self._answers: TLRUCache[Hashable, tuple[bytes, float]] = TLRUCache(
            MAX_BYTES, ttu=lambda _key, kept, now: now + kept[1], getsizeof=lambda kept: len(kept[0]) + 200
        )
        self._running: dict[Hashable, asyncio.Task[bytes]] = {}

    async def get(
        self, namespace: str, key: tuple[Hashable, ...], age_s: float, make: Callable[[], Awaitable[Any]]
    ) -> bytes:
        """The JSON of an answer that is at most so old; made by `make` if there is none.

        Raises:
            What `make` raises; nothing is kept then.
        """
        name = (namespace, *key)
        kept = self._answers.get(name)
        if kept is not None:
            metrics.API_CACHE.labels(namespace, "hit").inc()
            return kept[0]
        running = self._running.get(name)
        metrics.API_CACHE.labels(namespace, "miss" if running is None else "joined").inc()
        if running is None:
            running = asyncio.ensure_future(self._make(name, age_s, make))
            self._running[name] = running
            running.add_done_callback(lambda _: self._running.pop(name, None))
        return await asyncio.shield(running)

    async def _make(self, name: Hashable, age_s: float, make: Callable[[], Awaitable[Any]]) -> bytes:
        body = to_json(await make())
        self._answers[name] = (body, age_s)
        return body
