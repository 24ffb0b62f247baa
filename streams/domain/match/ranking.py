"""Which of two known pictures wins when a submission matches both. Videos: `VideoIndex` in videos/.

The stronger match wins, and `TieBreak` decides between equally strong ones. Both are compared field by field, as tuples
are: in compiled code where images/kernel.py decides, in Python where images/comparison.py explains.
"""

from __future__ import annotations

from typing import NamedTuple


class Strength(NamedTuple):
    """How strong a match is; the lowest is the strongest.

    Attributes:
        is_member: 0 for the canonical content of a group, 1 for another member.
        rule: AS_WHOLE before AS_DERIVED: a whole picture says more than a part, and parts are nearer more often.
        confirm_bits: distance of the 256-bit hashes.
        near_bits: distance of the 64-bit hashes.
    """

    is_member: int
    rule: int
    confirm_bits: int
    near_bits: int


class TieBreak(NamedTuple):
    """Decides between equally strong matches; the lowest wins.

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
