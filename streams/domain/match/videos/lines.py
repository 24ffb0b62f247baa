"""The line on which moments of a video lie in another: known time = speed × own time + offset. Exact, in integers.

What a line means for the videos is alignment.py. Its slow twin, written as the rules read, stands in
tests/reference/videos.py.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.hamming.jit import compiled

TOLERANCE_MS: Final = 1000
"""By so much the known moment may be beside where the line has it; the nearer, the more a moment's vote counts."""

AS_FAST: Final = 1_000_000
"""Speeds are in millionths."""

SLOWEST, FASTEST = 900_000, 1_100_000
FIRST_STEP: Final = 5_000
STEPS: Final = (1_000, 200, 40)
"""Speeds are tried all over the range, then closer and closer about the best: two hours of video leave half a second
of doubt at the last step."""

BETTER: Final = (21, 20)
"""Another speed than 1 has to explain one twentieth more."""

Numbers = NDArray[np.int64]


class Votes(NamedTuple):
    """Pairs of moments that look the same, ordered by own moment, then by when the known one begins; times in ms.

    Attributes:
        own: number of the own moment.
        own_from, own_to: while it is shown.
        known_from, known_to: while the known moment is shown.
        weight: of the own moment, the same in all its pairs.
    """

    own: Numbers
    own_from: Numbers
    own_to: Numbers
    known_from: Numbers
    known_to: Numbers
    weight: Numbers


class Line(NamedTuple):
    """`speed` in millionths, `offset` in ms. `score` is the votes' weights times how near each is, in ms."""

    score: int
    speed: int
    offset: int

    def known(self, own_ms: int) -> int:
        """The known video's time at this time of the own."""
        return self.speed * own_ms // AS_FAST + self.offset

    def own(self, known_ms: int) -> int:
        """The own video's time at this time of the known."""
        return (known_ms - self.offset) * AS_FAST // self.speed


def best_line(votes: Votes) -> Line:
    """The line with the highest score; of speeds with an equal score the nearest to 1, then the slower.

    For one speed a pair agrees with the offsets from `lowest` = known_from - speed × own_to to `highest` = known_to -
    speed × own_from, all of which show both moments at once. Intervals of one own moment that are no more than twice
    the tolerance apart are taken as one, from the lowest to the highest. The score of an offset is the sum over all
    intervals of weight × (tolerance - distance of the offset from the interval), where that is positive; the offset
    is the middle of the first stretch of offsets with the highest score.
    """
    upright = _at(votes, AS_FAST)
    most = TOLERANCE_MS * int(votes.weight[_firsts(votes.own)].sum())
    if BETTER[1] * most <= BETTER[0] * upright.score:
        return upright
    best = _best(votes, range(SLOWEST, FASTEST + 1, FIRST_STEP))
    for step in STEPS:
        around = range(best.speed - 5 * step, best.speed + 5 * step + 1, step)
        best = _best(votes, [speed for speed in around if SLOWEST <= speed <= FASTEST])
    return best if BETTER[1] * best.score > BETTER[0] * upright.score else upright


def on_line(votes: Votes, line: Line) -> NDArray[np.bool_]:
    """Which pairs agree with a line, to within less than the tolerance."""
    lowest = votes.known_from - line.speed * votes.own_to // AS_FAST
    highest = votes.known_to - line.speed * votes.own_from // AS_FAST
    return (lowest - TOLERANCE_MS < line.offset) & (line.offset < highest + TOLERANCE_MS)


def _best(votes: Votes, speeds: range | list[int]) -> Line:
    lines = [_at(votes, speed) for speed in speeds]
    return min(lines, key=lambda line: (-line.score, abs(line.speed - AS_FAST), line.speed))


def _at(votes: Votes, speed: int) -> Line:
    score, offset = best_offset(*votes, speed)
    return Line(int(score), speed, int(offset))


def _firsts(own: Numbers) -> NDArray[np.bool_]:
    """The first pair of each own moment."""
    first = np.ones(len(own), np.bool_)
    first[1:] = own[1:] != own[:-1]
    return first


@compiled()
def best_offset(
    own: Any, own_from: Any, own_to: Any, known_from: Any, known_to: Any, weight: Any, speed: int
) -> tuple[int, int]:
    """Highest score of any offset at this speed, and the middle of the first stretch that has it; see `best_line`."""
    places, slopes = np.empty(4 * len(own), np.int64), np.empty(4 * len(own), np.int64)
    used, at = 0, 0
    while at < len(own):
        lowest = known_from[at] - speed * own_to[at] // AS_FAST
        highest = known_to[at] - speed * own_from[at] // AS_FAST
        begin = at
        at += 1
        while at < len(own) and own[at] == own[begin]:
            following = known_from[at] - speed * own_to[at] // AS_FAST
            if following - highest > 2 * TOLERANCE_MS:
                break
            highest = max(highest, known_to[at] - speed * own_from[at] // AS_FAST)
            at += 1
        for place, slope in (
            (lowest - TOLERANCE_MS, weight[begin]),
            (lowest, -weight[begin]),
            (highest, -weight[begin]),
            (highest + TOLERANCE_MS, weight[begin]),
        ):
            places[used], slopes[used] = place, slope
            used += 1
    order = np.argsort(places[:used])
    score, slope, best, first, last, previous = 0, 0, -1, 0, 0, 0
    level = False  # whether the stretch from `first` reaches to here
    at = 0
    while at < used:
        place = places[order[at]]
        score += slope * (place - previous)
        if score > best:
            best, first, last, level = score, place, place, True
        elif score == best and level:
            last = place
        else:
            level = False
        while at < used and places[order[at]] == place:
            slope += slopes[order[at]]
            at += 1
        previous = place
    return best, (first + last) // 2
