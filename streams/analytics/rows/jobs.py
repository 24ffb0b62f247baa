"""media.jobs → the table jobs; and of media.decisions, what a job needs → the table job_decisions."""

from __future__ import annotations

from typing import Final

from streams.analytics.rows.extractors import (
    UINT32,
    UINT64,
    Extractor,
    Row,
    optional_text,
    optional_time_ms,
    optional_whole,
    text,
    time_ms,
    whole,
)
from streams.analytics.rows.reader import KAFKA_COLUMNS, RowReader, kafka
from streams.analytics.rows.table import DetailTable, TopicTable
from streams.domain.records import Job, RawRecord, parse_json_object

JOB_COLUMNS: Final[dict[str, Extractor]] = {
    "job_id": text("job_id"),
    "name": text("name"),
    "collection": text("collection"),
    "lane": text("lane"),
    "expected": optional_whole("expected", UINT64),
    "started_at": time_ms("started_at"),
    "state": text("state"),
    "closed_at": optional_time_ms("closed_at"),
    "published_by": optional_text("by"),
    "published_at": kafka("timestamp"),
    **KAFKA_COLUMNS,
}

DECISION_COLUMNS: Final[dict[str, Extractor]] = {
    "job_id": text("job_id"),
    "collection": text("collection"),
    "submission_id": text("submission_id"),
    "attempt": whole("attempt", UINT32),
    "media_id": text("media_id"),
    "content_id": optional_text("content_id"),
    "outcome": text("outcome"),
    "action": text("action"),
    "failure_reason": text("failure.reason"),
    "failure_detail": text("failure.detail"),
    "size_bytes": whole("facts.size_bytes", UINT64),
    "submitted_at": time_ms("submitted_at"),
    "decided_at": kafka("timestamp"),
    **KAFKA_COLUMNS,
}

_read_job, _read_decision = RowReader(JOB_COLUMNS), RowReader(DECISION_COLUMNS)
_JOB_FIELD: Final = b'"job_id":"'
_FIRST_REVISION: Final = b'"revision":0,'


def job_row(record: RawRecord) -> Row:
    """One record of media.jobs.

    Raises:
        BadInput: a field is missing or wrong.
    """
    Job.from_json(record.value)
    return _read_job(record)


def decision_rows(record: RawRecord) -> list[Row]:
    """One row if a decision is the first about a submission of a job, else none: later verdicts change no job.

    Raises:
        BadInput: not_json, missing_field or bad_field.
    """
    value = record.value or b""
    if _JOB_FIELD not in value or _FIRST_REVISION not in value:
        return []
    document = parse_json_object(value)
    if type(document.get("job_id")) is not str or document.get("revision") != 0:  # the bytes are of its metadata
        return []
    return [_read_decision(record)]


TABLE: Final = TopicTable("jobs", tuple(JOB_COLUMNS), job_row)
DECISIONS_TABLE: Final = DetailTable("job_decisions", tuple(DECISION_COLUMNS), decision_rows)
