"""What an operator promises of submissions and jobs, counted from rows: nothing is lost, jobs are done in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.client import Client

from streams.analytics.queries.select import select

JOB_IN_TIME_S: Final = 300
"""In which a job is to be done."""

DECIDED_WITHIN_S: Final = 300
"""After which a fingerprint without a decision counts."""


@dataclass(frozen=True, slots=True)
class ObjectiveFigures:
    """Counts for the objectives.

    Attributes:
        undecided: fingerprints of the last hour, older than DECIDED_WITHIN_S, that no decision is about.
        jobs_in_time: jobs that began in the last day and were done within JOB_IN_TIME_S.
        jobs_late: those that took longer, or have not been done for longer. Cancelled jobs do not count.
    """

    undecided: int
    jobs_in_time: int
    jobs_late: int


#: A decision is stored after its fingerprint was made; the second hour is for clocks that differ.
UNDECIDED: Final = f"""
    SELECT count()
    FROM fingerprints_once
    WHERE fingerprinted_at > now() - INTERVAL 1 HOUR AND fingerprinted_at < now() - INTERVAL {DECIDED_WITHIN_S} SECOND
        AND (collection, submission_id, attempt) NOT IN
        (SELECT collection, submission_id, attempt FROM decisions WHERE decided_at > now() - INTERVAL 2 HOUR)
"""  # noqa: S608 - a constant

#: Records without a media id get a dead letter and no decision, and count as dealt with.
RECENT_JOBS: Final = """
    SELECT
        jobs_once.job_id AS job_id,
        state = 'closed' AND decided.decided + refused.refused >= ifNull(expected, 0) AS done,
        multiIf(NOT done, now64(3), decided.decided > 0, decided.last_at, ifNull(closed_at, started_at)) AS ended_at,
        dateDiff('second', started_at, ended_at) AS took_s
    FROM jobs_once
    LEFT JOIN
    (
        SELECT job_id, count() AS decided, max(decided_at) AS last_at
        FROM job_decisions_once
        WHERE job_id IN (SELECT job_id FROM jobs_once WHERE started_at > now() - INTERVAL 1 DAY)
        GROUP BY job_id
    ) AS decided ON decided.job_id = jobs_once.job_id
    LEFT JOIN
    (
        SELECT job_id, count() AS refused
        FROM deadletters_once
        WHERE job_id IN (SELECT job_id FROM jobs_once WHERE started_at > now() - INTERVAL 1 DAY)
            AND media_id = '' AND stage IN ('fingerprint', 'bulk')
        GROUP BY job_id
    ) AS refused ON refused.job_id = jobs_once.job_id
    WHERE started_at > now() - INTERVAL 1 DAY AND state != 'cancelled'
"""

OBJECTIVES: Final = f"""
    SELECT
        ({UNDECIDED}) AS undecided,
        countIf(done AND took_s <= {JOB_IN_TIME_S}) AS jobs_in_time,
        countIf(took_s > {JOB_IN_TIME_S}) AS jobs_late
    FROM ({RECENT_JOBS})
"""  # noqa: S608 - a constant


def read_objectives(client: Client) -> ObjectiveFigures:
    """The counts now.

    Raises:
        AnalyticsError: ClickHouse does not answer or refuses.
    """
    (figures,) = select(client, ObjectiveFigures, OBJECTIVES)
    return figures
