"""Which of two candidates wins when a submission matches both.

Pictures: candidates are verified in the order of `CandidateRank`, until one is a copy that the policy reuses; of the
others, the lowest `CopyRank` wins. images/kernel.py compares candidates in compiled code. Videos: `VideoRank`. All are
tuples, and are compared field by field in the order of their fields; the lowest wins.
"""

from __future__ import annotations

from typing import Final, NamedTuple

RELATION_ORDER: Final = ("copy", "clip_of", "contains", "overlaps")
"""Relations of a submitted video to a known video, the strongest first."""

CONFIDENCE_ORDER: Final = ("certain", "likely", "unverified")
"""How sure a match of pictures is, the surest first."""


class CandidateRank(NamedTuple):
    """The rank of a picture that a submission may be a copy of; the lowest is verified first.

    Whether it belongs to a group does not count: a look-alike that was rejected must not come before an original.

    Attributes:
        hash256_distance_bits: distance of the 256-bit hashes of the nearest pair of entries.
        hash64_distance_bits: distance of the 64-bit hashes of that pair.
        first_ms: when the content was first seen.
        digest: of the content id, as four words.
    """

    hash256_distance_bits: int
    hash64_distance_bits: int
    first_ms: int
    digest: tuple[int, int, int, int]


class CopyRank(NamedTuple):
    """The rank of a verified picture that a submission does not just reuse; the lowest wins, then the nearest.

    Attributes:
        doubt: number in CONFIDENCE_ORDER.
        differs: share of the submission that is not the known picture.
        minus_score: of the evidence, negated: the highest score wins.
    """

    doubt: int
    differs: float
    minus_score: int


class VideoRank(NamedTuple):
    """The rank of a known video that a submitted video matches; the lowest wins.

    Attributes:
        is_reviewed: the known video does not have all of the submission, or what matches does not move.
        is_member: False for the canonical content of a group, True for another member.
        relation: number in RELATION_ORDER.
        minus_matched_ms: the matched time of the submission, negated: the most wins.
        minus_known_matched_ms: the matched time of the known video, negated.
        first_ms: when the known video was first seen.
        content_id: of the known video.
    """

    is_reviewed: bool
    is_member: bool
    relation: int
    minus_matched_ms: int
    minus_known_matched_ms: int
    first_ms: int
    content_id: str
