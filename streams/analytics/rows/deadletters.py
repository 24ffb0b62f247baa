"""media.deadletters → the table deadletters, and media.deadletters.acts → the table deadletter_acts.

A dead letter is never rejected, for that would make another dead letter, and so on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import orjson

from streams.analytics.rows.extractors import (
    UINT32,
    UINT64,
    Extractor,
    Row,
    optional_text,
    optional_whole,
    parse_time_ms,
    record_time_ms,
    text,
    time_ms,
    whole,
)
from streams.analytics.rows.reader import KAFKA_COLUMNS, RowReader, kafka
from streams.analytics.rows.table import TopicTable
from streams.domain.records import RawRecord
from streams.domain.records.dead_letter import DeadLetter, DeadLetterAct
from streams.domain.records.submission import salvage_job_id

MAX_VALUE_HEAD_BYTES: Final = 1024


class LetterParts(NamedTuple):
    """A dead letter, its media id and collection, and the time of its record."""

    letter: DeadLetter
    identity: tuple[str | None, str]
    published_ms: int


COLUMNS: Final[dict[str, Callable[[LetterParts], Any]]] = {
    "origin_topic": lambda parts: parts.letter.letter_id.origin_topic,
    "origin_partition": lambda parts: parts.letter.letter_id.origin_partition,
    "origin_offset": lambda parts: parts.letter.letter_id.origin_offset,
    "stage": lambda parts: parts.letter.letter_id.stage,
    "collection": lambda parts: parts.identity[1],
    "media_id": lambda parts: parts.identity[0] or "",
    "job_id": lambda parts: salvage_job_id(parts.letter.value, parts.letter.headers) or "",
    "reason": lambda parts: parts.letter.reason,
    "detail": lambda parts: parts.letter.detail,
    "failed_at": lambda parts: _failed_ms(parts),
    "key": lambda parts: parts.letter.key or b"",
    "value_size_bytes": lambda parts: parts.letter.size_bytes,
    "value_head": lambda parts: (parts.letter.value or b"")[:MAX_VALUE_HEAD_BYTES],
    "headers": lambda parts: _headers_json(parts.letter),
    "published_at": lambda parts: parts.published_ms,
    "kafka_topic": lambda parts: parts.letter.place.topic,
    "kafka_partition": lambda parts: parts.letter.place.partition,
    "kafka_offset": lambda parts: parts.letter.place.offset,
}

ACT_COLUMNS: Final[dict[str, Extractor]] = {
    "origin_topic": text("origin_topic"),
    "origin_partition": whole("origin_partition", UINT32),
    "origin_offset": whole("origin_offset", UINT64),
    "stage": text("stage"),
    "act": text("act"),
    "replays": whole("replays", UINT32),
    "letter_topic": text("letter.topic"),
    "letter_partition": whole("letter.partition", UINT32),
    "letter_offset": whole("letter.offset", UINT64),
    "reason": text("reason"),
    "acted_by": text("by"),
    "note": text("note"),
    "acted_at": time_ms("at"),
    "replayed_topic": optional_text("replayed.topic"),
    "replayed_partition": optional_whole("replayed.partition", UINT32, empty=0),
    "replayed_offset": optional_whole("replayed.offset", UINT64, empty=0),
    "published_at": kafka("timestamp"),
    **KAFKA_COLUMNS,
}

_read_act = RowReader(ACT_COLUMNS)


def dead_letter_row(record: RawRecord) -> Row:
    """One record of media.deadletters; never raises BadInput."""
    letter = DeadLetter.of(record)
    parts = LetterParts(letter, letter.identity(), record_time_ms(record))
    return tuple([read(parts) for read in COLUMNS.values()])


def act_row(record: RawRecord) -> Row:
    """One record of media.deadletters.acts.

    Raises:
        BadInput: a field is missing or wrong.
    """
    DeadLetterAct.from_json(record.value)
    return _read_act(record)


def _failed_ms(parts: LetterParts) -> int:
    time = parse_time_ms(parts.letter.failed_at)
    return parts.published_ms if time is None else time


def _headers_json(letter: DeadLetter) -> str:
    """Names and values as texts; bytes that are not UTF-8 are spelled out."""
    headers = [
        (name.encode(errors="replace").decode(), None if value is None else value.decode(errors="backslashreplace"))
        for name, value in letter.headers
    ]
    return orjson.dumps(headers).decode()


TABLE: Final = TopicTable("deadletters", tuple(COLUMNS), dead_letter_row)
ACTS_TABLE: Final = TopicTable("deadletter_acts", tuple(ACT_COLUMNS), act_row)
