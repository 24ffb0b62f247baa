"""Stages with slow work without state: many records at once, equal keys in order, a slow record delays no other."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import faust

from streams import metrics
from streams.config.byte_shares import MEDIA_WEIGHT
from streams.config.settings import Settings
from streams.domain.records import Origin, RawRecord
from streams.errors import BadInput, MediasieveError, Reason
from streams.kafka.outputs import Output, OutputHeaders
from streams.runtime.context import StageContext
from streams.runtime.ledger import Batch, Delivery
from streams.runtime.outbox import DELIVERY_TIMEOUT_S, Barrier
from streams.runtime.runners.admission import Admission
from streams.runtime.runners.output_groups import OutputGroups, linger_s
from streams.runtime.stage import Bounds, Runner, Stage

logger = logging.getLogger(__name__)

#: The outputs of up to this many records that needed no waiting are sent together; then other coroutines run.
MAX_READY_RECORDS = 64

#: Values of fewer bytes are digested where they are needed.
DIGESTED_BYTES = 32 << 10
#: Up to this many bytes of a delivery are digested on the event loop, in about a millisecond. A hop to another thread
#: and back takes a tenth of that in CPU, and more than that in time.
DIGESTED_AT_ONCE_BYTES = 1 << 20

#: A partition and a key: the records whose outputs must keep their order.
Chain = tuple[int, bytes]
#: A partition and an offset, of records of one topic.
Place = tuple[int, int]
Work = Coroutine[Any, Any, None]


class RecordTask:
    """What a concurrent stage sees of one record, and where its outputs go. `digest` is what the stage's
    `digest` gave, or None.
    """

    __slots__ = ("_context", "digest", "outputs", "record")

    def __init__(self, context: StageContext, record: RawRecord, digest: str | None = None) -> None:
        self.record = record
        self.digest = digest
        self.outputs: list[Output] = []
        self._context = context

    @property
    def topic(self) -> str:
        """The record's topic without the deployment's prefix."""
        return self._context.topic(self.record.topic)

    @property
    def origin(self) -> Origin:
        """Where the record came from."""
        return Origin(self.topic, self.record.partition, self.record.offset)

    def emit(self, topic: str, key: bytes | None, value: bytes | None, headers: OutputHeaders) -> None:
        """Send a record to `topic` (unprefixed) once this record has been processed."""
        self.outputs.append((topic, key, value, headers))

    def dead_letter(self, error: Exception) -> BadInput:
        """Emit the dead letter for a record whose processing raised `error`; returns the input's fault.

        A fault of ours that an input triggers must not stop its partition: it becomes a dead letter, too. Broken
        infrastructure and wrong settings are never blamed on the input: such an error is raised again.
        """
        if not isinstance(error, BadInput):
            if isinstance(error, MediasieveError):
                raise error
            where = f"{self.topic}/{self.record.partition}/{self.record.offset}"
            logger.error("stage %s failed on record %s", self._context.stage, where, exc_info=error)
            error = BadInput(Reason.INTERNAL_ERROR, repr(error))
        self.outputs.append(self._context.dead_letter(self.record, error))
        return error

    def now(self) -> str:
        return self._context.now()


def _give_up(work: Work | None) -> None:
    """Close what may not have begun, without a warning that nobody awaited it."""
    if work is not None:
        work.close()


@dataclass(frozen=True, slots=True)
class Finished:
    """A record whose outputs are complete: its batch, its index in there, its task, and when work on it began."""

    batch: Batch
    index: int
    task: RecordTask
    begun_at: float

    @property
    def size_bytes(self) -> int:
        return len(self.task.record.value or b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrentStage(Stage):
    """Slow work without state on many records at once.

    Args:
        handle: processes one record and emits its outputs. If that needs no waiting, it does so at once and returns
            None; else it returns a coroutine, which runs concurrently with those of other records. Outputs are sent
            as records are finished, in order where records have equal keys. An error ends the worker: bad input is
            for `handle` to dead-letter.
        digest: computes something from the bytes of a record that takes long for many bytes, and releases the GIL. Of
            a delivery with many bytes, one thread computes it for all records at once, before they are handled: a hop
            to another thread for each record costs as much as hashing it.
        admission: says when a batch may begin; None for at once.
    """

    handle: Callable[[RecordTask], Work | None]
    digest: Callable[[bytes], str] | None = None
    admission: Admission | None = None

    @property
    def weight(self) -> int:
        return MEDIA_WEIGHT

    def bounds(self, settings: Settings, share_bytes: int) -> Bounds:
        """Few records, bounded by bytes."""
        return Bounds(2 * settings.runtime.fetch_concurrency, share_bytes, 256, 4 << 20)

    def runner(self, context: StageContext, app: faust.App) -> Runner:
        return ConcurrentRunner(context, self, context.settings.runtime.fetch_concurrency)

    def work_timeout_s(self, settings: Settings) -> float | None:
        """The longest that one medium may take to fetch and decode, and Kafka to acknowledge."""
        source, limits = settings.source, settings.limits
        return DELIVERY_TIMEOUT_S + max(
            source.timeout_s + limits.decode_timeout_s, source.video_timeout_s + limits.video_decode_timeout_s
        )


class ConcurrentRunner(Runner):
    """A record is finished once its outputs are acknowledged.

    Records that the stage processes without waiting are sent together. Every other record gets a task.

    Args:
        slots: the number of tasks at once. Bytes are bounded by the consumer and by the stage's own means.
    """

    def __init__(self, context: StageContext, stage: ConcurrentStage, slots: int) -> None:
        self._context = context
        self._stage = stage
        self._slots = asyncio.Semaphore(slots)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"{stage.name}-digest")
        self._groups: OutputGroups[Finished] = OutputGroups(self._send)
        self._chain_ends: dict[Chain, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._batch_records = metrics.BATCH_RECORDS.labels(stage.name)
        self._records = {topic: metrics.RECORDS.labels(stage.name, topic) for topic in stage.reads}
        self._seconds = metrics.BATCH_SECONDS.labels(stage.name)

    async def process(self, delivery: Delivery) -> None:
        """Start all records; returns once none of them waits for a slot."""
        try:
            await self._start_delivery(delivery)
        except Exception as error:
            self._context.fail(error)

    async def _start_delivery(self, delivery: Delivery) -> None:
        self._batch_records.observe(sum(len(batch.records) for batch in delivery))
        ready: list[Finished] = []
        begun_at = time.monotonic()
        digests = await self._digests(delivery)
        for batch in delivery:
            if not batch.stale and await self._is_admitted(batch, ready):
                await self._start_batch(batch, digests, ready, begun_at)
        await self._send(ready)

    async def _is_admitted(self, batch: Batch, ready: list[Finished]) -> bool:
        """Wait until the stage has room for a batch; False if its partition is gone by then.

        Finished outputs go out first: they alone may fill the room.
        """
        admission = self._stage.admission
        if admission is None:
            return True
        await self._send_ready(ready)
        await admission.admit(len(batch.records))
        if batch.stale:
            admission.give_up()
        return not batch.stale

    async def _start_batch(
        self, batch: Batch, digests: dict[Place, str], ready: list[Finished], begun_at: float
    ) -> None:
        """Start the records of a batch. Those that are finished at once join `ready`, and are sent from time to time.

        Args:
            digests: of large values.
        """
        batch.started = True
        for index, record in enumerate(batch.records):
            task = RecordTask(self._context, record, digests.get((record.partition, record.offset)))
            work = self._stage.handle(task)
            chain = None if record.key is None else (batch.partition, record.key)
            if work is None and chain not in self._chain_ends:
                ready.append(Finished(batch, index, task, begun_at))
                if len(ready) >= MAX_READY_RECORDS:
                    await self._send_ready(ready)
                    await asyncio.sleep(0)
                continue
            try:
                if self._slots.locked() or any(
                    earlier.task.record.key == record.key and earlier.batch is batch for earlier in ready
                ):
                    await self._send_ready(ready)
                await self._slots.acquire()
            except asyncio.CancelledError:
                _give_up(work)
                raise
            if batch.stale:
                self._slots.release()
                _give_up(work)
                return
            self._start(batch, index, task, work, chain)

    async def _send_ready(self, ready: list[Finished]) -> None:
        finished = list(ready)
        ready.clear()
        await self._send(finished)

    async def _digests(self, delivery: Delivery) -> dict[Place, str]:
        """Digests of the large values of a delivery."""
        digest = self._stage.digest
        if digest is None or sum(batch.size_bytes for batch in delivery) < DIGESTED_BYTES:
            return {}
        large = [
            ((record.partition, record.offset), record.value)
            for batch in delivery
            for record in batch.records
            if record.value and len(record.value) >= DIGESTED_BYTES
        ]
        if not large:
            return {}

        def compute() -> dict[Place, str]:
            return {place: digest(value) for place, value in large}

        if sum(len(value) for _, value in large) <= DIGESTED_AT_ONCE_BYTES:
            return compute()
        return await self._context.loop.run_in_executor(self._thread, compute)

    def _start(self, batch: Batch, index: int, task: RecordTask, work: Work | None, chain: Chain | None) -> None:
        previous, chain_end = None, None
        if chain is not None:
            previous = self._chain_ends.get(chain)
            chain_end = self._chain_ends[chain] = self._context.loop.create_future()
        running = asyncio.create_task(self._run(batch, index, task, work, previous, chain_end))

        def on_ended(_: asyncio.Task[None]) -> None:
            # Runs even if the task is cancelled before its first step, so the slot is always released.
            self._tasks.discard(running)
            self._slots.release()
            _give_up(work)
            if chain is not None and chain_end is not None:
                if not chain_end.done():
                    chain_end.set_result(None)
                if self._chain_ends.get(chain) is chain_end:
                    del self._chain_ends[chain]

        self._tasks.add(running)
        running.add_done_callback(on_ended)

    async def _run(
        self,
        batch: Batch,
        index: int,
        task: RecordTask,
        work: Work | None,
        previous: asyncio.Future[None] | None,
        chain_end: asyncio.Future[None] | None,
    ) -> None:
        """`previous` and `chain_end` are done once the record before, and this record, have a place in the order."""
        begun_at = time.monotonic()

        def on_joined() -> None:
            if chain_end is not None and not chain_end.done():
                chain_end.set_result(None)

        try:
            if work is not None:
                await work
            if previous is not None:
                await previous
            waits_s = linger_s(time.monotonic() - begun_at)
            await self._groups.add(Finished(batch, index, task, begun_at), waits_s, on_joined)
        except Exception as error:
            self._context.fail(error)

    async def _send(self, finished: Sequence[Finished]) -> None:
        """Produce the outputs. If the outbox may be full, a thread waits for room, so that heartbeats go on."""
        live = [each for each in finished if not each.batch.stale]
        if not live:
            return

        def on_acknowledged() -> None:
            for each in live:
                each.batch.finish_one(each.index)
            if self._stage.admission is not None:
                self._stage.admission.finish(len(live))
            for topic, records in Counter(each.batch.topic for each in live).items():
                self._records[self._context.topic(topic)].inc(records)
            self._seconds.observe(time.monotonic() - live[0].begun_at)

        barrier = Barrier(self._context.loop, on_acknowledged, live[0].batch.in_flight)
        outputs: list[Output] = [output for each in live for output in each.task.outputs]
        if self._context.outbox.crowded:
            await asyncio.to_thread(self._context.produce, barrier, outputs)
        else:
            self._context.produce(barrier, outputs)
        barrier.seal()

    def on_revoked(self) -> None:
        """Cancels the tasks: the next owner of a partition processes its records again."""
        self._groups.drop()
        if self._stage.admission is not None:
            self._stage.admission.give_up()
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        self.on_revoked()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._thread.shutdown(wait=False, cancel_futures=True)
