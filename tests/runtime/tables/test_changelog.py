"""A table is rebuilt from its changelog, whatever the changelog holds and whatever interrupts the recovery."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable

import pytest
from faust.types import TP

from streams.kafka.topics import CONTENTS_CHANGELOG, FINGERPRINTS
from streams.runtime.runners.keyed import KeyedBatch, KeyedStage
from streams.runtime.tables import changelog
from streams.runtime.tables.changelog import changelog_consumer, restore
from streams.runtime.tables.table import Change, Table
from streams.runtime.worker import Worker
from tests.runtime.conftest import Bench, eventually

RECORDS = 500


def nothing(batch: KeyedBatch) -> None:
    """The stage needs nothing but its table."""


STAGE = KeyedStage(name="match", reads=(FINGERPRINTS,), table="contents", process=nothing)


def table_of(worker: Worker) -> Table:
    table = worker.apps[0].table
    assert table is not None
    return table


def key(number: int) -> bytes:
    return b"%06d" % number


async def read(
    bench: Bench, table: Table, after: int, last: int, cancelled: threading.Event, on_restored: Callable[[int], None]
) -> None:
    """Restore partition 3."""
    ranges = {TP(bench.topic(CONTENTS_CHANGELOG), 3): (after, last)}
    with contextlib.closing(changelog_consumer(bench.settings(), "reader")) as consumer:
        await asyncio.to_thread(restore, consumer, table, ranges, on_restored=on_restored, cancelled=cancelled)


async def test_the_last_record_of_a_key_counts_and_none_deletes(bench: Bench) -> None:
    records = [(key(n % 7), b"%d" % n, n % 2) for n in range(RECORDS)]
    bench.publish(CONTENTS_CHANGELOG, [*records, (key(3), None, 0), (key(3), None, 1)])
    async with bench.worker(STAGE) as worker:
        found = [dict(table_of(worker).scan(partition)) for partition in range(2)]
    for partition in range(2):
        newest = {which: value for which, value, where in records if where == partition}
        assert found[partition] == {which: value for which, value in newest.items() if which != key(3)}


async def test_reading_ends_where_the_last_record_was_compacted_away(bench: Bench) -> None:
    bench.publish(CONTENTS_CHANGELOG, [(key(n), b"x", 3) for n in range(RECORDS)])
    async with bench.worker(STAGE) as worker:
        restored: list[int] = []
        await asyncio.wait_for(
            read(bench, table_of(worker), -1, RECORDS + 10, threading.Event(), restored.append), timeout=20.0
        )
    assert sum(restored) == RECORDS


async def test_the_reader_after_a_cancelled_one_continues_there(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changelog, "RESTORE_RECORDS", 100)
    cancelled, restored = threading.Event(), list[int]()

    def on_restored(records: int) -> None:
        restored.append(records)
        cancelled.set()

    async with bench.worker(STAGE) as worker:
        bench.publish(CONTENTS_CHANGELOG, [(key(n), b"x", 3) for n in range(RECORDS)])
        table = table_of(worker)
        await read(bench, table, -1, RECORDS - 1, cancelled, on_restored)
        reached = table.data.persisted_offset(table.changelog(3))
        assert reached == sum(restored) - 1
        assert 0 < sum(restored) < RECORDS
        await read(bench, table, reached, RECORDS - 1, threading.Event(), restored.append)
        assert [which for which, _ in table.scan(3)] == [key(n) for n in range(RECORDS)]
    assert sum(restored) == RECORDS


async def test_a_reader_of_a_partition_that_was_taken_away_ends(bench: Bench) -> None:
    bench.publish(CONTENTS_CHANGELOG, [(key(n), b"x", 3) for n in range(RECORDS)])
    async with bench.worker(STAGE) as worker:
        table = table_of(worker)
    restored: list[int] = []
    await asyncio.wait_for(read(bench, table, -1, RECORDS - 1, threading.Event(), restored.append), timeout=20.0)
    assert restored == []


async def test_a_rebalance_during_a_recovery_loses_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first worker recovers slowly. Meanwhile another worker joins and takes over half of the partitions."""
    monkeypatch.setattr(changelog, "RESTORE_RECORDS", 50)
    write = Table.write

    def slowly(table: Table, partition: int, changes: list[Change]) -> None:
        time.sleep(0.02)
        write(table, partition, changes)

    monkeypatch.setattr(Table, "write", slowly)
    partitions = range(8)
    records = [(key(n), b"x", partition) for partition in partitions for n in range(RECORDS)]
    bench.publish(CONTENTS_CHANGELOG, records)
    first = Worker(bench.settings("first"), [STAGE])
    running = asyncio.create_task(first.run())
    try:
        await eventually(lambda: bool(first.apps) and first.apps[0].batch_consumer.restored_records > 100)
        assert first.not_ready(), "the recovery should not have ended yet"
        async with bench.worker(STAGE, worker_id="second") as second:
            await eventually(lambda: not first.not_ready() and not second.not_ready())
            found = {}
            for worker in (first, second):
                for tp in worker.apps[0].batch_consumer.assignment():
                    if tp.topic == bench.topic(FINGERPRINTS):
                        found[tp.partition] = len(list(table_of(worker).scan(tp.partition)))
    finally:
        first.stop()
        await running
    assert found == dict.fromkeys(partitions, RECORDS)
