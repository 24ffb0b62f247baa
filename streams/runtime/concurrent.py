"""Runs slow, stateless stages: many records at once, order kept per key, one slow one holding up nobody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from streams import metrics
from streams.runtime.context import Context
from streams.runtime.ledger import Batch, Delivery
from streams.runtime.outbox import Barrier, Output
from streams.runtime.stage import ConcurrentStage
from streams.runtime.view import Work


class ConcurrentRunner:
    """Every record is a task under one bound; a record is done once its outputs are acknowledged.

    Args:
        slots: records at work at once. Bytes are bounded by the consumer's load and the stage's own means.
    """

    def __init__(self, context: Context, stage: ConcurrentStage, slots: int) -> None:
        self._context = context
        self._stage = stage
        self._slots = asyncio.Semaphore(slots)
        self._tails: dict[tuple[int, bytes], asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._batch_records = metrics.BATCH_RECORDS.labels(stage.name)
        self._records = metrics.RECORDS.labels(stage.name, stage.reads[0])
        self._seconds = metrics.BATCH_SECONDS.labels(stage.name)

    async def take(self, delivery: Delivery) -> None:
        """Begin all records; returns once the last has a slot."""
        for batch in delivery:
            await self._begin(batch)

    async def _begin(self, batch: Batch) -> None:
        self._batch_records.observe(len(batch.records))
        batch.started = True
        for index, record in enumerate(batch.records):
            await self._slots.acquire()
            if batch.stale:
                self._slots.release()
                return
            previous, mine = None, None
            if record.key is not None:
                tail = (batch.partition, record.key)
                previous = self._tails.get(tail)
                mine = self._tails[tail] = self._context.loop.create_future()
            task = asyncio.create_task(self._run(batch, index, previous, mine))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(
        self, batch: Batch, index: int, previous: asyncio.Future[None] | None, mine: asyncio.Future[None] | None
    ) -> None:
        record = batch.records[index]
        begun_at = time.monotonic()
        try:
            work = Work(self._context, self._stage.name, record)
            await self._stage.handle(work)
            if previous is not None:
                await previous
            if not batch.stale:
                await self._send(batch, index, work.outputs, begun_at)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self._context.fail(error)
        finally:
            self._slots.release()
            if mine is not None:
                if not mine.done():
                    mine.set_result(None)
                tail = (batch.partition, record.key or b"")
                if self._tails.get(tail) is mine:
                    del self._tails[tail]

    async def _send(self, batch: Batch, index: int, outputs: Sequence[Output], begun_at: float) -> None:
        """Produce; the outbox's queue being full is waited for off the loop, so that heartbeats go on."""

        def acknowledged() -> None:
            batch.finish_one(index)
            self._records.inc()
            self._seconds.observe(time.monotonic() - begun_at)

        barrier = Barrier(self._context.loop, acknowledged)
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
