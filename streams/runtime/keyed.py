"""Runs stages with state: in partition order, on one thread, a batch of reads and writes at a time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from streams import metrics
from streams.runtime.context import Context
from streams.runtime.ledger import Batch
from streams.runtime.outbox import Barrier
from streams.runtime.stage import KeyedStage
from streams.runtime.table import PartitionClosed, Table
from streams.runtime.view import KeyedBatch

#: Batches whose outputs may wait for Kafka's acknowledgement at once.
UNACKNOWLEDGED_BATCHES = 16


class KeyedRunner:
    """State → outputs and changelog acknowledged → done: the order of the delivery contract.

    RocksDB may so be ahead of the changelog when a worker is killed. That is made good because the input
    comes again and the stage writes again what it wrote the first time (see `streams.domain.matching`).
    """

    def __init__(self, context: Context, stage: KeyedStage, table: Table) -> None:
        self._context = context
        self._stage = stage
        self._table = table
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=stage.name)
        self._slots = asyncio.Semaphore(UNACKNOWLEDGED_BATCHES)
        self._acknowledged: dict[int, int] = {}

    async def take(self, batch: Batch) -> None:
        """Process one batch; returns when the next may begin, which is before Kafka has acknowledged."""
        await self._slots.acquire()
        if batch.stale:
            self._slots.release()
            return
        batch.started = True
        begun_at = time.monotonic()

        def acknowledged() -> None:
            self._slots.release()
            metrics.BATCH_SECONDS.labels(self._stage.name).observe(time.monotonic() - begun_at)
            if barrier.changelog_offset >= 0 and not batch.stale:
                self._acknowledged[batch.partition] = barrier.changelog_offset
            batch.finish()

        barrier = Barrier(self._context.loop, acknowledged)
        try:
            await self._context.loop.run_in_executor(self._thread, self._process, batch, barrier)
        except PartitionClosed:
            self._slots.release()
        except Exception as error:
            self._slots.release()
            self._context.fail(error)

    def _process(self, batch: Batch, barrier: Barrier) -> None:
        if batch.stale:  # its partition was taken away while it waited for this thread
            barrier.seal()
            return
        view = KeyedBatch(self._context, self._stage.name, self._table, batch.partition, batch.records)
        self._stage.process(view)
        if view.changes:
            self._table.write(batch.partition, view.changes)
            changelog = self._table.changelog(batch.partition).topic
            self._context.outbox.produce_changelog(barrier, changelog, batch.partition, view.changes)
        self._context.produce(self._stage.name, barrier, view.outputs)
        barrier.seal()
        metrics.RECORDS.labels(self._stage.name, self._stage.reads[0]).inc(len(batch.records))
        metrics.BATCH_RECORDS.labels(self._stage.name).observe(len(batch.records))

    def on_committed(self, partitions: Iterable[int]) -> None:
        """Offsets were committed: what the changelog has acknowledged need not be restored again."""
        for partition in partitions:
            offset = self._acknowledged.pop(partition, None)
            if offset is not None:
                self._table.persist_offset(partition, offset)

    def on_revoked(self) -> None:
        """All partitions were taken away: whoever has one later reads its state anew."""
        self._acknowledged.clear()
        with contextlib.suppress(RuntimeError):  # closed: nothing is kept any more
            self._thread.submit(self._stage.forget)

    async def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
