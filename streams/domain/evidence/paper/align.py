"""One page is aligned with another: the kernel of the comparison, without the GIL.

Starts are the maps that hashes imply and a grid of turns, zooms and shifts. All are tried on pages of 40 pixels; the
best are refined there by hill climbing, and the best of those at 80 and 160 pixels.
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
