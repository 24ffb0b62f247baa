"""Which partition decides about a submission, and how its decision is named. Both are pure functions of the input."""

from __future__ import annotations

from hashlib import blake2b

from streams.domain.records.records import Fingerprint


def routing_key(fingerprint: Fingerprint) -> bytes:
    """The key of media.fingerprints: everything that decides about a content shares one partition.

    With near matching that is the collection. One whose policy says `near: false` spreads over all partitions by
    content id; a failure there, which has no content, by submission.
    """
    if fingerprint.policy.near:
        return fingerprint.collection.encode()
    what = fingerprint.facts.content_id if fingerprint.facts else fingerprint.submission_id
    return f"{fingerprint.collection}\0{what}".encode()


def decision_id(collection: str, submission_id: str, attempt: int, revision: int) -> str:
    """A UUID (version 8, RFC 9562) that is the same whenever the same submission is decided again."""
    digest = blake2b(f"{collection}\0{submission_id}\0{attempt}\0{revision}".encode(), digest_size=16).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"
