"""Jobs: announce one, close it, and see how far it is. ClickHouse answers; media.jobs has what publishers said."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.jobs import (
    JobFailure,
    JobFailureTotal,
    JobRow,
    job_failures,
    job_failures_by_reason,
    job_id_named,
    jobs_of,
    latest_job_ids,
)
from streams.config.settings import Settings
from streams.domain.records import Job, Lane, format_timestamp
from streams.domain.records.job import JobState, new_job_id
from streams.kafka.publisher import publish_record
from streams.kafka.topics import JOBS

EVENT_TYPE: Final = b"mediasieve.job.v1"
SOURCE: Final = b"/mediasieve/jobs"

#: How a job stands: its publisher publishes, some of its submissions have no decision, all have, or it was cancelled.
Progress = Literal["publishing", "deciding", "done", "cancelled"]


@dataclass(frozen=True, slots=True)
class JobReport:
    """How a job stands.

    Attributes:
        job_id: of its submissions.
        name: for people; the job id where nobody announced the job.
        collection: of its submissions.
        lane: in which they were published; empty where nobody announced the job.
        progress: how it stands.
        expected: how many submissions it has, or will have; None where nobody knows.
        decided: submissions with a decision, and those refused.
        refused: records without a media id: they have a dead letter and get no decision.
        unique, duplicate, near_duplicate, failed: decisions by outcome.
        for_review: decisions whose action is review.
        replayed: submissions that were decided again after a replay of their dead letter.
        size_bytes: of the media that were decided.
        started_at: when its publisher began, or its first submission was decided.
        closed_at: when all was published.
        last_decided_at: None while nothing is decided.
        per_second: decisions a second over the last minute of its decisions.
        left_s: how long the rest takes at this rate; None where nobody knows, 0 once it is done.
        published_by: who published it.
    """

    job_id: str
    name: str
    collection: str
    lane: str
    progress: Progress
    expected: int | None
    decided: int
    refused: int
    unique: int
    duplicate: int
    near_duplicate: int
    failed: int
    for_review: int
    replayed: int
    size_bytes: int
    started_at: datetime | None
    closed_at: datetime | None
    last_decided_at: datetime | None
    per_second: float
    left_s: float | None
    published_by: str


@dataclass(frozen=True, slots=True)
class JobDetail:
    """A job, and why some of its submissions failed."""

    report: JobReport
    failures: tuple[JobFailureTotal, ...]


def announce_job(
    settings: Settings, name: str, collection: str, lane: Lane, *, expected: int | None, by: str | None
) -> Job:
    """Say that a job begins; its submissions carry the id of the job that this returns.

    Args:
        settings: name the broker.
        name: for people, up to 256 characters.
        collection: of its submissions.
        lane: in which they will be published.
        expected: how many there will be; None if nobody knows yet.
        by: who publishes it.

    Raises:
        BadInput: the name is too long.
        BrokerError: the broker is away, or has no topic media.jobs.
    """
    return _publish(settings, Job(new_job_id(name), name, collection, lane, expected, _now(), by=by))


def close_job(settings: Settings, job: Job, expected: int, *, state: JobState = "closed") -> Job:
    """Announce that a job is complete, with `expected` submissions. `state` is `cancelled` if not all were published.

    Raises:
        BrokerError: the broker is away, or has no topic media.jobs.
    """
    return _publish(settings, replace(job, expected=expected, state=state, closed_at=_now()))


def list_jobs(
    client: Client, *, only_open: bool = False, collection: str = "", limit: int = 20
) -> tuple[JobReport, ...]:
    """The jobs that began last, the latest first; an empty collection is any.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    state = "open" if only_open else ""
    job_ids = latest_job_ids(client, state=state, collection=collection, limit=limit)
    return tuple(report_of(row) for row in jobs_of(client, job_ids, collection))


def show_job(client: Client, name: str) -> JobDetail | None:
    """The job with this id, else the latest with this name; None if ClickHouse knows none.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    job_id = job_id_named(client, name)
    if job_id is None:
        return None
    (row,) = jobs_of(client, (job_id,))
    return JobDetail(report_of(row), job_failures_by_reason(client, job_id))


def job_of_collection(client: Client, job_id: str, collection: str) -> JobDetail | None:
    """What a collection has of the job with this id; None if it has nothing.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    (row,) = jobs_of(client, (job_id,), collection)
    if not row.state and row.collection != collection and not row.refused:
        return None
    return JobDetail(report_of(row), job_failures_by_reason(client, job_id, collection))


def failures_of(client: Client, job_id: str, *, reason: str = "", collection: str = "") -> Iterator[JobFailure]:
    """The failed submissions of a job, those with one reason or of one collection only; reads a page at a time.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    return job_failures(client, job_id, reason=reason, collection=collection)


def announced_job(row: JobReport) -> Job:
    """What the publisher of a job said last, as ClickHouse knows it."""
    started = row.started_at
    return Job(
        row.job_id,
        row.name,
        row.collection or "default",
        "bulk" if row.lane == "bulk" else "live",
        row.expected,
        _now() if started is None else format_timestamp(round(started.timestamp() * 1000)),
        by=row.published_by or None,
    )


def report_of(row: JobRow) -> JobReport:
    """How a job stands. Pure."""
    decided = row.unique + row.duplicate + row.near_duplicate + row.failed + row.refused
    per_second = row.recent / row.recent_s if row.recent > 1 and row.recent_s > 0 else 0.0
    progress = _progress(row, decided)
    left_s: float | None = None
    if progress == "done":
        left_s = 0.0
    elif row.expected is not None and per_second > 0:
        left_s = max(0, row.expected - decided) / per_second
    return JobReport(
        job_id=row.job_id,
        name=row.name or row.job_id,
        collection=row.collection,
        lane=row.lane,
        progress=progress,
        expected=row.expected,
        decided=decided,
        refused=row.refused,
        unique=row.unique,
        duplicate=row.duplicate,
        near_duplicate=row.near_duplicate,
        failed=row.failed,
        for_review=row.for_review,
        replayed=row.replayed,
        size_bytes=row.size_bytes,
        started_at=row.started_at or row.first_decided_at,
        closed_at=row.closed_at,
        last_decided_at=row.last_decided_at,
        per_second=per_second,
        left_s=left_s,
        published_by=row.published_by,
    )


def finishes_at(report: JobReport, now: datetime) -> datetime | None:
    """When a job will be done at its rate; None where nobody knows."""
    return None if report.left_s is None else now + timedelta(seconds=report.left_s)


def _progress(row: JobRow, decided: int) -> Progress:
    if row.state == "cancelled":
        return "cancelled"
    if row.state == "closed":
        return "done" if decided >= (row.expected or 0) else "deciding"
    return "publishing"


def _publish(settings: Settings, job: Job) -> Job:
    job = Job.from_json(job.to_json())  # checked as its readers check it
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{job.job_id}/{job.state}/{time.time_ns()}".encode()),
        ("ce_type", EVENT_TYPE),
        ("ce_source", SOURCE),
        ("ce_subject", job.job_id.encode()),
        ("content-type", b"application/json"),
    ]
    publish_record(settings, JOBS, job.job_id.encode(), job.to_json(), headers)
    return job


def _now() -> str:
    return format_timestamp(time.time_ns() // 1_000_000)
