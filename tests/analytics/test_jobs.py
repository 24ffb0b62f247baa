"""What ClickHouse tells about jobs: every submission counts once, whatever came twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from streams.analytics.queries.jobs import PAGE_ROWS, job_failures, job_id_named, jobs_of, latest_job_ids
from streams.analytics.writer import ClickHouseSink
from streams.domain.records import Decision, Job, Outcome, format_timestamp
from streams.kafka.topics import DEAD_LETTERS, DECISIONS, JOBS
from streams.services.jobs import list_jobs, report_of, show_job
from tests.support.engines import Database
from tests.support.stories import T0_MS, Record, dead_letter, decision, decision_record


def job(job_id: str, name: str, *, began: int = 0, expected: int | None = None) -> Job:
    return Job(job_id, name, "default", "bulk", expected, format_timestamp(T0_MS + began), by="ann")


def job_record(announced: Job, offset: int) -> Record:
    return Record("media.jobs", 0, offset, T0_MS + offset, announced.job_id.encode(), announced.to_json())


def of_job(job_id: str, number: int, outcome: Outcome = "unique", *, content: int | None = None) -> Decision:
    return replace(decision(number, outcome=outcome, content=content), job_id=job_id)


def decided(made: Decision, offset: int, after_s: float = 0.0) -> Record:
    return decision_record(made, offset, decided_ms=round(T0_MS + after_s * 1000))


@pytest.fixture
async def sink(clickhouse: Database) -> ClickHouseSink:
    clickhouse.migrate()
    return ClickHouseSink(clickhouse.settings())


async def test_a_job_counts_every_submission_once_by_its_last_attempt(
    clickhouse: Database, sink: ClickHouseSink
) -> None:
    failed = of_job("import-1", 3, "failed")
    again = replace(of_job("import-1", 3), attempt=1)
    revised = replace(of_job("import-1", 0), revision=1)
    records = [
        decided(of_job("import-1", 0), 0),
        decided(of_job("import-1", 1, "duplicate", content=0), 1, 1.0),
        decided(of_job("import-1", 2, "near_duplicate", content=0), 2, 2.0),
        decided(failed, 3, 3.0),
        decided(again, 4, 4.0),
        decided(revised, 5, 500.0),
        decided(of_job("import-1", 0), 6, 600.0),  # a repeat
        decided(of_job("import-2", 9, "failed"), 7),
        decided(decision(10), 8),
        decided(replace(decision(11), metadata={"x": '"job_id":"import-1"', "job_id": "import-1"}), 9),
    ]
    assert await sink.write(DECISIONS, records) == []
    assert await sink.write(DECISIONS, records[:4]) == []
    announced = [job("import-1", "Import", expected=4), replace(job("import-1", "Import", expected=5), state="closed")]
    announced[1] = replace(announced[1], closed_at=format_timestamp(T0_MS + 9))
    assert await sink.write(JOBS, [job_record(each, n) for n, each in enumerate(announced)]) == []
    with clickhouse.client() as client:
        (row,) = jobs_of(client, ("import-1",))
        report = report_of(row)
        assert (row.unique, row.duplicate, row.near_duplicate, row.failed, row.replayed) == (2, 1, 1, 0, 1)
        assert (report.progress, report.decided, report.expected, report.lane) == ("deciding", 4, 5, "bulk")
        assert (report.name, report.published_by) == ("Import", "ann")
        other = show_job(client, "import-2")
        assert other is not None
        assert (other.report.progress, other.report.failed, other.report.expected) == ("publishing", 1, None)
        assert [(total.reason, total.submissions) for total in other.failures] == [("not_media", 1)]
        assert [each.name for each in list_jobs(client)] == ["import-2", "Import"]
        assert latest_job_ids(client, state="open") == ()
        assert show_job(client, "import-3") is None
    await sink.close()


async def test_a_job_is_done_once_all_are_decided_and_tells_its_rate_before(
    clickhouse: Database, sink: ClickHouseSink
) -> None:
    await sink.write(DECISIONS, [decided(of_job("import", number), number, number / 10) for number in range(41)])
    with clickhouse.client() as client:
        await sink.write(JOBS, [job_record(job("import", "Import", expected=81), 0)])
        report = report_of(jobs_of(client, ("import",))[0])
        assert (report.progress, report.decided) == ("publishing", 41)
        assert report.per_second == pytest.approx(10, rel=0.05)
        assert report.left_s == pytest.approx(4, rel=0.05)
        closed = replace(job("import", "Import", expected=41), state="closed", closed_at=format_timestamp(T0_MS))
        await sink.write(JOBS, [job_record(closed, 1)])
        report = report_of(jobs_of(client, ("import",))[0])
        assert (report.progress, report.left_s) == ("done", 0.0)
    await sink.close()


async def test_a_record_without_media_id_is_refused_and_counts_as_done(
    clickhouse: Database, sink: ClickHouseSink
) -> None:
    nameless = replace(dead_letter(0, value=b'{"url":"u","job_id":"import"}'), key=None)
    named = dead_letter(1, value=b'{"media_id":"a","job_id":"import"}', origin_offset=8)
    assert await sink.write(DEAD_LETTERS, [nameless, named]) == []
    closed = replace(job("import", "Import", expected=1), state="closed", closed_at=format_timestamp(T0_MS))
    await sink.write(JOBS, [job_record(closed, 0)])
    with clickhouse.client() as client:
        report = report_of(jobs_of(client, ("import",))[0])
    assert (report.refused, report.decided, report.progress) == (1, 1, "done")
    await sink.close()


async def test_failures_are_read_a_page_at_a_time(clickhouse: Database, sink: ClickHouseSink) -> None:
    count = PAGE_ROWS + 3
    records = [decided(of_job("import", number, "failed"), number) for number in range(count)]
    await sink.write(DECISIONS, records)
    with clickhouse.client() as client:
        found = list(job_failures(client, "import"))
        assert {each.media_id for each in found} == {f"photos/{number}.jpg" for number in range(count)}
        assert len(found) == count
        assert list(job_failures(client, "import", reason="too_long")) == []
    await sink.close()


async def test_a_name_means_the_latest_job_of_this_name_and_an_id_the_job(
    clickhouse: Database, sink: ClickHouseSink
) -> None:
    jobs = [job("a-1", "Import", began=0), job("b-2", "Import", began=5), job("c-3", "a-1", began=9)]
    await sink.write(JOBS, [job_record(each, offset) for offset, each in enumerate(jobs)])
    with clickhouse.client() as client:
        assert job_id_named(client, "Import") == "b-2"
        assert job_id_named(client, "a-1") == "a-1"
        assert [row.started_at for row in jobs_of(client, ("b-2",))] != [None]
        begun = jobs_of(client, ("a-1", "b-2"))
        assert begun[0].started_at is not None
        assert begun[1].started_at is not None
        assert begun[1].started_at - begun[0].started_at == timedelta(milliseconds=5)
    await sink.close()


async def test_a_job_record_that_is_wrong_is_rejected(clickhouse: Database, sink: ClickHouseSink) -> None:
    right = job_record(job("import", "Import"), 0)
    wrong = [
        replace(right, offset=1, value=b'{"job_id":"import"}'),
        replace(right, offset=2, value=(right.value or b"").replace(b'"open"', b'"closed"')),
        replace(right, offset=3, value=(right.value or b"").replace(b'"import"', b'"Import"')),
    ]
    rejected = await sink.write(JOBS, [right, *wrong])
    assert [record.offset for record, _ in rejected] == [1, 2, 3]
    assert "'expected'" in rejected[0][1].detail or "missing" in rejected[0][1].detail
    await sink.close()
