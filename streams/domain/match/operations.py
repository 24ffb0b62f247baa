"""What is done among the contents of one collection and algorithm: one is looked up, seen, forgotten, or asked for."""

from __future__ import annotations

from dataclasses import dataclass

from streams.domain.policy.policy import Policy


@dataclass(frozen=True, slots=True)
class MatchAndInsert:
    """A submission of a content that is new, or that was taken in before a kill and is to be decided again.

    `entries` are those of its picture, packed as `views.ENTRY`, or of a video, packed as `frames.FRAME`; `duration_ms`
    is the video's. `time_ms` is that of its record in Kafka; after `expires_ms` it is forgotten. `again`: equal bytes
    were known, but are forgotten.
    """

    content_id: str
    time_ms: int
    expires_ms: int
    policy: Policy
    entries: bytes
    replaces_expired: bool = False
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class Refresh:
    """A submission of a content that is known, which is thereby remembered longer."""

    content_id: str
    time_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Remove:
    """A content that from here on is not to be found."""

    content_id: str


@dataclass(frozen=True, slots=True)
class FindAppearances:
    """Which contents share a picture with a submission of another kind, which is not taken in here.

    `entries` are packed as `frames.FRAME`; a picture has one moment, at 0.
    """

    time_ms: int
    policy: Policy
    entries: bytes


@dataclass(frozen=True, slots=True)
class FoundAppearance:
    """An answer to `FindAppearances`: this content, at a time of the one of the two that is a video."""

    content_id: str
    at_ms: int
    distance_bits: int


IndexUpdate = MatchAndInsert | Refresh | Remove
IndexOperation = IndexUpdate | FindAppearances
MAX_APPEARANCES = 10
"""Answers to one `FindAppearances`."""
