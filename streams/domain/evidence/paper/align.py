"""One page is aligned with another: the kernel of the comparison, without the GIL.

Starts are the maps that hashes imply, the frames that the ink fills, and a grid of turns, zooms and shifts. All are
tried on pages of 40 pixels; the best are refined there by hill climbing, and the best of those at 80 and 160 pixels.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.evidence.alignment.affine import NUMBERS, PIXEL, copy_map, nudge
from streams.domain.evidence.paper.correlate import correlation, correlation_placed, place_samples
from streams.domain.hamming.jit import compiled

TURNS: Final = (0, -68, 68, -137, 137, -205, 205)
"""Sines of the turns that are tried, in 1/PIXEL: to 3 degrees."""

ZOOMS: Final = (4096, 3850, 4342)

GRID_STARTS: Final = len(TURNS) * len(ZOOMS) + 1

FRAME_PERCENT: Final = 6
"""The frame of the ink leaves out so much ink on every side: a speck or a page number does not move it."""

SHIFTS: Final = 5
"""Every start is tried at SHIFTS × SHIFTS whole pixels of the smallest level."""

MARGIN: Final = 8
"""Pixels of paper around the smallest level, in which all that lies outside is looked up."""

CLIMBED: Final = 3
"""So many of the best starts are refined on the smallest level."""

ROUNDS: Final = (3, 4, 3)
STEPS: Final = (2, 2, 3)
"""Rounds of hill climbing, and the step in pixels at which pages are looked at, by level from the smallest."""

GOOD_START: Final = 900
"""Correlation on the smallest level, in thousandths, at which a likely start is refined and no other tried."""


@compiled()
def climb(samples: Any, quads: Any, known: Any, query: Any, m: Any, rounds: int, size: int) -> Any:
    """Refine m in place, first by `size`; returns the correlation.

    Args:
        samples, known: of a level of the known page, and the level itself.
        quads, query: of the same level of the query.
    """
    height, width = query.shape
    best, trial = correlation(samples, quads, width, height, m), m.copy()
    for _ in range(rounds):
        moved = False
        for number in range(NUMBERS):
            for change in (size, -size):
                copy_map(m, trial)
                nudge(trial, number, change, known.shape[1], known.shape[0])
                score = correlation(samples, quads, width, height, trial)
                if score > best:
                    best, moved = score, True
                    copy_map(trial, m)
                    break
        if not moved:
            size //= 2
    return best


@compiled()
def best_shift(samples: Any, quads: Any, query: Any, m: Any, placed: Any) -> Any:
    """Shift a start by whole pixels to where it correlates best; beyond the query there is paper.

    Args:
        samples: of the known page.
        quads: of the query, with MARGIN.
        query: the level itself.
        m: the start; shifted in place.
        placed: int32 of 5 × samples, overwritten.

    Returns:
        The correlation in thousandths.
    """
    height, width = query.shape
    place_samples(samples, width, height, MARGIN, SHIFTS // 2, m, placed)
    best, at_down, at_right = np.int64(-1), 0, 0
    for down in range(SHIFTS):
        for right in range(SHIFTS):
            score = correlation_placed(samples, quads, placed, down * (width + 2 * MARGIN) + right)
            if score > best:
                best, at_down, at_right = score, down, right
    m[2] += (at_right - SHIFTS // 2) * PIXEL
    m[5] += (at_down - SHIFTS // 2) * PIXEL
    return best


@compiled()
def grid_starts(known: Any, query: Any, starts: Any) -> None:
    """Write GRID_STARTS maps from known to query pixels, int64 of six numbers.

    The first takes the frame of the ink to the frame of the ink, the others the whole page to the whole page, turned
    and zoomed about the middle.
    """
    _from_frames(known, query, starts[0])
    height, width = known.shape
    tall, wide = query.shape
    at = 1
    for turn in TURNS:
        for zoom in ZOOMS:
            across, down = zoom * wide // width, zoom * tall // height
            m = starts[at]
            m[0], m[1], m[3], m[4] = across, (turn * down) >> 12, (-turn * across) >> 12, down
            m[2] = ((wide - 1) * PIXEL - m[0] * (width - 1) - m[1] * (height - 1)) // 2
            m[5] = ((tall - 1) * PIXEL - m[3] * (width - 1) - m[4] * (height - 1)) // 2
            at += 1


@compiled()
def _from_frames(known: Any, query: Any, m: Any) -> None:
    m[1], m[3] = 0, 0
    for axis in range(2):
        first, last = _frame(known, axis)
        start, end = _frame(query, axis)
        scale = (end - start) * PIXEL // max(last - first, 1)
        m[4 * axis], m[2 + 3 * axis] = scale, start - scale * first // PIXEL


@compiled()
def _frame(page: Any, axis: int) -> Any:
    """Between which columns (axis 0) or rows (axis 1) the ink lies, in 1/PIXEL."""
    length = page.shape[1 - axis]
    sums = np.zeros(length, np.int64)
    for y in range(page.shape[0]):
        for x in range(page.shape[1]):
            sums[y if axis else x] += page[y, x]
    total = sums.sum()
    if total == 0:
        return np.int64(0), np.int64((length - 1) * PIXEL)
    return _crossing(sums, total * FRAME_PERCENT), _crossing(sums, total * (100 - FRAME_PERCENT))


@compiled()
def _crossing(sums: Any, hundredfold: int) -> Any:
    """Where the running sum, times 100, crosses a value."""
    below = np.int64(0)
    for at in range(len(sums)):
        here = sums[at] * 100
        if here > 0 and below + here >= hundredfold:
            return np.int64(at) * PIXEL + (hundredfold - below) * PIXEL // here - PIXEL // 2
        below += here
    return np.int64(len(sums) - 1) * PIXEL
