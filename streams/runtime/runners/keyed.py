"""Runs stages with state: in partition order, on one thread, a batch of reads and writes at a time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from streams import metrics
from streams.errors import PartitionClosed
from streams.runtime.context import Context
from streams.runtime.ledger import Batch, Delivery
from streams.runtime.outbox import Barrier, Output
from streams.runtime.runners.view import KeyedBatch
from streams.runtime.stage import KeyedStage
from streams.runtime.tables.table import Table

#: Deliveries whose outputs may wait for Kafka's acknowledgement at once.
UNACKNOWLEDGED_DELIVERIES = 16


class KeyedRunner:
    """State → outputs and changelog acknowledged → done: the order of the delivery contract.

    RocksDB may so be ahead of the changelog when a worker is killed. That is made good because the input
    comes again and the stage writes again what it wrote the first time (see `streams.domain.match.decide`).
    """

    def __init__(self, context: Context, stage: KeyedStage, table: Table) -> None:
        self._context = context
        self._stage = stage
        self._table = table
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=stage.name)
        self._slots = asyncio.Semaphore(UNACKNOWLEDGED_DELIVERIES)
        self._acknowledged: dict[int, int] = {}

    async def take(self, delivery: Delivery) -> None:
        """Process what one fetch brought; returns when the next may begin, which is before Kafka has acknowledged."""
        await self._slots.acquire()
        begun_at = time.monotonic()
        for batch in delivery:
            batch.started = True

        def acknowledged() -> None:
            self._slots.release()
            metrics.BATCH_SECONDS.labels(self._stage.name).observe(time.monotonic() - begun_at)
            for batch in done:
                offset = barrier.changelog_offsets.get(batch.partition)
                if offset is not None and not batch.stale:
                    self._acknowledged[batch.partition] = offset
                batch.finish()

        barrier, done = Barrier(self._context.loop, acknowledged), list[Batch]()
        try:
            done += await self._context.loop.run_in_executor(self._thread, self._process, delivery, barrier)
        except Exception as error:
            self._context.fail(error)
        barrier.seal()

    def _process(self, delivery: Delivery, barrier: Barrier) -> list[Batch]:
        """Returns the batches that were processed; a partition may be taken away meanwhile."""
        done: list[Batch] = []
        outputs: list[Output] = []
        for batch in delivery:
            if not batch.stale:
                with contextlib.suppress(PartitionClosed):
                    outputs += self._process_batch(batch, barrier)
                    done.append(batch)
        self._context.produce(self._stage.name, barrier, outputs)
        if done:
            records = sum(len(batch.records) for batch in done)
            metrics.RECORDS.labels(self._stage.name, self._stage.reads[0]).inc(records)
            metrics.BATCH_RECORDS.labels(self._stage.name).observe(records)
        return done

    def _process_batch(self, batch: Batch, barrier: Barrier) -> list[Output]:
        """Its state is written and on the way to the changelog; returns what is to go out."""
        view = KeyedBatch(self._context, self._stage.name, self._table, batch.partition, batch.records)
        self._stage.process(view)
        if view.changes:
            self._table.write(batch.partition, view.changes)
            changelog = self._table.changelog(batch.partition).topic
            self._context.outbox.produce_changelog(barrier, changelog, batch.partition, view.changes)
        return view.outputs

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
