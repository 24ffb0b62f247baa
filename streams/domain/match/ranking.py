"""Which of two candidates wins when a submission matches both.

Pictures: images/kernel.py orders candidates by the distances of their nearest pair of entries (256 bits, then 64), by
when they were first seen, then by digest. Whether a candidate belongs to a group does not count: a look-alike that was
rejected must not come before an original. Candidates are verified in this order, until one is a copy that the policy
reuses; of the others, the lowest `CopyRank` wins. Videos: `VideoRank`. Ranks are tuples, and are compared field by
field in the order of their fields; the lowest wins.
"""

from __future__ import annotations

from typing import Final, NamedTuple

RELATION_ORDER: Final = ("copy", "clip_of", "contains", "overlaps")
"""Relations of a submitted video to a known video, the strongest first."""

CONFIDENCE_ORDER: Final = ("certain", "likely", "unverified")
"""How sure a match of pictures is, the surest first."""


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
