"""Kafka records → rows of the tables in deploy/clickhouse. Pure: no ClickHouse, no clock; tested without a server.

Whatever stands in a record becomes a row or a BadInput, never an error of the insert: one bad record must not hold up
the batch it came in. Times outside 1900 to 2299, which ClickHouse cannot hold, become the nearest it can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from streams.domain.records import RawRecord
from streams.errors import BadInput, Reason
from streams.topics import DEADLETTERS, DECISIONS, FINGERPRINTS

Row = tuple[Any, ...]
MIN_MS: Final = round(datetime(1900, 1, 1, tzinfo=UTC).timestamp() * 1000)
MAX_MS: Final = round(datetime(2299, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp() * 1000)
MAX_VALUE_HEAD_BYTES: Final = 1024
UINT8, UINT16, UINT32, UINT64 = (1 << 8) - 1, (1 << 16) - 1, (1 << 32) - 1, (1 << 64) - 1
DEAD_LETTER_PREFIX: Final = "dl_"

FACTS_COLUMNS = (
    *("media_kind", "format", "size_bytes", "width", "height", "frames"),
    *("quality", "phash64", "phash256", "hashes"),
)
KAFKA_COLUMNS = ("kafka_topic", "kafka_partition", "kafka_offset")
NO_FACTS: Final[Row] = ("", "", 0, 0, 0, 0, 0.0, 0, bytes(32), {})
NO_MATCH: Final[Row] = ("", "", "", "", 0, 0.0, "")


@dataclass(frozen=True, slots=True)
class Table:
    """Where the records of one topic go; `row` makes one row, in the order of `columns`, or raises BadInput."""

    name: str
    columns: tuple[str, ...]
    row: Callable[[RawRecord], Row]


@dataclass(frozen=True, slots=True)
class Rows:
    """A batch, column by column, and what of it could not be decoded."""

    columns: list[Sequence[Any]]
    accepted: list[RawRecord]
    rejected: list[tuple[RawRecord, BadInput]]


def to_rows(table: Table, records: Sequence[RawRecord]) -> Rows:
    """Decode a batch."""
    rows: list[Row] = []
    accepted: list[RawRecord] = []
    rejected: list[tuple[RawRecord, BadInput]] = []
    for record in records:
        try:
            rows.append(table.row(record))
        except BadInput as error:
            rejected.append((record, error))
        else:
            accepted.append(record)
    return Rows(list(zip(*rows, strict=True)), accepted, rejected)


def decision_row(record: RawRecord) -> Row:
    """One record of media.decisions; when it was decided is the record's own timestamp.

    Raises:
        BadInput: not_json, missing_field or bad_field.
    """
    document = _object(record.value)
    verdict = _part(document, "verdict")
    if verdict is None:
        raise BadInput(Reason.MISSING_FIELD, "field 'verdict' is missing")
    return (
        _uuid(document, "decision_id"),
        _whole(document, "revision", UINT32),
        _text(document, "outcome"),
        _text(document, "action"),
        _text(document, "collection"),
        _text(document, "media_id"),
        _text(document, "submission_id"),
        _whole(document, "attempt", UINT32),
        _text(document, "kind"),
        _optional_text(document, "content_id"),
        *_match_columns(_part(document, "match")),
        _text(verdict, "status"),
        _optional_text(verdict, "by"),
        _optional_text(verdict, "reason"),
        None if verdict.get("at") is None else _moment(verdict, "at"),
        _optional_text(verdict, "inherited_from"),
        *_failure_columns(_part(document, "failure")),
        *_facts_columns(_part(document, "facts")),
        _json_text(document, "metadata"),
        _text_map(document, "versions"),
        _moment(document, "submitted_at"),
        _moment(document, "fingerprinted_at"),
        _kafka_ms(record),
        record.topic,
        record.partition,
        record.offset,
    )


def fingerprint_row(record: RawRecord) -> Row:
    """One record of media.fingerprints.

    Raises:
        BadInput: not_json, missing_field or bad_field.
    """
    document = _object(record.value)
    origin, facts = _part(document, "origin"), _part(document, "facts")
    if origin is None:
        raise BadInput(Reason.MISSING_FIELD, "field 'origin' is missing")
    return (
        _text(document, "submission_id"),
        _whole(document, "attempt", UINT32),
        _text(document, "media_id"),
        _text(document, "collection"),
        _text(document, "kind"),
        _whole(document, "priority", UINT8),
        "" if facts is None else _text(facts, "content_id"),
        *_failure_columns(_part(document, "failure")),
        *_facts_columns(facts),
        _json_text(document, "metadata"),
        _number(document, "fetch_ms"),
        _number(document, "decode_ms"),
        document.get("cached") is True,
        _moment(document, "submitted_at"),
        _moment(document, "fingerprinted_at"),
        _kafka_ms(record),
        _text(origin, "topic"),
        _whole(origin, "partition", UINT32),
        _whole(origin, "offset", UINT64),
        record.topic,
        record.partition,
        record.offset,
    )


def dead_letter_row(record: RawRecord) -> Row:
    """One record of media.deadletters. Never raises BadInput: a letter about a letter would never end.

    What its headers lack or garble is taken from where the letter itself stands; its reason is then `unknown`.
    """
    named: dict[str, str] = {}
    others: list[tuple[str, str | None]] = []
    for name, value in record.headers:
        text = None if value is None else value.decode(errors="backslashreplace")
        if name.startswith(DEAD_LETTER_PREFIX):
            named[name] = text or ""
        else:
            others.append((name.encode(errors="replace").decode(), text))
    value = record.value or b""
    return (
        named.get("dl_origin_topic") or record.topic,
        _whole_of_text(named.get("dl_origin_partition"), UINT32, record.partition),
        _whole_of_text(named.get("dl_origin_offset"), UINT64, record.offset),
        named.get("dl_stage", ""),
        named.get("dl_reason") or "unknown",
        named.get("dl_detail", ""),
        _moment_of_text(named.get("dl_at"), _kafka_ms(record)),
        record.key or b"",
        len(value),
        value[:MAX_VALUE_HEAD_BYTES],
        orjson.dumps(others).decode(),
        _kafka_ms(record),
        record.topic,
        record.partition,
        record.offset,
    )


#: Topic, without the deployment's prefix, to its table.
TABLES: Final[dict[str, Table]] = {
    DECISIONS: Table(
        "decisions",
        (
            *("decision_id", "revision", "outcome", "action", "collection", "media_id", "submission_id", "attempt"),
            *("kind", "content_id"),
            *("match_content_id", "match_media_id", "match_submission_id", "match_method"),
            *("match_distance_bits", "match_similarity", "match_transformation"),
            *("verdict_status", "verdict_by", "verdict_reason", "verdict_at", "verdict_inherited_from"),
            *("failure_reason", "failure_detail"),
            *FACTS_COLUMNS,
            *("metadata", "versions", "submitted_at", "fingerprinted_at", "decided_at"),
            *KAFKA_COLUMNS,
        ),
        decision_row,
    ),
    FINGERPRINTS: Table(
        "fingerprints",
        (
            *("submission_id", "attempt", "media_id", "collection", "kind", "priority", "content_id"),
            *("failure_reason", "failure_detail"),
            *FACTS_COLUMNS,
            *("metadata", "fetch_ms", "decode_ms", "cached", "submitted_at", "fingerprinted_at", "published_at"),
            *("origin_topic", "origin_partition", "origin_offset"),
            *KAFKA_COLUMNS,
        ),
        fingerprint_row,
    ),
    DEADLETTERS: Table(
        "deadletters",
        (
            *("origin_topic", "origin_partition", "origin_offset", "stage", "reason", "detail", "failed_at"),
            *("key", "value_size_bytes", "value_head", "headers", "published_at"),
            *KAFKA_COLUMNS,
        ),
        dead_letter_row,
    ),
}


def _match_columns(match: dict[str, Any] | None) -> Row:
    if match is None:
        return NO_MATCH
    return (
        _text(match, "content_id"),
        _text(match, "media_id"),
        _text(match, "submission_id"),
        _text(match, "method"),
        _whole(match, "distance_bits", UINT16),
        _number(match, "similarity"),
        _text(match, "transformation"),
    )


def _failure_columns(failure: dict[str, Any] | None) -> Row:
    return ("", "") if failure is None else (_text(failure, "reason"), _text(failure, "detail"))


def _facts_columns(facts: dict[str, Any] | None) -> Row:
    if facts is None:
        return NO_FACTS
    hashes = _text_map(facts, "hashes")
    return (
        _text(facts, "kind"),
        _text(facts, "format"),
        _whole(facts, "size_bytes", UINT64),
        _whole(facts, "width", UINT32),
        _whole(facts, "height", UINT32),
        _whole(facts, "frames", UINT32),
        _number(facts, "quality"),
        int.from_bytes(_hash(hashes, "phash64:", 8)),
        _hash(hashes, "phash256:", 32),
        hashes,
    )


def _hash(hashes: dict[str, str], algorithm: str, size_bytes: int) -> bytes:
    """The hash of the highest version of `algorithm:`; zeros where there is none."""
    name = ""
    for each in hashes:
        if each.startswith(algorithm) and (len(each), each) > (len(name), name):
            name = each
    if not name:
        return bytes(size_bytes)
    try:
        value = bytes.fromhex(hashes[name])
    except ValueError:
        value = b""
    if len(value) != size_bytes:
        raise BadInput(Reason.BAD_FIELD, f"field 'hashes': {name} must be {2 * size_bytes} hexadecimal digits")
    return value


def _object(value: bytes | None) -> dict[str, Any]:
    if not value:
        raise BadInput(Reason.NOT_JSON, "the record has no value")
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise BadInput(Reason.NOT_JSON, f"the value is no JSON: {error}") from error
    if type(document) is not dict:
        raise BadInput(Reason.NOT_JSON, f"the value is a JSON {type(document).__name__}, not an object")
    return document


def _part(document: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = document.get(name)
    if value is not None and type(value) is not dict:
        raise BadInput(Reason.BAD_FIELD, f"field '{name}' must be an object")
    return value


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if type(value) is not str:
        raise _wrong(value, name, "a text")
    return value


def _optional_text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if value is None:
        return ""
    if type(value) is not str:
        raise _wrong(value, name, "a text")
    return value


def _whole(document: dict[str, Any], name: str, most: int) -> int:
    value = document.get(name)
    if type(value) is not int or not 0 <= value <= most:
        raise _wrong(value, name, f"a whole number from 0 to {most}")
    return value


def _number(document: dict[str, Any], name: str) -> float:
    value = document.get(name)
    if type(value) is not float and type(value) is not int:
        raise _wrong(value, name, "a number")
    return float(value) if abs(value) < 3e38 else 0.0  # Float32 has no room for more


def _moment(document: dict[str, Any], name: str) -> int:
    value = document.get(name)
    try:
        moment = datetime.fromisoformat(value) if type(value) is str else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _wrong(value, name, "an RFC 3339 time with its zone")
    return min(max(round(moment.timestamp() * 1000), MIN_MS), MAX_MS)


def _uuid(document: dict[str, Any], name: str) -> int:
    value = _text(document, name)
    try:
        number = int(value.replace("-", ""), 16) if len(value) == 36 and value.isascii() else -1
    except ValueError:
        number = -1
    if not 0 < number < 1 << 128:
        raise BadInput(Reason.BAD_FIELD, f"field '{name}' must be a UUID")
    return number


def _json_text(document: dict[str, Any], name: str) -> str:
    value = _part(document, name)
    return orjson.dumps(value).decode() if value else "{}"


def _text_map(document: dict[str, Any], name: str) -> dict[str, str]:
    value = _part(document, name)
    if value is None:
        raise BadInput(Reason.MISSING_FIELD, f"field '{name}' is missing")
    for each in value.values():
        if type(each) is not str:
            raise BadInput(Reason.BAD_FIELD, f"field '{name}' must hold texts only")
    return value


def _wrong(value: object, name: str, wanted: str) -> BadInput:
    if value is None:
        return BadInput(Reason.MISSING_FIELD, f"field '{name}' is missing")
    return BadInput(Reason.BAD_FIELD, f"field '{name}' must be {wanted}")


def _kafka_ms(record: RawRecord) -> int:
    """-1 stands for no timestamp in Kafka."""
    return min(max(record.timestamp, 0), MAX_MS)


def _whole_of_text(text: str | None, most: int, otherwise: int) -> int:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 20 or int(text) > most:
        return otherwise
    return int(text)


def _moment_of_text(text: str | None, otherwise_ms: int) -> int:
    try:
        return _moment({"dl_at": text}, "dl_at")
    except BadInput:
        return otherwise_ms
