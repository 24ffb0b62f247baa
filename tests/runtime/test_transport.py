"""The consumer delivers every record, whatever Faust does to its queues during a rebalance, and in good batches."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from streams.kafka.topics import DECISIONS, FINGERPRINTS
from streams.runtime.runners.keyed import KeyedBatch, KeyedStage
from streams.runtime.transport import BatchConsumer
from tests.runtime.conftest import Bench, eventually


def forward(batch: KeyedBatch) -> None:
    """Slow, so that the batches of other partitions wait in the queue."""
    time.sleep(0.3)
    for record in batch.records:
        assert record.key is not None
        batch.put(record.key, record.value)
        batch.emit(DECISIONS, record.key, record.value, [])


FORWARD = KeyedStage(name="match", reads=(FINGERPRINTS,), writes=(DECISIONS,), table="contents", process=forward)


async def test_records_between_the_seek_and_the_end_of_a_recovery_are_not_lost(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records flow right after the seek, and Faust clears all queues a moment later. The test lengthens it."""
    bench.publish(FINGERPRINTS, [(b"a%d" % n, b"x", n % 8) for n in range(80)])
    async with bench.worker(FORWARD, worker_id="first"):
        await eventually(lambda: bench.committed(FINGERPRINTS, 7, "match") == 10, blocking=True)
    seek = BatchConsumer.perform_seek

    async def slow_seek(consumer: BatchConsumer) -> None:
        await seek(consumer)
        await asyncio.sleep(1.0)

    monkeypatch.setattr(BatchConsumer, "perform_seek", slow_seek)
    bench.publish(FINGERPRINTS, [(b"b%d" % n, b"x", n % 8) for n in range(80)])

    async with bench.worker(FORWARD, worker_id="second"):
        messages = await asyncio.to_thread(bench.read, DECISIONS, lambda found: len(found) >= 160)
        await eventually(lambda: bench.committed(FINGERPRINTS, 7, "match") == 20, blocking=True)

    assert {message.key() for message in messages} == {b"%s%d" % (name, n) for name in (b"a", b"b") for n in range(80)}


async def test_records_that_come_while_the_stage_is_busy_are_one_batch(bench: Bench) -> None:
    """Else a worker that fell behind would process a thin stream in single records, and stay behind."""
    sizes: list[int] = []
    go_on = threading.Event()

    def note(batch: KeyedBatch) -> None:
        sizes.append(len(batch.records))
        assert go_on.wait(60.0)

    stage = KeyedStage(name="match", reads=(FINGERPRINTS,), table="contents", process=note)
    async with bench.worker(stage):
        try:
            for n in range(30):
                await asyncio.to_thread(bench.publish, FINGERPRINTS, [(b"%d" % n, b"x", 5)])
        finally:
            go_on.set()
        await eventually(lambda: sum(sizes) == 30)

    assert len(sizes) <= 4  # the first, one that waited, one that the client had fetched already, and the rest


async def test_partitions_with_a_backlog_take_turns(bench: Bench) -> None:
    """Else the last partition would pause until all others have no backlog."""
    partitions, fetches = range(4), 5
    records = [(b"k", b"x", partition) for partition in partitions for _ in range(fetches * 500)]
    bench.publish(FINGERPRINTS, records)
    order: list[int] = []

    def note(batch: KeyedBatch) -> None:
        time.sleep(0.05)  # a broker that is slow to answer for all partitions must not end the first one's backlog
        order.extend([batch.partition] * len(batch.records))

    async with bench.worker(KeyedStage(name="match", reads=(FINGERPRINTS,), table="contents", process=note)):
        await eventually(lambda: len(order) == len(records))

    first_seen = [order.index(partition) for partition in partitions]
    assert (
        max(first_seen) < len(records) / 2
    )  # a stage that empties one partition after the other comes to three quarters
