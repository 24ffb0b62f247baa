"""Small changes on a page: whether a few places differ far more than nearly all others do.

Whole words are compared in cells.py. Digits and ticks are smaller than words, and what a scan loses everywhere is more
than what another digit changes. So the worst places are measured by what the other places with ink lose.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.evidence.alignment.affine import PIXEL
from streams.domain.evidence.paper.align import lay_over
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

MOST: Final = 4095
"""Mean squares of differing ink are counted up to this."""

_HALF: Final = PIXEL // 2
PARTS: Final = ((0, 0), (_HALF, 0), (-_HALF, 0), (0, _HALF), (0, -_HALF))
"""A page is laid over another moved by so much, in 1/PIXEL, and as it is also moved by whole pixels."""

PIXELS: Final = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))


@compiled()
def measure_changes(known: Any, query: Any, m: Any, laid: Any) -> Any:
    """Compare the places of two aligned pages.

    Args:
        known, query: int16, the full levels.
        m: the map from known to query pixels in 1/PIXEL.
        laid: the query as `lay_over` laid it.

    Returns:
        Mean squares of differing ink: of the WORST places, and what USUAL_PERCENT of places do not exceed. 0 and 0
        where less than MIN_PLACES have ink.
    """
    height, width = known.shape
    least, trial, moved = np.full((height, width), -1, np.int64), np.empty_like(known), m.copy()
    for number in range(len(PARTS)):
        moved[2], moved[5] = m[2] + PARTS[number][0], m[5] + PARTS[number][1]
        lay_over(known, query, moved, trial)
        for pixel in range(len(PIXELS) if number == 0 else 1):
            _leave_least(known, trial, PIXELS[pixel][0], PIXELS[pixel][1], least)
    return _rank(known, laid, least)


@compiled()
def _leave_least(known: Any, laid: Any, right: int, down: int, least: Any) -> None:
    """Leave, by place, the least sum of squares."""
    height, width = known.shape
    squares = np.empty((height, width), np.int64)
    for y in range(height):
        for x in range(width):
            there = laid[min(max(y + down, 0), height - 1), min(max(x + right, 0), width - 1)]
            difference = np.int64(known[y, x]) - there
            squares[y, x] = difference * difference
    for y in range(height - PLACE_ROWS + 1):
        for x in range(width - PLACE_COLUMNS + 1):
            total = np.int64(0)
            for row in range(y, y + PLACE_ROWS):
                for column in range(x, x + PLACE_COLUMNS):
                    total += squares[row, column]
            if least[y, x] < 0 or total < least[y, x]:
                least[y, x] = total


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
    usual, below = np.int64(0), counts[0]
    while below * 100 < total * USUAL_PERCENT:
        usual += 1
        below += counts[usual]
    worst, left, value = np.int64(0), np.int64(WORST), MOST
    while left > 0:
        taken = min(left, counts[value])
        worst += taken * value
        left -= taken
        value -= 1
    return worst // WORST, usual


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
