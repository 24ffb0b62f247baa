"""Reads media.decisions once for all requests of a process, and wakes those that a decision concerns.

A thread reads; the event loop hands on. The thread reads the next batch once the loop has handed on the last, so a busy
loop holds one batch. While the broker is away the thread tries again, and goes on where it was.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import Future as ThreadFuture
from contextlib import contextmanager, suppress
from typing import Final

from streams import metrics
from streams.cache.freshness import Freshness, collection_tag, content_tag, medium_tag
from streams.config.settings import Settings
from streams.errors import BrokenInfrastructure, Overloaded
from streams.kafka.readers.decision_tail import DecisionTail, TailRecord
from streams.services.decision_feed.fed import FedDecision, decode_fed

logger = logging.getLogger(__name__)

RETRY_S: Final = 1.0
READ_S: Final = 0.5
MAX_QUEUED: Final = 2000
MAX_RECENT_BYTES: Final = 32 << 20
MAX_SEEN: Final = 100_000

Waiter = asyncio.Future[FedDecision]


class Subscription:
    """The decisions for one open stream. `position` is the next offset of every partition when it began.

    A reader that is too slow is `lost`: it must reconnect at its last position.
    """

    def __init__(self, position: dict[int, int]) -> None:
        self.position = position
        self.lost = False
        self._queue: asyncio.Queue[FedDecision] = asyncio.Queue(MAX_QUEUED)

    def offer(self, decision: FedDecision) -> None:
        try:
            self._queue.put_nowait(decision)
        except asyncio.QueueFull:
            self.lost = True

    async def next(self, timeout_s: float) -> FedDecision | None:
        """The next decision; None if none came in time."""
        try:
            return await asyncio.wait_for(self._queue.get(), timeout_s)
        except TimeoutError:
            return None


class DecisionFeed:
    """All methods are for the event loop in which it was made.

    Args:
        settings: name the broker; it may be away.
        max_waiters: requests that may wait for a decision at once.
        max_subscribers: streams that may be open at once.
        freshness: is told of every decision.
    """

    def __init__(
        self, settings: Settings, *, max_waiters: int, max_subscribers: int, freshness: Freshness | None = None
    ) -> None:
        self._settings = settings
        self._max_waiters = max_waiters
        self._max_subscribers = max_subscribers
        self._freshness = freshness or Freshness()
        self._loop = asyncio.get_running_loop()
        self._waiters: dict[tuple[str, ...], set[Waiter]] = {}
        self._waiting = 0
        self._subscriptions: set[Subscription] = set()
        self._recent: OrderedDict[tuple[str, str], FedDecision] = OrderedDict()
        self._recent_bytes = 0
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._position: dict[int, int] | None = None
        self.reading = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, name="decision feed", daemon=True)
        self._thread.start()

    @contextmanager
    def expect(self, *name: str) -> Iterator[Waiter]:
        """A future of the next decision about a submission. Enter before the submission is published.

        Args:
            name: the submission's id, or collection and id of a medium.

        Raises:
            Overloaded: too many requests wait.
        """
        if self._waiting >= self._max_waiters:
            raise Overloaded("too many requests wait for decisions")
        waiter: Waiter = self._loop.create_future()
        self._waiters.setdefault(name, set()).add(waiter)
        self._count(+1)
        try:
            yield waiter
        finally:
            self._count(-1)
            others = self._waiters[name]
            others.discard(waiter)
            if not others:
                del self._waiters[name]
            waiter.cancel()

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        """The decisions from now on, without repeats.

        Raises:
            Overloaded: too many streams are open.
            BrokenInfrastructure: the broker has not been reached yet.
        """
        self.check_room()
        assert self._position is not None
        subscription = Subscription(dict(self._position))
        self._subscriptions.add(subscription)
        metrics.API_SUBSCRIBERS.set(len(self._subscriptions))
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            metrics.API_SUBSCRIBERS.set(len(self._subscriptions))

    def check_room(self) -> None:
        """Whether one more stream may be opened.

        Raises:
            Overloaded, BrokenInfrastructure: as `subscribe`.
        """
        if len(self._subscriptions) >= self._max_subscribers:
            raise Overloaded("too many streams of decisions are open")
        if self._position is None:
            raise BrokenInfrastructure("Kafka has not been reached yet")

    def recent(self, collection: str, media_id: str) -> FedDecision | None:
        """The latest decision about a medium, if it came a short while ago: rows of ClickHouse come a moment later."""
        return self._recent.get((collection, media_id))

    async def close(self) -> None:
        self._ended.set()
        await asyncio.to_thread(self._thread.join)

    def _count(self, change: int) -> None:
        self._waiting += change
        metrics.API_WAITERS.set(self._waiting)

    def _read(self) -> None:
        position: dict[int, int] | None = None
        while not self._ended.is_set():
            try:
                tail = DecisionTail(self._settings, position)
            except BrokenInfrastructure as error:
                logger.warning("decisions cannot be read: %s", error)
                self._ended.wait(RETRY_S)
                continue
            try:
                position = tail.position
                self._hand_over([], dict(position))
                self._follow(tail)
            except BrokenInfrastructure as error:
                self.reading = False
                logger.warning("decisions cannot be read: %s", error)
            finally:
                tail.close()

    def _follow(self, tail: DecisionTail) -> None:
        self.reading = True
        while not self._ended.is_set():
            records = tail.read(READ_S)
            if records:
                self._hand_over(records, dict(tail.position))

    def _hand_over(self, records: list[TailRecord], position: dict[int, int]) -> None:
        """Called by the thread: returns once the loop has handed the records on, or the feed ends."""
        done: ThreadFuture[None] = ThreadFuture()
        decoded = [decision for record in records if (decision := decode_fed(record)) is not None]
        self._loop.call_soon_threadsafe(self._hand_on, decoded, position, done)
        while not self._ended.is_set():
            with suppress(TimeoutError):
                done.result(0.2)
                return

    def _hand_on(self, decisions: list[FedDecision], position: dict[int, int], done: ThreadFuture[None]) -> None:
        try:
            for decision in decisions:
                self._freshness.note(_tags(decision), decision.partition, decision.offset)
                self._wake(decision)
                if decision.decision_id not in self._seen:
                    self._remember(decision)
                    for subscription in self._subscriptions:
                        subscription.offer(decision)
            self._position = position
            self._freshness.begin(position)
        finally:
            done.set_result(None)

    def _wake(self, decision: FedDecision) -> None:
        for name in (decision.submission_id,), (decision.collection, decision.media_id):
            for waiter in self._waiters.get(name, ()):
                if not waiter.done():
                    waiter.set_result(decision)

    def _remember(self, decision: FedDecision) -> None:
        self._seen[decision.decision_id] = None
        if len(self._seen) > MAX_SEEN:
            self._seen.popitem(last=False)
        key = decision.collection, decision.media_id
        before = self._recent.pop(key, None)
        self._recent[key] = decision
        self._recent_bytes += len(decision.value) - (len(before.value) if before else 0)
        while self._recent_bytes > MAX_RECENT_BYTES:
            _, oldest = self._recent.popitem(last=False)
            self._recent_bytes -= len(oldest.value)


def _tags(decision: FedDecision) -> list[str]:
    """What a decision touches."""
    collection = decision.collection
    contents = (*decision.related, *([decision.content_id] if decision.content_id else ()))
    return [
        collection_tag(collection),
        medium_tag(collection, decision.media_id),
        *(content_tag(collection, content_id) for content_id in contents),
    ]
