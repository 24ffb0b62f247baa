"""Runs stages that write rows elsewhere: batches by count, bytes and age; tries again until the rows are in."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from streams import metrics
from streams.domain.records import RawRecord
from streams.errors import BadInput, SinkError
from streams.kafka.topics import DEAD_LETTERS
from streams.runtime.context import Context
from streams.runtime.ledger import Batch, Delivery
from streams.runtime.outbox import Barrier, Output
from streams.runtime.stage import SinkStage

logger = logging.getLogger(__name__)

RETRY_FIRST_S = 0.5
RETRY_MOST_S = 15.0
PING_EVERY_S = 2.0


class SinkRunner:
    """Collects batches of all topics and partitions and writes them together; offsets follow the rows."""

    def __init__(self, context: Context, stage: SinkStage) -> None:
        self._context = context
        self._stage = stage
        self._waiting: list[Batch] = []
        self._rows = 0
        self._bytes = 0
        self._oldest_at = 0.0
        self._changed = asyncio.Event()
        self.reachable = False
        self._tasks = [asyncio.create_task(self._write_forever()), asyncio.create_task(self._ping_forever())]

    async def take(self, delivery: Delivery) -> None:
        """Put batches with those that wait; the consumer's load bounds how many that can be."""
        if not self._waiting:
            self._oldest_at = time.monotonic()
        self._waiting += delivery
        self._rows += sum(len(batch.records) for batch in delivery)
        self._bytes += sum(batch.size_bytes for batch in delivery)
        self._changed.set()

    async def _write_forever(self) -> None:
        while True:
            await self._due()
            batches, self._waiting, self._rows, self._bytes = self._waiting, [], 0, 0
            try:
                await self._write(batches)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._context.fail(error)
                return

    async def _ping_forever(self) -> None:
        """Readiness must not depend on rows coming by."""
        try:
            while True:
                self.reachable = await self._stage.ping()
                await asyncio.sleep(PING_EVERY_S)
        except Exception as error:  # wrong for good, not away: an applied migration that changed
            self._context.fail(error)

    async def _due(self) -> None:
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
        begun_at, retry_s = time.monotonic(), RETRY_FIRST_S
        done: set[str] = set()
        rejected: list[Output] = []
        while True:
            live = [batch for batch in batches if not batch.stale]
            for batch in live:
                batch.started = True
            by_topic: dict[str, list[RawRecord]] = {}
            for batch in live:
                by_topic.setdefault(batch.topic.removeprefix(self._context.settings.kafka.topic_prefix), []).extend(
                    batch.records
                )
            try:
                for topic, records in by_topic.items():
                    if topic not in done:
                        bad = await self._stage.write(topic, records)
                        rejected += self._dead_letters(topic, bad)
                        done.add(topic)
            except SinkError as error:
                metrics.RETRIES.labels(self._stage.name).inc()
                logger.warning("%s; %d rows wait, next try in %.1f s", error, sum(map(len, by_topic.values())), retry_s)
                for batch in live:  # nothing is under way: who takes the partitions away need not wait
                    batch.started = False
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, RETRY_MOST_S)
                continue
            break
        for topic, records in by_topic.items():
            metrics.RECORDS.labels(self._stage.name, topic).inc(len(records))
        metrics.BATCH_RECORDS.labels(self._stage.name).observe(sum(map(len, by_topic.values())))

        def acknowledged() -> None:
            metrics.BATCH_SECONDS.labels(self._stage.name).observe(time.monotonic() - begun_at)
            for batch in live:
                batch.finish()

        barrier = Barrier(self._context.loop, acknowledged)
        await asyncio.to_thread(self._context.produce, self._stage.name, barrier, rejected)
        barrier.seal()

    def _dead_letters(self, topic: str, rejected: Sequence[tuple[RawRecord, BadInput]]) -> list[Output]:
        if topic == DEAD_LETTERS:  # a letter about a letter would never end
            for record, error in rejected:
                logger.error("dead letter %d/%d cannot be stored: %s", record.partition, record.offset, error)
            return []
        return [self._context.dead_letter(self._stage.name, record, error) for record, error in rejected]

    def on_revoked(self) -> None:
        """What waits became stale; it is skipped when its turn comes."""

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
