"""Keeps answers as bytes: in memory, then in a shared store if there is one. Equal questions at once run once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

import orjson
from cachetools import LRUCache

from streams import metrics
from streams.cache.entry import MAX_BODY_BYTES, MAX_TAGS, KeptAnswer, compressed, etag_of
from streams.cache.freshness import Freshness

DEFAULT_BYTES: Final = 64 << 20
EARLY_SHARE: Final = 0.9
"""An answer that is asked for after this share of its time is made anew meanwhile."""

MAX_EARLY: Final = 4
"""Answers that are made anew at once."""


@dataclass(frozen=True, slots=True)
class Keep:
    """For how long answers of a namespace are kept.

    Attributes:
        namespace: names them in metrics and in the shared store.
        lives_s: 0 keeps none; equal questions at once still run once.
        recent_tag: see `KeptAnswer`.
        recent_s: see `KeptAnswer`.
    """

    namespace: str
    lives_s: float
    recent_tag: str = ""
    recent_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Made:
    """An answer that was made: its JSON, and the tags of what it tells of. Without `may_keep` it is given once."""

    body: bytes
    tags: tuple[str, ...] = ()
    may_keep: bool = True


class SharedStore(Protocol):
    """Where processes share answers. No method raises, and none takes long."""

    async def read(self, namespace: str, name: str) -> KeptAnswer | None: ...

    def write(self, namespace: str, name: str, answer: KeptAnswer) -> None: ...


class AnswerCache:
    """For one event loop. Keys name the collection, so no answer of one is given to another.

    Args:
        freshness: says whether kept answers are true.
        shared: the second level.
        max_bytes: of the first level.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        freshness: Freshness | None = None,
        shared: SharedStore | None = None,
        *,
        max_bytes: int = DEFAULT_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._freshness = freshness or Freshness()
        self._shared = shared
        self._clock = clock
        self._kept: LRUCache[tuple[Hashable, ...], KeptAnswer] = LRUCache(
            max_bytes, getsizeof=lambda answer: answer.held_bytes
        )
        self._running: dict[tuple[Hashable, ...], asyncio.Task[KeptAnswer]] = {}
        self._early: set[asyncio.Task[KeptAnswer]] = set()

    async def get(self, keep: Keep, key: tuple[Hashable, ...], make: Callable[[], Awaitable[Made]]) -> KeptAnswer:
        """The answer to a question: kept, or made by `make`.

        Raises:
            What `make` raises; nothing is kept then.
        """
        name = (keep.namespace, *key)
        kept = self._kept.get(name)
        if kept is not None and self._is_true(kept):
            self._count(keep, "hit")
            self._make_early(name, keep, kept, make)
            return kept
        running = self._running.get(name)
        if running is not None:
            self._count(keep, "joined")
        else:
            running = self._start(name, keep, make)
        return await asyncio.shield(running)

    def peek(self, namespace: str, key: tuple[Hashable, ...]) -> KeptAnswer | None:
        """The answer if it is in memory, true, and not to be made anew soon; `get` does the rest."""
        kept = self._kept.get((namespace, *key))
        if kept is None or self._is_due(kept) or not self._is_true(kept):
            return None
        metrics.API_CACHE.labels(namespace, "hit").inc()
        return kept

    def _start(
        self,
        name: tuple[Hashable, ...],
        keep: Keep,
        make: Callable[[], Awaitable[Made]],
        *,
        look: bool = True,
    ) -> asyncio.Task[KeptAnswer]:
        running = asyncio.ensure_future(self._find(name, keep, make, look=look))
        self._running[name] = running
        running.add_done_callback(lambda _: self._running.pop(name, None))
        return running

    async def _find(
        self, name: tuple[Hashable, ...], keep: Keep, make: Callable[[], Awaitable[Made]], *, look: bool
    ) -> KeptAnswer:
        shared_name = orjson.dumps(name, default=str).decode()
        if self._shared is not None and keep.lives_s > 0 and look:
            found = await self._shared.read(keep.namespace, shared_name)
            if found is not None and self._is_true(found):
                self._count(keep, "shared_hit")
                self._put(name, found)
                return found
        self._count(keep, "miss" if look else "early")
        position = dict(self._freshness.stored)
        made = await make()
        answer = self._answer(keep, made, position)
        if made.may_keep and self._is_true(answer) and answer.size_bytes <= MAX_BODY_BYTES:
            self._put(name, answer)
            if self._shared is not None:
                self._shared.write(keep.namespace, shared_name, answer)
        return answer

    def _answer(self, keep: Keep, made: Made, position: dict[int, int]) -> KeptAnswer:
        body, is_compressed = compressed(made.body) if keep.lives_s > 0 and made.may_keep else (made.body, False)
        return KeptAnswer(
            body=body,
            is_compressed=is_compressed,
            size_bytes=len(made.body),
            etag=etag_of(made.body),
            made_at_s=self._clock(),
            lives_s=keep.lives_s if len(made.tags) <= MAX_TAGS else 0.0,
            position=position,
            tags=made.tags,
            recent_tag=keep.recent_tag,
            recent_s=keep.recent_s,
        )

    def _is_true(self, answer: KeptAnswer) -> bool:
        age_s = self._clock() - answer.made_at_s
        if not -answer.lives_s < age_s < answer.lives_s:
            return False
        tags = answer.tags
        if answer.recent_tag and age_s > answer.recent_s:
            tags = (*tags, answer.recent_tag)
        return not (tags or answer.recent_tag) or self._freshness.is_true(answer.position, tags)

    def _is_due(self, kept: KeptAnswer) -> bool:
        return self._clock() - kept.made_at_s >= EARLY_SHARE * kept.lives_s

    def _make_early(
        self, name: tuple[Hashable, ...], keep: Keep, kept: KeptAnswer, make: Callable[[], Awaitable[Made]]
    ) -> None:
        if not self._is_due(kept):
            return
        if name in self._running or len(self._early) >= MAX_EARLY:
            return
        task = self._start(name, keep, make, look=False)
        self._early.add(task)
        task.add_done_callback(self._end_early)

    def _end_early(self, task: asyncio.Task[KeptAnswer]) -> None:
        self._early.discard(task)
        with suppress(asyncio.CancelledError, Exception):
            task.result()  # the kept answer stays until its time is over; the next question says what is wrong

    def _put(self, name: tuple[Hashable, ...], answer: KeptAnswer) -> None:
        with suppress(ValueError):  # larger than all of the cache
            self._kept[name] = answer

    @staticmethod
    def _count(keep: Keep, result: str) -> None:
        metrics.API_CACHE.labels(keep.namespace, result).inc()
