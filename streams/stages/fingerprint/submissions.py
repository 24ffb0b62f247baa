"""From a record of media.submissions to its fingerprint record, whatever goes wrong on the way. No Kafka in here."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from streams.config.live_policies import LivePolicies
from streams.domain.fingerprint.record import fingerprint_record
from streams.domain.policy.policy import Policy
from streams.domain.records import Failure, Fingerprint, Origin, RawRecord, Submission, format_timestamp
from streams.domain.records.submission import (
    decode_submission,
    salvage_attempt,
    salvage_identity,
    salvage_job_id,
    submission_id_of,
)
from streams.errors import BadInput
from streams.stages.fingerprint.fingerprinter import Fingerprinter, FingerprintResult

Emit = Callable[[Fingerprint], None]


class SubmissionTask(Protocol):
    """The part of the runtime's `RecordTask` that this file needs. `digest` is the content id of a large value."""

    record: RawRecord
    digest: str | None

    @property
    def origin(self) -> Origin: ...
    def now(self) -> str: ...
    def dead_letter(self, error: Exception) -> BadInput: ...


def fingerprint_submission(
    task: SubmissionTask, fingerprinter: Fingerprinter, policies: LivePolicies, emit: Emit
) -> Coroutine[Any, Any, None] | None:
    """Emit the facts of one submission, or why it has none. A record without any media id gets only a dead letter.

    Returns:
        None if all is done: the medium is known, or the submission is wrong. Else a coroutine that fetches and decodes
        the medium and then emits.
    """
    record = task.record
    submission: Submission | None = None
    try:
        submission = decode_submission(
            key=record.key,
            value=record.value,
            headers=record.headers,
            origin=task.origin,
            timestamp_ms=record.timestamp,
        )
        policy = policies.of(submission.collection)  # once: fetching takes long enough for the file to change
        cached = fingerprinter.cached(submission, policy, task.digest)
    except Exception as error:
        failure = _failure(task, error)
        submission = submission or _salvage(task)
        if submission is not None:
            emit(fingerprint_record(submission, policies.of(submission.collection), task.now(), failure=failure))
        return None
    if cached is None:
        return _fetch(task, fingerprinter, submission, policy, emit)
    emit(_record_of(cached, submission, policy, task.now()))
    return None


async def _fetch(
    task: SubmissionTask, fingerprinter: Fingerprinter, submission: Submission, policy: Policy, emit: Emit
) -> None:
    try:
        found = await fingerprinter.fingerprint(submission, policy, task.digest)
    except Exception as error:
        failure = _failure(task, error)
        emit(fingerprint_record(submission, policy, task.now(), failure=failure))
    else:
        emit(_record_of(found, submission, policy, task.now()))


def _record_of(found: FingerprintResult, submission: Submission, policy: Policy, now: str) -> Fingerprint:
    return fingerprint_record(
        submission,
        policy,
        now,
        facts=found.facts,
        fetch_ms=found.fetch_ms,
        decode_ms=found.decode_ms,
        cached=found.cached,
    )


def _failure(task: SubmissionTask, error: Exception) -> Failure:
    refusal = task.dead_letter(error)
    return Failure(refusal.reason, refusal.detail)


def _salvage(task: SubmissionTask) -> Submission | None:
    """As much of a record that did not decode as its decision needs; None if no media id is known."""
    record, origin = task.record, task.origin
    media_id, collection = salvage_identity(record.key, record.value, record.headers)
    if media_id is None:
        return None
    return Submission(
        submission_id=submission_id_of(record.headers, origin),
        media_id=media_id,
        collection=collection,
        kind="auto",
        submitted_at=format_timestamp(record.timestamp),
        origin=origin,
        attempt=salvage_attempt(record.headers),
        job_id=salvage_job_id(record.value, record.headers),
    )
