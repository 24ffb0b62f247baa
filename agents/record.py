"""media.decisions, media.fingerprints, media.deadletters → rows in ClickHouse."""

from __future__ import annotations

from streams.analytics.writer import ClickHouseSink
from streams.config.settings import Settings
from streams.kafka.topics import DEAD_LETTERS, DECISIONS, FINGERPRINTS
from streams.runtime.stage import SinkStage


def stage(settings: Settings) -> SinkStage:
    """ClickHouse being away makes this stage wait and try again; the others go on."""
    sink = ClickHouseSink(settings)
    return SinkStage(
        name="record",
        reads=(DECISIONS, FINGERPRINTS, DEAD_LETTERS),
        close=sink.close,
        write=sink.write,
        ping=sink.ping,
        max_rows=settings.clickhouse.max_insert_rows,
        max_bytes=settings.clickhouse.max_insert_bytes,
        max_age_s=settings.clickhouse.max_insert_age_s,
    )
