"""Runs stages with state: in partition order, on one thread, a batch of reads and writes at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from streams import metrics
from streams.domain.records import RawRecord
from streams.errors import BadInput
from streams.runtime.context import Context
from streams.runtime.ledger import Batch
from streams.runtime.outbox import Barrier
from streams.runtime.stage import Headers, KeyedStage, Output
from streams.runtime.table import Table

#: Batches whose outputs may wait for Kafka's acknowledgement at once.
UNACKNOWLEDGED_BATCHES = 16


class KeyedBatch:
    """What a keyed stage sees of one batch: its records, the state, and where outputs go.

    Reads see the writes made before them in the same batch. `load` reads many keys in one call; `get` of a
    key that was not loaded reads it then.
    """

    __slots__ = ("_context", "_fetched", "_stage", "_table", "changes", "outputs", "partition", "records")

    def __init__(
        self, context: Context, stage: str, table: Table, partition: int, records: Sequence[RawRecord]
    ) -> None:
        self.partition = partition
        self.records = records
        self.changes: dict[bytes, bytes | None] = {}
        self.outputs: list[Output] = []
        self._fetched: dict[bytes, bytes | None] = {}
        self._table = table
        self._context = context
        self._stage = stage

    def load(self, keys: Iterable[bytes]) -> None:
        """Read `keys` in one multi-get."""
        wanted = list(keys)
        self._fetched.update(zip(wanted, self._table.get_many(self.partition, wanted), strict=True))

    def get(self, key: bytes) -> bytes | None:
        if key in self.changes:
            return self.changes[key]
        if key not in self._fetched:
            self.load((key,))
        return self._fetched[key]

    def put(self, key: bytes, value: bytes | None) -> None:
        """Set a key, or delete it with None."""
        self.changes[key] = value

    def emit(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """An output for `topic` (unprefixed), to go out once the batch is through."""
        self.outputs.append((topic, key, value, headers))

    def dead_letter(self, record: RawRecord, error: BadInput) -> None:
        self.outputs.append(self._context.dead_letter(self._stage, record, error))

    def now(self) -> str:
        return self._context.now()


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
        except Exception as error:
            self._slots.release()
            self._context.fail(error)

    def _process(self, batch: Batch, barrier: Barrier) -> None:
        view = KeyedBatch(self._context, self._stage.name, self._table, batch.partition, batch.records)
        self._stage.process(view)
        if view.changes:
            changes = list(view.changes.items())
            self._table.write(batch.partition, changes)
            changelog = self._table.changelog(batch.partition).topic
            self._context.outbox.produce_changelog(barrier, changelog, batch.partition, changes)
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
        self._acknowledged.clear()

    async def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
