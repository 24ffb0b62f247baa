"""What rows tell of the objectives: jobs in time and late, submissions that nobody decided."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from streams import metrics
from streams.analytics.pool import QueryPool
from streams.analytics.queries.figures.objectives import ObjectiveFigures, read_objectives
from streams.analytics.writer import ClickHouseSink
from streams.domain.records import Job, format_timestamp
from streams.kafka.topics import DECISIONS, FINGERPRINTS, JOBS
from streams.services.views.objectives import ObjectiveGauges
from tests.support.engines import Database
from tests.support.stories import Record, decision, decision_record, fingerprint, fingerprint_record

MINUTE_MS = 60_000


def job_record(job: Job, offset: int) -> Record:
    return Record(JOBS, 0, offset, 0, job.job_id.encode(), job.to_json())


@pytest.fixture
async def story(clickhouse: Database) -> Database:
    """Of three submissions one has no decision yet and one none at all. Jobs: in time, late, stuck, too young."""
    clickhouse.migrate()
    now_ms = round(time.time() * 1000)

    def ago(minutes: int) -> str:
        return format_timestamp(now_ms - minutes * MINUTE_MS)

    jobs = [
        Job("quick", "quick", "default", "bulk", 1, ago(20), "closed", ago(20)),
        Job("slow", "slow", "default", "bulk", 1, ago(20), "closed", ago(20)),
        Job("stuck", "stuck", "default", "bulk", 2, ago(20), "open"),
        Job("young", "young", "default", "bulk", 1, ago(1), "open"),
        Job("empty", "empty", "default", "bulk", None, ago(20), "closed", ago(20)),
        Job("stopped", "stopped", "default", "bulk", 9, ago(20), "cancelled", ago(19)),
        Job("old", "old", "default", "bulk", 1, ago(60 * 30), "closed", ago(20)),
    ]
    fingerprints = [replace(fingerprint(n), fingerprinted_at=ago(at)) for n, at in ((0, 20), (1, 20), (2, 1))]
    decided = [(0, "quick", 19), (5, "slow", 10), (6, "stuck", 19)]
    sink = ClickHouseSink(clickhouse.settings())
    await sink.write(FINGERPRINTS, [fingerprint_record(one, n) for n, one in enumerate(fingerprints)])
    await sink.write(JOBS, [job_record(job, n) for n, job in enumerate(jobs)])
    made = [
        decision_record(replace(decision(number), job_id=job), number, decided_ms=now_ms - minutes * MINUTE_MS)
        for number, job, minutes in decided
    ]
    assert await sink.write(DECISIONS, made) == []
    await sink.close()
    return clickhouse


async def test_late_are_jobs_that_took_too_long_or_are_not_done(story: Database) -> None:
    with story.client() as client:
        assert read_objectives(client) == ObjectiveFigures(undecided=1, jobs_in_time=2, jobs_late=2)


async def test_the_gauges_follow_the_rows_and_have_no_value_without_them(story: Database) -> None:
    queries = QueryPool(story.settings(), 1)
    await ObjectiveGauges(queries).refresh()
    queries.close()
    found = metrics.REGISTRY.get_sample_value
    assert found("mediasieve_undecided_submissions", {"window": "1h"}) == 1
    assert found("mediasieve_recent_jobs", {"speed": "late"}) == 2

    away = QueryPool(story.settings(clickhouse="http://127.0.0.1:9"), 1)
    await ObjectiveGauges(away).refresh()
    away.close()
    assert found("mediasieve_undecided_submissions", {"window": "1h"}) is None
    assert found("mediasieve_recent_jobs", {"speed": "late"}) is None
