"""media.fingerprints → the tables hash_list_events (who did what), hash_list_chunks and hash_list_entries."""

from __future__ import annotations

from typing import Any, Final

from streams.analytics.rows.extractors import (
    UINT32,
    Extractor,
    Row,
    flag,
    optional_text,
    optional_whole,
    record_time_ms,
    text,
    time_ms,
    tuples,
    whole,
)
from streams.analytics.rows.moderation_events import LABEL_FIELDS
from streams.analytics.rows.reader import KAFKA_COLUMNS, RowReader, kafka
from streams.analytics.rows.table import DetailTable, TopicTable
from streams.domain.records import ListEvent, RawRecord
from streams.errors import BadInput, Reason

EVENT_COLUMNS: Final[dict[str, Extractor]] = {
    "event_id": text("event_id"),
    "event": text("event"),
    "collection": text("collection"),
    "list_name": text("list_name"),
    "import_id": optional_text("import_id"),
    "version": optional_text("version"),
    "source": optional_text("source"),
    "status": optional_text("status"),
    "labels": tuples("labels", *LABEL_FIELDS),
    "negative": flag("negative"),
    "perceptual": optional_text("perceptual"),
    "quarantine_after": optional_whole("quarantine_after", UINT32, empty=0),
    "chunks": optional_whole("chunks", UINT32, empty=0),
    "entry_count": optional_whole("entry_count", UINT32, empty=0),
    "algorithm": optional_text("algorithm"),
    "hash": optional_text("hash"),
    "reason": optional_text("reason"),
    "at": time_ms("at"),
    "by_kind": optional_text("by.kind"),
    "by_name": optional_text("by.name"),
    "routed_at": kafka("timestamp"),
    **KAFKA_COLUMNS,
}
CHUNK_COLUMNS: Final[dict[str, Extractor]] = {
    "collection": text("collection"),
    "list_name": text("list_name"),
    "import_id": text("import_id"),
    "chunk": whole("chunk", UINT32),
    "event_id": text("event_id"),
    "routed_at": kafka("timestamp"),
    **KAFKA_COLUMNS,
}
ENTRY_COLUMNS: Final = (
    *("collection", "list_name", "import_id", "chunk", "number", "algorithm", "hash", "status"),
    *("labels", "has_labels", "reason", "bits", "routed_at"),
)


def entry_rows(record: RawRecord) -> list[Row]:
    """The entries in one record.

    Raises:
        BadInput: not_json, missing_field or bad_field.
    """
    event = ListEvent.from_json(record.value)
    if event.import_id is None:
        raise BadInput(Reason.MISSING_FIELD, "field 'import_id' is missing")
    of_event: tuple[Any, ...] = event.collection, event.list_name, event.import_id, event.chunk
    routed_at = record_time_ms(record)
    return [
        (
            *of_event,
            place,
            entry.algorithm,
            entry.hash,
            entry.status or "",
            [(label.name, label.parent or "", label.score) for label in entry.labels or ()],
            entry.labels is not None,
            entry.reason or "",
            -1 if entry.bits is None else entry.bits,
            routed_at,
        )
        for place, entry in enumerate(event.entries)
    ]


EVENTS_TABLE: Final = TopicTable("hash_list_events", tuple(EVENT_COLUMNS), RowReader(EVENT_COLUMNS))
ENTRIES_TABLE: Final = DetailTable("hash_list_entries", ENTRY_COLUMNS, entry_rows)
CHUNKS_TABLE: Final = TopicTable("hash_list_chunks", tuple(CHUNK_COLUMNS), RowReader(CHUNK_COLUMNS), (ENTRIES_TABLE,))
