"""From a submission and its facts, or its failure, to the record of media.fingerprints. No bytes, no hashing."""

from __future__ import annotations

from streams.domain.policy.policy import Policy
from streams.domain.records import Failure, Fingerprint, MediaFacts, Submission, new_unchecked


def fingerprint_record(
    submission: Submission,
    policy: Policy,
    fingerprinted_at: str,
    *,
    facts: MediaFacts | None = None,
    failure: Failure | None = None,
    fetch_ms: float = 0.0,
    decode_ms: float = 0.0,
    cached: bool = False,
) -> Fingerprint:
    """The fingerprint record of a submission: its facts, or why it has none.

    Args:
        submission: the request to decide about a medium.
        policy: the policy of its collection. The record carries it, so that the match stage needs no policy file.
        fingerprinted_at: RFC 3339, as `timestamp` writes it.
        facts: of the medium; None for a failure.
        failure: why the medium has no facts; None for facts.
        fetch_ms: wall time that fetching took.
        decode_ms: wall time that decoding and hashing took.
        cached: the facts were known already, so nothing was decoded.
    """
    return new_unchecked(
        Fingerprint,
        submission_id=submission.submission_id,
        attempt=submission.attempt,
        media_id=submission.media_id,
        collection=submission.collection,
        kind=submission.kind,
        submitted_at=submission.submitted_at,
        fingerprinted_at=fingerprinted_at,
        origin=submission.origin,
        facts=facts,
        failure=failure,
        metadata=submission.metadata,
        priority=submission.priority,
        fetch_ms=fetch_ms,
        decode_ms=decode_ms,
        cached=cached,
        policy=policy,
        **({} if submission.job_id is None else {"job_id": submission.job_id}),
        **({"reference": True} if submission.reference else {}),
    )
