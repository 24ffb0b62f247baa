"""media.fingerprints → the table fingerprints, and tables of frames and of what contents look like."""

from __future__ import annotations

from typing import Final

from streams.analytics.rows import embeddings, video_frames, visuals
from streams.analytics.rows.extractors import (
    UINT8,
    UINT32,
    UINT64,
    Extractor,
    first_byte,
    flag,
    json_text,
    number,
    text,
    time_ms,
    whole,
)
from streams.analytics.rows.facts import FACTS_COLUMNS, FAILURE_COLUMNS
from streams.analytics.rows.reader import KAFKA_COLUMNS, RowReader, kafka
from streams.analytics.rows.table import TopicTable

COLUMNS: Final[dict[str, Extractor]] = {
    "submission_id": text("submission_id"),
    "attempt": whole("attempt", UINT32),
    "media_id": text("media_id"),
    "collection": text("collection"),
    "kind": text("kind"),
    "priority": whole("priority", UINT8),
    "content_id": text("facts.content_id"),
    **FAILURE_COLUMNS,
    **FACTS_COLUMNS,
    "evidence_version": first_byte("facts.evidence"),
    "metadata": json_text("metadata"),
    "fetch_ms": number("fetch_ms"),
    "decode_ms": number("decode_ms"),
    "cached": flag("cached"),
    "submitted_at": time_ms("submitted_at"),
    "fingerprinted_at": time_ms("fingerprinted_at"),
    "published_at": kafka("timestamp"),
    "origin_topic": text("origin.topic"),
    "origin_partition": whole("origin.partition", UINT32),
    "origin_offset": whole("origin.offset", UINT64),
    **KAFKA_COLUMNS,
}

TABLE: Final = TopicTable(
    "fingerprints",
    tuple(COLUMNS),
    RowReader(COLUMNS, required=("origin",)),
    (video_frames.TABLE, visuals.TABLE, embeddings.TABLE),
)
