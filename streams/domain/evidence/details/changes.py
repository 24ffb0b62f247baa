"""Small changes: whether a few pixels of an aligned pair differ far more than all the others do.

A copy differs a little everywhere: compression, noise, a map that is a little off. A picture with another number plate,
another price or another face differs in one place, and hardly elsewhere. So a place is measured by what thumbnails
keep of its contrast, and the worst place by nearly all others. What was filled in from the edges (corners of a turned
picture, bars) is no place of the picture; flat ground in only one of the two pictures is.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.domain.evidence.alignment.affine import NUMBERS, PIXEL, invert
from streams.domain.evidence.details.filled import forget_filled, range_around
from streams.domain.evidence.histogram import mean_of_highest, value_reached
from streams.domain.hamming.jit import compiled

PLACE: Final = 6
STEP: Final = 2
"""A place has PLACE × PLACE pixels; there is one at every STEP pixels."""

FORGIVEN: Final = 4
"""The pixels of a place that differ most do not count: thumbnails clip the four darkest and brightest of a block, so in
one copy a few dark pixels are seen, and in the next they are not."""

AROUND: Final = 8
"""Light and contrast of a place are those of so many pixels on all sides: vignettes and filters are no changes."""

CONTRAST_AROUND: Final = 4
"""The contrast that thumbnails keep is measured in so many pixels on all sides."""

NOISE: Final = 9
NOISE_SHARE: Final = 108
"""Mean square of what a copy may differ by: so much, and the square of the contrast by so much. A thumbnail has four
levels a block."""

GROUND_NOISE: Final = 2
"""So many times the square on a ground that is flat in one picture alone: thumbnails of copies differ there."""

WORST: Final = 3
"""So many of the worst places decide. They overlap, so these are one or two."""

MIN_PLACES: Final = 40
"""With fewer places there is nothing to compare the worst with."""

UNIT: Final = 64
MOST: Final = 64 * UNIT
"""A change is counted in 1/UNIT of what a copy may differ by, up to MOST."""

EQUAL: Final = 64 * UNIT
"""A place that differs by less than 1/EQUAL of what a copy may differ by does not differ: rounding leaves as much."""

BRIGHTEST: Final = 255 * 16
"""In 1/16 grey levels. What a brighter or harder copy would have beyond black and white it has as black and white."""

EDGE_PIXELS: Final = 3
"""So many pixels at the edge of an inner picture are no place of it: bars and frames shine into them."""

_HALF: Final = PIXEL // 2
SHIFTS: Final = (
    (0, 0), (_HALF, 0), (-_HALF, 0), (0, _HALF), (0, -_HALF), (_HALF, _HALF), (-_HALF, _HALF), (_HALF, -_HALF),
    (-_HALF, -_HALF), (PIXEL, 0), (-PIXEL, 0), (0, PIXEL), (0, -PIXEL),
)  # fmt: skip
"""Places are compared at the best of these shifts, in 1/PIXEL."""


class Changes(NamedTuple):
    """How much an aligned pair differs, in 1/UNIT of what a copy may differ by.

    Attributes:
        worst: mean of the WORST places.
        usual: what nine places of ten do not exceed.
        equal_percent: of the places, those that do not differ at all.
    """

    worst: int
    usual: int
    equal_percent: int


def measure_changes(
    known: NDArray[np.uint8], query: NDArray[np.uint8], m: NDArray[np.int64], known_edge: int = 0, query_edge: int = 0
) -> Changes:
    """Compare the places of a query with the known picture.

    Args:
        known, query: the pictures at the sizes that were aligned.
        m: the map from known to query pixels in 1/PIXEL, as `align` leaves it.
        known_edge, query_edge: pixels at the edges that do not count.

    Returns:
        No changes where there are less than MIN_PLACES, or there is no map.
    """
    inverse = np.empty(NUMBERS, np.int64)
    if not invert(m, inverse):
        return Changes(0, 0, 0)
    return Changes(*(int(each) for each in _measure(known, query, inverse, known_edge, query_edge)))


@compiled()
def _measure(known: Any, query: Any, inverse: Any, known_edge: int, query_edge: int) -> Any:
    side = query.shape[0]
    laid, shown = np.empty((side, side), np.int32), np.empty((side, side), np.bool_)
    _lay_over(known, side, inverse, 0, 0, known_edge, laid, shown)
    for at in range(query_edge):
        shown[at], shown[side - 1 - at], shown[:, at], shown[:, side - 1 - at] = False, False, False, False
    ground = forget_filled(query, laid, inverse, shown)
    light, gain, own_light = _measure_light(query, laid, shown)
    places = (side - PLACE) // STEP + 1
    least = np.full((places, places), -1, np.int64)
    trial, everywhere = np.empty_like(laid), np.empty_like(shown)
    for number in range(len(SHIFTS)):
        _lay_over(known, side, inverse, SHIFTS[number][0], SHIFTS[number][1], 0, trial, everywhere)
        _leave_least(query, trial, own_light, light, gain, least)
    return _rank(query, laid, shown, ground, least)


@compiled()
def _lay_over(known: Any, side: int, inverse: Any, right: int, down: int, edge: int, laid: Any, shown: Any) -> None:
    """Write the known picture as the query lies, in 1/16 grey levels, and where it shows anything."""
    last = (known.shape[0] - 1) << 12
    first, end = (edge << 12) - 2048, last + 2048 - (edge << 12)
    for y in range(side):
        for x in range(side):
            u = inverse[0] * x + inverse[1] * y + inverse[2] + right
            v = inverse[3] * x + inverse[4] * y + inverse[5] + down
            shown[y, x] = first <= u <= end and first <= v <= end
            u, v = min(max(u, 0), last - 1), min(max(v, 0), last - 1)
            i, j, f, g = u >> 12, v >> 12, (u >> 8) & 15, (v >> 8) & 15
            above = np.int32(known[j, i]) * (16 - f) + np.int32(known[j, i + 1]) * f
            below = np.int32(known[j + 1, i]) * (16 - f) + np.int32(known[j + 1, i + 1]) * f
            laid[y, x] = (above * (16 - g) + below * g + 8) >> 4


@compiled()
def _measure_light(query: Any, laid: Any, shown: Any) -> Any:
    """By pixel: the mean of the known picture around, how much more contrast the query has in 1/256, the query's mean.

    Means are in 1/16 grey levels.
    """
    side = query.shape[0]
    sums = np.zeros((5, side + 1, side + 1), np.int64)  # over all pixels above and to the left
    for y in range(side):
        row = np.zeros(5, np.int64)
        for x in range(side):
            if shown[y, x]:
                k, q = np.int64(laid[y, x]), np.int64(query[y, x]) * 16
                row[0] += 1
                row[1] += k
                row[2] += q
                row[3] += k * k
                row[4] += k * q
            for number in range(5):
                sums[number, y + 1, x + 1] = sums[number, y, x + 1] + row[number]
    light, gain = np.empty((side, side), np.int32), np.empty((side, side), np.int32)
    own, total = np.empty_like(light), np.empty(5, np.int64)
    for y in range(side):
        top, bottom = max(y - AROUND, 0), min(y + AROUND + 1, side)
        for x in range(side):
            left, right = max(x - AROUND, 0), min(x + AROUND + 1, side)
            for number in range(5):
                s = sums[number]
                total[number] = s[bottom, right] - s[top, right] - s[bottom, left] + s[top, left]
            n = max(total[0], 1)
            light[y, x], own[y, x] = total[1] // n, total[2] // n
            known_spread = (total[3] - total[1] * total[1] // n) // n + 30 * 256
            both = (total[4] - total[1] * total[2] // n) // n + 30 * 256
            gain[y, x] = min(max(both * 256 // known_spread, 128), 512)
    return light, gain, own


@compiled()
def _leave_least(query: Any, laid: Any, own_light: Any, light: Any, gain: Any, least: Any) -> None:
    """Leave, by place, the least sum of squares of what is not explained, in 1/256."""
    side = query.shape[0]
    squares = np.empty((side, side), np.int64)
    for y in range(side):
        for x in range(side):
            expected = own_light[y, x] + ((gain[y, x] * (laid[y, x] - light[y, x])) >> 8)
            left_over = np.int64(query[y, x]) * 16 - min(max(expected, 0), BRIGHTEST)
            squares[y, x] = left_over * left_over
    most = np.empty(FORGIVEN, np.int64)
    for row in range(least.shape[0]):
        for column in range(least.shape[1]):
            known_least = least[row, column]
            if known_least < 0 or _may_be_less(squares, row * STEP, column * STEP, known_least):
                total = _sum_but_most(squares, row * STEP, column * STEP, most)
                if known_least < 0 or total < known_least:
                    least[row, column] = total


@compiled()
def _may_be_less(squares: Any, top: int, left: int, least: int) -> bool:
    """Whether the sum of a place without its largest pixels may be less: it is not where the largest is so small."""
    total, largest = np.int64(0), np.int64(0)
    for y in range(top, top + PLACE):
        for x in range(left, left + PLACE):
            total += squares[y, x]
            largest = max(largest, squares[y, x])
    return bool(total - FORGIVEN * largest < least)


@compiled()
def _sum_but_most(squares: Any, top: int, left: int, most: Any) -> Any:
    """The sum of a place without its FORGIVEN largest pixels, which are written."""
    most[:] = 0
    total = np.int64(0)
    for y in range(top, top + PLACE):
        for x in range(left, left + PLACE):
            value = squares[y, x]
            total += value
            if value > most[FORGIVEN - 1]:
                at = FORGIVEN - 1
                while at > 0 and most[at - 1] < value:
                    most[at] = most[at - 1]
                    at -= 1
                most[at] = value
    return total - most.sum()


@compiled()
def _rank(query: Any, laid: Any, shown: Any, ground: Any, least: Any) -> Any:
    contrasts = range_around(query, CONTRAST_AROUND) * 16 + range_around(laid, CONTRAST_AROUND)
    counts, total, counted, equal = np.zeros(MOST + 1, np.int64), 0, PLACE * PLACE - FORGIVEN, 0
    for row in range(least.shape[0]):
        for column in range(least.shape[1]):
            y, x = row * STEP, column * STEP
            if shown[y : y + PLACE, x : x + PLACE].all():
                contrast = np.int64(contrasts[y : y + PLACE, x : x + PLACE].sum()) // (PLACE * PLACE)
                allowed = NOISE * 256 + contrast * contrast // (4 * NOISE_SHARE)
                if ground[y : y + PLACE, x : x + PLACE].any():
                    allowed *= GROUND_NOISE
                counts[min(least[row, column] * UNIT // (allowed * counted), MOST)] += 1
                equal += least[row, column] * EQUAL < allowed * counted
                total += 1
    if total < MIN_PLACES:
        return 0, 0, 0
    return mean_of_highest(counts, WORST), value_reached(counts, total, 9, 10), equal * 100 // total
