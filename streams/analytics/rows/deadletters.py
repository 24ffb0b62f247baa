"""media.deadletters → the table deadletters.

A dead letter is never rejected, for that would make another dead letter, and so on. What its headers lack or garble is
taken from the dead letter's own position; its reason is then `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import orjson

from streams.analytics.rows.extractors import UINT32, UINT64, Row, parse_time_ms, record_time_ms
from streams.analytics.rows.table import TopicTable
from streams.domain.records import RawRecord

HEADER_PREFIX: Final = "dl_"
MAX_VALUE_HEAD_BYTES: Final = 1024
MAX_DIGITS: Final = 20
UNKNOWN_REASON: Final = "unknown"


class DeadLetterParts(NamedTuple):
    """A dead letter's record, its `dl_*` headers, and the headers of the record that failed."""

    record: RawRecord
    origin: dict[str, str]
    headers: list[tuple[str, str | None]]


COLUMNS: Final[dict[str, Callable[[DeadLetterParts], Any]]] = {
    "origin_topic": lambda letter: letter.origin.get("dl_origin_topic") or letter.record.topic,
    "origin_partition": lambda letter: _whole(letter, "dl_origin_partition", UINT32, letter.record.partition),
    "origin_offset": lambda letter: _whole(letter, "dl_origin_offset", UINT64, letter.record.offset),
    "stage": lambda letter: letter.origin.get("dl_stage", ""),
    "reason": lambda letter: letter.origin.get("dl_reason") or UNKNOWN_REASON,
    "detail": lambda letter: letter.origin.get("dl_detail", ""),
    "failed_at": lambda letter: _time_ms(letter, "dl_at", record_time_ms(letter.record)),
    "key": lambda letter: letter.record.key or b"",
    "value_size_bytes": lambda letter: len(letter.record.value or b""),
    "value_head": lambda letter: (letter.record.value or b"")[:MAX_VALUE_HEAD_BYTES],
    "headers": lambda letter: orjson.dumps(letter.headers).decode(),
    "published_at": lambda letter: record_time_ms(letter.record),
    "kafka_topic": lambda letter: letter.record.topic,
    "kafka_partition": lambda letter: letter.record.partition,
    "kafka_offset": lambda letter: letter.record.offset,
}


def dead_letter_row(record: RawRecord) -> Row:
    """One record of media.deadletters; never raises BadInput."""
    letter = DeadLetterParts(record, {}, [])
    for name, value in record.headers:
        text = None if value is None else value.decode(errors="backslashreplace")
        if name.startswith(HEADER_PREFIX):
            letter.origin[name] = text or ""
        else:
            letter.headers.append((name.encode(errors="replace").decode(), text))
    return tuple([read(letter) for read in COLUMNS.values()])


def _whole(letter: DeadLetterParts, header: str, largest: int, default: int) -> int:
    text = letter.origin.get(header)
    if text is None or not text.isascii() or not text.isdigit() or len(text) > MAX_DIGITS or int(text) > largest:
        return default
    return int(text)


def _time_ms(letter: DeadLetterParts, header: str, default: int) -> int:
    time = parse_time_ms(letter.origin.get(header))
    return default if time is None else time


TABLE: Final = TopicTable("deadletters", tuple(COLUMNS), dead_letter_row)
