"""media.fingerprints → the table moderation_events: one row for everything that a moderator or a correction said."""

from __future__ import annotations

from typing import Final

from streams.analytics.rows.extractors import (
    UINT16,
    Extractor,
    optional_number,
    optional_text,
    optional_whole,
    text,
    time_ms,
    tuples,
)
from streams.analytics.rows.reader import KAFKA_COLUMNS, RowReader, kafka
from streams.analytics.rows.table import TopicTable

LABEL_FIELDS: Final = (text("name"), optional_text("parent"), optional_number("score", empty=None))

COLUMNS: Final[dict[str, Extractor]] = {
    "event_id": text("event_id"),
    "event": text("event"),
    "collection": text("collection"),
    "content_id": optional_text("content_id"),
    "media_id": optional_text("media_id"),
    "other_content_id": optional_text("other_content_id"),
    "status": optional_text("status"),
    "labels": tuples("labels", *LABEL_FIELDS),
    "reason": optional_text("reason"),
    "scope": optional_text("scope"),
    "by_kind": text("by.kind"),
    "by_name": text("by.name"),
    "by_version": optional_text("by.version"),
    "call_ms": optional_number("call.duration_ms"),
    "call_attempts": optional_whole("call.attempts", UINT16, empty=0),
    "call_price": optional_number("call.price"),
    "call_currency": optional_text("call.currency"),
    "at": time_ms("at"),
    "routed_at": kafka("timestamp"),
    **KAFKA_COLUMNS,
}

TABLE: Final = TopicTable("moderation_events", tuple(COLUMNS), RowReader(COLUMNS, required=("by",)))
