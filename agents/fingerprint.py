"""media.submissions → fetch, decode, hash → media.fingerprints; a failure goes on as such, and as a dead letter."""

from __future__ import annotations

import logging
from functools import partial

from streams.cloudevents import FINGERPRINT_TYPE, event_headers
from streams.domain.policy import Policy
from streams.domain.records import Failure, Fingerprint, Origin, Submission, timestamp
from streams.domain.routing import routing_key
from streams.domain.submissions import decode_submission, salvage_identity, submission_id_of
from streams.errors import BadInput, BrokenInfrastructure, Reason
from streams.fingerprinting import Fingerprinted, Fingerprinter
from streams.policy_watch import LivePolicies
from streams.runtime.outbox import Output
from streams.runtime.stage import ConcurrentStage
from streams.runtime.view import Work
from streams.settings import Settings
from streams.topics import FINGERPRINTS, SUBMISSIONS

logger = logging.getLogger(__name__)


async def fingerprint(work: Work, fingerprinter: Fingerprinter, policies: LivePolicies) -> None:
    """One submission: facts or a failure. Only one without any media id has nobody to answer."""
    record = work.record
    submission: Submission | None = None
    policy: Policy | None = None
    found: Fingerprinted | None = None
    failure: Failure | None = None
    try:
        submission = decode_submission(
            key=record.key,
            value=record.value,
            headers=record.headers,
            origin=_origin(work),
            timestamp_ms=record.timestamp,
        )
        policy = policies.of(submission.collection)  # once: fetching takes long enough for the file to change
        found = await fingerprinter.fingerprint(submission, policy)
    except BadInput as error:
        work.dead_letter(error)
        failure = Failure(error.reason, error.detail)
        submission = submission or _salvaged(work)
    except BrokenInfrastructure:
        raise
    except Exception as error:  # a fault of ours that this input brings out must not stop its partition
        logger.exception("fingerprinting %s/%d/%d failed", record.topic, record.partition, record.offset)
        work.dead_letter(BadInput(Reason.INTERNAL_ERROR, repr(error)))
        failure = Failure(Reason.INTERNAL_ERROR, repr(error))
    if submission is not None:
        policy = policy or policies.of(submission.collection)
        work.emit(*_output(submission, found, failure, policy, work.now()))


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
        submitted_at=timestamp(record.timestamp),
        origin=origin,
    )


def _output(
    submission: Submission, found: Fingerprinted | None, failure: Failure | None, policy: Policy, now: str
) -> Output:
    result = Fingerprint(
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
    policies = LivePolicies(settings.policy_file)

    async def close() -> None:
        policies.close()
        await fingerprinter.close()

    return ConcurrentStage(
        name="fingerprint",
        reads=(SUBMISSIONS,),
        close=close,
        handle=partial(fingerprint, fingerprinter=fingerprinter, policies=policies),
    )
