"""How contents, decisions and routing keys are named: pure functions of a record.

A content id is `sha256:` and the digest of the content, or, for a video of which only parts were read,
`sha256-parts:` and the digest of these parts.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Final

from streams.domain.records.fingerprint import Fingerprint

WHOLE_SCHEME: Final = "sha256:"
PARTS_SCHEME: Final = "sha256-parts:"
"""Of a video that was read in parts only; the digest covers these parts."""

DIGEST_BYTES: Final = 32


def is_partial(content_id: str) -> bool:
    """Whether a content id was computed from parts of a video only."""
    return content_id.startswith(PARTS_SCHEME)


@lru_cache(maxsize=1024)  # a submission's is asked for several times while it is decided
def digest_of(content_id: str) -> bytes:
    """The 32 bytes of a content id's digest.

    Raises:
        ValueError: the content id is not `sha256:` or `sha256-parts:` and 64 hexadecimal digits.
    """
    scheme = PARTS_SCHEME if content_id.startswith(PARTS_SCHEME) else WHOLE_SCHEME
    digest = bytes.fromhex(content_id.removeprefix(scheme))
    if len(digest) != DIGEST_BYTES or not content_id.startswith(scheme):
        raise ValueError(
            f"{content_id!r} is not {WHOLE_SCHEME} or {PARTS_SCHEME} and {2 * DIGEST_BYTES} hexadecimal digits"
        )
    return digest


def content_id_of(digest: bytes, *, partial: bool = False) -> str:
    return (PARTS_SCHEME if partial else WHOLE_SCHEME) + digest.hex()


def routing_key(fingerprint: Fingerprint) -> bytes:
    """The key of media.fingerprints: it brings everything that decides about a content to one partition.

    With near matching, that is the whole collection. A collection with `near: false` in its policy spreads over all
    partitions by content id; its failures, which have no content, by submission.
    """
    spread_by = fingerprint.facts.content_id if fingerprint.facts else fingerprint.submission_id
    return content_routing_key(fingerprint.collection, spread_by, near=fingerprint.policy.near)


def content_routing_key(collection: str, content_id: str, *, near: bool) -> bytes:
    """The routing key of what is said about a content, in a collection with or without near matching."""
    return collection.encode() if near else f"{collection}\0{content_id}".encode()


def decision_id(collection: str, submission_id: str, attempt: int, revision: int) -> str:
    """A UUID (version 8, RFC 9562), the same whenever the same submission is decided again."""
    digest = blake2b(f"{collection}\0{submission_id}\0{attempt}\0{revision}".encode(), digest_size=16).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"
