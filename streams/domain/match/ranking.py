"""Which of two candidates wins when a submission matches both.

Pictures: the stronger match wins (`Strength`), and `TieBreak` decides between equally strong ones. images/kernel.py
compares them in compiled code when it decides, images/comparison.py in Python when it explains. Videos: `VideoRank`.
All are tuples, and are compared field by field in the order of their fields; the lowest wins.
"""

from __future__ import annotations

from typing import Final, NamedTuple

RELATION_ORDER: Final = ("copy", "clip_of", "contains", "overlaps")
"""Relations of a submitted video to a known video, the strongest first."""


class Strength(NamedTuple):
    """How strong the match of a picture is; the lowest is the strongest.

    Attributes:
        is_member: 0 for the canonical content of a group, 1 for another member.
        rule: AS_WHOLE before AS_DERIVED: a whole picture says more than a part, and parts are nearer more often.
        hash256_distance_bits: distance of the 256-bit hashes.
        hash64_distance_bits: distance of the 64-bit hashes.
    """

    is_member: int
    rule: int
    hash256_distance_bits: int
    hash64_distance_bits: int


class TieBreak(NamedTuple):
    """Decides between equally strong matches of a picture; the lowest wins.

    Attributes:
        first_ms: when the content was first seen.
        digest: of the content id, as four words. The fields after it decide between entries of one content.
        entry: number of the submission's entry.
        view_code: of the known content's entry.
        orientation: of the known content's entry, with its flags.
    """

    first_ms: int
    digest: tuple[int, int, int, int]
    entry: int
    view_code: int
    orientation: int


class VideoRank(NamedTuple):
    """The rank of a known video that a submitted video matches; the lowest wins.

    Attributes:
        has_new_material: the known video does not have all of the submission.
        is_member: False for the canonical content of a group, True for another member.
        relation: number in RELATION_ORDER.
        minus_matched_ms: the matched time of the submission, negated: the most wins.
        minus_known_matched_ms: the matched time of the known video, negated.
        first_ms: when the known video was first seen.
        content_id: of the known video.
    """

    has_new_material: bool
    is_member: bool
    relation: int
    minus_matched_ms: int
    minus_known_matched_ms: int
    first_ms: int
    content_id: str
