"""Stages that write rows elsewhere: batches by count, bytes and age, written again until they are stored."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import faust

from streams import metrics
from streams.config.settings import Settings
from streams.domain.records import RawRecord
from streams.errors import BadInput, SinkError
from streams.kafka.outputs import Output
from streams.kafka.topics import DEAD_LETTERS
from streams.runtime.context import StageContext
from streams.runtime.ledger import Batch, Delivery
from streams.runtime.outbox import Barrier
from streams.runtime.stage import Bounds, Runner, Stage

logger = logging.getLogger(__name__)

FIRST_RETRY_S = 0.5
MAX_RETRY_S = 15.0
PING_INTERVAL_S = 2.0
#: How long records are gathered before they wait to be rows of an insert.
GATHER_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkStage(Stage):
    """Writes rows elsewhere.

    Args:
        write: writes the records of one topic (unprefixed) and returns the records that cannot be decoded. It is
            called again as long as it raises SinkError, and must be idempotent.
        ping: whether the place where rows go is in reach; serves readiness.
        max_rows: rows are written once this many wait,
        max_bytes: or once they have this many bytes,
        max_age_s: or once the oldest has waited this long.
    """

    write: Callable[[str, Sequence[RawRecord]], Awaitable[list[tuple[RawRecord, BadInput]]]]
    ping: Callable[[], Awaitable[bool]]
    max_rows: int
    max_bytes: int
    max_age_s: float

    def bounds(self, settings: Settings, share_bytes: int) -> Bounds:
        """As many rows as a few inserts take. They wait for others in any case."""
        return Bounds(
            4 * self.max_rows, min(share_bytes, 8 * self.max_bytes), 1_000, 4 << 20, min(GATHER_S, self.max_age_s / 4)
        )

    def runner(self, context: StageContext, app: faust.App) -> Runner:
        return SinkRunner(context, self)

    def work_timeout_s(self, settings: Settings) -> None:
        """Rows wait as long as the other side is away."""


class SinkRunner(Runner):
    """Collects batches of all topics and partitions and writes them together; offsets follow the rows."""

    def __init__(self, context: StageContext, stage: SinkStage) -> None:
        self._context = context
        self._stage = stage
        self._waiting: list[Batch] = []
        self._rows = 0
        self._bytes = 0
        self._oldest_at = 0.0
        self._changed = asyncio.Event()
        self._reachable = False
        metrics.begin_at_zero(metrics.RETRIES, (stage.name,))
        self._tasks = [asyncio.create_task(self._write_forever()), asyncio.create_task(self._ping_forever())]

    @property
    def obstacle(self) -> str | None:
        return None if self._reachable else "where its rows go is out of reach"

    async def process(self, delivery: Delivery) -> None:
        """Add the batches to the waiting ones, whose number the consumer's bounds limit."""
        if not self._waiting:
            self._oldest_at = time.monotonic()
        self._waiting += delivery
        self._rows += sum(len(batch.records) for batch in delivery)
        self._bytes += sum(batch.size_bytes for batch in delivery)
        self._changed.set()

    async def _write_forever(self) -> None:
        while True:
            await self._wait_until_due()
            batches, self._waiting, self._rows, self._bytes = self._waiting, [], 0, 0
            try:
                await self._write(batches)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._context.fail(error)
                return

    async def _ping_forever(self) -> None:
        """Readiness must not depend on rows: there may be none for hours."""
        try:
            while True:
                self._reachable = await self._stage.ping()
                await asyncio.sleep(PING_INTERVAL_S)
        except Exception as error:  # not away but wrong for good, such as an applied migration that changed
            self._context.fail(error)

    async def _wait_until_due(self) -> None:
        stage = self._stage
        while True:
            if self._rows >= stage.max_rows or self._bytes >= stage.max_bytes:
                return
            wait_s = None
            if self._waiting:
                wait_s = self._oldest_at + stage.max_age_s - time.monotonic()
                if wait_s <= 0:
                    return
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), wait_s)
            except TimeoutError:
                return

    async def _write(self, batches: list[Batch]) -> None:
        begun_at, retry_s = time.monotonic(), FIRST_RETRY_S
        written: set[str] = set()
        dead_letters: list[Output] = []
        while True:
            live = [batch for batch in batches if not batch.stale]
            for batch in live:
                batch.started = True
            by_topic = self._by_topic(live)
            try:
                for topic, records in by_topic.items():
                    if topic not in written:
                        rejected = await self._stage.write(topic, records)
                        dead_letters += self._dead_letters(topic, rejected)
                        written.add(topic)
            except SinkError as error:
                metrics.RETRIES.labels(self._stage.name).inc()
                rows = sum(map(len, by_topic.values()))
                logger.warning("%s; %d rows wait, the next try is in %.1f s", error, rows, retry_s)
                for batch in live:  # nothing is being written: a revocation need not wait
                    batch.started = False
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, MAX_RETRY_S)
                continue
            break
        for topic, records in by_topic.items():
            metrics.RECORDS.labels(self._stage.name, topic).inc(len(records))
        metrics.BATCH_RECORDS.labels(self._stage.name).observe(sum(map(len, by_topic.values())))

        def on_acknowledged() -> None:
            metrics.BATCH_SECONDS.labels(self._stage.name).observe(time.monotonic() - begun_at)
            for batch in live:
                batch.finish()

        barrier = Barrier(self._context.loop, on_acknowledged, batches[0].in_flight)
        await asyncio.to_thread(self._context.produce, barrier, dead_letters)
        barrier.seal()

    def _by_topic(self, batches: Sequence[Batch]) -> dict[str, list[RawRecord]]:
        by_topic: dict[str, list[RawRecord]] = {}
        for batch in batches:
            by_topic.setdefault(self._context.topic(batch.topic), []).extend(batch.records)
        return by_topic

    def _dead_letters(self, topic: str, rejected: Sequence[tuple[RawRecord, BadInput]]) -> list[Output]:
        if topic == DEAD_LETTERS:  # a dead letter about a dead letter would never end
            for record, error in rejected:
                logger.error("dead letter %d/%d cannot be stored: %s", record.partition, record.offset, error)
            return []
        return [self._context.dead_letter(record, error) for record, error in rejected]

    def on_revoked(self) -> None:
        """Waiting batches became stale, and `_write` skips them."""

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
