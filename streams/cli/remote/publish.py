"""Submissions by way of the API: files as bytes, several at once; URLs and lines of JSON in batches."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

from streams.cli.printing.submissions import SubmitPrinter, submit_summary
from streams.cli.progress import track_progress
from streams.cli.remote.connection import api_client
from streams.cli.terminal import data_stream, say, write_json_line
from streams.domain.fingerprint.formats import HEAD_BYTES
from streams.services.submit.files import FoundFile, UnreadablePath, content_type_of
from streams.services.submit.submitter import SubmitResult

if TYPE_CHECKING:
    from streams.cli.progress import Tracker
    from streams.client import Client

THREADS: Final = 8
BATCH: Final = 500
CLOSE_TIMEOUT_S: Final = 30.0
CLOSE_RETRY_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class RemoteSubmissions:
    """The media to submit, and their names."""

    files: list[FoundFile | UnreadablePath]
    urls: tuple[str, ...]
    lines: Iterable[bytes]
    collection: str
    kind: str
    priority: int
    metadata: dict[str, Any]
    job: str | None
    lane: str
    as_json: bool


@dataclass(slots=True)
class _Run:
    """Counts what became of them; for one thread."""

    printer: SubmitPrinter
    tracker: Tracker
    as_json: bool
    published: int = 0
    failed: int = 0
    size_bytes: int = 0
    running: set[Future[Any]] = field(default_factory=set)

    def note(self, document: dict[str, Any], size_bytes: int = 0) -> None:
        self.published += 1
        self.size_bytes += size_bytes
        self.tracker.advance(1, size_bytes)
        if self.as_json:
            write_json_line(document)
            data_stream().flush()

    def fail(self, name: str, error: str) -> None:
        self.failed += 1
        self.printer.on_failed(name, error)

    def result(self) -> SubmitResult:
        return SubmitResult(self.published, 0, self.failed, self.size_bytes)


def publish_by_api(url: str, what: RemoteSubmissions) -> int:
    """Submits everything, and prints a summary; returns the exit code."""
    total = None if what.lines else len(what.files) + len(what.urls)
    with api_client(url, what.collection) as client, track_progress("publishing", total) as tracker:
        job_id = None
        if what.job:
            job_id = client.create_job(what.job, lane=what.lane, expected=total)["job_id"]
            say(f"job {job_id}: follow it with `mediasieve jobs watch {job_id} --api {url}`")
        run = _Run(SubmitPrinter(), tracker, what.as_json)
        try:
            _submit_files(client, run, what, job_id)
            entries = ({"url": each, "kind": what.kind, "metadata": what.metadata or None} for each in what.urls)
            _submit_entries(client, run, what, entries, job_id)
            _submit_entries(client, run, what, _entries_of(run, what.lines), job_id)
        except KeyboardInterrupt:
            say(f"stopped: {submit_summary(run.result(), tracker)}")
            if job_id:
                _close_job(client, job_id, run.published, cancelled=True)
            raise
        say(submit_summary(run.result(), tracker))
        if job_id:
            _close_job(client, job_id, run.published, cancelled=False)
    return 1 if run.failed else 0


def _close_job(client: Client, job_id: str, published: int, *, cancelled: bool) -> None:
    """The API knows a job as soon as ClickHouse does, which takes about a second."""
    from streams.client import ApiError

    deadline = time.monotonic() + CLOSE_TIMEOUT_S
    while True:
        try:
            client.close_job(job_id, published, cancelled=cancelled)
            return
        except ApiError as error:
            if error.status != 404:
                raise
            if time.monotonic() > deadline:
                say(f"the job {job_id} cannot be closed yet: say `mediasieve jobs close {job_id} --api …` later")
                return
        time.sleep(CLOSE_RETRY_S)


def _submit_files(client: Client, run: _Run, what: RemoteSubmissions, job_id: str | None) -> None:
    with ThreadPoolExecutor(THREADS, thread_name_prefix="submit") as threads:
        try:
            for file in what.files:
                if isinstance(file, UnreadablePath):
                    run.fail(str(file.path), file.error)
                    continue
                run.running.add(threads.submit(_submit_file, client, file, what, job_id))
                if len(run.running) >= 2 * THREADS:
                    _collect(run, wait(run.running, return_when=FIRST_COMPLETED).done)
            _collect(run, wait(run.running).done)
        except KeyboardInterrupt:
            threads.shutdown(cancel_futures=True)
            raise


def _submit_file(
    client: Client, file: FoundFile, what: RemoteSubmissions, job_id: str | None
) -> tuple[str, int, dict[str, Any] | str]:
    """Media id, size, and the answer, or why it failed."""
    from streams.client import ApiError

    try:
        data = file.path.read_bytes()
        submitted = client.submit(
            data,
            media_id=file.media_id,
            content_type=content_type_of(data[:HEAD_BYTES], file.path.name),
            kind=what.kind,
            priority=what.priority or None,
            metadata=what.metadata,
            job_id=job_id,
        )
    except OSError as error:
        return file.media_id, 0, error.strerror or str(error)
    except ApiError as error:
        return file.media_id, 0, str(error)
    return file.media_id, len(data), submitted.document


def _collect(run: _Run, done: Iterable[Future[Any]]) -> None:
    for future in done:
        run.running.discard(future)
        name, size_bytes, answer = future.result()
        if isinstance(answer, str):
            run.fail(name, answer)
        else:
            run.note(answer, size_bytes)


def _submit_entries(
    client: Client, run: _Run, what: RemoteSubmissions, entries: Iterable[dict[str, Any]], job_id: str | None
) -> None:
    remaining = iter(entries)
    while batch := list(islice(remaining, BATCH)):
        sent = [{name: value for name, value in entry.items() if value is not None} for entry in batch]
        answers = client.submit_batch(sent, collection=what.collection, job_id=job_id)
        for entry, answer in zip(sent, answers, strict=True):
            if answer["status"] == 202:
                run.note(answer)
            else:
                run.fail(str(entry.get("media_id") or entry.get("url")), f"{answer['code']}: {answer['detail']}")


def _entries_of(run: _Run, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            run.fail(f"line {number}", f"not valid JSON: {error}")
            continue
        if isinstance(document, dict):
            yield document
        else:
            run.fail(f"line {number}", "must be a JSON object")
