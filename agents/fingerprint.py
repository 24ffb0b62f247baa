"""media.submissions → fetch, decode, hash → media.fingerprints; a failure goes on as such, and as a dead letter."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from functools import partial
from typing import Any

from streams.config.live_policies import LivePolicies
from streams.config.settings import Settings
from streams.domain.policy.policy import Policy
from streams.domain.records import (
    Failure,
    Fingerprint,
    Origin,
    Submission,
    decode_submission,
    format_timestamp,
    new_unchecked,
    routing_key,
    salvage_identity,
    submission_id_of,
)
from streams.errors import BadInput, BrokenInfrastructure, Reason
from streams.kafka.cloudevents import FINGERPRINT_TYPE, event_headers
from streams.kafka.topics import FINGERPRINTS, SUBMISSIONS
from streams.runtime.outbox import Output
from streams.runtime.runners.view import Work
from streams.runtime.stage import ConcurrentStage
from streams.stages.fingerprint.fingerprinter import Fingerprinted, Fingerprinter

logger = logging.getLogger(__name__)


def fingerprint(work: Work, fingerprinter: Fingerprinter, policies: LivePolicies) -> Coroutine[Any, Any, None] | None:
    """One submission: facts or a failure. Only one without any media id has nobody to answer.

    What is known already is answered at once; else what is left, fetching and decoding, is to be awaited.
    """
    record = work.record
    submission: Submission | None = None
    try:
        submission = decode_submission(
            key=record.key,
            value=record.value,
            headers=record.headers,
            origin=_origin(work),
            timestamp_ms=record.timestamp,
        )
        policy = policies.of(submission.collection)  # once: fetching takes long enough for the file to change
        found = fingerprinter.known(submission, policy)
    except Exception as error:
        failure = _failure(work, error)
        submission = submission or _salvaged(work)
        if submission is not None:
            work.emit(*_output(submission, None, failure, policies.of(submission.collection), work.now()))
        return None
    if found is None:
        return _fetched(work, fingerprinter, submission, policy)
    work.emit(*_output(submission, found, None, policy, work.now()))
    return None


async def _fetched(work: Work, fingerprinter: Fingerprinter, submission: Submission, policy: Policy) -> None:
    found, failure = None, None
    try:
        found = await fingerprinter.fingerprint(submission, policy)
    except Exception as error:
        failure = _failure(work, error)
    work.emit(*_output(submission, found, failure, policy, work.now()))


def _failure(work: Work, error: Exception) -> Failure:
    """What is wrong with the input, which is a dead letter now.

    A fault of ours that an input brings out must not stop its partition; that of the infrastructure is raised again.
    """
    if isinstance(error, BrokenInfrastructure):
        raise error
    if not isinstance(error, BadInput):
        origin = _origin(work)
        logger.error("fingerprinting %s/%d/%d failed", origin.topic, origin.partition, origin.offset, exc_info=error)
        error = BadInput(Reason.INTERNAL_ERROR, repr(error))
    work.dead_letter(error)
    return Failure(error.reason, error.detail)


def _origin(work: Work) -> Origin:
    return Origin(work.topic, work.record.partition, work.record.offset)


def _salvaged(work: Work) -> Submission | None:
    """What a record that is no submission still lets answer; None where no media id is known."""
    record, origin = work.record, _origin(work)
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
    )


def _output(
    submission: Submission, found: Fingerprinted | None, failure: Failure | None, policy: Policy, now: str
) -> Output:
    result = new_unchecked(
        Fingerprint,
        submission_id=submission.submission_id,
        attempt=submission.attempt,
        media_id=submission.media_id,
        collection=submission.collection,
        kind=submission.kind,
        submitted_at=submission.submitted_at,
        fingerprinted_at=now,
        origin=submission.origin,
        facts=found.facts if found else None,
        failure=failure,
        metadata=submission.metadata,
        priority=submission.priority,
        fetch_ms=found.fetch_ms if found else 0.0,
        decode_ms=found.decode_ms if found else 0.0,
        cached=found.cached if found else False,
        policy=policy,
    )
    event_id = f"{submission.submission_id}/{submission.attempt}"
    headers = event_headers(event_id, FINGERPRINT_TYPE, submission.media_id, now)
    return (FINGERPRINTS, routing_key(result), result.to_json(), headers)


def stage(settings: Settings) -> ConcurrentStage:
    fingerprinter = Fingerprinter(settings)
    policies = LivePolicies(settings.paths.policy_file)

    async def close() -> None:
        policies.close()
        await fingerprinter.close()

    return ConcurrentStage(
        name="fingerprint",
        reads=(SUBMISSIONS,),
        close=close,
        handle=partial(fingerprint, fingerprinter=fingerprinter, policies=policies),
    )
