"""Runs slow, stateless stages: many records at once, order kept per key, one slow one holding up nobody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from typing import Any

from streams import metrics
from streams.runtime.context import Context
from streams.runtime.ledger import Batch, Delivery
from streams.runtime.outbox import Barrier, Output
from streams.runtime.runners.view import Work
from streams.runtime.stage import ConcurrentStage

#: Records dealt with at once that go out together, and after which others have their turn.
READY_RECORDS = 64

#: Of a record: its partition and key.
Tail = tuple[int, bytes]


class ConcurrentRunner:
    """A record is done once its outputs are acknowledged.

    One that the stage has dealt with at once goes out with its neighbours; for each other there is a task.

    Args:
        slots: tasks at once. Bytes are bounded by the consumer's load and the stage's own means.
    """

    def __init__(self, context: Context, stage: ConcurrentStage, slots: int) -> None:
        self._context = context
        self._stage = stage
        self._slots = asyncio.Semaphore(slots)
        self._tails: dict[Tail, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._batch_records = metrics.BATCH_RECORDS.labels(stage.name)
        self._records = metrics.RECORDS.labels(stage.name, stage.reads[0])
        self._seconds = metrics.BATCH_SECONDS.labels(stage.name)

    async def take(self, delivery: Delivery) -> None:
        """Begin all records; returns once none of them waits for a slot."""
        try:
            for batch in delivery:
                if not batch.stale:
                    await self._begin(batch)
        except Exception as error:
            self._context.fail(error)

    async def _begin(self, batch: Batch) -> None:
        self._batch_records.observe(len(batch.records))
        batch.started = True
        ready: list[tuple[int, Work]] = []
        begun_at = time.monotonic()
        for index, record in enumerate(batch.records):
            work = Work(self._context, self._stage.name, record)
            rest = self._stage.handle(work)
            tail = None if record.key is None else (batch.partition, record.key)
            if rest is None and tail not in self._tails:
                ready.append((index, work))
                if len(ready) == READY_RECORDS:
                    await self._send(batch, ready, begun_at)
                    await asyncio.sleep(0)
                    ready = []
                continue
            if self._slots.locked() or any(each.record.key == record.key for _, each in ready):
                await self._send(batch, ready, begun_at)
                ready = []
            await self._slots.acquire()
            if batch.stale:
                self._slots.release()
                if rest is not None:
                    rest.close()
                return
            self._start(batch, index, work, rest, tail)
        await self._send(batch, ready, begun_at)

    def _start(
        self, batch: Batch, index: int, work: Work, rest: Coroutine[Any, Any, None] | None, tail: Tail | None
    ) -> None:
        previous, mine = None, None
        if tail is not None:
            previous = self._tails.get(tail)
            mine = self._tails[tail] = self._context.loop.create_future()
        task = asyncio.create_task(self._run(batch, index, work, rest, previous))

        def ended(_: asyncio.Task[None]) -> None:  # which it has too if it was cancelled before it began
            self._tasks.discard(task)
            self._slots.release()
            if rest is not None:
                rest.close()
            if tail is not None and mine is not None:
                if not mine.done():
                    mine.set_result(None)
                if self._tails.get(tail) is mine:
                    del self._tails[tail]

        self._tasks.add(task)
        task.add_done_callback(ended)

    async def _run(
        self,
        batch: Batch,
        index: int,
        work: Work,
        rest: Coroutine[Any, Any, None] | None,
        previous: asyncio.Future[None] | None,
    ) -> None:
        begun_at = time.monotonic()
        try:
            if rest is not None:
                await rest
            if previous is not None:
                await previous
            await self._send(batch, [(index, work)], begun_at)
        except Exception as error:
            self._context.fail(error)

    async def _send(self, batch: Batch, done: Sequence[tuple[int, Work]], begun_at: float) -> None:
        """Produce; the outbox's queue being full is waited for off the loop, so that heartbeats go on."""
        if not done or batch.stale:
            return

        def acknowledged() -> None:
            for index, _ in done:
                batch.finish_one(index)
            self._records.inc(len(done))
            self._seconds.observe(time.monotonic() - begun_at)

        barrier = Barrier(self._context.loop, acknowledged)
        outputs: list[Output] = [output for _, work in done for output in work.outputs]
        if self._context.outbox.crowded:
            await asyncio.to_thread(self._context.produce, self._stage.name, barrier, outputs)
        else:
            self._context.produce(self._stage.name, barrier, outputs)
        barrier.seal()

    def on_revoked(self) -> None:
        """Give up what is still at work: its partition is somebody else's, who begins it again."""
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        self.on_revoked()
        await asyncio.gather(*self._tasks, return_exceptions=True)
