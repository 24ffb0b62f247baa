"""Two normalised pictures are aligned, and how well they correlate then: the kernel of verification, without the GIL.

The map that the views imply is refined by hill climbing: 25 shifts at the coarsest level, then every one of the six
numbers of the affine map up or down while that helps. A level is only made when the one before has passed its gate.
The plain twin of this file is tests/reference/evidence.py.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.evidence.alignment.affine import NUMBERS, PIXEL, coarser, copy_map, finer, nudge
from streams.domain.evidence.alignment.sampling import grid_of, products, sample
from streams.domain.evidence.prepared import level
from streams.domain.hamming.jit import compiled

GATES: Final = (600, 550)
"""Correlation in thousandths that the coarsest and the middle level must reach. The gates end 84 % of look-alikes early
and cost 0.13 % of copies."""

ROUNDS: Final = (3, 5, 6)
GOOD_ENOUGH: Final = (950, 900, 750)
"""Rounds of hill climbing by level, from the coarsest, and the correlation at which none is needed."""

STEPS: Final = (1, 2, 3)
"""Hill climbing looks at every pixel, every second and every third, by level."""

POLISHED: Final = (300, 900)
"""Scores from and below which a map is polished: a copy whose map is not exact seems to differ in places."""

PERFECT: Final = 1000
POLISHING: Final = ((1, 1, 10), (0, 2, 8), (0, 1, 6))
"""Polishing climbs at the middle and at the finest level: halvings, pixels a step, rounds."""

LEAST_COVERED_PERCENT: Final = 15
SHIFTS: Final = 5
SHIFT_STEP: Final = 3072


@compiled()
def correlation(grid: Any, query: Any, m: Any, sign: int, least: int) -> Any:
    """In thousandths; 0 where the query shows too few pixels of the grid.

    Args:
        grid: of the known picture.
        query: pairs.
        m: the map from known to query pixels.
        sign: -1 where one picture is the negative of the other, else 1.
        least: pixels that must be shown, as `least_shown` says.
    """
    sample(query, m, 0, 0, grid)
    kq, kk, qq, count = products(grid, 0, grid.shape[1])
    kq *= sign
    if count < least or kq <= 0 or kk == 0 or qq == 0:
        return np.int64(0)
    return np.int64(np.float64(kq) * 1000.0 / (np.sqrt(np.float64(kk)) * np.sqrt(np.float64(qq))))


@compiled()
def least_shown(side: int, step: int) -> int:
    """Pixels of a grid that are LEAST_COVERED_PERCENT of a picture."""
    return (side * side * LEAST_COVERED_PERCENT + 100 * step * step - 1) // (100 * step * step)


@compiled()
def _climb(known: Any, query: Any, m: Any, sign: int, step: int, rounds: int, good_enough: int) -> Any:
    """Refine m in place; returns the correlation."""
    side, size, trial, grid = known.shape[0], PIXEL // 2, m.copy(), grid_of(known, step)
    least = least_shown(side, step)
    best = correlation(grid, query, m, sign, least)
    if best >= good_enough:
        return best
    for _ in range(rounds):
        moved = False
        for number in range(NUMBERS):
            for change in (size, -size):
                copy_map(m, trial)
                nudge(trial, number, change, side, side)
                score = correlation(grid, query, trial, sign, least)
                if score > best:
                    best, moved = score, True
                    copy_map(trial, m)
                    break
        if not moved:
            size //= 2
    return best


@compiled()
def _best_shift(known: Any, query: Any, m: Any, sign: int) -> None:
    """Shift a map of the coarsest level to where it correlates best, in place."""
    start, best, trial, grid = m.copy(), np.int64(-1), m.copy(), grid_of(known, 1)
    least = least_shown(known.shape[0], 1)
    for at in range(SHIFTS * SHIFTS):
        trial[2] = start[2] + (at % SHIFTS - SHIFTS // 2) * SHIFT_STEP
        trial[5] = start[5] + (at // SHIFTS - SHIFTS // 2) * SHIFT_STEP
        score = correlation(grid, query, trial, sign, least)
        if score > best:
            best = score
            copy_map(trial, m)


@compiled()
def align(known: Any, one: int, known_size: int, query: Any, other: int, query_size: int, sign: int, m: Any) -> Any:
    """Align a thumbnail of a known picture and one of a query, at three levels from the coarsest.

    Args:
        known, query: PreparedEvidence.
        one, other: numbers of the thumbnails.
        known_size, query_size: of the finest level, numbers in SIDES.
        sign: -1 where one picture is the negative of the other, else 1.
        m: the map from known to query pixels of the finest level; refined in place.

    Returns:
        The correlation at the finest level in thousandths, 0 where a gate was not passed.
    """
    coarser(m)
    coarser(m)
    for number in range(len(STEPS)):
        coarse = len(STEPS) - 1 - number
        k, q = level(known, one, known_size + coarse), level(query, other, query_size + coarse)
        if number == 0:
            _best_shift(k, q, m, sign)
        else:
            finer(m)
        score = _climb(k, q, m, sign, STEPS[number], ROUNDS[number], GOOD_ENOUGH[number])
        if number < len(GATES) and score < GATES[number]:
            return np.int64(0)
    return correlation(grid_of(k, 1), q, m, sign, least_shown(k.shape[0], 1))


@compiled()
def polish(known: Any, one: int, known_size: int, query: Any, other: int, query_size: int, sign: int, m: Any) -> None:
    """Refine the map of pictures that are aligned already; it stays as it is where that finds nothing better.

    Hill climbing at every third pixel may stop beside the best map, and pixels then seem to differ that do not.

    Args:
        known, one, known_size, query, other, query_size, sign, m: as `align` has them.
    """
    trial, at = m.copy(), 0
    for stage in range(len(POLISHING)):
        halvings, step, rounds = POLISHING[stage]
        if halvings > at:
            coarser(trial)
        elif halvings < at:
            finer(trial)
        at = halvings
        k, q = level(known, one, known_size + at), level(query, other, query_size + at)
        _climb(k, q, trial, sign, step, rounds, PERFECT)
    k, q = level(known, one, known_size), level(query, other, query_size)
    grid, least = grid_of(k, 1), least_shown(k.shape[0], 1)
    if correlation(grid, q, trial, sign, least) > correlation(grid, q, m, sign, least):
        m[:] = trial
