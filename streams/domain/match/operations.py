"""The operations on the contents of one collection and algorithm, and their answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from streams.domain.policy.policy import Policy


def no_evidence(content_id: str) -> bytes:
    """For submissions that are compared by their hashes alone."""
    return b""


def none_is_apart(content_id: str) -> bool:
    """For submissions that may be matched with every content."""
    return False


@dataclass(frozen=True, slots=True)
class MatchAndInsert:
    """Find what a submission may be a copy of, then insert its content.

    The content is new, or it was inserted before a kill and is decided again: then it is not inserted twice.

    Attributes:
        content_id: of the submission.
        time_ms: of the submission's record in Kafka.
        expires_ms: the content is forgotten after it.
        policy: of the submission.
        entries: packed as `hashes.packing.ENTRY` for a picture, as `hashes.frames.FRAME_ENTRY` for a video.
        replaces_expired: equal bytes were known, but have expired.
        duration_ms: of a video.
        evidence: of a video, packed; empty if it has none. Pictures are verified after their candidates are found.
        known_evidence: of a known video, packed, by its content id, as it is before this operation.
        is_apart: of a video, whether it must not be matched with a known video, by the content id of that one. For
            pictures this is asked when their evidence is compared.
    """

    content_id: str
    time_ms: int
    expires_ms: int
    policy: Policy
    entries: bytes
    replaces_expired: bool = False
    duration_ms: int = 0
    evidence: bytes = b""
    known_evidence: Callable[[str], bytes] = no_evidence
    is_apart: Callable[[str], bool] = none_is_apart


@dataclass(frozen=True, slots=True)
class Refresh:
    """Remember a known content longer, because equal bytes were submitted."""

    content_id: str
    time_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Remove:
    """Stop finding a content."""

    content_id: str


@dataclass(frozen=True, slots=True)
class FindAppearances:
    """Find the contents that share a picture with a submission of the other kind. Nothing is inserted.

    `entries` are packed as `hashes.frames.FRAME_ENTRY`; a picture has one moment, at 0.
    """

    time_ms: int
    policy: Policy
    entries: bytes


IndexUpdate = MatchAndInsert | Refresh | Remove
IndexOperation = IndexUpdate | FindAppearances


class ImageCandidate(NamedTuple):
    """A content that a submitted picture may be a copy of: an answer to `MatchAndInsert`.

    The distances are those of the nearest pair of entries.
    """

    content_id: str
    hash64_distance_bits: int
    hash256_distance_bits: int


@dataclass(frozen=True, slots=True)
class FoundAppearance:
    """An answer to `FindAppearances`. `at_ms` is a time in the submission or in the content, whichever is a video."""

    content_id: str
    at_ms: int
    distance_bits: int


MAX_APPEARANCES = 10
"""Answers to one `FindAppearances`."""
