"""media.decisions → the table deletions: a row for every submission that was deleted."""

from __future__ import annotations

from typing import Final

from streams.analytics.rows.extractors import UINT32, Extractor, text, time_ms, uuid, whole
from streams.analytics.rows.reader import KAFKA_COLUMNS, RowReader, kafka
from streams.analytics.rows.table import TopicTable

COLUMNS: Final[dict[str, Extractor]] = {
    "collection": text("collection"),
    "submission_id": text("submission_id"),
    "attempt": whole("attempt", UINT32),
    "decision_id": uuid("decision_id"),
    "revision": whole("revision", UINT32),
    "content_id": text("content_id"),
    "submitted_at": time_ms("submitted_at"),
    "deleted_at": kafka("timestamp"),
    **KAFKA_COLUMNS,
}

TABLE: Final = TopicTable("deletions", tuple(COLUMNS), RowReader(COLUMNS))
