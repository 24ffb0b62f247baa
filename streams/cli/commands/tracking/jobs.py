"""`mediasieve jobs`: follow submissions that belong together, such as those of an import."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click
from clickhouse_connect.driver.client import Client

from streams.analytics.client import connect
from streams.cli.app import OneLineGroup
from streams.cli.options import broker_option, check_collection, clickhouse_option, data_dir_option
from streams.cli.printing.jobs import job_line, job_report, jobs_table
from streams.cli.remote import api_option
from streams.cli.remote.jobs import remote_jobs
from streams.cli.terminal import data_stream, make_console, say, write_json_line
from streams.config.settings import Settings
from streams.domain.records.job import Job
from streams.local.data_dir import load_command_settings
from streams.services.jobs import JobDetail, JobReport, announced_job, close_job, failures_of, list_jobs, show_job
from streams.services.text import printable

Function = TypeVar("Function", bound=Callable[..., Any])

ID_OR_NAME = "JOB"
WATCH_INTERVAL_S = 2.0
FLUSH_LINES = 1_000


def place_options(function: Function) -> Function:
    """Where the jobs are; the values come as `**place` for `_jobs`."""
    options = (
        api_option,
        click.option("--collection", callback=check_collection, help="With --api: else the only one of the key."),
        clickhouse_option,
        data_dir_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.group(cls=OneLineGroup)
def command() -> None:
    """Follow submissions that belong together. `publish --job NAME` begins a job; ClickHouse knows how it stands."""


@command.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only jobs whose publisher still publishes.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="The newest N.")
@click.option("--json", "as_json", is_flag=True, help="Print one job a line.")
@place_options
def list_(only_open: bool, limit: int, as_json: bool, **place: Any) -> int:
    """The jobs that began last."""
    with _jobs(**place) as jobs:
        reports = jobs.newest(only_open=only_open, limit=limit)
    if as_json:
        for report in reports:
            write_json_line(asdict(report))
    elif reports:
        make_console(stderr=False).print(jobs_table(reports))
    else:
        say("There are no jobs. Begin one with `mediasieve publish --job NAME`.")
    return 0


@command.command()
@click.argument("job", metavar=ID_OR_NAME)
@click.option("--failures", is_flag=True, help="Print the failed submissions instead, one JSON object a line.")
@click.option("--reason", default="", help="With --failures: only those with this reason.")
@click.option("--json", "as_json", is_flag=True, help="Print one object: the `report`, and `failures` by reason.")
@place_options
def show(job: str, failures: bool, reason: str, as_json: bool, **place: Any) -> int:
    """How a job stands, named by its id or by its name: decisions so far, their rate, and the time left."""
    with _jobs(**place) as jobs:
        found = _job(jobs, job)
        if failures:
            for number, failure in enumerate(jobs.failures(found.report.job_id, reason), start=1):
                write_json_line(failure)
                if number % FLUSH_LINES == 0:
                    data_stream().flush()
            return 0
    if as_json:
        write_json_line(asdict(found))
    else:
        make_console(stderr=False).print(job_report(found), soft_wrap=True)
    return 0


@command.command()
@click.argument("job", metavar=ID_OR_NAME)
@click.option("--interval", "interval_s", type=click.FloatRange(0.2), default=WATCH_INTERVAL_S, show_default=True,
              metavar="SECONDS", help="How often to look.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print a report a line whenever it has changed.")
@place_options
def watch(job: str, interval_s: float, as_json: bool, **place: Any) -> int:
    """Follow a job until all its submissions are decided. Exit code 1 if any failed, or the job was cancelled."""
    with _jobs(**place) as jobs:
        last = None
        while True:
            found = _job(jobs, job)
            if found.report != last:
                last = found.report
                if as_json:
                    write_json_line(asdict(last))
                    data_stream().flush()
                else:
                    say(job_line(last))
            if found.report.progress in ("done", "cancelled"):
                break
            time.sleep(interval_s)
    if not as_json:
        make_console(stderr=False).print(job_report(found), soft_wrap=True)
    return 1 if found.report.failed or found.report.refused or found.report.progress == "cancelled" else 0


@command.command()
@click.argument("job", metavar=ID_OR_NAME)
@click.option("--expected", type=click.IntRange(0), help="How many submissions it has; else as many as are decided.")
@click.option("--cancelled", is_flag=True, help="Its publisher stopped before all was published.")
@place_options
@broker_option
def close(job: str, expected: int | None, cancelled: bool, **place: Any) -> int:
    """Say that a job is complete, if its publisher was killed before it could."""
    with _jobs(**place) as jobs:
        report = _job(jobs, job).report
        count = report.decided if expected is None else expected
        closed = jobs.close(report, count, cancelled=cancelled)
    say(f"job {closed.job_id} is {closed.state} with {count:,} submissions")
    return 0


class Jobs(Protocol):
    """The jobs of one place."""

    def newest(self, *, only_open: bool, limit: int) -> Sequence[JobReport]: ...

    def show(self, name: str) -> JobDetail | None: ...

    def failures(self, job_id: str, reason: str) -> Iterable[dict[str, Any]]: ...

    def close(self, job: JobReport, expected: int, *, cancelled: bool) -> Job: ...


@dataclass(frozen=True, slots=True)
class LocalJobs:
    """The jobs that ClickHouse knows of; they are closed by way of Kafka."""

    client: Client
    settings: Settings

    def newest(self, *, only_open: bool, limit: int) -> Sequence[JobReport]:
        return list_jobs(self.client, only_open=only_open, limit=limit)

    def show(self, name: str) -> JobDetail | None:
        return show_job(self.client, name)

    def failures(self, job_id: str, reason: str) -> Iterable[dict[str, Any]]:
        return map(asdict, failures_of(self.client, job_id, reason=reason))

    def close(self, job: JobReport, expected: int, *, cancelled: bool) -> Job:
        return close_job(self.settings, announced_job(job), expected, state="cancelled" if cancelled else "closed")


@contextmanager
def _jobs(
    *,
    api_url: str | None,
    collection: str | None,
    clickhouse: str | None,
    data_dir: Path | None,
    broker: str | None = None,
) -> Iterator[Jobs]:
    if api_url:
        with remote_jobs(api_url, collection) as remote:
            yield remote
        return
    settings = load_command_settings(clickhouse=clickhouse, data_dir=data_dir, broker=broker)
    with connect(settings) as client:
        yield LocalJobs(client, settings)


def _job(jobs: Jobs, name: str) -> JobDetail:
    found = jobs.show(name)
    if found is None:
        raise click.ClickException(
            f"There is no job {printable(name)}. A job that has just begun appears within seconds."
        )
    return found
