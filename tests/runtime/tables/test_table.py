"""What a table holds in memory goes to its files when a worker comes to rest."""

from __future__ import annotations

import os

from streams.kafka.topics import FINGERPRINTS
from streams.runtime.runners.keyed import KeyedBatch, KeyedStage
from streams.runtime.tables.table import LEAST_FLUSH_BYTES, MEMTABLES_PROPERTY
from tests.runtime.conftest import Bench, eventually

VALUE_BYTES = 64 << 10


def keep(batch: KeyedBatch) -> None:
    for record in batch.records:
        assert record.key is not None
        batch.put(record.key, record.value)


async def test_a_table_that_releases_memory_keeps_its_entries(bench: Bench) -> None:
    values = {b"%d" % n: os.urandom(VALUE_BYTES) for n in range(2 * LEAST_FLUSH_BYTES // VALUE_BYTES)}
    bench.publish(FINGERPRINTS, [(key, value, 0) for key, value in values.items()])
    stage = KeyedStage(name="match", reads=(FINGERPRINTS,), table="contents", process=keep)
    async with bench.worker(stage) as worker:
        table = worker.apps[0].table
        assert table is not None

        def in_memory_bytes() -> int:
            return int(table.data._db_for_partition(0).property_int_value(MEMTABLES_PROPERTY))

        await eventually(lambda: len(list(table.scan(0))) == len(values))
        assert in_memory_bytes() > LEAST_FLUSH_BYTES
        await table.release_memory()
        await eventually(lambda: in_memory_bytes() < LEAST_FLUSH_BYTES)
        assert dict(table.scan(0)) == values
