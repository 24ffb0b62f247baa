"""Jobs: how far they are, how fast, what came out, and which of their submissions failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import IN_COLLECTION, select

RATE_WINDOW_S: Final = 60
PAGE_ROWS: Final = 5_000


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job and the totals of its decisions. A job that nobody announced has an empty `state`.

    `refused` counts its records without a media id, which get a dead letter and no decision. `recent` counts the
    decisions of the last `recent_s` seconds before the latest decision.
    """

    job_id: str
    name: str
    collection: str
    lane: str
    expected: int | None
    started_at: datetime | None
    state: str
    closed_at: datetime | None
    published_by: str
    unique: int
    duplicate: int
    near_duplicate: int
    failed: int
    for_review: int
    replayed: int
    refused: int
    size_bytes: int
    first_decided_at: datetime | None
    last_decided_at: datetime | None
    recent: int
    recent_s: float


@dataclass(frozen=True, slots=True)
class JobFailureTotal:
    """The failed submissions of a job with one reason; `last_*` are of the latest."""

    reason: str
    submissions: int
    last_at: datetime
    last_media_id: str
    last_detail: str


@dataclass(frozen=True, slots=True)
class JobFailure:
    """One failed submission of a job."""

    collection: str
    submission_id: str
    attempt: int
    media_id: str
    reason: str
    detail: str
    submitted_at: datetime
    decided_at: datetime


JOBS: Final = f"""
    WITH decided AS
    (
        SELECT
            job_id,
            any(collection) AS decided_collection,
            countIf(outcome = 'unique') AS unique,
            countIf(outcome = 'duplicate') AS duplicate,
            countIf(outcome = 'near_duplicate') AS near_duplicate,
            countIf(outcome = 'failed') AS failed,
            countIf(action = 'review') AS for_review,
            countIf(attempt > 0) AS replayed,
            sum(size_bytes) AS size_bytes,
            min(decided_at) AS first_decided_at,
            max(decided_at) AS last_decided_at
        FROM job_decisions_once
        WHERE job_id IN {{job_ids:Array(String)}} AND {IN_COLLECTION}
        GROUP BY job_id
    ),
    recently AS
    (
        SELECT job_id, count() AS recent
        FROM job_decisions_once
        INNER JOIN decided USING (job_id)
        WHERE job_id IN {{job_ids:Array(String)}} AND {IN_COLLECTION}
            AND decided_at > decided.last_decided_at - INTERVAL {RATE_WINDOW_S} SECOND
        GROUP BY job_id
    ),
    refused AS
    (
        SELECT job_id, count() AS refused
        FROM deadletters_once
        WHERE job_id IN {{job_ids:Array(String)}} AND {IN_COLLECTION}
            AND media_id = '' AND stage IN ('fingerprint', 'bulk')
        GROUP BY job_id
    )
    SELECT
        ids.job_id AS job_id,
        jobs_once.name AS name,
        if(jobs_once.collection = '', decided_collection, jobs_once.collection) AS collection,
        jobs_once.lane AS lane,
        jobs_once.expected AS expected,
        if(jobs_once.state = '', NULL, jobs_once.started_at) AS started_at,
        jobs_once.state AS state,
        jobs_once.closed_at AS closed_at,
        jobs_once.published_by AS published_by,
        decided.unique AS unique,
        decided.duplicate AS duplicate,
        decided.near_duplicate AS near_duplicate,
        decided.failed AS failed,
        decided.for_review AS for_review,
        decided.replayed AS replayed,
        refused.refused AS refused,
        decided.size_bytes AS size_bytes,
        if(decided.job_id = '', NULL, decided.first_decided_at) AS first_decided_at,
        if(decided.job_id = '', NULL, decided.last_decided_at) AS last_decided_at,
        recently.recent AS recent,
        least(
            {RATE_WINDOW_S},
            (toUnixTimestamp64Milli(decided.last_decided_at) - toUnixTimestamp64Milli(decided.first_decided_at)) / 1000
        ) AS recent_s
    FROM (SELECT arrayJoin({{job_ids:Array(String)}}) AS job_id) AS ids
    LEFT JOIN (SELECT * FROM jobs_once WHERE {IN_COLLECTION}) AS jobs_once
        ON jobs_once.job_id = ids.job_id
    LEFT JOIN decided ON decided.job_id = ids.job_id
    LEFT JOIN recently ON recently.job_id = ids.job_id
    LEFT JOIN refused ON refused.job_id = ids.job_id
"""  # noqa: S608 - a constant

LATEST_JOBS: Final = """
    SELECT job_id
    FROM
    (
        SELECT job_id, max(started_at) AS at FROM jobs_once
        WHERE ({state:String} = '' OR state = {state:String})
        AND ({collection:String} = '' OR collection = {collection:String})
        GROUP BY job_id
        UNION ALL
        SELECT job_id, min(submitted_at) AS at FROM job_decisions
        WHERE {state:String} = ''
        AND ({collection:String} = '' OR collection = {collection:String})
            AND job_id NOT IN (SELECT job_id FROM jobs)
        GROUP BY job_id
    )
    ORDER BY at DESC, job_id
    LIMIT {limit:UInt32}
"""

JOB_NAMED: Final = """
    SELECT job_id
    FROM
    (
        SELECT job_id, started_at AS at, job_id = {name:String} AS exact
        FROM jobs_once WHERE job_id = {name:String} OR name = {name:String}
        UNION ALL
        SELECT job_id, min(submitted_at) AS at, true AS exact
        FROM job_decisions WHERE job_id = {name:String} GROUP BY job_id
    )
    ORDER BY exact DESC, at DESC
    LIMIT 1
"""

FAILURES_BY_REASON: Final = """
    SELECT
        failure_reason AS reason,
        count() AS submissions,
        max(decided_at) AS last_at,
        argMax(media_id, decided_at) AS last_media_id,
        argMax(failure_detail, decided_at) AS last_detail
    FROM job_decisions_once
    WHERE job_id = {job_id:String} AND outcome = 'failed'
        AND ({collection:String} = '' OR collection = {collection:String})
    GROUP BY reason
    ORDER BY submissions DESC, reason
"""

FAILURES: Final = """
    SELECT
        collection, submission_id, attempt, media_id, failure_reason AS reason, failure_detail AS detail, submitted_at,
        decided_at
    FROM job_decisions_once
    WHERE job_id = {job_id:String} AND outcome = 'failed'
        AND ({collection:String} = '' OR collection = {collection:String})
        AND ({reason:String} = '' OR failure_reason = {reason:String})
        AND (collection, submission_id) > ({after_collection:String}, {after_submission:String})
    ORDER BY collection, submission_id
    LIMIT {limit:UInt32}
"""


@dataclass(frozen=True, slots=True)
class _IdRow:
    job_id: str


def jobs_of(client: Client, job_ids: Sequence[str], collection: str = "") -> tuple[JobRow, ...]:
    """The jobs with the given ids, in the order given; an id that nobody uses has a row of zeros.

    Only what `collection` has of them, if it is not empty: two collections may use one id.
    """
    if not job_ids:
        return ()
    rows = {
        row.job_id: row for row in select(client, JobRow, JOBS, {"job_ids": list(job_ids), "collection": collection})
    }
    return tuple(rows[job_id] for job_id in job_ids)


def latest_job_ids(client: Client, *, state: str = "", collection: str = "", limit: int = 20) -> tuple[str, ...]:
    """The jobs that began last, the latest first; `state` is that of their publishers. Empty texts are for any."""
    parameters = {"state": state, "collection": collection, "limit": limit}
    return tuple(row.job_id for row in select(client, _IdRow, LATEST_JOBS, parameters))


def job_id_named(client: Client, name: str) -> str | None:
    """The job with this id, else the latest with this name; None if there is none."""
    rows = select(client, _IdRow, JOB_NAMED, {"name": name})
    return rows[0].job_id if rows else None


def job_failures_by_reason(client: Client, job_id: str, collection: str = "") -> tuple[JobFailureTotal, ...]:
    """Why submissions of a job failed, the most frequent reason first; an empty collection is any."""
    return select(client, JobFailureTotal, FAILURES_BY_REASON, {"job_id": job_id, "collection": collection})


def job_failures(client: Client, job_id: str, *, reason: str = "", collection: str = "") -> Iterator[JobFailure]:
    """The failed submissions of a job, by collection and submission id. Reads a page at a time."""
    after = ("", "")
    while True:
        parameters = {"job_id": job_id, "reason": reason, "collection": collection}
        parameters |= {"after_collection": after[0], "after_submission": after[1]}
        page = select(client, JobFailure, FAILURES, {**parameters, "limit": PAGE_ROWS})
        yield from page
        if len(page) < PAGE_ROWS:
            return
        after = (page[-1].collection, page[-1].submission_id)
