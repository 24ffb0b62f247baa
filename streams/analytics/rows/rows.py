"""Kafka records → rows of the tables in deploy/clickhouse. Pure: no ClickHouse, no clock; tested without a server.

Whatever stands in a record becomes a row or a BadInput, never an error of the insert: one bad record must not hold up
the batch it came in. Times outside 1900 to 2299, which ClickHouse cannot hold, become the nearest it can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from streams.analytics.rows import fields, frames
from streams.analytics.rows.fields import MAX_MS
from streams.domain.records import RawRecord
from streams.errors import BadInput, Reason
from streams.kafka.topics import DEAD_LETTERS, DECISIONS, FINGERPRINTS

Row = tuple[Any, ...]
MAX_VALUE_HEAD_BYTES: Final = 1024
UINT8, UINT16, UINT32, UINT64 = (1 << 8) - 1, (1 << 16) - 1, (1 << 32) - 1, (1 << 64) - 1
DEAD_LETTER_PREFIX: Final = "dl_"

FACTS_COLUMNS = (
    *("media_kind", "format", "size_bytes", "width", "height", "frames", "duration_s", "codec", "frame_rate"),
    *("quality", "phash64", "phash256", "hashes"),
)
SEGMENT_FIELDS: Final = ("from_s", "to_s", "known_from_s", "known_to_s", "speed")
KAFKA_COLUMNS = ("kafka_topic", "kafka_partition", "kafka_offset")
NO_VIDEO: Final[Row] = (0.0, "", 0.0)
NO_FACTS: Final[Row] = ("", "", 0, 0, 0, 0, *NO_VIDEO, 0.0, 0, bytes(32), {})
NO_MATCH: Final[Row] = ("", "", "", "", "", "", 0, 0, None, None, 0.0, "", "", "", "", 0.0, 0.0, [], "")


@dataclass(frozen=True, slots=True)
class Parts:
    """Where what is in the records of one topic goes besides; `rows` makes any number of rows of one record."""

    name: str
    columns: tuple[str, ...]
    rows: Callable[[RawRecord], list[Row]]


@dataclass(frozen=True, slots=True)
class Table:
    """Where the records of one topic go; `row` makes one row, in the order of `columns`, or raises BadInput."""

    name: str
    columns: tuple[str, ...]
    row: Callable[[RawRecord], Row]
    parts: Parts | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """A batch, column by column, and what of it could not be decoded; `parts` are the columns of `Table.parts`."""

    columns: list[Sequence[Any]]
    parts: list[Sequence[Any]]
    accepted: list[RawRecord]
    rejected: list[tuple[RawRecord, BadInput]]


def to_rows(table: Table, records: Sequence[RawRecord]) -> Rows:
    """Decode a batch."""
    rows: list[Row] = []
    parts: list[Row] = []
    accepted: list[RawRecord] = []
    rejected: list[tuple[RawRecord, BadInput]] = []
    for record in records:
        try:
            row, further = table.row(record), table.parts.rows(record) if table.parts else []
        except BadInput as error:
            rejected.append((record, error))
        else:
            rows.append(row)
            parts += further
            accepted.append(record)
    return Rows(list(zip(*rows, strict=True)), list(zip(*parts, strict=True)), accepted, rejected)


def decision_row(record: RawRecord) -> Row:
    """One record of media.decisions; when it was decided is the record's own timestamp.

    Raises:
        BadInput: not_json, missing_field or bad_field.
    """
    document = fields.json_object(record.value)
    verdict = fields.part(document, "verdict")
    if verdict is None:
        raise BadInput(Reason.MISSING_FIELD, "field 'verdict' is missing")
    return (
        fields.uuid(document, "decision_id"),
        fields.whole(document, "revision", UINT32),
        fields.text(document, "outcome"),
        fields.text(document, "action"),
        fields.text(document, "collection"),
        fields.text(document, "media_id"),
        fields.text(document, "submission_id"),
        fields.whole(document, "attempt", UINT32),
        fields.text(document, "kind"),
        fields.optional_text(document, "content_id"),
        *_match_columns(fields.part(document, "match")),
        fields.text(verdict, "status"),
        fields.optional_text(verdict, "by"),
        fields.optional_text(verdict, "reason"),
        None if verdict.get("at") is None else fields.moment(verdict, "at"),
        fields.optional_text(verdict, "inherited_from"),
        *_failure_columns(fields.part(document, "failure")),
        *_facts_columns(fields.part(document, "facts")),
        fields.json_text(document, "metadata"),
        fields.text_map(document, "versions"),
        [_appearance(each) for each in fields.parts(document, "appears_in")],
        fields.moment(document, "submitted_at"),
        fields.moment(document, "fingerprinted_at"),
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
    document = fields.json_object(record.value)
    origin, facts = fields.part(document, "origin"), fields.part(document, "facts")
    if origin is None:
        raise BadInput(Reason.MISSING_FIELD, "field 'origin' is missing")
    return (
        fields.text(document, "submission_id"),
        fields.whole(document, "attempt", UINT32),
        fields.text(document, "media_id"),
        fields.text(document, "collection"),
        fields.text(document, "kind"),
        fields.whole(document, "priority", UINT8),
        "" if facts is None else fields.text(facts, "content_id"),
        *_failure_columns(fields.part(document, "failure")),
        *_facts_columns(facts),
        fields.json_text(document, "metadata"),
        fields.number(document, "fetch_ms"),
        fields.number(document, "decode_ms"),
        document.get("cached") is True,
        fields.moment(document, "submitted_at"),
        fields.moment(document, "fingerprinted_at"),
        _kafka_ms(record),
        fields.text(origin, "topic"),
        fields.whole(origin, "partition", UINT32),
        fields.whole(origin, "offset", UINT64),
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
        fields.whole_of_text(named.get("dl_origin_partition"), UINT32, record.partition),
        fields.whole_of_text(named.get("dl_origin_offset"), UINT64, record.offset),
        named.get("dl_stage", ""),
        named.get("dl_reason") or "unknown",
        named.get("dl_detail", ""),
        fields.moment_of_text(named.get("dl_at"), _kafka_ms(record)),
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
            *("match_content_id", "match_media_id", "match_submission_id"),
            *("match_group_content_id", "match_group_media_id", "match_method"),
            *("match_distance_bits", "match_threshold_bits"),
            *("match_candidate_distance_bits", "match_candidate_threshold_bits"),
            *("match_similarity", "match_transformation", "match_view", "match_known_view"),
            *("match_relation", "match_share", "match_known_share", "match_segments", "match_explanation"),
            *("verdict_status", "verdict_by", "verdict_reason", "verdict_at", "verdict_inherited_from"),
            *("failure_reason", "failure_detail"),
            *FACTS_COLUMNS,
            *("metadata", "versions", "appears_in", "submitted_at", "fingerprinted_at", "decided_at"),
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
        Parts(frames.TABLE, frames.COLUMNS, frames.frame_rows),
    ),
    DEAD_LETTERS: Table(
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
    """Decisions from before near duplicates were found know no groups, thresholds and views; later ones, no videos."""
    if match is None:
        return NO_MATCH
    return (
        fields.text(match, "content_id"),
        fields.text(match, "media_id"),
        fields.text(match, "submission_id"),
        fields.optional_text(match, "group_content_id"),
        fields.optional_text(match, "group_media_id"),
        fields.text(match, "method"),
        fields.whole(match, "distance_bits", UINT16),
        fields.optional_whole(match, "threshold_bits", UINT16) or 0,
        fields.optional_whole(match, "candidate_distance_bits", UINT16),
        fields.optional_whole(match, "candidate_threshold_bits", UINT16),
        fields.number(match, "similarity"),
        fields.text(match, "transformation"),
        fields.optional_text(match, "view"),
        fields.optional_text(match, "known_view"),
        fields.optional_text(match, "relation"),
        fields.optional_number(match, "share"),
        fields.optional_number(match, "known_share"),
        [tuple(fields.number(each, name) for name in SEGMENT_FIELDS) for each in fields.parts(match, "segments")],
        fields.optional_text(match, "explanation"),
    )


def _failure_columns(failure: dict[str, Any] | None) -> Row:
    return ("", "") if failure is None else (fields.text(failure, "reason"), fields.text(failure, "detail"))


def _facts_columns(facts: dict[str, Any] | None) -> Row:
    if facts is None:
        return NO_FACTS
    hashes = fields.text_map(facts, "hashes")
    # No column has views and frames, which are most of a record's bytes; 004 and 005 in deploy/clickhouse say why.
    hashes = {name: value for name, value in hashes.items() if not name.startswith(("views:", "frames:"))}
    return (
        fields.text(facts, "kind"),
        fields.text(facts, "format"),
        fields.whole(facts, "size_bytes", UINT64),
        fields.whole(facts, "width", UINT32),
        fields.whole(facts, "height", UINT32),
        fields.whole(facts, "frames", UINT32),
        *_video_columns(fields.part(facts, "video")),
        fields.number(facts, "quality"),
        int.from_bytes(_hash(hashes, "phash64:", 8)),
        _hash(hashes, "phash256:", 32),
        hashes,
    )


def _video_columns(video: dict[str, Any] | None) -> Row:
    if video is None:
        return NO_VIDEO
    return fields.number(video, "duration_s"), fields.text(video, "codec"), fields.number(video, "frame_rate")


def _appearance(appearance: dict[str, Any]) -> Row:
    return (
        fields.text(appearance, "content_id"),
        fields.text(appearance, "media_id"),
        fields.text(appearance, "kind"),
        fields.number(appearance, "at_s"),
        fields.whole(appearance, "distance_bits", UINT16),
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


def _kafka_ms(record: RawRecord) -> int:
    """-1 stands for no timestamp in Kafka."""
    return min(max(record.timestamp, 0), MAX_MS)
