"""Maps one video's time onto another's: known time = speed × own time + offset. Exact, in integers.

`own` is the submission, `known` the known video. What a mapping means for the two videos is in align.py. The slow
twin is tests/reference/alignment.py.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.jit import compiled

TOLERANCE_MS: Final = 1000
"""How far a known moment may lie from where the mapping puts it. The nearer it lies, the more its vote counts."""

NORMAL_SPEED_PPM: Final = 1_000_000
"""Speeds are in millionths (ppm) of the known video's speed."""

SLOWEST_PPM, FASTEST_PPM = 900_000, 1_100_000
FIRST_STEP_PPM: Final = 5_000
FINER_STEPS_PPM: Final = (1_000, 200, 40)
"""The search first tries speeds over the whole range, then in finer and finer steps around the best. After the last
step, the position in a video of two hours is known to half a second."""

MIN_SCORE_RATIO: Final = (21, 20)
"""Another speed than 1 has to score at least one twentieth more than speed 1."""

Int64Array = NDArray[np.int64]


class Votes(NamedTuple):
    """Pairs of moments that look the same, ordered by own moment, then by the begin of the known one.

    Attributes:
        own: number of the own moment.
        own_from_ms, own_to_ms: while the own moment is shown.
        known_from_ms, known_to_ms: while the known moment is shown.
        weight: weight of the own moment, the same in all its pairs.
    """

    own: Int64Array
    own_from_ms: Int64Array
    own_to_ms: Int64Array
    known_from_ms: Int64Array
    known_to_ms: Int64Array
    weight: Int64Array


class TimeMapping(NamedTuple):
    """Speed and offset. `score` sums weight × nearness (in ms) over the votes."""

    score: int
    speed_ppm: int
    offset_ms: int

    def known_ms(self, own_ms: int) -> int:
        """The known video's time at this time of the own video."""
        return self.speed_ppm * own_ms // NORMAL_SPEED_PPM + self.offset_ms

    def own_ms(self, known_ms: int) -> int:
        """The own video's time at this time of the known video."""
        return (known_ms - self.offset_ms) * NORMAL_SPEED_PPM // self.speed_ppm


def best_time_mapping(votes: Votes) -> TimeMapping:
    """Finds the mapping with the highest score. Of speeds with equal scores, the nearest to 1 wins, then the slower.

    At a given speed, a pair agrees with an interval of offsets: all that show both moments at once, from `lowest` =
    known_from - speed × own_to to `highest` = known_to - speed × own_from. Intervals of one own moment that lie at most
    twice the tolerance apart are joined into one, from the lowest offset to the highest. The score of an offset is the
    sum of weight × (tolerance - distance to the interval) over all intervals where that is positive. The offset
    returned is the middle of the first stretch of offsets with the highest score.
    """
    unchanged = _mapping_at(votes, NORMAL_SPEED_PPM)
    highest_possible = TOLERANCE_MS * int(votes.weight[_is_first_pair(votes.own)].sum())
    if MIN_SCORE_RATIO[1] * highest_possible <= MIN_SCORE_RATIO[0] * unchanged.score:
        return unchanged
    best = _best_of_speeds(votes, range(SLOWEST_PPM, FASTEST_PPM + 1, FIRST_STEP_PPM))
    for step_ppm in FINER_STEPS_PPM:
        around = range(best.speed_ppm - 5 * step_ppm, best.speed_ppm + 5 * step_ppm + 1, step_ppm)
        best = _best_of_speeds(votes, [speed for speed in around if SLOWEST_PPM <= speed <= FASTEST_PPM])
    return best if MIN_SCORE_RATIO[1] * best.score > MIN_SCORE_RATIO[0] * unchanged.score else unchanged


def agreeing_pairs(votes: Votes, mapping: TimeMapping) -> NDArray[np.bool_]:
    """Marks the pairs that agree with a mapping to within less than the tolerance."""
    lowest = votes.known_from_ms - mapping.speed_ppm * votes.own_to_ms // NORMAL_SPEED_PPM
    highest = votes.known_to_ms - mapping.speed_ppm * votes.own_from_ms // NORMAL_SPEED_PPM
    return (lowest - TOLERANCE_MS < mapping.offset_ms) & (mapping.offset_ms < highest + TOLERANCE_MS)


def _best_of_speeds(votes: Votes, speeds_ppm: range | list[int]) -> TimeMapping:
    mappings = [_mapping_at(votes, speed_ppm) for speed_ppm in speeds_ppm]
    return min(mappings, key=lambda found: (-found.score, abs(found.speed_ppm - NORMAL_SPEED_PPM), found.speed_ppm))


def _mapping_at(votes: Votes, speed_ppm: int) -> TimeMapping:
    corners, slopes = _corners(*votes, speed_ppm)
    order = np.argsort(corners)
    score, offset_ms = _highest(corners[order], slopes[order])
    return TimeMapping(int(score), speed_ppm, int(offset_ms))


def _is_first_pair(own: Int64Array) -> NDArray[np.bool_]:
    """Marks the first pair of each own moment."""
    first = np.ones(len(own), np.bool_)
    first[1:] = own[1:] != own[:-1]
    return first


@compiled()
def _corners(
    own: Any, own_from_ms: Any, own_to_ms: Any, known_from_ms: Any, known_to_ms: Any, weight: Any, speed_ppm: int
) -> Any:
    """The offsets at which the slope of the score changes at this speed, and by how much; see `best_time_mapping`."""
    corners, slopes = np.empty(4 * len(own), np.int64), np.empty(4 * len(own), np.int64)
    used, at = 0, 0
    while at < len(own):
        lowest = known_from_ms[at] - speed_ppm * own_to_ms[at] // NORMAL_SPEED_PPM
        highest = known_to_ms[at] - speed_ppm * own_from_ms[at] // NORMAL_SPEED_PPM
        begin = at
        at += 1
        while at < len(own) and own[at] == own[begin]:
            following = known_from_ms[at] - speed_ppm * own_to_ms[at] // NORMAL_SPEED_PPM
            if following - highest > 2 * TOLERANCE_MS:
                break
            highest = max(highest, known_to_ms[at] - speed_ppm * own_from_ms[at] // NORMAL_SPEED_PPM)
            at += 1
        for corner, slope in (
            (lowest - TOLERANCE_MS, weight[begin]),
            (lowest, -weight[begin]),
            (highest, -weight[begin]),
            (highest + TOLERANCE_MS, weight[begin]),
        ):
            corners[used], slopes[used] = corner, slope
            used += 1
    return corners[:used], slopes[:used]


@compiled()
def _highest(corners: Any, slopes: Any) -> tuple[int, int]:
    """The highest score, and the middle of the first offsets that reach it.

    The score is piecewise linear in the offset.

    Args:
        corners: sorted offsets at which its slope changes.
        slopes: by how much.
    """
    score, slope, best, first, last, previous = 0, 0, -1, 0, 0, 0
    level = False  # whether the stretch that begins at `first` reaches this corner
    at = 0
    while at < len(corners):
        corner = corners[at]
        score += slope * (corner - previous)
        if score > best:
            best, first, last, level = score, corner, corner, True
        elif score == best and level:
            last = corner
        else:
            level = False
        while at < len(corners) and corners[at] == corner:
            slope += slopes[at]
            at += 1
        previous = corner
    return best, (first + last) // 2
