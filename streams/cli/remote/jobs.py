"""Jobs by way of the API. The API names a job by its id; here a name will do, as with ClickHouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streams.analytics.queries.jobs import JobFailureTotal
from streams.cli.remote.connection import api_client, read_as
from streams.domain.records.job import Job
from streams.services.jobs import JobDetail, JobReport

if TYPE_CHECKING:
    from streams.client import Client


@dataclass(frozen=True, slots=True)
class RemoteJobs:
    """The jobs of a collection."""

    client: Client

    def newest(self, *, only_open: bool, limit: int) -> tuple[JobReport, ...]:
        return read_as(tuple[JobReport, ...], self.client.jobs(only_open=only_open, limit=limit)["jobs"])

    def show(self, name: str) -> JobDetail | None:
        """A job by its id, or else the latest of that name; None if there is none."""
        from streams.client import ApiError

        try:
            found = self.client.job(name)
        except ApiError as error:
            if error.status not in (404, 422):
                raise
            named = [job for job in self.client.jobs(limit=200)["jobs"] if job["name"] == name]
            if not named:
                return None
            found = self.client.job(named[0]["job_id"])
        return JobDetail(read_as(JobReport, found["job"]), read_as(tuple[JobFailureTotal, ...], found["failures"]))

    def failures(self, job_id: str, reason: str) -> list[dict[str, Any]]:
        return self.client.job_failures(job_id, reason=reason or None)

    def close(self, job: JobReport, expected: int, *, cancelled: bool) -> Job:
        return read_as(Job, self.client.close_job(job.job_id, expected, cancelled=cancelled))


@contextmanager
def remote_jobs(url: str, collection: str | None) -> Iterator[RemoteJobs]:
    with api_client(url, collection) as client:
        yield RemoteJobs(client)
