"""Two normalised pictures are aligned, and how well they correlate then: the kernel of verification, without the GIL.

The map that the views imply is refined by hill climbing: 25 shifts at the coarsest level, then every one of the six
numbers of the affine map up or down while that helps. The plain twin of this file is tests/reference/evidence.py.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from streams.domain.hamming.jit import compiled

PIXEL: Final = 1 << 12
"""Positions are in 1/4,096 of a pixel."""

GATES: Final = (600, 550)
"""Correlation in thousandths that the coarsest and the middle level must reach. The gates end 84 % of look-alikes early
and cost 0.13 % of copies."""

ROUNDS: Final = (3, 5, 6)
GOOD_ENOUGH: Final = (950, 900, 750)
"""Rounds of hill climbing by level, from the coarsest, and the correlation at which none is needed."""

STEPS: Final = (1, 2, 3)
"""Hill climbing looks at every pixel, every second and every third, by level."""

LEAST_COVERED_PERCENT: Final = 15
SHIFTS: Final = 5
SHIFT_STEP: Final = 3072


@compiled()
def products(known: Any, query: Any, m: Any, step: int, top: int, bottom: int, left: int, right: int) -> Any:
    """Sums over the pixels that both show: known × query, known², query² and their number.

    Query pixels are interpolated and 16 times as large as stored.
    """
    last = (query.shape[0] - 1) << 12
    kq: Any = 0
    kk: Any = 0
    qq: Any = 0
    count = 0
    for y in range(top, bottom, step):
        u, v = m[0] * left + m[1] * y + m[2], m[3] * left + m[4] * y + m[5]
        across, down = m[0] * step, m[3] * step
        for x in range(left, right, step):
            if -2048 <= u <= last + 2048 and -2048 <= v <= last + 2048:
                inside_u, inside_v = min(max(u, 0), last - 1), min(max(v, 0), last - 1)
                i, j = inside_u >> 12, inside_v >> 12
                f, g = np.int32((inside_u >> 8) & 15), np.int32((inside_v >> 8) & 15)
                above = np.int32(query[j, i]) * (16 - f) + np.int32(query[j, i + 1]) * f
                below = np.int32(query[j + 1, i]) * (16 - f) + np.int32(query[j + 1, i + 1]) * f
                q, k = (above * (16 - g) + below * g) >> 4, np.int32(known[y, x])
                kq += k * q
                kk += k * k
                qq += q * q
                count += 1
            u += across
            v += down
    return kq, kk, qq, count


@compiled()
def correlation(known: Any, query: Any, m: Any, step: int) -> Any:
    """In thousandths; 0 where less than LEAST_COVERED_PERCENT of the known picture is covered."""
    side, first = known.shape[0], step >> 1
    kq, kk, qq, count = products(known, query, m, step, first, side, first, side)
    if count * step * step * 100 < side * side * LEAST_COVERED_PERCENT or kq <= 0 or kk == 0 or qq == 0:
        return 0
    return int(np.float64(kq) * 1000.0 / (np.sqrt(np.float64(kk)) * np.sqrt(np.float64(qq))))


@compiled()
def _climb(known: Any, query: Any, m: Any, step: int, rounds: int, good_enough: int) -> Any:
    """Refine m in place; returns the correlation."""
    side, size, trial = known.shape[0], PIXEL // 2, m.copy()
    best = correlation(known, query, m, step)
    if best >= good_enough:
        return best
    for _ in range(rounds):
        moved = False
        for number in range(6):
            for change in (size, -size):
                trial[:] = m
                if number < 2:
                    trial[2 + 3 * number] += change
                else:  # an entry of the matrix, about the middle: half a pixel at the edge
                    at, slope = (0, 4, 1, 3)[number - 2], 2 * change // side
                    trial[at] += slope
                    trial[2 if at < 2 else 5] -= slope * (side - 1) // 2
                score = correlation(known, query, trial, step)
                if score > best:
                    best, moved = score, True
                    m[:] = trial
                    break
        if not moved:
            size //= 2
    return best


@compiled()
def _finer(m: Any) -> None:
    """The map of one level as that of the next larger one."""
    m[2] = 2 * m[2] + PIXEL // 2 - (m[0] + m[1]) // 2
    m[5] = 2 * m[5] + PIXEL // 2 - (m[3] + m[4]) // 2


@compiled()
def _coarser(m: Any) -> None:
    m[2] = ((m[0] + m[1]) // 2 + m[2] - PIXEL // 2) // 2
    m[5] = ((m[3] + m[4]) // 2 + m[5] - PIXEL // 2) // 2


@compiled()
def align(k0: Any, k1: Any, k2: Any, q0: Any, q1: Any, q2: Any, m: Any) -> Any:
    """Align a known picture and a query, each at three levels, the coarsest first.

    Args:
        m: the map from known to query pixels of the finest level, in 1/PIXEL; refined in place.

    Returns:
        The correlation at the finest level in thousandths, 0 where a gate was not passed.
    """
    _coarser(m)
    _coarser(m)
    start, best, trial = m.copy(), -1, m.copy()
    for at in range(SHIFTS * SHIFTS):
        trial[2] = start[2] + (at % SHIFTS - SHIFTS // 2) * SHIFT_STEP
        trial[5] = start[5] + (at // SHIFTS - SHIFTS // 2) * SHIFT_STEP
        score = correlation(k0, q0, trial, STEPS[0])
        if score > best:
            best = score
            m[:] = trial
    if _climb(k0, q0, m, STEPS[0], ROUNDS[0], GOOD_ENOUGH[0]) < GATES[0]:
        return 0
    _finer(m)
    if _climb(k1, q1, m, STEPS[1], ROUNDS[1], GOOD_ENOUGH[1]) < GATES[1]:
        return 0
    _finer(m)
    _climb(k2, q2, m, STEPS[2], ROUNDS[2], GOOD_ENOUGH[2])
    return correlation(k2, q2, m, 1)


@compiled()
def invert(m: Any, inverse: Any) -> bool:
    """The map from query to known pixels. False, and nothing written, where there is none."""
    determinant = m[0] * m[4] - m[1] * m[3]
    if determinant == 0:
        return False
    scale = PIXEL * PIXEL
    inverse[0], inverse[1] = m[4] * scale // determinant, -m[1] * scale // determinant
    inverse[3], inverse[4] = -m[3] * scale // determinant, m[0] * scale // determinant
    inverse[2] = -(inverse[0] * m[2] + inverse[1] * m[5]) // PIXEL
    inverse[5] = -(inverse[3] * m[2] + inverse[4] * m[5]) // PIXEL
    return True
