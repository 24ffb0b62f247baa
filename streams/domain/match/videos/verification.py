"""Whether the key frames of two aligned videos show the same: evidence of pictures, for frames whose hashes are near.

Hashes of many frames that agree on a time mapping prove much, but a caption, a fill or a weak encoding leaves them too
far apart to be sure. Where key frames of both videos lie over each other, their thumbnails are compared as those of
pictures are. The slow twin is tests/reference/videos.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from streams.domain.evidence.evidence import Evidence
from streams.domain.evidence.judge import Judgement, judge
from streams.domain.evidence.key_frames import MAX_KEY_FRAMES, unpack_key_frames
from streams.domain.evidence.verify import MatchedViews
from streams.domain.match.operations import no_evidence
from streams.domain.match.videos.alignment.align import MomentTimes
from streams.domain.match.videos.frame_pairs import FramePairs

MAX_VIEW_PAIRS: Final = 16
"""Of two frames, so many of the nearest pairs of views imply where one lies in the other."""

UNPACKED_VIDEOS: Final = 32
"""The key frames of so many videos are kept unpacked, 370 kB each at most and once compared."""


class VideoEvidence(NamedTuple):
    """The packed key frames (`evidence.key_frames`) of a submission, and of known videos by content id; empty bytes for
    a video that has none.
    """

    own: bytes
    known: Callable[[str], bytes]


NO_EVIDENCE: Final = VideoEvidence(b"", no_evidence)


class VerifiedFrames(NamedTuple):
    """What the key frames say.

    Attributes:
        compared: pairs of key frames that were compared.
        certain: of these, how many certainly show the same picture.
        likely: how many perhaps do, such as frames with a caption over them.
        score: the median of the correlations, in thousandths; None if nothing was compared, as the next.
        differs: the median share of the submission's frames that is not the known frame.
    """

    compared: int = 0
    certain: int = 0
    likely: int = 0
    score: int | None = None
    differs: float | None = None

    @property
    def confirms(self) -> bool:
        """At least half of the key frames show the same."""
        return 0 < self.compared <= 2 * (self.certain + self.likely)

    @property
    def is_certain(self) -> bool:
        """At least half of the key frames certainly show the same."""
        return 0 < self.compared <= 2 * self.certain

    @property
    def refuses(self) -> bool:
        """No key frame shows the same."""
        return self.compared > 0 and self.certain + self.likely == 0


def verify_frames(
    known_id: str, evidence: VideoEvidence, own: MomentTimes, known: MomentTimes, voting: FramePairs
) -> VerifiedFrames:
    """Compares the key frames that vote for each other, at most MAX_KEY_FRAMES pairs, the nearest first.

    Args:
        known_id: content id of the known video.
        evidence: of both.
        own, known: moments of the submission and of the known video.
        voting: pairs of frames that agree with the alignment.
    """
    own_frames = _by_moment(evidence.own, own)
    known_frames = _by_moment(evidence.known(known_id), known) if own_frames else {}
    if not known_frames:
        return VerifiedFrames()
    is_key = np.isin(voting.own_moment, list(own_frames)) & np.isin(voting.known_moment, list(known_frames))
    judged = [
        _judge(known_frames[known_moment], own_frames[own_moment], rows)
        for (own_moment, known_moment), rows in _rows_by_moments(voting.select(is_key))[:MAX_KEY_FRAMES]
    ]
    if not judged:
        return VerifiedFrames()
    confidences = [each.confidence for each in judged]
    middle = (len(judged) - 1) // 2
    return VerifiedFrames(
        len(judged),
        confidences.count("certain"),
        confidences.count("likely"),
        sorted(each.score for each in judged)[middle],
        sorted(each.differs for each in judged)[middle],
    )


def _by_moment(packed: bytes, times: MomentTimes) -> dict[int, Evidence]:
    """The evidence of key frames by the number of their moment. Moments that are not compared are left out."""
    numbers = {from_ms: number for number, from_ms in enumerate(times.from_ms.tolist())}
    return {numbers[frame.from_ms]: frame.evidence for frame in _unpacked(packed) if frame.from_ms in numbers}


_unpacked = lru_cache(UNPACKED_VIDEOS)(unpack_key_frames)


class _ViewPair(NamedTuple):
    """Compared as tuples: the nearest is the lowest."""

    hash256_distance_bits: int
    hash64_distance_bits: int
    own_view: int
    known_view: int
    own_orientation: int
    known_orientation: int


def _rows_by_moments(pairs: FramePairs) -> list[tuple[tuple[int, int], list[_ViewPair]]]:
    """Pairs of views by the moments that they belong to, the nearest moments first, and their nearest views first."""
    found: dict[tuple[int, int], list[_ViewPair]] = {}
    columns = (
        *(pairs.own_moment, pairs.known_moment, pairs.hash256_distance_bits, pairs.hash64_distance_bits),
        *(pairs.own_view, pairs.known_view, pairs.own_orientation, pairs.known_orientation),
    )
    for own_moment, known_moment, *rest in zip(*(column.tolist() for column in columns), strict=True):
        found.setdefault((own_moment, known_moment), []).append(_ViewPair(*rest))
    for rows in found.values():
        rows.sort()
    return sorted(found.items(), key=lambda item: (item[1][0][:2], item[0]))


def _judge(known: Evidence, own: Evidence, rows: list[_ViewPair]) -> Judgement:
    matched = [
        MatchedViews(row.known_view, row.known_orientation, row.own_view, row.own_orientation)
        for row in rows[:MAX_VIEW_PAIRS]
    ]
    return judge(known, own, matched, rows[0].hash64_distance_bits, rows[0].hash256_distance_bits)
