"""Small changes on a page: whether a few places differ far more than nearly all others do.

Whole words are compared in cells.py. Digits and ticks are smaller than words, and what a scan loses everywhere is more
than what another digit changes. So the worst places are measured by what the other places with ink lose.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.evidence.alignment.affine import PIXEL
from streams.domain.evidence.histogram import mean_of_highest, value_reached
from streams.domain.evidence.paper.correlate import lay_over
from streams.domain.hamming.jit import compiled

PLACE_ROWS: Final = 3
PLACE_COLUMNS: Final = 4
"""Pixels of a place, about a digit; there is one at every pixel."""

SOME_INK: Final = 4
"""A place counts if there is more ink on either side, in it or a pixel around."""

WORST: Final = PLACE_ROWS * PLACE_COLUMNS
"""So many of the worst places decide. They overlap, so these are one or two."""

USUAL_PERCENT: Final = 98

MIN_PLACES: Final = 50

UNKNOWN: Final = (1 << 31) - 1

MOST: Final = 4095
"""Mean squares of differing ink are counted up to this."""

_HALF: Final = PIXEL // 2
PARTS: Final = ((0, 0), (_HALF, 0), (-_HALF, 0), (0, _HALF), (0, -_HALF))
"""A page is laid over another moved by so much, in 1/PIXEL, and as it is also moved by whole pixels."""

PIXELS: Final = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))


@compiled()
def measure_changes(known: Any, quads: Any, query_width: int, query_height: int, m: Any, laid: Any) -> Any:
    """Compare the places of two aligned pages.

    Args:
        known: int16, the full level.
        quads: of the query's full level, without a margin.
        query_width, query_height: of that level.
        m: the map from known to query pixels in 1/PIXEL.
        laid: the query as `lay_over` laid it.

    Returns:
        Mean squares of differing ink: of the WORST places, and what USUAL_PERCENT of places do not exceed. 0 and 0
        where less than MIN_PLACES have ink.
    """
    return _rank(known, laid, least_differences(known, quads, query_width, query_height, m))


@compiled()
def least_differences(known: Any, quads: Any, query_width: int, query_height: int, m: Any) -> Any:
    """By place, the least sum of squares of differing ink under all shifts, int32; UNKNOWN at the ends of the page.

    The arguments are those of `measure_changes`.
    """
    height, width = known.shape
    least, trial, moved = np.full((height, width), UNKNOWN, np.int32), np.empty_like(known), m.copy()
    squares, strip = np.empty((height, width), np.int32), np.empty(width, np.int32)
    for number in range(len(PARTS)):
        moved[2], moved[5] = m[2] + PARTS[number][0], m[5] + PARTS[number][1]
        lay_over(known, quads, query_width, query_height, moved, trial)
        for pixel in range(len(PIXELS) if number == 0 else 1):
            _leave_least(known, trial, PIXELS[pixel][0], PIXELS[pixel][1], squares, strip, least)
    return least


@compiled()
def _leave_least(known: Any, laid: Any, right: int, down: int, squares: Any, strip: Any, least: Any) -> None:
    """Leave, by place, the least sum of squares; 32 bits, as in correlate.py. `squares` and `strip` are overwritten."""
    height, width = known.shape
    last, by = np.int32(width - 1), np.int32(right)
    for y in range(height):
        inks, others, into = known[y], laid[min(max(y + down, 0), height - 1)], squares[y]
        for x in range(width):
            there = min(max(np.int32(np.int32(x) + by), np.int32(0)), last)
            difference = np.int32(np.int32(inks[x]) - np.int32(others[np.uint32(there)]))
            into[x] = np.int32(difference * difference)
    for y in range(height - PLACE_ROWS + 1):
        for x in range(width):
            total = np.int32(0)
            for row in range(PLACE_ROWS):
                total = np.int32(total + squares[y + row, x])
            strip[x] = total
        best = least[y]
        for x in range(width - PLACE_COLUMNS + 1):
            total = np.int32(0)
            for column in range(PLACE_COLUMNS):
                total = np.int32(total + strip[x + column])
            best[x] = min(best[x], total)


@compiled()
def _rank(known: Any, laid: Any, least: Any) -> Any:
    height, width = known.shape
    counts, total = np.zeros(MOST + 1, np.int64), 0
    for y in range(1, height - PLACE_ROWS):
        for x in range(1, width - PLACE_COLUMNS):
            if _counts(known, laid, y, x):
                counts[min(least[y, x] // (PLACE_ROWS * PLACE_COLUMNS), MOST)] += 1
                total += 1
    if total < MIN_PLACES:
        return np.int64(0), np.int64(0)
    return mean_of_highest(counts, WORST), value_reached(counts, total, USUAL_PERCENT, 100)


@compiled()
def _counts(known: Any, laid: Any, top: int, left: int) -> bool:
    """Whether a place is shown, with a pixel around, and has ink."""
    most = np.int32(0)
    for y in range(top - 1, top + PLACE_ROWS + 1):
        for x in range(left - 1, left + PLACE_COLUMNS + 1):
            if laid[y, x] < 0:
                return False
            most = max(most, np.int32(known[y, x]), np.int32(laid[y, x]))
    return bool(most >= SOME_INK)
