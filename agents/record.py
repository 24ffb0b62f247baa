"""All that ClickHouse shows: decisions, fingerprints, dead letters and the acts on them, jobs → rows."""

from __future__ import annotations

import asyncio

from streams.analytics.thumbnail_deletion import open_deleter
from streams.analytics.writer import ClickHouseSink
from streams.config.settings import Settings
from streams.kafka.topics import DEAD_LETTER_ACTS, DEAD_LETTERS, DECISIONS, FINGERPRINTS, JOBS
from streams.runtime.runners.sink import SinkStage


def stage(settings: Settings) -> SinkStage:
    """While ClickHouse is away, this stage waits and tries again; the other stages continue."""
    sink, deleter = ClickHouseSink(settings), open_deleter(settings)
    if deleter is not None:
        deleter.start()

    async def close() -> None:
        await sink.close()
        if deleter is not None:
            await asyncio.to_thread(deleter.close)

    return SinkStage(
        name="record",
        reads=(DECISIONS, FINGERPRINTS, DEAD_LETTERS, DEAD_LETTER_ACTS, JOBS),
        writes=(DEAD_LETTERS,),
        close=close,
        write=sink.write,
        ping=sink.ping,
        max_rows=settings.clickhouse.max_insert_rows,
        max_bytes=settings.clickhouse.max_insert_bytes,
        max_age_s=settings.clickhouse.max_insert_age_s,
    )
