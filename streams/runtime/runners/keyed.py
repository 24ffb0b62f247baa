"""Stages with state: a function decides in partition order, on one thread, a batch of reads and writes at a time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from heapq import merge
from itertools import islice, takewhile

import faust

from streams import metrics
from streams.config.settings import Settings
from streams.domain.records import RawRecord
from streams.errors import BadInput, PartitionClosed
from streams.kafka.outputs import Output, OutputHeaders
from streams.runtime.context import StageContext
from streams.runtime.ledger import Batch, Delivery
from streams.runtime.outbox import DELIVERY_TIMEOUT_S, Barrier
from streams.runtime.stage import Bounds, Runner, Stage
from streams.runtime.tables.table import Change, Table

#: Deliveries whose outputs may wait for Kafka's acknowledgement at once.
MAX_UNACKNOWLEDGED_DELIVERIES = 16


def _keep() -> None:
    return


class KeyedBatch:
    """What a keyed stage sees of one batch: its records, the state, and where outputs go.

    All records are of one partition of `topic`, which is without the deployment's prefix. `event_type` of
    kafka/cloudevents.py tells the kinds of record in one topic apart.

    Reads see the writes made before them in the same batch. `load` reads many keys in one call; `get` of a
    key that was not loaded reads it then. `changes` are all writes in their order, which is the changelog's.
    """

    __slots__ = (
        *("_context", "_current", "_sorted_changes", "_sorted_keys", "_table"),
        *("changes", "outputs", "partition", "records", "topic"),
    )

    def __init__(
        self, context: StageContext, table: Table, topic: str, partition: int, records: Sequence[RawRecord]
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.records = records
        self.changes: list[Change] = []
        self.outputs: list[Output] = []
        self._current: dict[bytes, bytes | None] = {}
        self._sorted_keys: list[bytes] = []
        self._sorted_changes = 0
        self._table = table
        self._context = context

    def load(self, keys: Iterable[bytes]) -> None:
        """Read `keys` in one multi-get; a key that was read or written before keeps its value."""
        missing = [key for key in keys if key not in self._current]
        if missing:
            self._current.update(zip(missing, self._table.get_many(self.partition, missing), strict=True))

    def get(self, key: bytes) -> bytes | None:
        if key not in self._current:
            self.load((key,))
        return self._current[key]

    def put(self, key: bytes, value: bytes | None) -> None:
        """Set a key, or delete it with None."""
        self._current[key] = value
        self.changes.append((key, value))

    def scan(self, prefix: bytes = b"", after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """The keys that begin with `prefix` and follow `after`, in order, with their values before this batch."""
        return self._table.scan(self.partition, prefix, after)

    def scan_current(self, prefix: bytes, after: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """The same as `scan`, with the values that this batch has given the keys so far."""
        written = self._written_keys(prefix, after)
        if not written:
            return self.scan(prefix, after)
        changed = {key: self._current[key] for key in written}
        before = ((key, value) for key, value in self.scan(prefix, after) if key not in changed)
        return merge(before, ((key, value) for key, value in changed.items() if value is not None))

    def _written_keys(self, prefix: bytes, after: bytes) -> list[bytes]:
        """The keys with this prefix that this batch has written, in order. Many scans cost as much as one sort."""
        for key, _ in self.changes[self._sorted_changes :]:
            at = bisect_left(self._sorted_keys, key)
            if at == len(self._sorted_keys) or self._sorted_keys[at] != key:
                self._sorted_keys.insert(at, key)
        self._sorted_changes = len(self.changes)
        start = bisect_right(self._sorted_keys, after) if after >= prefix else bisect_left(self._sorted_keys, prefix)
        return list(takewhile(lambda key: key.startswith(prefix), islice(self._sorted_keys, start, None)))

    def emit(self, topic: str, key: bytes | None, value: bytes | None, headers: OutputHeaders) -> None:
        """Send a record to `topic` (unprefixed) once the batch has been processed."""
        self.outputs.append((topic, key, value, headers))

    def dead_letter(self, record: RawRecord, error: BadInput) -> None:
        self.outputs.append(self._context.dead_letter(record, error))

    def refuse(self, topic: str, key: bytes | None, value: bytes | None, error: BadInput) -> None:
        """Emit a dead letter for a value from another topic, whose original record is gone."""
        self.outputs.append(self._context.refusal(topic, key, value, error))

    def now(self) -> str:
        return self._context.now()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedStage(Stage):
    """Decides in partition order with state in `table`.

    Args:
        table: the table's name. If the stage reads several topics, they must have equally many partitions: records of
            partition n of every topic share partition n of the table.
        process: processes one batch, on the stage's one thread. It reads and changes state and emits outputs through
            the batch, and must not block on anything else. An error ends the worker: bad records are for `process`
            to dead-letter.
        forget: called on the same thread after partitions were taken away. Whatever the stage keeps in memory about
            any partition's state must go, for other workers change that state from then on.
    """

    table: str
    process: Callable[[KeyedBatch], None]
    forget: Callable[[], None] = _keep

    @property
    def changelogs(self) -> tuple[str, ...]:
        return (f"mediasieve-{self.name}-{self.table}-changelog",)

    def bounds(self, settings: Settings, share_bytes: int) -> Bounds:
        """Many small records."""
        batch_records = settings.runtime.max_batch_records
        return Bounds(16 * batch_records, share_bytes, batch_records, 2 << 20)

    def runner(self, context: StageContext, app: faust.App) -> Runner:
        table = Table(app, name=self.table, key_type=bytes, value_type=bytes)
        app.tables.add(table)
        return KeyedRunner(context, self, table)

    def work_timeout_s(self, settings: Settings) -> float:
        """A batch waits for nothing but Kafka's acknowledgement."""
        return DELIVERY_TIMEOUT_S


class KeyedRunner(Runner):
    """State → outputs and changelog acknowledged → finished: the order of the delivery contract.

    When a worker is killed, RocksDB may be ahead of the changelog. That does no harm: the input comes again, and the
    stage writes the same state and outputs as the first time (see `streams.domain.match.decide`).
    """

    table: Table

    def __init__(self, context: StageContext, stage: KeyedStage, table: Table) -> None:
        self.table = table
        self._context = context
        self._stage = stage
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=stage.name)
        self._slots = asyncio.Semaphore(MAX_UNACKNOWLEDGED_DELIVERIES)
        self._acknowledged: dict[int, int] = {}

    async def process(self, delivery: Delivery) -> None:
        """Returns when the stage has processed the delivery, which is before Kafka has acknowledged the outputs."""
        await self._slots.acquire()
        begun_at = time.monotonic()
        for batch in delivery:
            batch.started = True

        def on_acknowledged() -> None:
            self._slots.release()
            metrics.BATCH_SECONDS.labels(self._stage.name).observe(time.monotonic() - begun_at)
            for batch in processed:
                offset = barrier.changelog_offsets.get(batch.partition)
                if offset is not None and not batch.stale:
                    self._acknowledged[batch.partition] = offset
                batch.finish()

        barrier, processed = Barrier(self._context.loop, on_acknowledged, delivery[0].in_flight), list[Batch]()
        try:
            processed += await self._context.loop.run_in_executor(self._thread, self._process, delivery, barrier)
        except Exception as error:
            self._context.fail(error)
        barrier.seal()

    def _process(self, delivery: Delivery, barrier: Barrier) -> list[Batch]:
        """Returns the processed batches; a partition may be taken away meanwhile.

        Few records do not wait for the many of another partition, nor do their outputs.
        """
        processed: list[Batch] = []
        topic = self._context.topic(delivery[0].topic)
        for batch in sorted(delivery, key=lambda batch: len(batch.records)):
            if not batch.stale:
                with contextlib.suppress(PartitionClosed):
                    self._context.produce(barrier, self._process_batch(topic, batch, barrier))
                    processed.append(batch)
        if processed:
            records = sum(len(batch.records) for batch in processed)
            metrics.RECORDS.labels(self._stage.name, topic).inc(records)
            metrics.BATCH_RECORDS.labels(self._stage.name).observe(records)
        return processed

    def _process_batch(self, topic: str, batch: Batch, barrier: Barrier) -> list[Output]:
        """Writes the state, sends it to the changelog, and returns the outputs."""
        view = KeyedBatch(self._context, self.table, topic, batch.partition, batch.records)
        self._stage.process(view)
        if view.changes:
            self.table.write(batch.partition, view.changes)
            changelog = self.table.changelog(batch.partition).topic
            self._context.outbox.produce_changelog(barrier, changelog, batch.partition, view.changes)
        return view.outputs

    def on_committed(self, partitions: Iterable[int]) -> None:
        """Recovery need not restore what the changelog had acknowledged by then."""
        for partition in partitions:
            offset = self._acknowledged.pop(partition, None)
            if offset is not None:
                self.table.persist_offset(partition, offset)

    def on_revoked(self) -> None:
        """Drops the stage's memory of the state, because the next owner of a partition may change it."""
        self._acknowledged.clear()
        with contextlib.suppress(RuntimeError):  # closed: nothing is kept any more
            self._thread.submit(self._stage.forget)

    async def close(self) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
