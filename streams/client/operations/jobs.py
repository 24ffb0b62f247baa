"""Jobs: submissions that somebody follows together."""

from __future__ import annotations

from streams.client.calls import Call
from streams.client.operation import Api, operation
from streams.client.operations.media import Document
from streams.client.steps import Steps


class JobOperations(Api):
    """Begin, follow and close jobs. A submission names its job by `job_id`."""

    @operation
    def create_job(
        self, name: str, *, collection: str | None = None, lane: str = "live", expected: int | None = None
    ) -> Steps[Document]:
        """Say that a job begins; the answer has its `job_id`."""
        body = {"name": name, "lane": lane, "expected": expected}
        job: Document = yield from self._post("jobs", collection=collection, body=body)
        return job

    @operation
    def jobs(
        self, *, collection: str | None = None, only_open: bool = False, limit: int | None = None
    ) -> Steps[Document]:
        """The jobs that began last, and how far they are."""
        found: Document = yield from self._get("jobs", collection=collection, only_open=only_open, limit=limit)
        return found

    @operation
    def job(self, /, job_id: str, *, collection: str | None = None) -> Steps[Document]:
        """How far a job is, how fast, the outcomes, and why submissions failed."""
        found: Document = yield from self._get("jobs", job_id, collection=collection)
        return found

    @operation
    def close_job(
        self, job_id: str, expected: int, *, collection: str | None = None, cancelled: bool = False
    ) -> Steps[Document]:
        """Say how many submissions a job has, and that this number is final."""
        body = {"expected": expected, "cancelled": cancelled}
        job: Document = yield from self._post("jobs", job_id, "close", collection=collection, body=body)
        return job

    @operation
    def job_failures(
        self, job_id: str, *, collection: str | None = None, reason: str | None = None
    ) -> Steps[list[Document]]:
        """The failed submissions of a job; they are held in memory."""
        params = {"collection": self._in(collection), "reason": reason}
        found: list[Document] = yield from self._send(
            Call.of("GET", "jobs", job_id, "failures", params=params, lines=True)
        )
        return found
